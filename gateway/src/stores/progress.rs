//! Signs of life of the thread that watches the store's file.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// No sign of life for so long: the disk does not answer.
const STUCK: Duration = Duration::from_secs(3);

/// When the thread that watches last went on.
pub(super) struct Progress {
    start: Instant,
    millis: AtomicU64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), millis: AtomicU64::new(0) }
    }

    pub(super) fn beat(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.store(millis, Ordering::Relaxed);
    }

    pub(super) fn is_stuck(&self) -> bool {
        let last = Duration::from_millis(self.millis.load(Ordering::Relaxed));
        self.start.elapsed().saturating_sub(last) > STUCK
    }
}
