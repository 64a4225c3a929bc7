//! The whole from outside, over real mutual TLS: one binary with modules.

mod faults;
mod refusals;
