//! The one timer of a connection, for deadlines that are set anew with each request and hardly ever pass. In tokio each of them
//! would be put into the timer of the thread and taken out again; here the timer rings for the first one, and whoever waits for
//! a later one sets it again then.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use hyper::rt::Timer;
use tokio::time::{Duration, Instant, Sleep, sleep_until};

/// Clones are the same one. For one task: it wakes whoever asked last.
#[derive(Clone, Default)]
pub(crate) struct Alarm(Arc<Mutex<Option<Pin<Box<Sleep>>>>>);

impl Alarm {
    /// Whether a deadline has passed. Until then who asks is woken at the latest when it passes, perhaps before.
    pub(crate) fn poll(&self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= deadline || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

impl Timer for Alarm {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until((Instant::now() + duration).into_std())
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Until { alarm: self.clone(), deadline: deadline.into() })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

/// Until a deadline.
struct Until {
    alarm: Alarm,
    deadline: Instant,
}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.alarm.poll(self.deadline, context)
    }
}

impl hyper::rt::Sleep for Until {}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_deadline_passes_at_its_time_whether_it_is_earlier_or_later_than_the_one_before() {
        let alarm = Alarm::default();
        let began = Instant::now();
        for (after, at) in [(5, 5), (3, 8), (10, 18), (0, 18)] {
            let deadline = Instant::now() + after * SECOND;
            poll_fn(|context| alarm.poll(deadline, context)).await;
            assert_eq!(began.elapsed(), at * SECOND);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_is_followed_by_an_earlier_or_a_later_one_at_its_own_time() {
        let alarm = Alarm::default();
        let began = Instant::now();
        for after in [60, 2, 30] {
            let given_up = alarm.sleep_until((began + after * SECOND).into_std());
            assert!(tokio::time::timeout(SECOND / 4, given_up).await.is_err(), "{after}");
        }
        alarm.sleep(SECOND / 4).await;
        assert_eq!(began.elapsed(), SECOND);
        alarm.sleep_until((began + 40 * SECOND).into_std()).await;
        assert_eq!(began.elapsed(), 40 * SECOND, "those that were given up rang for nobody");
    }
}
