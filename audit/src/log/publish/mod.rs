//! What is published, and the rules for a signature: tiles and bundles, rollback guard, checkpoint.

pub(crate) mod bundles;
pub(crate) mod checkpoint_signer;
pub(crate) mod copy_folder;
pub(crate) mod instance;
pub(crate) mod proof_tree;
pub(crate) mod removed;
pub(crate) mod rollback_guard;
pub(crate) mod spans;
pub(crate) mod tile_store;
