//! When a batch was recorded: the wall clock's time, never decreasing, and none while the wall clock has stepped.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// The largest step that is taken as the clock being set right, not as a fault.
const LARGEST_STEP: SignedDuration = SignedDuration::from_secs(60);

/// Gives each batch its `at`.
pub(crate) struct BatchClock {
    clock: Arc<dyn Clock>,
    last: Timestamp,
    /// The wall clock and the monotonic clock when they last agreed.
    agreed: (Timestamp, Duration),
    accepted: Arc<AcceptedTime>,
}

/// The time that the writer accepts, for everybody to read: two numbers instead of a lock.
#[derive(Debug, Default)]
pub(crate) struct AcceptedTime {
    /// What the wall clock was ahead of the monotonic clock when it was accepted last, in microseconds.
    ahead: AtomicI64,
    /// `at` of the last batch, in microseconds.
    last: AtomicI64,
}

impl AcceptedTime {
    /// The time now. While the wall clock is not accepted it goes on with the monotonic clock; it is never before the
    /// last leaf.
    pub(crate) fn now(&self, clock: &dyn Clock) -> Timestamp {
        let now = self.ahead.load(Ordering::Relaxed).saturating_add(micros(clock.monotonic()));
        let now = now.max(self.last.load(Ordering::Relaxed));
        // Beyond the year 9999 there is no time to accept.
        Timestamp::from_microsecond(now).unwrap_or(Timestamp::MAX)
    }

    fn accept(&self, wall: Timestamp, monotonic: Duration) {
        self.ahead.store(wall.as_microsecond().saturating_sub(micros(monotonic)), Ordering::Relaxed);
    }
}

fn micros(monotonic: Duration) -> i64 {
    i64::try_from(monotonic.as_micros()).unwrap_or(i64::MAX)
}

/// The wall clock stepped. It is not accepted until the clock agrees again or the process restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stepped {
    #[error("the clock is more than a minute behind the last record; set it right, or wait until it has caught up")]
    Back,
    #[error("the clock was set forward by more than a minute; set it right, or restart if it is right now")]
    Forward,
}

impl BatchClock {
    /// Goes on after a log whose last leaf has this `at`. What the wall clock says now is where steps are measured
    /// from.
    pub(crate) fn new(clock: Arc<dyn Clock>, last: Timestamp) -> Self {
        let agreed = (clock.now(), clock.monotonic());
        let accepted = Arc::new(AcceptedTime::default());
        accepted.accept(agreed.0, agreed.1);
        accepted.last.store(last.as_microsecond(), Ordering::Relaxed);
        Self { clock, last, agreed, accepted }
    }

    /// The time that this clock accepts, for other threads.
    pub(crate) fn accepted(&self) -> Arc<AcceptedTime> {
        Arc::clone(&self.accepted)
    }

    /// The `at` of a batch taken now, cut to the microsecond as the leaf shows it.
    pub(crate) fn next(&mut self) -> Result<Timestamp, Stepped> {
        let wall = self.look()?;
        let wall = Timestamp::from_microsecond(wall.as_microsecond()).unwrap_or(wall);
        self.last = self.last.max(wall);
        self.accepted.last.store(self.last.as_microsecond(), Ordering::Relaxed);
        Ok(self.last)
    }

