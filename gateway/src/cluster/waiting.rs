//! What waits for a batch, and what was granted and is not settled.

use std::collections::HashMap;

use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use super::{handle::ToBooks, rows::Row, settled::Settled, tally::Held};
use crate::state::{
    Refused,
    elsewhere::{Granted, Outcome, SharedClaim},
};

/// Who waits for the answer.
pub(super) type Reply = oneshot::Sender<Result<Granted, Refused>>;

/// A claim that waits.
pub(super) struct Asked {
    pub(super) claim: SharedClaim,
    pub(super) reply: Reply,
    /// How often another one of its batch stood in its way.
    pub(super) tries: u8,
    pub(super) since: Instant,
}

/// What waits.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) claims: Vec<Asked>,
    pub(super) settled: Settled,
    pub(super) flushes: Vec<oneshot::Sender<()>>,
    /// Granted and not settled, with the row in which it stands.
    held: HashMap<Uuid, (Uuid, Held)>,
    /// Rows, and of how many queries it is not known yet what became.
    rows: HashMap<Uuid, usize>,
}

impl Waiting {
    pub(super) fn take(&mut self, message: ToBooks) {
        match message {
            ToBooks::Claim(claim, reply) => {
                self.claims.push(Asked { claim: *claim, reply, tries: 0, since: Instant::now() });
            }
            ToBooks::Settle(id, outcome) => self.settle(id, outcome),
            ToBooks::Flush(done) => self.flushes.push(done),
        }
    }

    pub(super) fn settle(&mut self, id: Uuid, outcome: Outcome) {
        let Some((row, held)) = self.held.remove(&id) else { return };
        self.settled.take(row, id, &held, outcome);
        if let Some(left) = self.rows.get_mut(&row) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.rows.remove(&row);
                self.settled.done.push(row);
            }
        }
    }

    /// All queries of a row that nobody here knows.
    pub(super) fn settle_row(&mut self, row: Uuid, all: Vec<(Uuid, Held, Outcome)>) {
        all.iter().for_each(|(id, held, outcome)| self.settled.take(row, *id, held, *outcome));
        self.settled.done.push(row);
    }

    /// Rows that are on the books from now on.
    pub(super) fn put(&mut self, rows: Vec<Row>) -> HashMap<Uuid, Uuid> {
        let mut row_of = HashMap::new();
        for row in rows {
            self.rows.insert(row.id, row.queries.len());
            row_of.extend(row.queries.into_iter().map(|id| (id, row.id)));
        }
        row_of
    }

    pub(super) fn hold(&mut self, id: Uuid, row: Uuid, held: Held) {
        self.held.insert(id, (row, held));
    }

    /// Whether it is known here what becomes of a row.
    pub(super) fn knows(&self, row: &Uuid) -> bool {
        self.rows.contains_key(row) || self.settled.is_of(row)
    }

    /// Queries that were granted and are under way.
    pub(super) fn under_way(&self) -> usize {
        self.held.len()
    }
}
