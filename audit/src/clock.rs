//! The one clock. Time is an argument everywhere else (`clippy.toml` refuses the real clock outside this file).

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Where the time comes from: the real clock in a running gateway, a stepped one in tests.
pub trait Clock: Send + Sync {
    /// The instant now, by the wall clock; it may step when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start, never going back; for deadlines and for noticing that [`Clock::now`] stepped.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::monotonic`] counts from this call.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// How far the clocks of two machines may differ: what one says of a time holds a second later for the other, and a second
/// earlier.
pub const CLOCKS: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);
