//! What can be wrong with an export.

use crate::checkpoint::CheckpointError;
use crate::merkle::InvalidProof;
use crate::note::VerifierKeyError;

/// Why an export does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportFault {
    /// No export, or one with a member too many.
    #[error("it is no export: {0}")]
    Form(String),
    /// Its verifier key is none.
    #[error("the export's verifier key is not valid: {0}")]
    Key(#[from] VerifierKeyError),
    /// Its verifier key is another one than was given.
    #[error("the export names another verifier key than the one that was given")]
    OtherKey,
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The record of the export commits to other bytes.
    #[error("the export is not the one that the gateway recorded: it was altered afterwards")]
    Altered,
    /// What stands for the record of the export is no record of it.
    #[error("the record of the export is no `statement` of its days and size")]
    Statement,
    /// A leaf that the checkpoint does not prove.
    #[error("entry {index} is not proven by the checkpoint: {cause}")]
    Unproven {
        /// In the log, from 0.
        index: u64,
        /// What is wrong with the path.
        cause: InvalidProof,
    },
    /// As many paths as entries.
    #[error("the export has {entries} entries and {paths} paths")]
    Paths {
        /// Entries.
        entries: usize,
        /// Paths.
        paths: usize,
    },
    /// An entry out of order, twice, or outside of what the export covers.
    #[error("entry {0} stands out of order, twice, or outside of what the export covers")]
    Order(u64),
    /// An entry that is no query about somebody.
    #[error("entry {0} is no query about a person")]
    NoQuery(u64),
    /// What is said to have been done for the person, and is no act for anybody.
    #[error("entry {0} is no record of what was done for a person")]
    NoAct(u64),
    /// An entry about somebody else, or of another institution, scenario or month than its tag says.
    #[error("entry {0} does not have the export's tag of its institution, scenario and month")]
    Tag(u64),
    /// An entry that is explained as another one.
    #[error("entry {index} is shown with another `{member}` than its record has")]
    Shown {
        /// In the log, from 0.
        index: u64,
        /// What differs.
        member: &'static str,
    },
    /// A query about the person that is in the log and not in the export.
    #[error("entry {0} of the log is about this person and missing in the export")]
    Missing(u64),
    /// A query that may be about the person, for all that the export says.
    #[error("the export has no tag for the institution, scenario and month of entry {0}: it may be about the person")]
    Untagged(u64),
}
