//! What one log says of cases between two of its leaves, as its gateway answers it, and as it is kept.

use credit_audit::coverage::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Events of a part at most: it has a few megabytes then.
pub(crate) const EVENTS: usize = 20_000;
/// Leaves that are looked through for one at most.
pub(crate) const LEAVES: u64 = 262_144;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Part {
    /// The log.
    pub(crate) log: String,
    /// Where the log begins, if its first leaves were let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begins: Option<Begins>,
    /// The first leaf that was looked at.
    pub(crate) from: u64,
    /// The first one that was not.
    pub(crate) until: u64,
    /// When the last of them was recorded: no later one was recorded before.
    pub(crate) at: Timestamp,
    /// Whether these were all that there were.
    pub(crate) is_all: bool,
    /// What they say.
    pub(crate) events: Vec<Event>,
}

/// No log has more leaves: numbers beyond it are not exact everywhere.
const MOST: u64 = 1 << 53;

/// Behind the last leaf of a log that ended for good: nothing of it comes later.
pub(super) const ENDED: Timestamp = Timestamp::MAX;

/// Where a log begins of which records were let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Begins {
    /// The first leaf that is there.
    pub(crate) leaf: u64,
    /// The beginning of the first month of which every record is there.
    pub(crate) whole_from: Timestamp,
}

impl Part {
    /// Whether it can be what this log says from a leaf on, of which those before were recorded up to a time.
    pub(crate) fn follows(&self, log: &str, from: u64, before: Timestamp) -> bool {
        let begins = self.begins.is_some_and(|begins| begins.leaf == self.from && begins.leaf > from);
        let mut last = (self.from, before);
        let in_order = self.events.iter().all(|event| {
            let is_next =
                event.index >= last.0 && event.index < self.until && event.at >= last.1 && event.at <= self.at;
            last = (event.index + 1, event.at);
            is_next && event.is_sound()
        });
        let is_placed = self.from == from || begins;
        self.log == log
            && is_placed
            && (self.from..=MOST).contains(&self.until)
            && self.at >= before
            && self.events.len() <= EVENTS
            && in_order
    }
}
