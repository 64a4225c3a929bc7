//! Reading the published log: one leaf with its receipt.

pub(crate) mod lookup;
