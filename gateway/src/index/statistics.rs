//! The figures of queries, as far as the log was read for them: read on when somebody looks, so that no query pays for it.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, TryLockError},
};

use credit_audit::{edge::Edge, monthly::Statistics};
use jiff::tz::Offset;

use super::{bundles, error::IndexError};

/// Leaves that are read while somebody waits, at most.
const AT_ONCE: u64 = 50_000;

/// Figures of queries.
pub(crate) struct StatisticsBook {
    log_folder: PathBuf,
    statistics: Mutex<Statistics>,
    /// Held while the rest is read in the background.
    reading: Mutex<()>,
}

impl StatisticsBook {
    /// Of no leaf yet, or of those before an edge.
    pub(crate) fn new(data_folder: &Path, offset: Offset, edge: Option<&Edge>) -> Self {
        let mut statistics = Statistics::new(offset);
        edge.into_iter().for_each(|edge| statistics.begin_at(edge));
        Self { log_folder: data_folder.join("log"), statistics: Mutex::new(statistics), reading: Mutex::default() }
    }

    /// Looks at the figures up to `published`. Blocks.
    ///
    /// # Errors
    /// [`IndexError`]; [`IndexError::Behind`] as long as much of the log is still to be read.
    pub(crate) fn with<T>(&self, published: u64, look: impl FnOnce(&Statistics) -> T) -> Result<T, IndexError> {
        let mut statistics = self.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (statistics.size(), published, AT_ONCE);
        bundles::go_on(&self.log_folder, of, |index, head, _| statistics.leaf(index, head))?;
        Ok(look(&statistics))
    }

    /// Reads all that is published, some at a time: whoever looks meanwhile hears how much is left. Blocks.
    pub(crate) fn read_on(&self, published: u64) {
        let _reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::Poisoned(reading)) => reading.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        while let Err(IndexError::Behind(_)) = self.with(published, |_| ()) {}
    }
}
