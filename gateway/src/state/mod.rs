//! What the gateway remembers between queries: look-ups a case, a person and a day, uses and withdrawals of consents,
//! idempotency keys. A fold over the log.
//!
//! INVARIANT (fold): after start-up the counts are what [`Tally::absorb`] makes of every leaf of the log, and from then
//! on each answered leaf adds exactly what its reservation holds. So a crash loses nothing and doubles nothing: what was
//! reserved and not recorded is gone with the process, what was recorded is read again.
//!
//! One short lock, never held across an await.

pub mod carried;
pub mod catalogue_history;
mod consent;
pub mod fold;
pub mod snapshot;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_policy::Code;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

pub use consent::{AskClaim, ConsentClaim, ConsentUse};
pub use tally::{Ask, Key, NoKey, Tally, forgotten_asks, key};

use consent::Reserved;
use tally::Spending;

/// The limits of one query.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Look-ups on one person under one case.
    pub case: u32,
    /// Look-ups on one person a day.
    pub person_a_day: u32,
    /// Different persons a day.
    pub distinct_a_day: u32,
    /// Look-ups of one operator a day, where that has a limit.
    pub operator_a_day: Option<u32>,
}

/// What one query asks of the counts.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who asks.
    pub institution: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Civil day in the jurisdiction.
    pub day: Date,
    /// The member of staff.
    pub operator: &'a str,
    /// Subject tag under the key in force (base64, as in the leaf).
    pub subject: &'a str,
    /// Subject tags of the same person under earlier keys, oldest first: a case outlives a key's period, and a day may lie in two.
    pub earlier_subjects: &'a [String],
    /// The case, where the ground is a statute.
    pub case: Option<&'a str>,
    /// The consent, where that is the ground.
    pub consent: Option<ConsentClaim>,
    /// The idempotency key, where there is one.
    pub ask: Option<AskClaim>,
}

/// Why nothing is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreserved {
    /// `idempotency-conflict`: a query under the same key is under way, and when it is over this one can be asked.
    UnderWay,
    /// `idempotency-conflict`, `consent-used-up`, `case-already-used`: asked again it would be refused again.
    Refused(Code),
    /// `rate-limited` (one operator or person a day), `distinct-subjects-exceeded`: a limit of the day, and its size.
    OfTheDay(Code, u32),
}

/// The counts in force.
#[derive(Default)]
pub struct State {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    tally: Tally,
    reserved: Reserved,
}

