//! The whole from outside, over real mutual TLS: one binary with modules.

mod faults;
mod forms;
mod heads;
mod identity;
mod limits;
mod order;
mod refusals;
