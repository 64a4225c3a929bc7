//! Places of handshakes under way, and of the open connections of a listener where no caller has a bound of its own: one too
//! many ends the oldest of those that say nothing or do not take what they asked for, else the oldest. So a flood of such
//! connections takes places of its own, and one that speaks at once gets in. None is ended that came only just now: until
//! then the next ones wait in the kernel.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

/// So much time each has, however many there are.
const GRACE: Duration = Duration::from_millis(250);

/// The places of one door.
pub(crate) struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

/// In the order in which they began; dropping one ends it.
type Held = BTreeMap<u64, (Instant, oneshot::Sender<()>)>;

#[derive(Default)]
struct Taken {
    next: u64,
    silent: Held,
    speaking: Held,
}

impl Taken {
    /// Where the next one too many is taken from.
    fn dispensable(&mut self) -> &mut Held {
        if self.silent.is_empty() { &mut self.speaking } else { &mut self.silent }
    }
}

/// The place of one; free when it is dropped.
pub(crate) struct Place {
    voice: Voice,
    lost: oneshot::Receiver<()>,
}

/// Tells whether whoever has a place speaks.
#[derive(Clone)]
pub(crate) struct Voice {
    places: Arc<Places>,
    number: u64,
}

impl Places {
    /// At most so many.
    #[must_use]
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Waits until one more may begin, at most as long as the youngest may take its time.
    pub(crate) async fn room(&self) {
        while let Some(due) = self.make_room() {
            tokio::time::sleep_until(due).await;
        }
    }

    /// Ends the oldest ones where there are too many; tells when the oldest may be ended, if it is too young.
    fn make_room(&self) -> Option<Instant> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.silent.len() + taken.speaking.len() < self.most {
            return None;
        }
        let now = Instant::now();
        let places = taken.dispensable();
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
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let number = taken.next;
        taken.next += 1;
        taken.silent.insert(number, (Instant::now(), place));
        Place { voice: Voice { places: Arc::clone(self), number }, lost }
    }
}

impl Place {
    /// Its first byte is here.
    pub(crate) fn speaks(&self) {
        self.voice.speaks();
    }

    /// For whoever sees it speak.
    #[must_use]
    pub(crate) fn voice(&self) -> Voice {
        self.voice.clone()
    }

    /// Waits until the place is lost to another.
    pub(crate) async fn lost(&mut self) {
        // Nothing is ever sent: an end of the channel is the message.
        drop((&mut self.lost).await);
    }
}

impl Voice {
    /// Something came from it, or it took what it asked for.
    pub(crate) fn speaks(&self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = taken.silent.remove(&self.number) {
            taken.speaking.insert(self.number, place);
        }
    }

    /// It does not take what it asked for.
    pub(crate) fn stalls(&self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = taken.speaking.remove(&self.number) {
            taken.silent.insert(self.number, place);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Voice { places, number } = &self.voice;
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        drop(taken.silent.remove(number));
        drop(taken.speaking.remove(number));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// One more, once there is room for it.
    async fn next(places: &Arc<Places>) -> Place {
        places.room().await;
        places.begin()
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_ends_the_oldest_and_what_ended_takes_no_place() {
        let places = Places::new(2);
        let (mut first, second) = (next(&places).await, next(&places).await);
        let began = Instant::now();
        let mut third = next(&places).await;
        assert_eq!(began.elapsed().as_millis(), GRACE.as_millis(), "it waits for its turn");
        first.lost().await;
        assert!(third.lost().now_or_never().is_none());
        drop((first, second));
        let mut fourth = next(&places).await;
        assert!(third.lost().now_or_never().is_none() && fourth.lost().now_or_never().is_none());
        let _fifth = next(&places).await;
        third.lost().await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_say_nothing_lose_their_places_first() {
        let places = Places::new(3);
        let (mut first, mut second) = (next(&places).await, next(&places).await);
        let mut third = next(&places).await;
        first.speaks();
        let fourth = next(&places).await;
        second.lost().await;
        let fifth = next(&places).await;
        third.lost().await;
        assert!(first.lost().now_or_never().is_none());
        fourth.speaks();
        fifth.speaks();
        drop((second, third));
        fifth.voice().stalls();
        let (mut fifth, mut sixth) = (fifth, next(&places).await);
        fifth.lost().await;
        assert!(first.lost().now_or_never().is_none(), "who takes what it asked for stays");
        sixth.speaks();
        drop(fifth);
        let _seventh = next(&places).await;
        first.lost().await;
        assert!(sixth.lost().now_or_never().is_none());
    }
}
