//! What can keep a log from opening, recording or finding. Each message says what, where, and what to do next.

use std::io;
use std::path::{Path, PathBuf};

use crate::leaf::Entry;

/// Nothing can be recorded now; readiness is false until it can. For a ticket: its leaf was never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be recorded now; the log tries again by itself each second")]
pub struct NotRecordable;

/// An entry that was not taken. Nothing of it is in the log.
#[derive(Debug, thiserror::Error)]
pub enum Unsubmitted {
    /// The log takes nothing now: no room, a stepped clock, a full queue, or it is closed.
    #[error(transparent)]
    NotRecordable(#[from] NotRecordable),
    /// `still` said no. Here is the entry back, to be recorded as something else.
    #[error("what the record rests on changed before it was taken")]
    Overtaken(Entry),
}

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Another process has it.
    #[error("`{0}` is locked: another process has this log; stop that one first")]
    Locked(PathBuf),
    /// A file could not be read or written.
    #[error("{doing} `{path}`: {source}; fix this and start again")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Files of another log.
    #[error("`{path}` belongs to another log than `{wanted}`; point the configuration at the right data folder")]
    OtherOrigin {
        /// The file.
        path: PathBuf,
        /// The configured origin.
        wanted: String,
    },
    /// The write-ahead log is damaged before its end.
    #[error(
        "`{segment}` is damaged at byte {offset} ({what}), and later records depend on it; \
         do not remove anything: restore this file from its copy, or restore a backup as a new log"
    )]
    Damaged {
        /// The segment.
        segment: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A segment is not there.
    #[error(
        "the write-ahead log has a gap before `{before}`: records from index {from} on are missing; \
         restore the missing segment file, or restore a backup as a new log"
    )]
    Gap {
        /// The first segment after the gap.
        before: PathBuf,
        /// The first index that is missing.
        from: u64,
    },
    /// A bundle is missing or wrong, and nothing else has its records any more.
    #[error(
        "`{path}` cannot be used ({why}), and the write-ahead log has released its records; \
         restore the file from a copy of the log, or restore a backup as a new log"
    )]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Records are said to be let go, and no leaf says so.
    #[error(
        "`{path}` says that records were let go by entry {leaf}, and the log has no such entry; do not remove anything: restore \
         the file and the bundles from a copy of the log, or restore a backup as a new log"
    )]
    Pruned {
        /// The file.
        path: PathBuf,
        /// The entry that it names.
        leaf: u64,
    },
    /// The write-ahead log has fewer leaves than were signed.
    #[error(
        "the write-ahead log ends at size {have}, but `{witness}` says that size {signed} was signed: \
         records were lost or the folder was rolled back; restore the newer folder, or start as a new log"
    )]
    Short {
        /// Leaves in the write-ahead log.
        have: u64,
        /// The size that was signed.
        signed: u64,
        /// Where that stands.
        witness: PathBuf,
    },
    /// The write-ahead log has other leaves than those signed.
    #[error(
        "the root at size {size} is not the one that `{witness}` says was signed: \
         records were changed; restore the folder from a copy, or start as a new log"
    )]
    OtherRoot {
        /// The signed size.
        size: u64,
        /// Where the signed root stands.
        witness: PathBuf,
    },
    /// The rollback guard is gone although the log is not empty.
    #[error(
        "the rollback guard `{0}` is missing, so nobody can say whether the log is whole; \
         mount its device or restore it, or start as a new log"
    )]
    RollbackGuardMissing(PathBuf),
    /// The rollback guard was used last with another data folder: two gateways must not go on from one log.
    #[error(
        "the rollback guard `{guard}` was used last with another data folder than `{folder}`, which is a copy, an older \
         state or new; start the folder that was used last, or start as a new log with a new guard"
    )]
    OtherFolder {
        /// The rollback guard.
        guard: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder was made by the first release.
    #[error(
        "`{0}` was written by an earlier release, whose logs this one does not read; \
         start as a new log, with another origin, data folder and rollback guard"
    )]
    EarlierRelease(PathBuf),
    /// Neither slot of the rollback guard can be read.
    #[error("the rollback guard `{0}` is damaged; restore it from its copy, or start as a new log")]
    RollbackGuardDamaged(PathBuf),
    /// The rollback guard is older than the checkpoint.
    #[error(
        "the rollback guard `{path}` says size {remembered}, the checkpoint {published}: it was restored from an \
         older state; restore the newer file, or start as a new log"
    )]
    RollbackGuardBehind {
        /// The rollback guard.
        path: PathBuf,
        /// The size it remembers.
        remembered: u64,
        /// The size of the published checkpoint.
        published: u64,
    },
    /// The published checkpoint cannot be read or its signature is wrong.
    #[error(
        "`{path}` is not valid ({why}); it is made again from the log, which takes a while, \
         when you remove it and start again"
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file beside the log with its verifier key cannot be read as one.
    #[error("`{path}` is not a verifier key ({why}); it is written again when you remove it and start again")]
    VerifierKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Why a log was not taken over from its second copy. Nothing was changed, but where a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder is none of a copy.
    #[error("`{0}` is no copy of a write-ahead log")]
    NoCopy(PathBuf),
    /// Copy and log have other records at the same place.
    #[error("`{copy}` has other records than `{own}`: keep both, and find out which of them was answered by")]
    Contradicts {
        /// The copy's segment.
        copy: PathBuf,
        /// The log's.
        own: PathBuf,
    },
    /// The log or the copy cannot be read or written, or a process has the log.
    #[error(transparent)]
    Recover(#[from] RecoverError),
}

/// Wraps a failed read with its path.
pub(crate) fn read_error(path: &Path, source: io::Error) -> RecoverError {
    RecoverError::Io { doing: "reading", path: path.to_owned(), source }
}

/// A published file that is missing or not what it was: receipts and audits of its records fail.
#[derive(Debug, thiserror::Error)]
#[error("the published log is damaged: {0}; restore the file from a copy")]
pub struct Damaged(pub(crate) String);

/// Why segments were kept. The log goes on, and nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A bundle has other leaves than the write-ahead log.
    #[error(
        "the bundle with record {index} has not what `{segment}` has, so no segment was removed; stop the log, remove \
         the hash tiles (`log/tile/0`, `log/tile/1` and so on, never `log/tile/entries`) and start again to rebuild it"
    )]
    Unlike {
        /// The segment.
        segment: PathBuf,
        /// The record's index in the log.
        index: u64,
    },
    /// A segment or bundle cannot be read.
    #[error("no segment was removed: {0}")]
    Unreadable(#[from] RecoverError),
    /// A file could not be written or removed.
    #[error("{doing} `{path}`: {source}; it is tried again with the next call")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Why a recovered log does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder was signed by another key.
    #[error("`{0}` names another key: a new key opens a new log under a new origin and folder")]
    OtherKey(PathBuf),
    /// The origin cannot be the name of a key.
    #[error("`{0}` cannot be a log's origin: no spaces, no `+`, not empty")]
    Origin(String),
    /// A file or a thread could not be made.
    #[error("{doing}: {source}; fix this and start again")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Soon: it is recorded and not published yet. Ask again within 2 seconds.
    #[error("not published yet; ask again in a second")]
    NotYet,
    /// No published leaf has this id and this institution.
    #[error("no record with this id")]
    NotFound,
    /// The published files cannot be read.
    #[error(
        "the published log cannot be read: {0}; restore the file from a copy; hash tiles that are removed (never `log/tile/entries`) are rebuilt at the next start"
    )]
    Unreadable(#[source] io::Error),
}