impl State {
    /// Begins from what the log says.
    #[must_use]
    pub fn new(tally: Tally) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::new(Counts { tally, reserved: Reserved::default() }) })
    }

    /// Whether a consent was withdrawn.
    #[must_use]
    pub fn is_revoked(&self, consent: &Key) -> bool {
        self.lock().tally.revoked.contains(consent)
    }

    /// Withdraws a consent: holds from this call on for every query not yet on its way into the log.
    pub fn revoke(&self, consent: Key) {
        self.lock().tally.revoked.insert(consent);
    }

    /// Whether a use of the consent is left now; [`State::reserve`] takes it.
    ///
    /// # Errors
    /// `consent-used-up`.
    pub fn has_use(&self, claim: &ConsentClaim, ask: Option<&AskClaim>, now: Timestamp) -> Result<(), Code> {
        let counts = self.lock();
        // A repeat spends no second use; that a key is taken is said in its turn.
        if let Some(ask) = ask
            && !matches!(counts.reserved.ask(&counts.tally, ask, now), Ok(None))
        {
            return Ok(());
        }
        counts.reserved.next_use(&counts.tally, claim, now).map(drop)
    }

    /// Under which key of the state an ask is known: the one before, where its first query came before the key turned.
    #[must_use]
    pub fn ask_of(&self, claim: AskClaim, earlier: Option<AskClaim>, now: Timestamp) -> AskClaim {
        let counts = self.lock();
        earlier.filter(|earlier| counts.reserved.knows(&counts.tally, &earlier.slot, now)).unwrap_or(claim)
    }

    /// Reserves one look-up, or says which limit is reached.
    ///
    /// # Errors
    /// [`Unreserved`].
    pub fn reserve(self: &Arc<Self>, claim: &Claim<'_>, limits: &Limits) -> Result<Reservation, Unreserved> {
        let mut spending = Spending::new(claim.institution, claim.day, claim.operator, claim.subject, claim.case);
        let earlier = Earlier::new(claim);
        let mut counts = self.lock();
        let Counts { tally, reserved } = &mut *counts;
        let repeats = claim.ask.map(|ask| reserved.ask(tally, &ask, claim.now)).transpose()?.flatten();
        let (mut consent, mut repeated) = (None, None);
        if repeats.is_some() {
            // What is asked anew was spent when it was asked first.
            spending.case = None;
            repeated = claim.consent.and_then(|claimed| reserved.a_use(tally, &claimed));
        } else if let Some(claimed) = &claim.consent {
            let next = reserved.next_use(tally, claimed, claim.now).map_err(Unreserved::Refused)?;
            consent = Some((claimed.key, next));
        }
        tally.turn(spending.day);
        within_limits(tally, &spending, &earlier, limits)?;
        tally.add(&spending);
        if let Some((key, use_)) = consent {
            reserved.take_use(key, use_.number);
        }
        if let Some(ask) = claim.ask {
            reserved.begin(ask.slot);
        }
        drop(counts);
        let held = Held { spending, consent, ask: claim.ask, repeats, repeated };
        Ok(Reservation { state: Arc::clone(self), held: Some(held) })
    }

    /// The last consecutive number of each institution that the fold saw; queries of this process are not in it.
    #[must_use]
    pub fn folded_seqs(&self) -> std::collections::BTreeMap<String, u64> {
        self.lock().tally.seqs.iter().map(|(institution, seq)| (institution.clone(), *seq)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // A panic while the lock was held cannot leave a count half changed: every change is one addition.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the query would count as under keys of earlier periods.
struct Earlier {
    cases: Vec<Key>,
    /// A day lies in two periods at most.
    person: Option<Key>,
}

impl Earlier {
    fn new(claim: &Claim<'_>) -> Self {
        let case =
            |case| claim.earlier_subjects.iter().map(move |subject| key("case", &[claim.institution, case, subject]));
        let person = claim.earlier_subjects.last().map(|subject| key("person", &[claim.institution, subject]));
        Self { cases: claim.case.into_iter().flat_map(case).collect(), person }
    }
}

fn within_limits(tally: &Tally, spending: &Spending, earlier: &Earlier, limits: &Limits) -> Result<(), Unreserved> {
    let count = |counts: Option<&HashMap<Key, u32>>, key: &Key| {
        counts.and_then(|counts| counts.get(key)).copied().unwrap_or_default()
    };
    let operator = || count(tally.operators.get(&spending.institution), &spending.operator);
    if let Some(limit) = limits.operator_a_day.filter(|limit| operator() >= *limit) {
        return Err(Unreserved::OfTheDay(Code::RateLimited, limit));
    }
    if let Some(case) = &spending.case {
        let used: u32 = std::iter::once(case).chain(&earlier.cases).map(|case| count(Some(&tally.cases), case)).sum();
        if used >= limits.case {
            return Err(Unreserved::Refused(Code::CaseAlreadyUsed));
        }
    }
    let people = tally.people.get(&spending.institution);
    let look_ups: u32 =
        std::iter::once(&spending.person).chain(&earlier.person).map(|person| count(people, person)).sum();
    if look_ups >= limits.person_a_day {
        return Err(Unreserved::OfTheDay(Code::RateLimited, limits.person_a_day));
    }
    if look_ups == 0 && people.map_or(0, HashMap::len) >= limits.distinct_a_day as usize {
        return Err(Unreserved::OfTheDay(Code::DistinctSubjectsExceeded, limits.distinct_a_day));
    }
    Ok(())
}

/// One look-up, reserved. Given back when dropped, unless its leaf is durable.
#[must_use]
pub struct Reservation {
    state: Arc<State>,
    held: Option<Held>,
}

struct Held {
    spending: Spending,
    consent: Option<(Key, ConsentUse)>,
    ask: Option<AskClaim>,
    repeats: Option<Uuid>,
    repeated: Option<ConsentUse>,
}

impl Reservation {
    /// Which use of its consent the query is.
    #[must_use]
    pub fn consent_use(&self) -> Option<ConsentUse> {
        self.held.as_ref()?.consent.map(|(_, use_)| use_)
    }

    /// The first query that this one repeats.
    #[must_use]
    pub fn repeats(&self) -> Option<Uuid> {
        self.held.as_ref()?.repeats
    }

    /// For a repeat of a query on consent: the use that it was.
    #[must_use]
    pub fn repeated_use(&self) -> Option<ConsentUse> {
        self.held.as_ref()?.repeated
    }

    /// The leaf `index` of the query `id` is durable: the look-up is spent.
    pub fn spend(mut self, index: u64, id: Uuid, at: Timestamp) {
        let Some(held) = self.held.take() else { return };
        let mut counts = self.state.lock();
        let Counts { tally, reserved } = &mut *counts;
        if let Some((key, use_)) = held.consent {
            reserved.give_use(key, use_.number);
            let holder = use_.first.unwrap_or(index);
            if use_.first.is_none() {
                tally.consents.entry(key).or_default().push(index);
            }
            tally.uses.entry(holder).or_default().push((use_.number, at));
        }
        if let Some(ask) = held.ask {
            reserved.end(ask.slot);
            match held.repeats {
                Some(_) => {
                    if let Some(known) = tally.asks.get_mut(&ask.slot) {
                        known.repeats += 1;
                    }
                }
                None => {
                    tally.asks.insert(ask.slot, Ask { identity: ask.identity, first: id, repeats: 0 });
                }
            }
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            let mut counts = self.state.lock();
            counts.tally.take_back(&held.spending);
            if let Some((key, use_)) = held.consent {
                counts.reserved.give_use(key, use_.number);
            }
            if let Some(ask) = held.ask {
                counts.reserved.end(ask.slot);
            }
        }
    }
}
