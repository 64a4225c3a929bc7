//! Visits of one gateway: in memory only, so that nothing of a session outlives the process.

use std::{
    collections::{HashMap, VecDeque},
    future::ready,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use credit_audit::clock::Clock;
use credit_policy::Language;

use super::{
    Answered, IDLE, LONGEST, MINUTE, OF_ALL_NETWORKS, OF_ONE_NETWORK, OF_ONE_PERSON, RECORDED_A_MINUTE, Said, Step,
    Visits, WORDS, Word,
};
use crate::state::key::Key;

/// Sessions in all.
const SESSIONS: usize = 10_000;
/// Networks that are remembered; of more nobody new may ask until the minute is over.
const NETWORKS: usize = 10_000;

/// All of it, by the clock of the process.
pub struct Memory {
    clock: Arc<dyn Clock>,
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    sessions: HashMap<Key, Session>,
    logins: Words,
    codes: Words,
    asked: Asked,
}

struct Session {
    person: Key,
    sealed: Vec<u8>,
    language: Language,
    began: Duration,
    used: Duration,
    minute: Duration,
    recorded: u32,
}

/// Words of one kind.
#[derive(Default)]
struct Words {
    by_key: HashMap<Key, Kept>,
    /// In the order in which they began; those that were taken too, until they would be over.
    in_order: VecDeque<(Duration, Key)>,
}

struct Kept {
    began: Duration,
    proof: Key,
    /// Whom it stands for.
    of: Option<Key>,
    sealed: Vec<u8>,
}

/// What was asked in the minute.
#[derive(Default)]
struct Asked {
    began: Duration,
    all: u32,
    by_network: HashMap<Key, u32>,
}

impl Memory {
    /// Nobody is here.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, all: Mutex::default() }
    }

    fn said(&self, step: Step) -> Said {
        let now = self.clock.monotonic();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Begin { session, person, sealed, language } => all.begin(session, &person, (sealed, language), now),
            Step::Use(session, language) => all.found(&session, now).map_or(Said::Nothing, |session| {
                session.used = now;
                session.language = language.unwrap_or(session.language);
                Said::InUse { sealed: session.sealed.clone(), language: session.language }
            }),
            Step::Change(session, sealed) => all.found(&session, now).map_or(Said::Nothing, |session| {
                session.sealed = sealed;
                Said::Yes
            }),
            Step::Record(session) => all.found(&session, now).map_or(Said::Nothing, |session| session.record(now)),
            Step::End(session) => all.sessions.remove(&session).map_or(Said::Nothing, |_| Said::Yes),
            Step::Keep { word, key, proof, instead, sealed } => {
                all.words(word).keep(key, Kept { began: now, proof, of: None, sealed }, &instead, word.lasts());
                Said::Yes
            }
            Step::Take { word, keys, proof } => all.words(word).take(&keys, &proof, (now, word.lasts())),
            Step::Ask(network) => all.asked.ask(network, now),
        }
    }
}

impl Visits for Memory {
    fn make(&self, step: Step) -> Answered {
        Box::pin(ready(Ok(self.said(step))))
    }
}

impl All {
    fn begin(&mut self, name: Key, person: &[Key], (sealed, language): (Vec<u8>, Language), now: Duration) -> Said {
        let Some(written) = person.first() else { return Said::No };
        self.sessions.retain(|_, session| !session.is_over(now));
        let mut of_one: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, session)| person.contains(&session.person))
            .map(|(name, session)| (session.began, *name))
            .collect();
        of_one.sort_unstable();
        let room = usize::try_from(OF_ONE_PERSON).unwrap_or_default().saturating_sub(1);
        for (_, oldest) in of_one.iter().take(of_one.len().saturating_sub(room)) {
            self.sessions.remove(oldest);
        }
        if self.sessions.len() >= SESSIONS {
            return Said::No;
        }
        let (began, used, minute) = (now, now, now);
        self.sessions.insert(name, Session { person: *written, sealed, language, began, used, minute, recorded: 0 });
        Said::Yes
    }

    fn found(&mut self, name: &Key, now: Duration) -> Option<&mut Session> {
        if self.sessions.get(name)?.is_over(now) {
            self.sessions.remove(name);
        }
        self.sessions.get_mut(name)
    }

    fn words(&mut self, word: Word) -> &mut Words {
        match word {
            Word::Login => &mut self.logins,
            Word::Code => &mut self.codes,
        }
    }
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) >= IDLE || now.saturating_sub(self.began) >= LONGEST
    }

    fn record(&mut self, now: Duration) -> Said {
        if now.saturating_sub(self.minute) >= MINUTE {
            (self.minute, self.recorded) = (now, 0);
        }
        self.recorded = self.recorded.saturating_add(1);
        if self.recorded <= RECORDED_A_MINUTE { Said::Yes } else { Said::No }
    }
}

