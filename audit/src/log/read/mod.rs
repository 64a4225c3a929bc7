//! Reading the published log: one leaf with its receipt.

pub(crate) mod leaf_reader;
pub(crate) mod lookup;
