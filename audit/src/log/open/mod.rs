//! From a data folder to a running log: checks, recovery, start.

mod below;
pub(crate) mod prune_copy;
pub(crate) mod rebuild;
pub(crate) mod recover;
pub(crate) mod repair_tail;
pub(crate) mod restore;
mod row;
mod signed;
pub(crate) mod start;
