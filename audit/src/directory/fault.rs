//! What can be wrong with a leaf of a directory.

/// Why a leaf cannot stand in a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryFault {
    /// It is not written as its kind is.
    #[error("{0}")]
    Form(String),
    /// It is of another kind.
    #[error("a directory has the kinds `open` and `log`, and this is `{0}`")]
    OtherKind(String),
    /// The key is of another log.
    #[error("the verifier key is not that of the log `{0}`")]
    OtherKey(String),
    /// The directory is no log of a gateway.
    #[error("a directory does not list itself")]
    Itself,
    /// A second entry of a log that is in use.
    #[error("the log `{0}` is listed already: it has one key and one beginning, and is closed by its name")]
    Twice(String),
    /// A log that is closed for good.
    #[error("the log `{0}` is closed: a gateway goes on under another name of a log")]
    Closed(String),
    /// An end before the beginning.
    #[error("the log `{0}` would end before it begins")]
    Ends(String),
    /// An end of what never began.
    #[error("the log `{0}` is not listed")]
    NotListed(String),
}
