//! Steps that change the disk: whole files, blocks with a checksum, and what follows when a step fails.

pub(crate) mod beside;
pub(crate) mod block;
pub(crate) mod copies;
pub(crate) mod failure;
pub(crate) mod files;
pub(crate) mod staged;
