//! What a ring refuses, and what to do then.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    entropy::EntropyError,
    folder::FileError,
    id::{KeyId, KeyUse},
    kek::KekError,
};

/// A ring cannot be made, opened or written.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// There is one already.
    #[error("`{}` contains a ring already: name another folder", dir.display())]
    Exists {
        /// Path of the folder.
        dir: PathBuf,
    },
    /// There is none.
    #[error("`{}` contains no ring: make one with `credit-gateway keys init`", dir.display())]
    Missing {
        /// Path of the folder.
        dir: PathBuf,
    },
    /// The folder or file is missing, unreadable or not private.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key encryption key cannot be had.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The file is not written as a ring is.
    #[error("the ring's file is malformed ({0}): restore it from a backup")]
    Malformed(&'static str),
    /// Written by another release.
    #[error("the ring has the form of another release: make a new one with `credit-gateway keys init`")]
    Format,
    /// The file at `path` cannot be used.
    #[error("`{}`: {fault}", path.display())]
    Unusable {
        /// Path of the file.
        path: PathBuf,
        /// [`RingError::Malformed`], [`RingError::Format`] or [`RingError::Damaged`].
        fault: Box<RingError>,
    },
    /// The ring's own key does not unwrap.
    #[error(
        "the passphrase or key file is not the one of this ring, or the ring's file was changed: try the right one, else restore the file"
    )]
    WrongKek,
    /// The ring's own key unwraps, but header or body are not what was written.
    #[error("the ring's file was changed since it was written: restore it from a backup")]
    Damaged,
    /// Too many persons were destroyed under keys that are still there.
    #[error("the ring's file would be too large: destroy the data keys of old months first")]
    Full,
    /// The file lacks a key, or a destruction, that this process knows of.
    #[error("the ring's file is older than the ring that is in use: put the newer file back")]
    Older,
    /// Another process wrote the file after this one read it: see [`Ring::reopen`](crate::Ring::reopen).
    #[error("the ring's file changed since it was opened: open it again, then repeat the change")]
    Overtaken,
}

impl RingError {
    /// Names the file, where the fault is in what the file contains.
    pub(super) fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Malformed(_) | Self::Format | Self::Damaged => {
                Self::Unusable { path: path.to_owned(), fault: Box::new(self) }
            }
            other => other,
        }
    }
}

/// A key that another copy of the ring handed out may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandedError {
    /// It is not what was handed out.
    #[error(
        "the key `{0}` in the shared state was altered, or is of another release, and is not used: delete its row of `credit_key`; \
         a gateway whose ring has the key puts it there again"
    )]
    Altered(KeyId),
    /// It is another key's.
    #[error(
        "in the place of the key `{key}` the shared state has `{other}`, which is not used: delete this row of `credit_key`"
    )]
    Misplaced {
        /// The key that was to be there.
        key: KeyId,
        /// The key that is.
        other: KeyId,
    },
    /// This ring has another key of this name.
    #[error(
        "the key `{0}` in the shared state is not the one of this ring: copy the ring's folder from a gateway that counts there, \
         and start again"
    )]
    OtherKey(KeyId),
    /// It is sealed under a ring key that this ring does not have.
    #[error(
        "the key `{0}` in the shared state is sealed under another ring key than that of this ring: copy the ring's folder, and \
         the key file or passphrase, from the gateway where they were rotated, and start again"
    )]
    OtherRingKey(KeyId),
    /// The key before it is not the one that this ring has.
    #[error(
        "the key `{0}` in the shared state does not follow on the keys of this ring: copy the ring's folder from a gateway that counts \
         there, and start again"
    )]
    Gap(KeyId),
    /// Its time has come, and nobody has it: whoever took it now would go by other keys than all were told.
    #[error(
        "the key `{key}` in the shared state was to be in force from {at} on, and no gateway had it then, so it is not used: delete its \
         row of `credit_key`, and rotate again"
    )]
    Unknown {
        /// The key.
        key: KeyId,
        /// From when on.
        at: Timestamp,
    },
}

/// A change of the ring was refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The ring cannot be written.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// What another copy of the ring handed out.
    #[error(transparent)]
    Handed(#[from] HandedError),
    /// A tag key alone.
    #[error("tag keys turn together with pseudonym keys: rotate `pseudonym`")]
    TurnsWithPseudonym,
    /// A turn of this use is on its way.
    #[error("key `{key}` was handed out, and is in force from {at} on: rotate after that")]
    OnItsWay {
        /// The key.
        key: KeyId,
        /// From when on.
        at: Timestamp,
    },
    /// A data key is for the rest of a month.
    #[error(
        "a data key is rotated within its month (UTC), after the one that is in force: name an earlier time with `--at`"
    )]
    NotOfMonth,
    /// A log key without the new log's name.
    #[error("a log's key is never changed under it: open a new log with an origin of its own")]
    NeedsOrigin,
    /// No name for a log.
    #[error(
        "`{origin}` is no origin: use 1 to 255 visible ASCII characters without `+` and without a slash at the end"
    )]
    Origin {
        /// The name, cut to 255 characters.
        origin: String,
    },
    /// A log of that name has a key.
    #[error("the ring has a key for `{origin}` already: choose a new origin")]
    OriginTaken {
        /// The origin that was asked for.
        origin: String,
    },
    /// The clock stands before the key that would be superseded.
    #[error("the clock stands at or before the activation of `{0}`: correct the clock")]
    ClockBehind(KeyId),
    /// The clock stands where the calendar ends.
    #[error("the clock shows a time beyond the calendar: correct the clock")]
    Time,
    /// No such key.
    #[error("the ring has no key `{0}`: look at `credit-gateway keys status`")]
    UnknownKey(KeyId),
    /// The key is in force, or will be.
    #[error("key `{0}` is in force: rotate first, then destroy it")]
    InUse(KeyId),
    /// The key is gone.
    #[error("key `{0}` was destroyed before: nothing is left to do")]
    AlreadyDestroyed(KeyId),
    /// The person is gone.
    #[error("the person was destroyed under key `{0}` before: leave that key out")]
    PersonDestroyed(KeyId),
    /// No data key.
    #[error("key `{0}` seals no records: name a data key")]
    NotData(KeyId),
    /// A turn now would end the overlap with the key before.
    #[error("key `{key}` is accepted until {until}: rotate after that, or with `--end-overlap`, which retires it now")]
    OverlapUnderWay {
        /// The key that is still accepted.
        key: KeyId,
        /// The end of the overlap.
        until: Timestamp,
    },
}

impl From<EntropyError> for ChangeError {
    fn from(error: EntropyError) -> Self {
        Self::Ring(error.into())
    }
}

/// The ring has no key for what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The month has no data key yet.
    #[error("this month has no data key yet: make it, then ask again")]
    NeedsPeriod,
    /// The clock stands before the first key of the use.
    #[error("no {key_use} key is in force at this instant: correct the clock")]
    NotInForce {
        /// For what a key was asked.
        key_use: KeyUse,
    },
    /// No log of that name.
    #[error(
        "the ring has no signing key for log `{origin}`: set `log.origin` to a log that the ring has; \
         for a new log, run `credit-gateway keys rotate log --origin {origin}` then"
    )]
    UnknownOrigin {
        /// The origin that was asked for.
        origin: String,
    },
    /// The key is gone.
    #[error("key `{0}` was destroyed: what it made is gone for good")]
    Destroyed(KeyId),
}
