//! What is remembered of bundles that a search has read: from when to when the ids in each were made. An id that nobody has
//! leads a search through a minute of the log; the second such search reads nothing of it again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Bundles that are remembered, at most: 16 million leaves, in about 4 MiB.
const MOST: usize = 65_536;

/// A full bundle, which never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// `at` of its first leaf.
    pub(crate) first_at: Timestamp,
    /// The milliseconds of its earliest and of its latest id.
    pub(crate) made: (u64, u64),
}

impl Span {
    /// Whether a leaf can stand in it whose id was made in this millisecond.
    pub(crate) fn may_hold(&self, millisecond: u64) -> bool {
        (self.made.0..=self.made.1).contains(&millisecond)
    }
}

/// By the number of the bundle.
#[derive(Debug, Default)]
pub(crate) struct Spans(Mutex<HashMap<u64, Span>>);

impl Spans {
    pub(crate) fn get(&self, bundle: u64) -> Option<Span> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&bundle).copied()
    }

    pub(crate) fn insert(&self, bundle: u64, span: Span) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() >= MOST {
            // Whoever goes through a longer log reads it again, at the rate of its reads.
            spans.clear();
        }
        spans.insert(bundle, span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_log_does_not_take_more_memory() {
        let spans = Spans::default();
        let span = Span { first_at: Timestamp::UNIX_EPOCH, made: (3, 5) };
        for bundle in 0..=MOST as u64 {
            spans.insert(bundle, span);
        }
        assert_eq!(spans.0.lock().unwrap().len(), 1);
        assert_eq!((spans.get(MOST as u64), spans.get(0)), (Some(span), None));
        assert_eq!([2, 3, 4, 5, 6].map(|made| span.may_hold(made)), [false, true, true, true, false]);
    }
}
