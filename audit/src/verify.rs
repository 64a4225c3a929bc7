//! A whole log checked, or one receipt, with nothing but the log's public key.
//!
//! A directory is checked while the gateway is dead and while it is running: the checkpoint is read first, then the
//! names of all files, upper levels before lower ones and bundles last. The publisher writes the other way round, so
//! whatever a file found here rests on is already there. Files newer than the checkpoint must agree with each other;
//! up to the checkpoint every file must be there and lead to the signed root.

mod leaves;
mod names;
mod remote;
mod source;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::leaf::{Peek, PeekError};
use crate::merkle::{Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::proof::{Proof, ProofError};
use crate::replay::Mismatch;

pub use remote::{ClientFiles, Remote, RemoteError};

/// What was checked, and held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint that everything leads to.
    pub checkpoint: Checkpoint,
    /// Files read: tiles and bundles of every width.
    pub files: u64,
    /// What the leaves say; `None` where entry bundles were not to be had.
    pub leaves: Option<LeafReport>,
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

/// Why a log does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its checkpoint does not.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A receipt does not.
    #[error(transparent)]
    Receipt(#[from] ProofError),
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
    /// A tile whose length does not fit its name.
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
    /// A query that no institution made.
    #[error("entry {index} is a query without an institution and its number")]
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
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log does not hold.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something needed could not be read.
    #[error("`{what}` is unavailable: {why}")]
    Unavailable {
        /// A path or an address.
        what: String,
        /// The system's words.
        why: String,
    },
}

impl Failure {
    pub(crate) fn unavailable(what: impl Into<String>, why: &impl ToString) -> Self {
        Self::Unavailable { what: what.into(), why: why.to_string() }
    }
}

/// What is called as the check goes on.
pub trait Watcher {
    /// A leaf that holds, in order.
    ///
    /// # Errors
    /// What the watcher finds wrong with it ends the check.
    fn leaf(&mut self, _index: u64, _peek: &Peek<'_>, _bytes: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    /// `done` of `all` tiles of the lowest level are checked.
    fn progress(&mut self, _done: u64, _all: u64) {}
}

/// A watcher that does nothing.
impl Watcher for () {}

/// Checks the log in a directory: `<data>/log`, or the data folder itself. `earlier` are checkpoints that the log must
/// continue.
///
/// # Errors
/// As [`Failure`] says.
pub fn directory(
    directory: &Path,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    watcher: &mut dyn Watcher,
) -> Result<Report, Failure> {
    let mut source = source::Source::Directory(log_directory(directory));
    check(&mut source, true, key, earlier, watcher)
}

/// Checks a log over HTTP: its checkpoint and hash tiles, and with `leaves` its entry bundles too.
///
/// # Errors
/// As [`Failure`] says.
pub fn remote(
    remote: Remote,
    leaves: bool,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    watcher: &mut dyn Watcher,
) -> Result<Report, Failure> {
    check(&mut source::Source::Remote(remote), leaves, key, earlier, watcher)
}

/// Checks one receipt: that the leaf with these bytes is in the log of this key. Gives the checkpoint that says so.
///
/// # Errors
/// As [`ProofError`] says.
pub fn receipt(receipt: &str, leaf: &[u8], key: &VerifierKey) -> Result<(u64, Checkpoint), ProofError> {
    let proof = Proof::parse(receipt)?;
    let checkpoint = proof.verify(&leaf_hash(leaf), key)?;
    Ok((proof.index, checkpoint))
}

/// `<data>/log`, where the data folder was named.
#[must_use]
pub fn log_directory(directory: &Path) -> PathBuf {
    let inside = directory.join("log");
    if !directory.join("checkpoint").exists() && inside.is_dir() { inside } else { directory.to_owned() }
}

fn check(
    source: &mut source::Source,
    leaves: bool,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    watcher: &mut dyn Watcher,
) -> Result<Report, Failure> {
    let signed = source.checkpoint()?;
    let signed = String::from_utf8(signed).map_err(|_| Fault::Checkpoint(CheckpointError::Encoding))?;
    let checkpoint = Checkpoint::open(&signed, key).map_err(Fault::Checkpoint)?;
    if let Some(later) = earlier.iter().find(|earlier| earlier.size > checkpoint.size) {
        return Err(Fault::Shortened { size: checkpoint.size, earlier: later.size }.into());
    }
    let names = source.names(checkpoint.size, leaves)?;
    let heads: Vec<(u64, Hash)> =
        std::iter::once(&checkpoint).chain(earlier).map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
    let checked = tree::check(source, &names, &checkpoint, &heads, leaves, watcher)?;
    Ok(Report {
        checkpoint,
        files: checked.files,
        leaves: checked.leaves,
        earlier: earlier.iter().map(|checkpoint| checkpoint.size).collect(),
    })
}
