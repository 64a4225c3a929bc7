//! Why a store's file is not read.

use std::{io, path::PathBuf};

use rusqlite::ErrorCode;

use super::{examine::MOST_SUSPECTS, map::MapFault, stamp::beside};

/// The system's number for a disk that fails.
const EIO: i32 = rustix::io::Errno::IO.raw_os_error();

/// Why no copy of a store can be read.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// No SQLite file.
    #[error("it is no SQLite file")]
    NoStore,
    /// Its header says more pages than there are.
    #[error(
        "it is shorter than it says of itself: it was not copied to its end; copy it again and rename it into place"
    )]
    Cut,
    /// Another has it locked.
    #[error("another program has it locked")]
    Locked,
    /// A writer ended within a transaction.
    #[error("`{}` is left of a writer that broke off: open the store once with `sqlite3`, which completes it", .0.display())]
    Journal(PathBuf),
    /// A write-ahead log that this account cannot use.
    #[error(
        "it is in WAL mode with changes in its -wal file, and SQLite needs to write `{}` to read it: let this account write \
         the folder `{}`, or end the writer and set `PRAGMA journal_mode = DELETE`",
        beside(path, "-shm").display(), path.parent().unwrap_or(path).display()
    )]
    Wal {
        /// The store.
        path: PathBuf,
    },
    /// A write-ahead log of another file.
    #[error("`{}` belongs to another file than this store: end the program that writes it and remove it", .0.display())]
    ForeignWal(PathBuf),
    /// Pages that contradict each other.
    #[error(
        "it does not pass SQLite's `PRAGMA integrity_check`: restore it, or copy it again and rename it into place"
    )]
    Damaged,
    /// Tables or columns missing.
    #[error("it is not laid out as the gateway reads it: {0}; see `credit-gateway store check`")]
    Layout(String),
    /// Not the tables and columns of the map.
    #[error("its tables are not as the map says: {}", joined(.0))]
    Unmapped(Vec<MapFault>),
    /// Too many rows that do not fit.
    #[error("rows about more than {MOST_SUSPECTS} persons do not fit the data list; see `credit-gateway store check`")]
    Unfit,
    /// The copy cannot be written.
    #[error("it cannot be copied to `{}`: {cause}", to.display())]
    Write {
        /// The copy.
        to: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It was written meanwhile.
    #[error("it is being written")]
    Changed,
    /// SQLite's code alone: its messages may quote a value.
    #[error("SQLite says {0:?}")]
    Sqlite(Option<ErrorCode>),
}

impl CopyFault {
    /// Whether it may be otherwise a moment later, with the same file: somebody writes it, or there is no room for the copy.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Locked | Self::Changed | Self::Write { .. } => true,
            Self::Read(error) => error.raw_os_error() == Some(EIO),
            Self::NoStore
            | Self::Cut
            | Self::Journal(_)
            | Self::Wal { .. }
            | Self::ForeignWal(_)
            | Self::Damaged
            | Self::Layout(_)
            | Self::Unmapped(_)
            | Self::Unfit
            | Self::Sqlite(_) => false,
        }
    }

    /// Whether the file itself is at fault, so that it is not worth looking at again before it changes.
    pub(super) fn is_of_the_file(&self) -> bool {
        match self {
            Self::NoStore
            | Self::Cut
            | Self::ForeignWal(_)
            | Self::Damaged
            | Self::Layout(_)
            | Self::Unmapped(_)
            | Self::Unfit => true,
            Self::Read(_)
            | Self::Locked
            | Self::Journal(_)
            | Self::Wal { .. }
            | Self::Write { .. }
            | Self::Changed
            | Self::Sqlite(_) => false,
        }
    }
}

/// Faults of a map in one line.
fn joined(faults: &[MapFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<rusqlite::Error> for CopyFault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::NoStore,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(ErrorCode::SystemIoFailure) => Self::Read(io::Error::from_raw_os_error(EIO)),
            code => Self::Sqlite(code),
        }
    }
}
