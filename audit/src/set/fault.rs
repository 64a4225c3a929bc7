//! What can be wrong with a set of logs, beside what is wrong with one of them.

/// Why logs are not the set that the directory lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// Listed, and not given.
    #[error("the log `{0}` is listed in the directory and was not given")]
    Missing(String),
    /// Given, and not listed.
    #[error("the log `{0}` is not listed in the directory")]
    Unlisted(String),
    /// Two folders, one history.
    #[error("the log `{0}` was given twice: two folders have it")]
    Twice(String),
    /// Two folders, two histories.
    #[error("two folders have the log `{0}` with two histories: whoever has its key signed both")]
    Forked(String),
    /// A leaf before or after the time for which its log is listed.
    #[error("entry {index} of the log `{origin}` was recorded at a time for which the directory does not list it")]
    Untimely {
        /// The log.
        origin: String,
        /// In it, from 0.
        index: u64,
    },
}
