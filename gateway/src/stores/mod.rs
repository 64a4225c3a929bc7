//! The data stores behind the gateway. One kind so far: the embedded SQLite store.

pub(crate) mod figures;
pub(crate) mod sqlite;

/// Tables of the embedded store.
#[cfg(feature = "demo")]
pub(crate) const SCHEMA: &str = include_str!("schema.sql");

/// Why a look-up brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No reader was free, or the look-up was interrupted at its deadline.
    #[error("the store did not answer in time")]
    Timeout,
    /// The store failed, or what it holds is no answer.
    #[error("the store failed: {0}")]
    Failed(StoreFault),
}

/// What is wrong with a store. It names table and column, never a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// A value outside of its type.
    #[error("`{0}` contains a value that is not of its type")]
    Untyped(&'static str),
    /// SQLite's code alone: its messages may quote a value.
    #[error("SQLite says {0:?}")]
    Sqlite(Option<rusqlite::ErrorCode>),
    /// The thread that reads has ended.
    #[error("its reader ended")]
    ReaderEnded,
}
