//! What the log says of reviews. It is derived, and made again after a start: in the background, some leaves a second at most.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use credit_audit::{edge::Edge, leaf::Leaf, merkle::Hash, review::Reviews};
use jiff::{Timestamp, tz::Offset};

use super::{bundles, error::IndexError};

/// Leaves that are read while somebody waits, at most.
const AT_ONCE: u64 = 50_000;

/// Reviews, as far as the log was read for them.
pub(crate) struct ReviewBook {
    log_folder: PathBuf,
    reviews: Mutex<Reviews>,
    /// Periods of which everything that is drawn waits for a reviewer.
    whole: Mutex<HashSet<String>>,
    /// What is due is put before reviewers once at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl ReviewBook {
    /// Of no leaf yet, or of those before an edge.
    pub(crate) fn new(data_folder: &Path, origin: &str, offset: Offset, edge: Option<&Edge>) -> Self {
        let mut reviews = Reviews::new(origin, offset);
        edge.into_iter().for_each(|edge| reviews.begin_at(edge));
        Self {
            log_folder: data_folder.join("log"),
            reviews: Mutex::new(reviews),
            whole: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Looks at the reviews up to `published`. Blocks.
    ///
    /// # Errors
    /// [`IndexError`]; [`IndexError::Behind`] as long as much of the log is still to be read.
    pub(crate) fn with<T>(&self, published: u64, look: impl FnOnce(&mut Reviews) -> T) -> Result<T, IndexError> {
        let mut reviews = self.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        self.read(&mut reviews, published)?;
        Ok(look(&mut reviews))
    }

    /// Takes in a leaf that was read for somebody else too, where it is the next.
    pub(crate) fn next(&self, index: u64, at: Timestamp, leaf: Option<&Leaf<'_>>, hash: Hash) {
        let mut reviews = self.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        if reviews.size() == index {
            reviews.parsed(index, at, leaf, hash);
        }
    }

    fn read(&self, reviews: &mut MutexGuard<'_, Reviews>, published: u64) -> Result<(), IndexError> {
        let of = (reviews.size(), published, AT_ONCE);
        bundles::go_on(&self.log_folder, of, |index, head, bytes| reviews.leaf(index, head, bytes))
    }

    /// Whether a period waits whole for its reviewers.
    pub(crate) fn is_whole(&self, period: &str) -> bool {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner).contains(period)
    }

    /// Says that it does.
    pub(crate) fn set_whole(&self, period: String) {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner).insert(period);
    }
}
