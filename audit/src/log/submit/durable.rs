//! What a submitter gets.

use std::sync::Arc;

use jiff::Timestamp;

use crate::merkle::Hash;

/// A leaf that is on disk, at its place for ever.
#[derive(Debug, Clone)]
pub struct Durable {
    /// Its index in the log, from 0.
    pub index: u64,
    /// When it was recorded, as the leaf says.
    pub at: Timestamp,
    /// SHA-256(0x00 ‖ leaf).
    pub leaf_hash: Hash,
    /// The leaf, byte for byte.
    pub leaf: Arc<[u8]>,
    /// The whole proof (`c2sp.org/tlog-proof@v1`) where it was asked for; `None` also if making it failed, and then
    /// the receipt can be fetched later.
    pub proof: Option<String>,
}