impl Words {
    fn keep(&mut self, key: Key, kept: Kept, instead: &[Key], lasts: Duration) {
        let now = kept.began;
        self.by_key.retain(|_, other| other.of.is_none_or(|of| !instead.contains(&of)));
        let most = usize::try_from(WORDS).unwrap_or_default();
        let is_over = |began: Duration| now.saturating_sub(began) >= lasts;
        while self.in_order.len() >= most || self.in_order.front().is_some_and(|(began, _)| is_over(*began)) {
            let Some((began, oldest)) = self.in_order.pop_front() else { break };
            // A word that was kept again since is another one.
            if self.by_key.get(&oldest).is_some_and(|kept| kept.began == began) {
                self.by_key.remove(&oldest);
            }
        }
        self.in_order.push_back((now, key));
        self.by_key.insert(key, Kept { of: instead.first().copied(), ..kept });
    }

    fn take(&mut self, keys: &[Key], proof: &Key, (now, lasts): (Duration, Duration)) -> Said {
        let is_own = |key: &&Key| self.by_key.get(*key).is_some_and(|kept| kept.proof == *proof);
        let Some(kept) = keys.iter().find(is_own).and_then(|key| self.by_key.remove(key)) else {
            return Said::Nothing;
        };
        if now.saturating_sub(kept.began) < lasts { Said::Taken(kept.sealed) } else { Said::Nothing }
    }
}

impl Asked {
    fn ask(&mut self, network: Key, now: Duration) -> Said {
        if now.saturating_sub(self.began) >= MINUTE {
            *self = Self { began: now, ..Self::default() };
        }
        let is_full = self.by_network.len() >= NETWORKS && !self.by_network.contains_key(&network);
        if is_full || self.all >= OF_ALL_NETWORKS {
            return Said::No;
        }
        let asked = self.by_network.entry(network).or_default();
        if *asked >= OF_ONE_NETWORK {
            return Said::No;
        }
        *asked += 1;
        self.all += 1;
        Said::Yes
    }
}

#[cfg(test)]
mod tests {
    use credit_audit::clock::SystemClock;

    use super::*;

    fn key(place: usize) -> Key {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&place.to_be_bytes());
        key
    }

    fn memory() -> Memory {
        Memory::new(Arc::new(SystemClock::new()))
    }

    fn begins(memory: &Memory, place: usize) -> Said {
        let (session, sealed) = (key(place), vec![0; 256]);
        memory.said(Step::Begin { session, person: vec![key(place)], sealed, language: Language::Zh })
    }

    #[test]
    fn there_are_ten_thousand_sessions_at_most_in_thirty_two_mebibytes() {
        let memory = memory();
        for place in 0..SESSIONS {
            assert_eq!(begins(&memory, place), Said::Yes);
        }
        assert_eq!(begins(&memory, SESSIONS), Said::No);
        // Twice the capacity that a table of a map has, and the content of each.
        let each = 2 * size_of::<(Key, Session)>() + 1024;
        assert!(each * SESSIONS <= 32 * 1024 * 1024, "{each}");
        assert_eq!(memory.said(Step::End(key(7))), Said::Yes);
        assert_eq!(begins(&memory, SESSIONS), Said::Yes);
    }

    #[test]
    fn so_many_networks_are_remembered_and_no_more() {
        let memory = memory();
        memory.all.lock().unwrap().asked.by_network = (0..NETWORKS).map(|at| (key(at), 1)).collect();
        assert_eq!(memory.said(Step::Ask(key(NETWORKS))), Said::No);
        assert_eq!(memory.said(Step::Ask(key(1))), Said::Yes, "one that is known");
    }
}
