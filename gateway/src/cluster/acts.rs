//! Acts that every gateway must know.

use credit_audit::leaf::peek;

/// An act, as its log has it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// The name of its log.
    pub(crate) origin: String,
    /// Its place there.
    pub(crate) index: u64,
    /// The leaf.
    pub(crate) leaf: Vec<u8>,
}

/// Kinds of leaves that say what holds for every gateway.
const KINDS: [&str; 6] = ["suspension", "stop", "revocation", "block", "objection", "repair"];

/// Whether every gateway must know what a leaf says.
pub(crate) fn is_shared(leaf: &[u8]) -> bool {
    peek(leaf).is_ok_and(|head| KINDS.contains(&head.kind))
}
