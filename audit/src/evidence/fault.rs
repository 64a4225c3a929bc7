//! What can be wrong with evidence.

use crate::checkpoint::CheckpointError;
use crate::merkle::InvalidProof;
use crate::note::VerifierKeyError;

/// Why evidence is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    /// Not of the form.
    #[error("it is no file of evidence: {0}")]
    Form(String),
    /// The key in it is none.
    #[error("the verifier key in it is none: {0}")]
    Key(#[from] VerifierKeyError),
    /// It is of another log than the key that was given.
    #[error("it is of another log than the verifier key")]
    OtherKey,
    /// Its checkpoint is not signed by that key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A leaf that its path does not prove.
    #[error("entry {index} is not proved by its path: {cause}")]
    Unproven {
        /// The leaf.
        index: u64,
        /// Why.
        cause: InvalidProof,
    },
    /// A leaf out of order, or twice.
    #[error("entry {0} is not after the one before it")]
    Order(u64),
    /// A leaf that the evidence is not about.
    #[error("entry {0} is not of the institution, member of staff or period that the evidence names")]
    Outside(u64),
    /// A number, or an index, is missing.
    #[error("before entry {0} something is missing: the numbers do not follow each other")]
    Gap(u64),
    /// The log has a leaf of this kind that the evidence has not, or not this one.
    #[error("entry {0} of the log belongs to the evidence and is not in it")]
    Missing(u64),
}
