//! Reading the published log: one leaf with its receipt, and all of it again and again.

pub(crate) mod leaf_reader;
pub(crate) mod lookup;
pub(crate) mod paths;
mod restore;
pub(crate) mod scrub;
