//! What is wrong with the object store.

use std::{io, path::PathBuf};

use credit_audit::{checkpoint::CheckpointError, merkle::ReadError};

use crate::stores::{
    http::{HttpFault, HttpOpenError},
    tls::ClientTlsError,
};

/// Why the published log is not in the object store, or what is wrong with it there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectFault {
    /// Its address or certificates.
    #[error(transparent)]
    Address(#[from] HttpOpenError),
    /// A file that others may read.
    #[error(transparent)]
    File(#[from] ClientTlsError),
    /// Credentials that are none.
    #[error("log.objects.credentials_file `{}` must have the lines aws_access_key_id = … and aws_secret_access_key = …", .0.display())]
    Credentials(PathBuf),
    /// A file that cannot be read.
    #[error("log.objects.credentials_file `{}`: {}", .0.display(), .1)]
    Unreadable(PathBuf, io::Error),
    /// No answer in time.
    #[error("the object store does not answer in time (`log.objects.timeout_ms`)")]
    Late,
    /// No answer.
    #[error("the object store: {0}")]
    Http(#[from] HttpFault),
    /// Another answer than was asked for.
    #[error("the object store answers {status} ({code}) where the bucket `{bucket}` is {done}")]
    Refused {
        /// The bucket.
        bucket: String,
        /// `read` or `written`.
        done: &'static str,
        /// The status.
        status: u16,
        /// S3's code of the fault; nothing else of what it says.
        code: String,
    },
    /// A store without conditional writes.
    #[error("the object store puts an object into the bucket `{0}` although its condition (If-Match) does not hold")]
    Unconditional(String),
    /// Entries for everybody.
    #[error(
        "anybody may read the bucket `{0}`, which is to have the entries of the log: make it private, and see what was read"
    )]
    Public(String),
    /// What is to be locked cannot be.
    #[error("the bucket `{0}` has no object lock: make one that has it, or leave out log.objects.lock")]
    NoLock(String),
    /// Something else is there than was put.
    #[error("the object store took `{0}`, and has something else there")]
    NotKept(String),
    /// The checkpoint was replaced by somebody.
    #[error("somebody else put the checkpoint into the object store meanwhile")]
    Raced,
    /// The store knows more of this log than there is.
    #[error(
        "the object store has a checkpoint of {there} records of this log, which has {here}: the log was rolled back, or another gateway signs with its key"
    )]
    Longer {
        /// The size in the store.
        there: u64,
        /// The size here.
        here: u64,
    },
    /// The store has another history.
    #[error(
        "the object store has a checkpoint of {0} records that this log does not continue: the log was rolled back, or another gateway signs with its key"
    )]
    Forked(u64),
    /// No log there.
    #[error("the object store has no checkpoint of this log")]
    NoCheckpoint,
    /// An object that should be there.
    #[error("the object store has no `{0}`")]
    NotThere(String),
    /// The checkpoint there.
    #[error("what the object store has as checkpoint is none of this log: {0}")]
    Checkpoint(CheckpointError),
    /// The log's own folder.
    #[error("the published log: {0}")]
    Own(#[from] ReadError),
    /// A file of the log.
    #[error("the published log: `{}` {}", .0.display(), .1)]
    OwnFile(PathBuf, String),
}

impl ObjectFault {
    /// Whether it needs somebody at once: waiting does not end it, and it says that the log is not what it was.
    pub(crate) fn is_contradiction(&self) -> bool {
        matches!(self, Self::Longer { .. } | Self::Forked(_) | Self::Public(_))
    }

    /// Whether a later try with the same configuration may succeed.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(self, Self::Address(_) | Self::File(_) | Self::Credentials(_) | Self::Unreadable(..))
    }
}
