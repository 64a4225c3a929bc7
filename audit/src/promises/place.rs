//! Where a leaf stands: in its log, and among those of all logs of a set.

use jiff::Timestamp;

use crate::clock::CLOCKS;

/// Where a leaf stands. Of one log its place is its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The log, by its number in the set; 0 where there is one.
    pub log: usize,
    /// In its log, from 0.
    pub index: u64,
    /// Among the leaves of all logs, by time.
    pub place: u64,
}

/// A leaf by which something holds from its time on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    pub(super) log: usize,
    pub(super) at: Timestamp,
}

impl Since {
    /// Whether it holds for a later leaf: in its own log at once, in another one a second later.
    pub(super) fn holds_for(self, log: usize, at: Timestamp) -> bool {
        self.log == log || self.at.checked_add(CLOCKS).is_ok_and(|since| at > since)
    }
}
