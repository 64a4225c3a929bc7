//! Handshakes under way: bounded, and one too many ends the oldest of those that have said nothing yet, else the oldest. So
//! a flood of connections that say nothing takes places of its own, and one that shakes hands at once gets in. None is
//! ended that came only just now: until then the next ones wait in the kernel.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

/// So much time each has, however many there are.
const GRACE: Duration = Duration::from_millis(250);

/// The handshakes of one door.
pub(crate) struct Handshakes {
    most: usize,
    under_way: Mutex<UnderWay>,
}

/// In the order in which they began; dropping one ends it.
type Places = BTreeMap<u64, (Instant, oneshot::Sender<()>)>;

#[derive(Default)]
struct UnderWay {
    next: u64,
    silent: Places,
    speaking: Places,
}

impl UnderWay {
    /// Where the next one too many is taken from.
    fn dispensable(&mut self) -> &mut Places {
        if self.silent.is_empty() { &mut self.speaking } else { &mut self.silent }
    }
}

/// The place of one; free when it is dropped.
pub(crate) struct Place {
    handshakes: Arc<Handshakes>,
    number: u64,
    lost: oneshot::Receiver<()>,
}

impl Handshakes {
    /// At most so many.
    #[must_use]
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, under_way: Mutex::default() })
    }

    /// Waits until one more may begin, at most as long as the youngest may take its time.
    pub(crate) async fn room(&self) {
        while let Some(due) = self.make_room() {
            tokio::time::sleep_until(due).await;
        }
    }

    /// Ends the oldest ones where there are too many; tells when the oldest may be ended, if it is too young.
    fn make_room(&self) -> Option<Instant> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.silent.len() + under_way.speaking.len() < self.most {
            return None;
        }
        let now = Instant::now();
        let places = under_way.dispensable();
        let due = places.first_key_value().map(|(_, (began, _))| *began + GRACE)?;
        if now < due {
            return Some(due);
        }
        // All that had their time: a flood's places come free at once, and not a turn of the timer after the other.
        while places.first_key_value().is_some_and(|(_, (began, _))| *began + GRACE <= now) {
            drop(places.pop_first());
        }
        None
    }

    /// Begins one.
    #[must_use]
    pub(crate) fn begin(self: &Arc<Self>) -> Place {
        let (place, lost) = oneshot::channel();
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let number = under_way.next;
        under_way.next += 1;
        under_way.silent.insert(number, (Instant::now(), place));
        Place { handshakes: Arc::clone(self), number, lost }
    }
}

impl Place {
    /// Its first byte is here.
    pub(crate) fn speaks(&self) {
        let mut under_way = self.handshakes.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = under_way.silent.remove(&self.number) {
            under_way.speaking.insert(self.number, place);
        }
    }

    /// Waits until the place is lost to another.
    pub(crate) async fn lost(&mut self) {
        // Nothing is ever sent: an end of the channel is the message.
        drop((&mut self.lost).await);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.handshakes.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        drop(under_way.silent.remove(&self.number));
        drop(under_way.speaking.remove(&self.number));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// One more, once there is room for it.
    async fn next(handshakes: &Arc<Handshakes>) -> Place {
        handshakes.room().await;
        handshakes.begin()
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_ends_the_oldest_and_what_ended_takes_no_place() {
        let handshakes = Handshakes::new(2);
        let (mut first, second) = (next(&handshakes).await, next(&handshakes).await);
        let began = Instant::now();
        let mut third = next(&handshakes).await;
        assert_eq!(began.elapsed().as_millis(), GRACE.as_millis(), "it waits for its turn");
        first.lost().await;
        assert!(third.lost().now_or_never().is_none());
        drop((first, second));
        let mut fourth = next(&handshakes).await;
        assert!(third.lost().now_or_never().is_none() && fourth.lost().now_or_never().is_none());
        let _fifth = next(&handshakes).await;
        third.lost().await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_say_nothing_lose_their_places_first() {
        let handshakes = Handshakes::new(3);
        let (mut first, mut second) = (next(&handshakes).await, next(&handshakes).await);
        let mut third = next(&handshakes).await;
        first.speaks();
        let fourth = next(&handshakes).await;
        second.lost().await;
        let fifth = next(&handshakes).await;
        third.lost().await;
        assert!(first.lost().now_or_never().is_none());
        fourth.speaks();
        fifth.speaks();
        drop((second, third));
        let _sixth = next(&handshakes).await;
        first.lost().await;
    }
}