    /// The wall clock's time, unless it stepped.
    pub(crate) fn look(&mut self) -> Result<Timestamp, Stepped> {
        let (wall, monotonic) = (self.clock.now(), self.clock.monotonic());
        if self.last.duration_since(wall) > LARGEST_STEP {
            return Err(Stepped::Back);
        }
        let passed = SignedDuration::try_from(monotonic.saturating_sub(self.agreed.1)).unwrap_or(SignedDuration::MAX);
        let step = wall.duration_since(self.agreed.0).saturating_sub(passed);
        if step > LARGEST_STEP {
            return Err(Stepped::Forward);
        }
        if step >= -LARGEST_STEP {
            // Small differences are the clock being disciplined: they must not add up to a step.
            self.agreed = (wall, monotonic);
        }
        // After a larger step back that stays above the last record, the old agreement is kept, so that a step forth
        // to the right time is none.
        self.accepted.accept(wall, monotonic);
        Ok(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::FakeClock;

    fn seconds(count: i64) -> SignedDuration {
        SignedDuration::from_secs(count)
    }

    #[test]
    fn a_step_back_beyond_a_minute_refuses_until_the_clock_agrees() {
        let clock = FakeClock::new();
        let mut at = BatchClock::new(clock.clone(), Timestamp::UNIX_EPOCH);
        let first = at.next().unwrap();
        clock.step(seconds(-61));
        assert_eq!(at.next(), Err(Stepped::Back));
        clock.step(seconds(2));
        // 59 seconds behind: recorded, but not with an earlier time.
        assert_eq!(at.next(), Ok(first));
        clock.step(seconds(59));
        assert_eq!(at.next(), Ok(first));
    }

    #[test]
    fn a_step_forward_beyond_a_minute_refuses_until_the_clock_agrees_or_a_restart() {
        let clock = FakeClock::new();
        let mut at = BatchClock::new(clock.clone(), Timestamp::UNIX_EPOCH);
        clock.pass(Duration::from_secs(7200));
        let first = at.next().unwrap();
        clock.step(seconds(61));
        assert_eq!(at.next(), Err(Stepped::Forward));
        clock.pass(Duration::from_secs(600));
        assert_eq!(at.next(), Err(Stepped::Forward));
        let mut restarted = BatchClock::new(clock.clone(), first);
        assert!(restarted.next().unwrap() > first);
        clock.step(seconds(-61));
        assert_eq!(at.next().unwrap(), first.checked_add(seconds(600)).unwrap());
    }

    #[test]
    fn the_accepted_time_passes_over_a_glitch_and_follows_small_corrections() {
        let clock = FakeClock::new();
        let mut at = BatchClock::new(clock.clone(), Timestamp::UNIX_EPOCH);
        let accepted = at.accepted();
        for days in [40, -40] {
            let before = accepted.now(&*clock);
            clock.step(seconds(days * 86_400));
            at.look().unwrap_err();
            clock.pass(Duration::from_secs(2));
            assert_eq!(accepted.now(&*clock), before.checked_add(seconds(2)).unwrap(), "{days} days");
            clock.step(seconds(days * -86_400));
            at.next().unwrap();
            assert_eq!(accepted.now(&*clock), clock.now());
        }
        clock.step(seconds(-30));
        let last = at.next().unwrap();
        assert_eq!(accepted.now(&*clock), last, "never before the last leaf");
        clock.step(seconds(60));
        at.look().unwrap();
        assert_eq!(accepted.now(&*clock), clock.now());
    }

    #[test]
    fn small_corrections_do_not_add_up() {
        let clock = FakeClock::new();
        let mut at = BatchClock::new(clock.clone(), Timestamp::UNIX_EPOCH);
        for _ in 0..10 {
            clock.step(seconds(59));
            at.next().unwrap();
        }
    }

    #[test]
    fn a_wrong_step_back_of_an_idle_log_can_be_mended() {
        let clock = FakeClock::new();
        let mut at = BatchClock::new(clock.clone(), Timestamp::UNIX_EPOCH);
        at.next().unwrap();
        clock.pass(Duration::from_secs(7200));
        clock.step(seconds(-3600));
        at.next().unwrap();
        clock.step(seconds(3600));
        at.next().unwrap();
    }

    #[test]
    fn a_restart_with_a_clock_behind_the_log_refuses() {
        let clock = FakeClock::new();
        let last = clock.now().checked_add(seconds(61)).unwrap();
        assert_eq!(BatchClock::new(clock.clone(), last).next(), Err(Stepped::Back));
        clock.pass(Duration::from_secs(1));
        assert_eq!(BatchClock::new(clock, last).next(), Ok(last));
    }
}
