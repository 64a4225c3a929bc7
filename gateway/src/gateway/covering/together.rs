//! One fold over the logs of all gateways, in the order in which `credit-audit coverage --directory` takes them: a leaf is counted once
//! every log is known up to its time, so nothing that comes later changes what was counted. What is not known is not counted, and a
//! decision that waits is neither looked up nor missed.

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    path::{Path, PathBuf},
};

use credit_audit::coverage::{Coverage, CoverageFigures, Elsewhere, Event};
use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{
    part::{Begins, ENDED, Part},
    stored::{self, Stored},
};

/// Events of one log that wait for the other logs, at most.
const WAITING: usize = 262_144;

/// See the module.
pub(crate) struct Together {
    data: PathBuf,
    own: String,
    offset: Offset,
    /// Where the own log begins, and from when on it is whole.
    begins: (u64, Timestamp),
    /// Whether it is known which other gateways there are.
    is_known: bool,
    /// By origin.
    logs: Vec<OfLog>,
    all: Coverage,
}

/// What is known of one log.
struct OfLog {
    origin: String,
    /// The first leaf that is not known.
    next: u64,
    /// When the one before was recorded: no later one was recorded before.
    at: Timestamp,
    /// What is not counted yet.
    waiting: VecDeque<Event>,
    /// What is kept of another one.
    stored: Option<Stored>,
}

/// A log that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct CountedLog {
    /// The log.
    pub(crate) log: String,
    /// So many leaves of it are known.
    pub(crate) size: u64,
    /// When the last of these was recorded; nothing where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    /// Whether it ended for good, and all of it is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ended: bool,
}

/// Why what another gateway has is not counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCounted {
    #[error("it is not what its log has there")]
    NoPart,
    #[error("it cannot be kept in the data folder: {0}")]
    NotKept(#[from] io::Error),
}

impl Together {
    pub(super) fn new(data: &Path, own: &str, offset: Offset, begins: (u64, Timestamp)) -> Self {
        let mut new = Self {
            data: data.to_owned(),
            own: own.to_owned(),
            offset,
            begins,
            is_known: false,
            logs: Vec::new(),
            all: Coverage::new(offset),
        };
        new.begin(BTreeSet::new());
        new
    }

    /// These are the logs of the others. Where they are others than before, it is counted anew.
    pub(super) fn know(&mut self, mut others: BTreeSet<String>) {
        others.insert(self.own.clone());
        if self.is_known && self.logs.iter().map(|log| &log.origin).eq(others.iter()) {
            return;
        }
        if let Err(error) = stored::remember(&self.data, others.clone()) {
            tracing::error!(%error, "which logs are counted for the coverage of cases cannot be written beside the log");
        }
        self.is_known = true;
        self.begin(others);
    }

    /// The logs are those that a gateway that served here counted last; false where none has.
    pub(super) fn know_as_before(&mut self) -> bool {
        let logs = stored::logs(&self.data);
        self.is_known = logs.is_some();
        self.begin(logs.unwrap_or_default());
        self.is_known
    }

    fn begin(&mut self, mut origins: BTreeSet<String>) {
        origins.insert(self.own.clone());
        let (mut from, own) = (self.begins.1, &self.own);
        let logs = origins.into_iter().map(|origin| {
            if origin == *own {
                return OfLog::new(origin, self.begins.0, None);
            }
            let mut log = OfLog::new(origin.clone(), 0, Some(Stored::open(&self.data, &origin)));
            let begins = log.read();
            from = begins.map_or(from, |begins| begins.whole_from.max(from));
            log
        });
        self.logs = logs.collect();
        let origins = self.logs.iter().map(|log| log.origin.clone()).collect();
        self.all = Coverage::of_set(self.offset, origins).beginning(from);
    }

    fn own(&self) -> usize {
        self.logs.iter().position(|log| log.origin == self.own).unwrap_or_default()
    }

    fn log(&self, origin: &str) -> Option<&OfLog> {
        self.logs.iter().find(|log| log.origin == origin)
    }

    pub(super) fn next_leaf(&self) -> u64 {
        self.log(&self.own).map_or(0, |log| log.next)
    }

    pub(super) fn has_room(&self) -> bool {
        self.log(&self.own).is_some_and(OfLog::has_room)
    }

    pub(super) fn own_leaf(&mut self, index: u64, at: Timestamp, event: Option<Event>) {
        let own = self.own();
        if let Some(log) = self.logs.get_mut(own).filter(|log| log.next == index && log.has_room()) {
            (log.next, log.at) = (index + 1, at.max(log.at));
            match event {
                // Of misses that are counted already, so it waits for nobody.
                Some(event) if event.is_handed_over() => self.all.take(own, event),
                event => log.waiting.extend(event),
            }
        }
    }

