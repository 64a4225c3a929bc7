//! The four threads of a running log, and what they share.

pub(crate) mod batch_clock;
pub(crate) mod prover;
pub(crate) mod publisher;
pub(crate) mod shared;
pub(crate) mod under_way;
pub(crate) mod writer;
