//! Repeats: each names the first query under its idempotency key, and spends what that one spent.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::clock::CLOCKS;
use crate::leaf::{Carried, KeyEvent, KeyState, QuerySummary};

use super::broken::Broken;
use super::consents::Use;

/// How long a first query is known by its key, and how long a query takes at most.
const KNOWN: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_QUERY: SignedDuration = SignedDuration::from_mins(5);

/// The digests of key and question in a leaf.
type Claim = ([u8; 16], [u8; 16]);

/// Who asked, and the digest of the key.
type Asked = (String, [u8; 16]);

/// The log that answered last, the query and its time.
type AnsweredIn = (usize, Uuid, Timestamp);

#[derive(Default)]
pub(super) struct Repeats {
    firsts: HashMap<Uuid, First>,
    /// First queries of the log before: none of them is answered again here.
    carried: HashMap<Uuid, Option<Claim>>,
    /// Of a set: who asked under which key, and what was answered.
    answered: Option<HashMap<Asked, AnsweredIn>>,
    /// Keys of the state that are or were in use: the digests are made under them.
    state_keys: HashSet<String>,
}

/// An answered query that may be repeated.
struct First {
    claim: Claim,
    asker: String,
    scenario: Option<String>,
    case: Option<String>,
    use_: Option<Use>,
    at: Timestamp,
}

impl Repeats {
    /// Of a set: a key is answered in one log only.
    pub(super) fn of_set() -> Self {
        Self { answered: Some(HashMap::new()), ..Self::default() }
    }

    /// Whether a first query is known, or may stand in another log whose clock is behind.
    pub(super) fn is_known(&self, first: Uuid) -> bool {
        self.firsts.contains_key(&first) || self.carried.contains_key(&first)
    }

    pub(super) fn key(&mut self, event: &KeyEvent) {
        if event.use_ == "state" && event.state == KeyState::Active {
            self.state_keys.insert(event.key.clone());
        }
    }

    pub(super) fn carry(&mut self, carried: &Carried) {
        let half = |text: &String| STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        for (key, identity, first, _) in &carried.idempotency {
            self.carried.insert(*first, half(key).zip(half(identity)));
        }
    }

    /// Takes a query in, with the use of a consent that it was.
    pub(super) fn query(&mut self, log: usize, query: &QuerySummary<'_>, use_: Option<Use>) -> Result<(), Broken> {
        let claim = query.idempotency();
        let Some(first) = query.repeats else {
            if let Some(claim) = claim.filter(|_| query.is_answered()) {
                let (asker, case) = (query.counted_for().into_owned(), query.case().map(str::to_owned));
                let scenario = query.scenario.map(str::to_owned);
                self.once(log, &asker, claim, query)?;
                self.firsts.insert(query.id, First { claim, asker, scenario, case, use_, at: query.at });
            }
            return Ok(());
        };
        // Another state key makes other digests of the same key and question.
        let has_turned = self.state_keys.len() > 1;
        let is_claim = |first: &Claim| claim.is_some_and(|claim| claim == *first || has_turned);
        let is_so = match self.firsts.get(&first) {
            Some(first) => {
                // A withdrawal that overtook a repeat leaves its refusal without a ground.
                let spends_nothing_more = first.use_ == use_ && first.case.as_deref() == query.case();
                let is_known = query.at.duration_since(first.at) <= KNOWN.saturating_add(LONGEST_QUERY);
                is_claim(&first.claim)
                    && first.asker == query.counted_for()
                    && first.scenario.as_deref() == query.scenario
                    && (spends_nothing_more || !query.is_answered())
                    && is_known
            }
            None => {
                !query.is_answered()
                    && self.carried.get(&first).is_some_and(|known| known.as_ref().is_some_and(is_claim))
            }
        };
        if is_so { Ok(()) } else { Err(Broken::Repeats(first)) }
    }

    fn once(&mut self, log: usize, asker: &str, claim: Claim, query: &QuerySummary<'_>) -> Result<(), Broken> {
        let Some(answered) = &mut self.answered else { return Ok(()) };
        let before = answered.insert((asker.to_owned(), claim.0), (log, query.id, query.at));
        // A key is forgotten after its time, by the clock of whoever is asked.
        let is_again = |at: Timestamp| query.at.duration_since(at) < KNOWN.saturating_sub(CLOCKS);
        match before {
            Some((other, first, at)) if other != log && is_again(at) => Err(Broken::AnsweredTwice(first)),
            Some(_) | None => Ok(()),
        }
    }
}
