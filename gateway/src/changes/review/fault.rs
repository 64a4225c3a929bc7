//! Why a step of a review was not taken.

use jiff::Timestamp;

/// See the module. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReviewFault {
    /// An officer.
    #[error(
        "only the supervisor commits to a nonce or a verdict, and shows it: officers must not know what is looked at"
    )]
    SupervisorOnly,
    /// Somebody else.
    #[error("only officers review, each by certificate at the officers' port")]
    OfficersOnly,
    /// No period to come.
    #[error("a period is a month or a day that has not begun, such as 2026-12")]
    Period,
    /// Twice.
    #[error("a nonce for this period was committed to already: the first one counts")]
    CommittedBefore,
    /// Nothing to draw by.
    #[error("no nonce was committed to for this period, or it is drawn already")]
    NotCommitted,
    /// Not the nonce.
    #[error("this is not the nonce that was committed to for this period")]
    OtherNonce,
    /// Twice.
    #[error("this period is drawn already")]
    ShownBefore,
    /// The period is not over for long enough, or nothing was recorded after it.
    #[error("this period can be drawn from {0} on, once a record after it is published")]
    TooEarly(Timestamp),
    /// Nothing planted.
    #[error("no verdict on this query was committed to with this nonce, or its review is not closed")]
    NotPlanted,
    /// Not in the queue.
    #[error("this query is under no review")]
    NotUnderReview,
    /// Not seen.
    #[error("open the query before you judge it")]
    NotOpened,
    /// No verdict.
    #[error("a verdict is explained, unexplained or suspicious, with a reason of 1 to 2,000 characters on one line")]
    Verdict,
    /// By another.
    #[error("another officer judged this query, or it is closed")]
    JudgedBefore,
    /// Nothing to close.
    #[error("nobody has judged this query yet")]
    NotJudged,
    /// Twice.
    #[error("the review of this query is closed already")]
    ClosedBefore,
    /// One unit.
    #[error("a second officer of another unit closes a review: each needs `unit` in the register")]
    SameUnit,
    /// The log or the index cannot be read.
    #[error("what is reviewed cannot be read from the log: {0}")]
    Unreadable(String),
}
