//! The whole from outside, over real mutual TLS: one binary with modules.

mod answers;
mod canary;
mod certificates;
mod clients;
mod collector;
mod commands;
mod configurations;
mod consents;
mod doors;
mod faults;
mod forms;
mod heads;
mod hostile;
mod house;
mod identity;
mod leaves;
mod limits;
mod mixed;
mod order;
mod receipts;
mod refusals;
mod seeds;
mod uniform;
mod unlinkable;
mod walk;
