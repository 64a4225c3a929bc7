//! What can be wrong with a log.

use crate::checkpoint::CheckpointError;
use crate::coverage::ListFault;
use crate::decision::Mismatch;
use crate::directory::DirectoryFault;
use crate::evidence::EvidenceFault;
use crate::leaf::{LinkFault, PeekError};
use crate::person::ExportFault;
use crate::promises::Broken;
use crate::proof::ProofError;
use crate::pruned::PrunedFault;
use crate::published::FiguresFault;
use crate::review::DrawFault;
use crate::set::SetFault;
use crate::trust_policy::NotWitnessed;

/// Why a log does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Its checkpoint does not.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A receipt does not.
    #[error(transparent)]
    Receipt(#[from] ProofError),
    /// A person's export does not.
    #[error(transparent)]
    Export(#[from] ExportFault),
    /// Evidence does not.
    #[error(transparent)]
    Evidence(#[from] EvidenceFault),
    /// A list of misses does not.
    #[error(transparent)]
    List(#[from] ListFault),
    /// Figures that were published do not.
    #[error(transparent)]
    Figures(#[from] FiguresFault),
    /// The draw of a period that is reviewed does not.
    #[error(transparent)]
    Review(#[from] DrawFault),
    /// What is said to be let go.
    #[error(transparent)]
    Pruned(#[from] PrunedFault),
    /// Logs that are not the set that their directory lists.
    #[error(transparent)]
    Set(#[from] SetFault),
    /// A leaf of a directory.
    #[error("entry {index} of the directory: {cause}")]
    Directory {
        /// In the directory, from 0.
        index: u64,
        /// What is wrong with it.
        cause: DirectoryFault,
    },
    /// What is wrong with one log of a set.
    #[error("log `{origin}`: {cause}")]
    InLog {
        /// The log.
        origin: String,
        /// What is wrong with it.
        cause: Box<Violation>,
    },
    /// A file that the checkpoint, or a later file, needs is not there.
    #[error("`{path}` is missing")]
    Missing {
        /// Below the log.
        path: String,
    },
    /// Something that is no tile and no bundle.
    #[error("`{path}` is neither a tile nor a bundle and does not belong here")]
    Stranger {
        /// Below the log.
        path: String,
    },
    /// A folder, a link, a pipe or a device where a file of the log stands.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// Below the log.
        path: String,
    },
    /// A tile whose length does not fit its name, or a file longer than any of its kind.
    #[error("`{path}` has the wrong length")]
    Length {
        /// Below the log.
        path: String,
    },
    /// A bundle that is cut short, or has more or fewer entries than its name says.
    #[error("`{path}` is not framed as a bundle of its width")]
    Framing {
        /// Below the log.
        path: String,
    },
    /// A hash that is not that of what lies below it.
    #[error("`{path}` does not have the hash of what lies below it at position {position}")]
    Hash {
        /// Below the log.
        path: String,
        /// Position in the tile, from 0.
        position: u64,
    },
    /// A narrower bundle that is not the beginning of the wider one.
    #[error("`{path}` is not the beginning of the wider bundle")]
    Beginning {
        /// Below the log.
        path: String,
    },
    /// A tile with hashes of what does not exist.
    #[error("`{path}` has hashes with nothing below them")]
    Hanging {
        /// Below the log.
        path: String,
    },
    /// A leaf that is malformed.
    #[error("entry {index}: {cause}")]
    Leaf {
        /// In the log, from 0.
        index: u64,
        /// What is malformed.
        cause: PeekError,
    },
    /// A leaf that is older than the one before it.
    #[error("entry {index} is older than the entry before it")]
    Time {
        /// In the log, from 0.
        index: u64,
    },
    /// An institution's numbers have a gap or a repetition.
    #[error("entry {index}: `{institution}` has number {found}, not {wanted}")]
    Seq {
        /// In the log, from 0.
        index: u64,
        /// The institution.
        institution: String,
        /// The number that follows its last.
        wanted: u64,
        /// The number there.
        found: u64,
    },
    /// A query that names no institution, and is none by a person or the public either.
    #[error("entry {index} is a query by an institution without its name and number")]
    Anonymous {
        /// In the log, from 0.
        index: u64,
    },
    /// An `open` leaf that is not the first, or names another log; or a leaf after `seal`.
    #[error("entry {index} is an `open` out of place or of another log, or follows a `seal`")]
    OutOfPlace {
        /// In the log, from 0.
        index: u64,
    },
    /// The checkpoint that witnesses cosigned is not accepted by the policy.
    #[error("the checkpoint for witnesses is not valid: {0}")]
    Witnesses(NotWitnessed),
    /// The tiles lead to another root than the one signed.
    #[error("the log does not lead to the root of a signed checkpoint of size {size}")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
    /// An earlier checkpoint, or a receipt's, is larger than the log.
    #[error("the log has {size} entries, a checkpoint signed earlier has {earlier}: it was cut or put back")]
    Shortened {
        /// Size of the log's checkpoint.
        size: u64,
        /// Size of the earlier one.
        earlier: u64,
    },
    /// A decision that would not be made again.
    #[error("entry {index} would be decided otherwise: {cause}")]
    Decision {
        /// In the log, from 0.
        index: u64,
        /// What differs.
        cause: Mismatch,
    },
    /// A link to another log.
    #[error("entry {index}: {cause}")]
    Link {
        /// In the log, from 0.
        index: u64,
        /// What is wrong with it.
        cause: LinkFault,
    },
    /// A link of the other log.
    #[error("entry {index} of the other log: {cause}")]
    LinkThere {
        /// In the other log, from 0.
        index: u64,
        /// What is wrong with it.
        cause: LinkFault,
    },
    /// A promise of the format that the leaves themselves contradict.
    #[error("entry {index}: {cause}")]
    Promise {
        /// In the log, from 0.
        index: u64,
        /// Which promise.
        cause: Broken,
    },
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The log does not hold.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// Something needed could not be read.
    #[error("`{what}` is unavailable: {why}")]
    Unavailable {
        /// A path or an address.
        what: String,
        /// The system's words.
        why: String,
    },
}

impl CheckError {
    pub(crate) fn unavailable(what: impl Into<String>, why: &impl ToString) -> Self {
        Self::Unavailable { what: what.into(), why: why.to_string() }
    }
}
