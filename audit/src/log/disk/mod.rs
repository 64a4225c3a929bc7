//! Steps that change the disk: whole files, and what follows when a step fails.

pub(crate) mod failure;
pub(crate) mod files;
