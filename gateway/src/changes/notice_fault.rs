//! Why a notice is not recorded.

use uuid::Uuid;

/// As many ids as fit into a sealed member of 2,048 bytes.
pub(super) const MOST: usize = 50;

/// Why a notice is not recorded. It names the query as it was typed, and nothing of the person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoticeFault {
    /// None, or too many.
    #[error("name 1 to {MOST} queries")]
    Count,
    /// Something else than the id of a query.
    #[error("one of them is no id of a query: take `query` of the answers")]
    NoId,
    /// One stands there twice.
    #[error("query `{0}` is named twice")]
    Twice(Uuid),
    /// No query of this log.
    #[error("no query `{0}` of a registered institution is in this log, or it is not published yet")]
    Unknown(Uuid),
    /// Nothing is owed for it.
    #[error("for query `{0}` no notice is owed: it was refused, or its scenario exempts it by a law")]
    NotOwed(Uuid),
    /// Its personal part does not open.
    #[error("the personal part of query `{0}` cannot be opened: its data key was destroyed")]
    Closed(Uuid),
    /// About somebody else.
    #[error("query `{0}` is about another person than the first: a notice is to one person")]
    AnotherPerson(Uuid),
    /// Nothing could be sealed.
    #[error("the notice cannot be sealed now: try again")]
    Unsealed,
}
