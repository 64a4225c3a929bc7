//! Answered queries with an idempotency key.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{claim::RepeatWindow, key::Key};

/// How often a query may be repeated under its idempotency key.
const REPEATS: u16 = 3;

/// How long a first query is remembered by its idempotency key.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// How long it is answered again.
const REPEATED: SignedDuration = SignedDuration::from_mins(10);

/// How long it is kept: a clock behind the log's may still ask.
const KEPT: SignedDuration = SignedDuration::from_hours(25);

/// The first query under an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstQuery {
    /// What was asked.
    pub(crate) identity: Key,
    /// The query's id; its time tells how long the key is remembered.
    pub(crate) id: Uuid,
    /// How often it was repeated.
    pub(crate) repeats: u16,
}

impl FirstQuery {
    pub(crate) fn new(identity: Key, id: Uuid) -> Self {
        Self { identity, id, repeats: 0 }
    }

    /// Whether the key still counts.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked_at()) < REMEMBERED
    }

    /// Whether it may still be repeated.
    pub(crate) fn is_repeatable(&self, now: Timestamp, window: RepeatWindow) -> bool {
        match window {
            RepeatWindow::Query => now.duration_since(self.asked_at()) < REPEATED && self.repeats < REPEATS,
            RepeatWindow::WhileKnown => self.is_remembered(now),
        }
    }

    /// Whether it is no longer kept.
    pub(crate) fn is_over(&self, at: Timestamp) -> bool {
        at.duration_since(self.asked_at()) >= KEPT
    }

    /// A query under the key was answered: `first` is the first one under it, and `repeats` how often that was repeated
    /// since this row was written.
    pub(crate) fn answered(&mut self, first: Self) {
        // Ids begin with their time: a later first query takes the key, and an earlier one has lost it.
        match first.id.cmp(&self.id) {
            Ordering::Equal => self.repeats = self.repeats.saturating_add(first.repeats),
            Ordering::Greater => *self = first,
            Ordering::Less => {}
        }
    }

    pub(super) fn asked_at(&self) -> Timestamp {
        let (seconds, nanoseconds) = self.id.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let asked_at = Timestamp::new(i64::try_from(seconds).unwrap_or(0), i32::try_from(nanoseconds).unwrap_or(0));
        asked_at.unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
