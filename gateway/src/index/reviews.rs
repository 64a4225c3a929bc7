//! What the log says of reviews, read on demand: it is derived, and made again after a start.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use credit_audit::{
    leaf::peek,
    review::{Conduct, Draw, ReviewPolicy, Reviews, Word},
};
use jiff::tz::Offset;
use uuid::Uuid;

use super::{bundles, error::IndexError};

/// Reviews, as far as the log was read for them.
pub(crate) struct ReviewBook {
    log_folder: PathBuf,
    offset: Offset,
    reviews: Mutex<Reviews>,
    /// Periods of which everything that is drawn or suspicious waits for a reviewer.
    whole: Mutex<HashSet<String>>,
    /// A period is put before reviewers once at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl ReviewBook {
    /// Of no leaf yet.
    pub(crate) fn new(data_folder: &Path, origin: &str, offset: Offset) -> Self {
        Self {
            log_folder: data_folder.join("log"),
            offset,
            reviews: Mutex::new(Reviews::new(origin, offset)),
            whole: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Looks at the reviews up to `published`. Blocks.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn with<T>(&self, published: u64, look: impl FnOnce(&Reviews) -> T) -> Result<T, IndexError> {
        let mut reviews = self.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        bundles::each(&self.log_folder, reviews.size(), published.max(reviews.size()), |place, bytes| {
            let fault = |_| IndexError::Leaf(place.leaf);
            let head = peek(bytes).map_err(|_| IndexError::Leaf(place.leaf))?;
            reviews.leaf(place.leaf, head, bytes).map_err(fault)
        })?;
        Ok(look(&reviews))
    }

    /// The queries of a drawn period, with a word of each. Reads the log from its beginning. Blocks.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn words(
        &self,
        draw: &Draw,
        policy: &ReviewPolicy,
        made_up: &HashSet<Uuid>,
    ) -> Result<Vec<(Uuid, Word)>, IndexError> {
        let mut conduct = Conduct::new(self.offset);
        bundles::each(&self.log_folder, 0, draw.until, |place, bytes| {
            let head = peek(bytes).map_err(|_| IndexError::Leaf(place.leaf))?;
            conduct.leaf(place.leaf, head).map_err(|_| IndexError::Leaf(place.leaf))
        })?;
        let words = conduct.words(&draw.bounds, policy, made_up);
        Ok(words.into_iter().map(|(_, id, word)| (id, word)).collect())
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
