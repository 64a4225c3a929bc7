//! The whole from outside, over real mutual TLS: one binary with modules.

mod answers;
mod canary;
mod clients;
mod collector;
mod commands;
mod configurations;
mod consents;
mod documents;
mod doors;
mod eyes;
mod faults;
mod forms;
mod heads;
mod house;
mod identity;
mod leaves;
mod limits;
mod mixed;
mod order;
mod receipts;
mod refusals;
mod seeds;
mod supplies;
mod uniform;
mod unlinkable;
mod walk;
