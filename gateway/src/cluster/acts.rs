//! Acts that every gateway must know.

use credit_audit::leaf::{Kind, peek};

/// An act, as its log has it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// Its number among the acts of all gateways.
    pub(crate) seq: i64,
    /// The name of its log.
    pub(crate) origin: String,
    /// Its place there.
    pub(crate) index: u64,
    /// The leaf.
    pub(crate) leaf: Vec<u8>,
}

/// Kinds of leaves that say what holds for every gateway.
const KINDS: [&str; 8] = ["suspension", "stop", "revocation", "block", "objection", "repair", "case", "binding"];

/// Whether every gateway must know what leaves of a kind say.
pub(crate) fn is_shared_kind(kind: Kind) -> bool {
    KINDS.contains(&kind.as_str())
}

/// Whether every gateway must know what a leaf says.
pub(crate) fn is_shared(leaf: &[u8]) -> bool {
    peek(leaf).is_ok_and(|head| KINDS.contains(&head.kind))
}
