//! The Merkle tree in memory: its right edge, and what is not published yet.

pub(crate) mod frontier;
pub(crate) mod recent;
