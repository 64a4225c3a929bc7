//! From a data folder to a running log: checks, recovery, start.

pub(crate) mod rebuild;
pub(crate) mod recover;
pub(crate) mod repair_tail;
pub(crate) mod start;
