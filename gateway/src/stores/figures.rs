//! What the store counts of itself, without a lock; read for metrics and readiness.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::fault::{StoreError, StoreFault};

/// Probes in a row that may be late before the store counts as away: a full queue is late too, and no failure.
const LATE_PROBES: u64 = 3;

/// Figures of a store.
pub(crate) struct Figures {
    answered: AtomicU64,
    timeouts: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicU64,
    late_probes: AtomicU64,
    faulty: AtomicU64,
    unlawful: ArcSwap<BTreeMap<String, u64>>,
    up: AtomicBool,
    files_refused: AtomicBool,
}

/// Of a store that was just opened, and so was seen to work.
impl Default for Figures {
    fn default() -> Self {
        Self {
            answered: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            late_probes: AtomicU64::new(0),
            faulty: AtomicU64::new(0),
            unlawful: ArcSwap::default(),
            up: AtomicBool::new(true),
            files_refused: AtomicBool::new(false),
        }
    }
}

impl Figures {
    /// Look-ups by what came of them.
    #[must_use]
    pub(crate) fn look_ups(&self) -> [(&'static str, u64); 3] {
        [("answered", &self.answered), ("timeout", &self.timeouts), ("failed", &self.failed)]
            .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    /// Questions that wait for a reader.
    #[must_use]
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Values of the store that do not fit the data list.
    #[must_use]
    pub(crate) fn faulty_values(&self) -> u64 {
        self.faulty.load(Ordering::Relaxed)
    }

    pub(super) fn faulty(&self, values: u64) {
        self.faulty.store(values, Ordering::Relaxed);
    }

    /// Rows of classes that may not be collected, or are confidential or sealed, by class.
    #[must_use]
    pub(crate) fn unlawful(&self) -> Arc<BTreeMap<String, u64>> {
        self.unlawful.load_full()
    }

    pub(super) fn has_unlawful(&self, rows: BTreeMap<String, u64>) {
        self.unlawful.store(Arc::new(rows));
    }

    /// Whether the store answers. Only probes decide: a look-up may fail because of one person's data.
    #[must_use]
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Whether its certificates or keys are those of before, since what lies in their files cannot be used.
    #[must_use]
    pub(crate) fn are_files_refused(&self) -> bool {
        self.files_refused.load(Ordering::Relaxed)
    }

    pub(super) fn files_refused(&self, are_refused: bool) {
        self.files_refused.store(are_refused, Ordering::Relaxed);
    }

    pub(super) fn waits(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_read(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn looked_up<T>(&self, found: &Result<T, StoreError>) {
        let count = match found {
            Ok(_) | Err(StoreError::Failed(StoreFault::Refused(_))) => &self.answered,
            Err(StoreError::Timeout) => &self.timeouts,
            Err(StoreError::Failed(_)) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Says whether the probe changed what [`Self::is_up`] tells.
    pub(super) fn probed<T>(&self, found: &Result<T, StoreError>) -> bool {
        let up = match found {
            Ok(_) => {
                self.late_probes.store(0, Ordering::Relaxed);
                true
            }
            Err(StoreError::Timeout) => {
                let late = self.late_probes.fetch_add(1, Ordering::Relaxed) + 1;
                self.is_up() && late < LATE_PROBES
            }
            Err(StoreError::Failed(_)) => false,
        };
        self.up.swap(up, Ordering::Relaxed) != up
    }
}

/// Counts a look-up that waits, until it is dropped: whatever becomes of it.
pub(super) struct Waits(Arc<Figures>);

impl Waits {
    pub(super) fn begin(figures: &Arc<Figures>) -> Self {
        figures.waits();
        Self(Arc::clone(figures))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.is_read();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_probe_or_three_late_ones_mean_away_and_one_answer_means_back() {
        let figures = Figures::default();
        let failed = || Err::<(), _>(StoreError::Failed(StoreFault::ReaderEnded));
        let late = || Err::<(), _>(StoreError::Timeout);
        let told = [(late(), true), (late(), true), (late(), false), (late(), false), (Ok(()), true), (late(), true)];
        for (found, up) in told.into_iter().chain([(failed(), false), (late(), false), (Ok(()), true)]) {
            let before = figures.is_up();
            assert_eq!(figures.probed(&found), before != up, "{found:?}");
            assert_eq!(figures.is_up(), up, "{found:?}");
        }
        assert_eq!(figures.look_ups(), [("answered", 0), ("timeout", 0), ("failed", 0)], "probes are no look-ups");
    }
}
