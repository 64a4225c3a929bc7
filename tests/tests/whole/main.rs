//! The whole from outside, over real mutual TLS: one binary with modules.

mod answers;
mod canary;
mod faults;
mod forms;
mod heads;
mod identity;
mod leaves;
mod limits;
mod mixed;
mod order;
mod receipts;
mod refusals;
mod uniform;
