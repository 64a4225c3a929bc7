//! A small store held in memory: of the gateway's own tables by person, of a map's tables as a copy for each core. A look-up
//! in it waits for no disk and no other thread, so whoever asks makes it on its own thread, which saves the way to a reader and
//! back. What would take long goes to a reader all the same.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use credit_policy::History;

use super::{
    contract::Asked,
    copy::{InMemory, Serving},
    fault::StoreError,
    people::People,
};

/// Steps of SQLite's machine between two looks at a look-up, and looks until it is a long one: much less than a millisecond.
const STEPS: i32 = 1_000;
const LOOKS: u32 = 8;

/// How long it counts that no writer was seen in the operator's file. Under load a reader looks again before it is over.
const OPEN: Duration = Duration::from_millis(20);
const AGAIN: Duration = Duration::from_millis(5);

/// Nobody locks the operator's file: there is nothing to look at.
const ALWAYS: u64 = u64::MAX;

/// What is in memory.
pub(super) struct AtHand {
    people: ArcSwapOption<People>,
    slots: Vec<Mutex<Option<Held>>>,
    start: Instant,
    /// Until when the operator's file counts as free of writers, in nanoseconds since the start.
    open_until: AtomicU64,
    /// A reader was sent to look again.
    is_looked_for: AtomicBool,
}

struct Held {
    serving: Serving,
    /// Looks at the look-up under way.
    looks: Arc<AtomicU32>,
}

impl AtHand {
    /// Room for so many; nothing is in it yet.
    pub(super) fn new(count: usize) -> Self {
        let slots = (0..count).map(|_| Mutex::default()).collect();
        let is_looked_for = AtomicBool::new(false);
        Self {
            people: ArcSwapOption::empty(),
            slots,
            start: Instant::now(),
            open_until: AtomicU64::new(0),
            is_looked_for,
        }
    }

    /// Puts this in the place of what was there; nothing where it would be too large. `is_locked_by_writers` where a look-up
    /// must not overtake a writer of the operator's file.
    pub(super) fn publish(&self, InMemory { people, copies }: InMemory, is_locked_by_writers: bool) {
        // First: from here on no look-up goes by what was seen before.
        self.open_until.store(0, Ordering::Release);
        self.people.store(people.map(Arc::new));
        let mut copies = copies.into_iter();
        for slot in &self.slots {
            let held = copies.next().and_then(Held::of);
            let before = std::mem::replace(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner), held);
            drop(before);
        }
        if !is_locked_by_writers {
            self.open_until.store(ALWAYS, Ordering::Release);
        }
    }

    /// Whether the store is small enough.
    pub(super) fn has_copies(&self) -> bool {
        // One that is in use is there.
        self.people.load().is_some()
            || self.slots.first().is_some_and(|slot| slot.try_lock().map_or(true, |held| held.is_some()))
    }

    /// A reader saw no writer in the operator's file.
    pub(super) fn saw_no_writer(&self) {
        self.open_until.fetch_max(self.nanos().saturating_add(nanos(OPEN)), Ordering::AcqRel);
        self.is_looked_for.store(false, Ordering::Release);
    }

    /// Whether a reader is to look for writers before it reads.
    pub(super) fn is_due(&self) -> bool {
        self.left() < nanos(AGAIN)
    }

    /// Looks up, if a copy is free, nobody writes, and it takes no long time. Nothing where a reader is to do it: now and
    /// then one is sent, before what was seen is too old for all.
    pub(super) fn look_up(
        &self,
        asked: &Asked,
        in_copy: impl FnOnce(&Serving) -> Result<History, StoreError>,
    ) -> Option<Result<History, StoreError>> {
        if !self.is_open() {
            return None;
        }
        match &*self.people.load() {
            Some(people) => people.about(asked),
            None => self.with_copy(in_copy),
        }
    }

    fn is_open(&self) -> bool {
        let left = self.left();
        left >= nanos(AGAIN) || left > 0 && self.is_looked_for.swap(true, Ordering::AcqRel)
    }

    fn with_copy<T>(&self, look_up: impl FnOnce(&Serving) -> T) -> Option<T> {
        let slot = self.slots.iter().find_map(|slot| slot.try_lock().ok())?;
        let Held { serving, looks } = slot.as_ref()?;
        looks.store(0, Ordering::Relaxed);
        let found = look_up(serving);
        // It only read, and nobody has seen of it: a reader begins again.
        (looks.load(Ordering::Relaxed) < LOOKS).then_some(found)
    }

    fn left(&self) -> u64 {
        self.open_until.load(Ordering::Acquire).saturating_sub(self.nanos())
    }

    fn nanos(&self) -> u64 {
        nanos(self.start.elapsed())
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(ALWAYS - 1)
}

