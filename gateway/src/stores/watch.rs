//! Watches the operator's file: takes a copy when it has changed and was left alone, and says when it cannot be read.
//!
//! Until a new copy is checked the one before answers; a file that is gone, cannot be read or does not fit fails the
//! store, so that nobody is answered about from data that the operator has taken away.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use credit_audit::clock::Clock;
use credit_policy::Catalogue;

use super::{
    at_hand::AtHand,
    copy::{InMemory, Serving, Source, Taken},
    copy_fault::CopyFault,
    examine::Domain,
    figures::Figures,
    progress::Progress,
    stamp::Mark,
    unlawful,
};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// So long it must be left alone before it is copied.
const STILL: Duration = Duration::from_secs(1);
/// So long it may be away: a copy that is removed and made again is soon back.
const AWAY: Duration = Duration::from_secs(2);
/// So long it may be written without a pause.
const WRITTEN: Duration = Duration::from_secs(60);

/// What the watch tells the readers.
pub(super) struct Standing {
    /// For each reader what it reads from its next question on.
    pub(super) next: Vec<Mutex<Option<Serving>>>,
    /// Copies that whoever asks reads itself.
    pub(super) at_hand: AtHand,
    /// Why the store is not read, while it is not.
    pub(super) fault: ArcSwapOption<CopyFault>,
    pub(super) progress: Arc<Progress>,
}

impl Standing {
    fn publish(&self, readers: Vec<Serving>, in_memory: InMemory) {
        self.at_hand.publish(in_memory, readers.iter().any(|reader| reader.gate.is_some()));
        for (next, serving) in self.next.iter().zip(readers) {
            if let Ok(mut next) = next.lock() {
                *next = Some(serving);
            }
        }
        self.fault.store(None);
    }
}

/// What is needed to take a copy.
pub(super) struct Watch {
    pub(super) source: Source,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) standing: Arc<Standing>,
    pub(super) figures: Arc<Figures>,
    /// How long a file that stays as it is is not read again.
    pub(super) read_again: Duration,
}

impl Watch {
    /// The first copy. A file that was written within the last second is left alone for another.
    pub(super) fn begin(&self) -> Result<Seen, CopyFault> {
        let mut patience = 5;
        loop {
            let mark = Mark::of(&self.source.path).map_err(CopyFault::Read)?;
            let age = self.clock.now().as_second().saturating_sub(mark.written_at());
            if age < 2 {
                std::thread::sleep(STILL);
            }
            let is_left_alone = Mark::of(&self.source.path).is_ok_and(|now| now.main == mark.main);
            match if is_left_alone { self.take(None) } else { Err(CopyFault::Changed) } {
                Err(CopyFault::Changed | CopyFault::Locked) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(STILL);
                }
                taken => return taken.map(Seen::of),
            }
        }
    }

    fn take(&self, before: Option<&Mark>) -> Result<Mark, CopyFault> {
        let today = self.catalogue.today(self.clock.now());
        let domain = Domain::of(&self.catalogue, today);
        let Taken { mark, readers, in_memory, faults, lines, suspects, unlawful } =
            self.source.take(&domain, before)?;
        self.standing.publish(readers, in_memory);
        self.figures.faulty(faults);
        unlawful::warn(&unlawful);
        self.figures.has_unlawful(unlawful);
        if faults > 0 {
            tracing::warn!(
                "the store has {faults} values that do not fit, and {suspects} persons are not answered about: {}",
                lines.join("; ")
            );
        }
        Ok(mark)
    }

    /// Runs until the store is dropped.
    pub(super) fn run(self, mut seen: Seen, ended: &Receiver<()>) {
        while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            self.standing.progress.beat();
            match seen.look(&self.source.path) {
                Look::Same => {
                    self.standing.fault.store(None);
                    if seen.read_at.elapsed() >= self.read_again {
                        self.read_again(&mut seen);
                    }
                }
                Look::Wait => {}
                Look::Failed(fault) => self.standing.fault.store(Some(Arc::new(fault))),
                Look::Take => self.renew(&mut seen),
            }
        }
    }

    /// A file that stays as it is is read again every day: what lay in the future does no longer, and what may not be there
    /// is found at the latest then.
    fn read_again(&self, seen: &mut Seen) {
        match self.take(None) {
            Ok(mark) => *seen = Seen::of(mark),
            Err(fault) => {
                tracing::warn!(%fault, "the store could not be read again; it is tried tomorrow");
                seen.read_at = Instant::now();
            }
        }
    }

    fn renew(&self, seen: &mut Seen) {
        let begun = Instant::now();
        match self.take(Some(&seen.taken)) {
            Ok(mark) => {
                *seen = Seen { pause: begun.elapsed().max(STILL), ..Seen::of(mark) };
                tracing::info!("the store has changed, and the new one is read");
            }
            // Somebody writes: what was there before answers meanwhile.
            Err(CopyFault::Changed | CopyFault::Locked) => seen.since = Instant::now(),
            Err(fault) => {
                if fault.is_of_the_file() {
                    seen.refused = Some(seen.last);
                }
                seen.since = Instant::now();
                self.standing.fault.store(Some(Arc::new(fault)));
            }
        }
    }
}

