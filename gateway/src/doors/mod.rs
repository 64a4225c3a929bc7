//! The doors of the gateway (formats.md §1): who may come in where, and what a request becomes.

pub(crate) mod admin;
mod alarms;
pub(crate) mod auditors;
mod console;
pub(crate) mod elsewhere;
pub(crate) mod files;
mod index;
pub(crate) mod institutions;
mod latest;
pub(crate) mod look_ups;
mod officers;
pub(crate) mod operations;
pub(crate) mod persons;
pub(crate) mod problems;
pub(crate) mod public;