impl Held {
    fn of(mut serving: Serving) -> Option<Self> {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let is_long = move || counted.fetch_add(1, Ordering::Relaxed) + 1 >= LOOKS;
        serving.store.progress_handler(STEPS, Some(is_long)).ok()?;
        Some(Self { serving, looks })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::{
        scratch::Scratch,
        stores::{SCHEMA, copy::open_in_memory, examine::Suspects},
    };

    fn copy(folder: &Path, journal: &str) -> Serving {
        let path = folder.join(format!("{journal}.sqlite"));
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", journal).unwrap();
        writer.execute_batch(SCHEMA).unwrap();
        drop(writer);
        let store = open_in_memory(&path).unwrap().expect("it is small");
        std::fs::remove_file(&path).unwrap();
        Serving { store, gate: None, suspects: Arc::new(Suspects::default()), map: None }
    }

    /// As [`AtHand::look_up`] of a copy.
    fn look_up<T>(at_hand: &AtHand, look_up: impl FnOnce(&Serving) -> T) -> Option<T> {
        at_hand.is_open().then(|| at_hand.with_copy(look_up)).flatten()
    }

    fn copies(copies: Vec<Serving>) -> InMemory {
        InMemory { people: None, copies }
    }

    fn rows(serving: &Serving) -> rusqlite::Result<i64> {
        serving.store.query_row("SELECT count(*) FROM record", [], |row| row.get(0))
    }

    #[test]
    fn a_look_up_is_made_at_hand_only_while_no_writer_was_seen() {
        let folder = Scratch::new();
        let at_hand = AtHand::new(1);
        assert!(look_up(&at_hand, rows).is_none(), "there is nothing yet");
        at_hand.publish(copies(vec![copy(folder.path(), "delete")]), true);
        assert!(look_up(&at_hand, rows).is_none(), "nobody has looked for writers");
        at_hand.saw_no_writer();
        assert_eq!(look_up(&at_hand, rows), Some(Ok(0)));
        std::thread::sleep(OPEN);
        assert!(look_up(&at_hand, rows).is_none(), "what was seen is old");
        at_hand.saw_no_writer();
        at_hand.publish(copies(vec![copy(folder.path(), "truncate")]), true);
        assert!(look_up(&at_hand, rows).is_none(), "another file has other writers");
        at_hand.publish(copies(Vec::new()), true);
        at_hand.saw_no_writer();
        assert!(look_up(&at_hand, rows).is_none(), "the new file is too large");
    }

    #[test]
    fn one_look_up_goes_to_a_reader_before_what_was_seen_is_old() {
        let folder = Scratch::new();
        let at_hand = AtHand::new(1);
        at_hand.publish(copies(vec![copy(folder.path(), "delete")]), true);
        at_hand.saw_no_writer();
        std::thread::sleep(OPEN.saturating_sub(AGAIN));
        // As late as the test may come to it: within the time one is sent, after it all are.
        let sent = [(); 3].map(|()| look_up(&at_hand, rows).is_none());
        assert!(sent[0] && (at_hand.left() == 0 || !sent[1] && !sent[2]), "{sent:?}");
        at_hand.saw_no_writer();
        assert_eq!(look_up(&at_hand, rows), Some(Ok(0)));
    }

    #[test]
    fn nobody_is_looked_for_where_writers_do_not_lock_the_file() {
        let folder = Scratch::new();
        let at_hand = AtHand::new(2);
        at_hand.publish(copies(vec![copy(folder.path(), "wal")]), false);
        assert_eq!(look_up(&at_hand, rows), Some(Ok(0)));
        // A reader that still has the file of before.
        at_hand.saw_no_writer();
        std::thread::sleep(OPEN);
        assert_eq!(look_up(&at_hand, rows), Some(Ok(0)));
        let second = look_up(&at_hand, |_| look_up(&at_hand, rows));
        assert_eq!(second, Some(None), "one copy serves one at a time, and nobody waits for it");
    }

    #[test]
    fn what_takes_long_and_what_would_write_is_left_to_a_reader_or_fails() {
        let folder = Scratch::new();
        let at_hand = AtHand::new(1);
        at_hand.publish(copies(vec![copy(folder.path(), "wal")]), false);
        let long =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT max(i) FROM n";
        let counted = |serving: &Serving| serving.store.query_row(long, [], |row| row.get::<_, i64>(0));
        assert!(look_up(&at_hand, counted).is_none());
        assert_eq!(look_up(&at_hand, rows), Some(Ok(0)), "the next one begins with all its time");
        let written = look_up(&at_hand, |serving| serving.store.execute("DELETE FROM record", []).is_err());
        assert_eq!(written, Some(true));
    }
}