/// What was seen of the file.
pub(super) struct Seen {
    /// The state that is read, and since when.
    taken: Mark,
    read_at: Instant,
    /// The state that was last seen, and since when.
    last: Mark,
    since: Instant,
    /// A state that was looked at and cannot be read.
    refused: Option<Mark>,
    /// Since when it is another than the one that is read.
    changing: Option<Instant>,
    away: Option<Instant>,
    /// How long it is left alone before the next copy.
    pause: Duration,
}

/// What is to be done.
enum Look {
    /// It is what is read.
    Same,
    /// Nothing yet.
    Wait,
    /// The store fails.
    Failed(CopyFault),
    /// It was left alone.
    Take,
}

impl Seen {
    fn of(mark: Mark) -> Self {
        let now = Instant::now();
        Self {
            taken: mark,
            read_at: now,
            last: mark,
            since: now,
            refused: None,
            changing: None,
            away: None,
            pause: STILL,
        }
    }

    fn look(&mut self, path: &Path) -> Look {
        let now = Instant::now();
        let mark = match Mark::of(path) {
            Ok(mark) => mark,
            Err(error) => {
                let away = *self.away.get_or_insert(now);
                self.changing = None;
                return if now - away < AWAY { Look::Wait } else { Look::Failed(CopyFault::Read(error)) };
            }
        };
        self.away = None;
        if mark == self.taken {
            (self.changing, self.refused, self.last) = (None, None, mark);
            return Look::Same;
        }
        // Frames of a write-ahead log have checksums, so only the file itself must be left alone.
        let moved = mark.main != self.last.main;
        if moved {
            self.since = now;
        }
        self.last = mark;
        if self.refused == Some(mark) {
            return Look::Wait;
        }
        let changing = *self.changing.get_or_insert(now);
        if now - self.since >= STILL.max(self.pause) {
            Look::Take
        } else if now - changing >= WRITTEN && moved {
            Look::Failed(CopyFault::Changed)
        } else {
            Look::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use credit_policy::catalogue::shipped;
    use jiff::Timestamp;

    use super::*;
    use crate::{scratch::Scratch, stores::SCHEMA};

    struct Stepped(Mutex<Timestamp>);

    impl Stepped {
        fn set(&self, at: &str) {
            *self.0.lock().unwrap() = at.parse().unwrap();
        }
    }

    impl Clock for Stepped {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    /// An act of the day after tomorrow is no value yet.
    #[test]
    fn a_file_that_stays_as_it_is_is_read_again_by_the_rules_of_its_day() {
        let folder = Scratch::new();
        let path = folder.path().join("store.sqlite");
        let store = rusqlite::Connection::open(&path).unwrap();
        store.execute_batch(SCHEMA).unwrap();
        let row = "INSERT INTO record(number, class, nr, severity, act, determined) VALUES
            ('990101199003070031', 'tax', 1, 'minor', '2026-11-24', '2026-11-24')";
        store.execute_batch(row).unwrap();
        drop(store);
        let clock = Arc::new(Stepped(Mutex::default()));
        clock.set("2026-11-22T04:00:00Z");
        let progress = Arc::new(Progress::new());
        let figures = Arc::new(Figures::default());
        let standing = Standing {
            next: Vec::new(),
            at_hand: AtHand::new(0),
            fault: ArcSwapOption::empty(),
            progress: Arc::clone(&progress),
        };
        let watch = Watch {
            source: Source {
                path,
                name: "own".to_owned(),
                copies: folder.path().to_owned(),
                readers: 0,
                in_memory: 0,
                map: None,
                progress,
            },
            catalogue: Arc::new(Catalogue::load(&shipped()).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            standing: Arc::new(standing),
            figures: Arc::clone(&figures),
            read_again: Duration::ZERO,
        };
        let seen = watch.begin().unwrap();
        assert_eq!(figures.faulty_values(), 2, "act and determination lie in the future");
        clock.set("2026-11-23T04:00:00Z");
        let (watched, ended) = channel();
        let runs = std::thread::spawn(move || watch.run(seen, &ended));
        let begun = Instant::now();
        while figures.faulty_values() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "it was not read again");
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(watched);
        runs.join().unwrap();
    }
}
