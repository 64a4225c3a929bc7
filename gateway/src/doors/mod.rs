//! The doors of the gateway (formats.md §1): who may come in where, and what a request becomes.

pub mod admin;
pub mod auditors;
pub mod files;
pub mod institutions;
pub mod operations;
pub mod problems;
pub mod public;
