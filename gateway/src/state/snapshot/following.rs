//! What came after the snapshot, as far as it was read and parsed for others: the next snapshot need not read it again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use credit_audit::leaf::{Leaf, Peek};
use credit_policy::Catalogue;

use crate::state::projection::Projection;

/// Leaves by which a snapshot advances at once, at most: so many are in memory beside the counts.
pub(super) const STEP: u64 = 1 << 18;

/// Leaves of a bundle: a snapshot ends with a whole one.
const BUNDLE: u64 = 256;

/// Leaves by which the index may be behind under load. Where it is further behind, its own duty fails, and the snapshot does not wait.
const NEAR: u64 = 1 << 15;

/// Follows the log from where a snapshot ends. It is only a short cut: what it has not, the snapshot reads itself.
#[derive(Debug, Default)]
pub(crate) struct Following(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    /// Takes in each leaf that is its next; nothing before the first snapshot of a process.
    run: Option<Run>,
    /// One that went so far that a snapshot was due, at the end of a bundle.
    whole: Option<Run>,
    /// After so many leaves.
    due_after: u64,
}

/// The leaves from one on.
#[derive(Debug)]
struct Run {
    from: u64,
    projection: Projection,
}

impl Run {
    fn size(&self) -> u64 {
        self.projection.ledger.size
    }
}

impl Following {
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a leaf that was read, where it is the next.
    pub(crate) fn next(&self, catalogue: &Catalogue, index: u64, head: &Peek<'_>, leaf: Option<&Leaf<'_>>) {
        let mut runs = self.runs();
        let Some(mut run) = runs.run.take_if(|run| run.size() == index) else { return };
        // What it has is in memory, and must not grow where no snapshot can be written. A leaf that cannot be taken in is told of by
        // who reads it again for the snapshot.
        if index - run.from >= STEP || run.projection.apply_read(catalogue, index, head, leaf).is_err() {
            return;
        }
        let is_due = run.size().is_multiple_of(BUNDLE) && run.size() - run.from >= runs.due_after;
        if is_due && runs.whole.is_none() {
            let next = Run { from: run.size(), projection: run.projection.go_on() };
            runs.whole = Some(std::mem::replace(&mut run, next));
        }
        runs.run = Some(run);
    }

    /// What came after a snapshot that ends here, if so many leaves did.
    pub(super) fn take(&self, from: u64) -> Option<Projection> {
        let whole = self.runs().whole.take()?;
        (whole.from == from).then_some(whole.projection)
    }

    /// Whether it will have what comes after a snapshot that ends here soon, since it has nearly all that is published.
    pub(crate) fn is_near(&self, from: u64, published: u64, due_after: u64) -> bool {
        let mut runs = self.runs();
        runs.due_after = due_after;
        let is_it = |run: &Run| run.from == from && run.size() + NEAR >= published;
        runs.whole.is_none() && runs.run.as_ref().is_some_and(is_it)
    }

    /// Whether it follows what comes after a snapshot that ends here.
    pub(crate) fn follows(&self, from: u64) -> bool {
        self.runs().run.as_ref().is_some_and(|run| run.from == from)
    }

    /// Follows what comes after a snapshot that ends here, of which this has the first leaves; what came after another is of no use.
    pub(crate) fn begin(&self, from: u64, projection: Projection) {
        let mut runs = self.runs();
        (runs.run, runs.whole) = (Some(Run { from, projection }), None);
    }
}