    /// Keeps what a log says that ended for good: with it, all of it is known. False where it is none of those that are counted here.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn end(&self, origin: &str, parts: Vec<Part>, size: u64) -> io::Result<bool> {
        if origin == self.own || self.log(origin).is_none() {
            return Ok(false);
        }
        let last = Part {
            log: origin.to_owned(),
            begins: None,
            from: size,
            until: size,
            at: ENDED,
            is_all: true,
            events: Vec::new(),
        };
        let mut stored = Stored::open(&self.data, origin);
        stored.clear(origin)?;
        parts.into_iter().chain([last]).try_for_each(|part| stored.keep(part))?;
        Ok(true)
    }

    /// From which leaf on the gateway of a log is to be asked; nothing where it is not to be asked now.
    pub(crate) fn asks_from(&self, origin: &str) -> Option<u64> {
        let is_read = |log: &&OfLog| log.stored.as_ref().is_some_and(Stored::is_read) && log.at < ENDED;
        let log = self.log(origin).filter(|log| is_read(log) && log.has_room());
        log.map(|log| log.next)
    }

    /// Takes what the gateway of a log answered.
    ///
    /// # Errors
    /// Why it is not counted.
    pub(crate) fn take(&mut self, origin: &str, part: Part) -> Result<(), NotCounted> {
        let log = self.logs.iter_mut().find(|log| log.origin == origin).ok_or(NotCounted::NoPart)?;
        let stored = log.stored.as_mut().filter(|stored| stored.is_read()).ok_or(NotCounted::NoPart)?;
        // That a log ended is said by who has it, and not by its gateway.
        if !part.follows(origin, log.next, log.at) || part.at >= ENDED {
            return Err(NotCounted::NoPart);
        }
        if part.from > log.next {
            // What comes before was let go there, and is none of what is counted any more.
            stored.clear(origin)?;
            stored.keep(part)?;
            let others = self.logs.iter().map(|log| log.origin.clone()).collect();
            self.begin(others);
            return Ok(());
        }
        stored.make(origin)?;
        stored.keep(part.clone())?;
        log.take(part);
        Ok(())
    }

    /// Counts everything up to where every log is known.
    pub(super) fn advance(&mut self) {
        if !self.is_known {
            return;
        }
        loop {
            let until = self.known_to();
            let next = self.logs.iter().enumerate().filter_map(|(at, log)| Some((log.waiting.front()?.at, at)));
            if let Some((_, at)) = next.min().filter(|(at, _)| *at < until) {
                let event = self.logs.get_mut(at).and_then(|log| log.waiting.pop_front());
                event.into_iter().for_each(|event| self.all.take(at, event));
                continue;
            }
            // Whoever is furthest behind may have more on the disk.
            if !self.logs.iter_mut().filter(|log| log.at <= until).any(OfLog::read_on) {
                return;
            }
        }
    }

    /// The time before which every leaf of every log is known. Where the own log is the only one, each is.
    fn known_to(&self) -> Timestamp {
        if self.is_alone() {
            Timestamp::MAX
        } else {
            self.logs.iter().map(|log| log.at).min().unwrap_or(Timestamp::MIN)
        }
    }

    /// The time before which all was counted; nothing where nothing was.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        Some(self.known_to()).filter(|until| self.is_known && *until > Timestamp::MIN)
    }

    /// Whether it is known that there is no other gateway.
    pub(super) fn is_alone(&self) -> bool {
        self.is_known && self.logs.len() == 1
    }

    /// The logs that are counted.
    pub(crate) fn origins(&self) -> Vec<String> {
        self.logs.iter().map(|log| log.origin.clone()).collect()
    }

    /// Whether the others are to be asked soon: a case is not counted yet, of this log or of which was heard at this microsecond.
    pub(crate) fn is_due(&self, heard: i64) -> bool {
        // Where no case was ever heard of, nobody need be asked.
        let until = self.until().map_or(i64::MIN, Timestamp::as_microsecond);
        let is_behind = heard > i64::MIN && heard >= until;
        let own = self.log(&self.own).is_some_and(|log| !log.waiting.iter().all(Event::is_look_up));
        self.logs.len() > 1 && (own || is_behind)
    }

    /// Whether they may know of a look-up after a decision that is counted as missed.
    pub(crate) fn is_due_some_time(&self) -> bool {
        self.logs.len() > 1 && self.not_handed_over().next().is_some()
    }

    pub(super) fn figures(&self, month: Option<&str>) -> CoverageFigures {
        let size = self.logs.iter().map(|log| log.next).sum();
        CoverageFigures { size, ..self.all.figures(month) }
    }

    pub(super) fn not_handed_over(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.not_handed_over(self.own())
    }

    pub(super) fn unknown(&self, before: Timestamp) -> impl Iterator<Item = (&str, &str)> {
        let waiting = self.log(&self.own).into_iter().flat_map(|log| &log.waiting);
        waiting.take_while(move |event| event.at < before).filter_map(Event::decided)
    }

    pub(super) fn elsewhere(&self, month: Option<&str>) -> Vec<Elsewhere> {
        self.all.elsewhere(month)
    }

    pub(super) fn counted(&self) -> Vec<CountedLog> {
        let until = |log: &OfLog| Some(log.at).filter(|at| *at > Timestamp::MIN && *at < ENDED);
        let ended = |log: &OfLog| log.at == ENDED;
        let counted =
            |log: &OfLog| CountedLog { log: log.origin.clone(), size: log.next, until: until(log), ended: ended(log) };
        self.logs.iter().map(counted).collect()
    }
}

impl OfLog {
    fn new(origin: String, next: u64, stored: Option<Stored>) -> Self {
        Self { origin, next, at: Timestamp::MIN, waiting: VecDeque::new(), stored }
    }

    fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    fn take(&mut self, part: Part) {
        (self.next, self.at) = (part.until, part.at);
        self.waiting.extend(part.events);
    }

    /// Reads the next part that is kept, if there may be one.
    fn read_on(&mut self) -> bool {
        let is_more = self.stored.as_ref().is_some_and(|stored| !stored.is_read());
        if is_more {
            // From when on it is whole is known since the first part.
            self.read();
        }
        is_more
    }

    /// Reads the next part that is kept.
    fn read(&mut self) -> Option<Begins> {
        let stored = self.stored.as_mut()?;
        let part = stored.next()?;
        if !part.follows(&self.origin, self.next, self.at) {
            stored.unread();
            return None;
        }
        let begins = part.begins;
        self.take(part);
        begins
    }
}

#[cfg(test)]
mod tests;
