//! What became of queries, until it is on the books.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::tally::Held;
use crate::state::{Key, elsewhere::Outcome};

/// What is to be said of rows of claims. To say it twice changes nothing: it holds of what stands in the row still.
#[derive(Default)]
pub(super) struct Settled {
    /// Uses that were made: their row, consent and number, and the times of their leaves.
    pub(super) used: Vec<(Uuid, (Key, i32), Timestamp)>,
    /// Idempotency keys under which it was answered, with the first query of each.
    pub(super) answered: Vec<(Uuid, Key, Uuid)>,
    /// Rows, with the queries of each that were not answered: what they reserved is free.
    pub(super) given_back: BTreeMap<Uuid, Vec<Uuid>>,
    /// Rows of which nothing is under way any more.
    pub(super) done: Vec<Uuid>,
    /// Consents and idempotency keys of which something changes.
    pub(super) changes: Vec<Key>,
}

impl Settled {
    /// Of one query, in that row.
    pub(super) fn take(&mut self, row: Uuid, id: Uuid, held: &Held, outcome: Outcome) {
        let consent = held.use_.map(|(consent, _)| consent);
        self.changes.extend([consent, held.first, held.repeats].into_iter().flatten());
        match outcome {
            Outcome::Answered(at) => {
                self.used.extend(held.use_.map(|use_| (row, use_, at)));
                self.answered.extend(held.first.map(|key| (row, key, id)));
            }
            Outcome::GivenBack => self.given_back.entry(row).or_default().push(id),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used.is_empty() && self.answered.is_empty() && self.given_back.is_empty() && self.done.is_empty()
    }

    /// Whether it is of this row.
    pub(super) fn is_of(&self, row: &Uuid) -> bool {
        let of_row = |known: &Uuid| known == row;
        self.done.iter().any(of_row)
            || self.given_back.contains_key(row)
            || self.used.iter().map(|(row, ..)| row).any(of_row)
            || self.answered.iter().map(|(row, ..)| row).any(of_row)
    }
}
