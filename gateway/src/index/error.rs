//! Why there is no index.

/// Why the index cannot be used. It names leaves, never what they say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// A file.
    #[error("the index of the log cannot be read or written: {0}")]
    File(#[from] std::io::Error),
    /// SQLite.
    #[error("the index of the log cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// A leaf of the log.
    #[error("leaf {0} of the log cannot be read; run `credit-audit verify` on the data folder")]
    Leaf(u64),
    /// It was let go.
    #[error("entry {0} was let go by two officers")]
    LetGo(u64),
    /// Much of the log is still to be read.
    #[error("the log is still being read: {0} records are left; try again in a minute")]
    Behind(u64),
    /// A row that says another thing than its leaf.
    #[error("the index differs from the log at leaf {0}; run `credit-gateway index rebuild`")]
    Differs(u64),
}
