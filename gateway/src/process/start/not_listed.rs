//! Why the directory does not let a gateway serve.

use std::io;

use credit_audit::{note::VerifierKeyError, verify::CheckError};
use jiff::Timestamp;

/// Why the directory does not let a gateway serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotListed {
    /// Its files.
    #[error("log.directory: {0}")]
    Check(#[from] CheckError),
    /// Its key.
    #[error("log.directory_vkey `{path}`: {why}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: VerifierKeyError,
    },
    /// The file of what was seen last, or the key's.
    #[error("cannot read or write `{path}`: {source}")]
    File {
        /// Where.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// What was seen last is unreadable, or of another directory.
    #[error(
        "`{path}` remembers a checkpoint of another directory than `{origin}`, or none: where this is right, remove it by hand"
    )]
    Remembered {
        /// The file.
        path: String,
        /// The directory of the configuration.
        origin: String,
    },
    /// The log is not in it.
    #[error(
        "log.directory does not list the log `{origin}`: list it with `credit-gateway directory add`, with the verifier key \
         `{vkey}`, and copy the directory here again"
    )]
    Missing {
        /// The log.
        origin: String,
        /// Its key, one line.
        vkey: String,
    },
    /// It is, with another key.
    #[error(
        "log.directory lists the log `{0}` with another key than that of this ring: give this gateway a log of its own name"
    )]
    OtherKey(String),
    /// It was closed.
    #[error(
        "log.directory closed the log `{origin}` at {until}: a new log, under another name, goes on (log.continues)"
    )]
    Closed {
        /// The log.
        origin: String,
        /// Since when.
        until: Timestamp,
    },
    /// It will be listed.
    #[error("log.directory lists the log `{origin}` from {from} on, and it is {now}: wait, or set the clock right")]
    NotYet {
        /// The log.
        origin: String,
        /// From when on.
        from: Timestamp,
        /// The clock.
        now: Timestamp,
    },
}

impl NotListed {
    /// Whether a later start with the same configuration may succeed.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::NotYet { .. } | Self::File { .. } | Self::Check(CheckError::Unavailable { .. }))
    }
}
