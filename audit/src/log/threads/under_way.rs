//! Since when a thread works on something: it cannot report that itself where a disk hangs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// Since when, in microseconds of the monotonic clock, and one; 0 while nothing is under way.
#[derive(Default)]
pub(crate) struct UnderWay(AtomicU64);

impl UnderWay {
    pub(crate) fn begin(&self, clock: &dyn Clock) {
        let now = u64::try_from(clock.monotonic().as_micros()).unwrap_or(u64::MAX);
        self.0.store(now.saturating_add(1), Ordering::Release);
    }

    pub(crate) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// How long it has taken until now; zero while nothing is under way.
    pub(crate) fn time(&self, clock: &dyn Clock) -> Duration {
        match self.0.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            since => clock.monotonic().saturating_sub(Duration::from_micros(since - 1)),
        }
    }
}
