//! What a check that holds gives.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::let_go::LetGo;
use crate::checkpoint::Checkpoint;

/// What was checked, and held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint that everything leads to.
    pub checkpoint: Checkpoint,
    /// Files read: tiles and bundles of every width.
    pub files: u64,
    /// What the leaves say; `None` where entry bundles were not to be had.
    pub leaves: Option<LeafReport>,
    /// What two officers let go, where some of it is not there.
    pub let_go: Option<LetGo>,
    /// Sizes of the earlier checkpoints that were found to be beginnings of this log.
    pub earlier: Vec<u64>,
}

/// What the leaves say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeafReport {
    /// Leaves read, those newer than the checkpoint included.
    pub count: u64,
    /// How many of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// The last `seq` of each institution.
    pub institutions: BTreeMap<String, u64>,
    /// When the last one was recorded.
    pub last_at: Option<Timestamp>,
}
