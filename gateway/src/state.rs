//! What the gateway remembers between queries: look-ups a case, a person and a day. A fold over the log.
//!
//! INVARIANT (fold): after start-up the counts are what [`Tally::absorb`] makes of every leaf of the log, and from then
//! on each answered leaf adds exactly what its reservation holds. So a crash loses nothing and doubles nothing: what was
//! reserved and not recorded is gone with the process, what was recorded is read again.
//!
//! One short lock, never held across an await.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_policy::Code;
use jiff::civil::Date;

use crate::fold::QueryEffect;

/// 16 bytes that stand for an institution together with a person or a case. Made from the leaf's keyed `subject` tag, so
/// it says as little as the leaf does.
pub type Key = [u8; 16];

/// Counts; what a snapshot holds.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The civil day that `people` and `distinct` count.
    pub day: Option<Date>,
    /// Look-ups of the day, by institution and person.
    pub people: HashMap<String, HashMap<Key, u32>>,
    /// Look-ups under one case of one institution on one person.
    pub cases: HashMap<Key, u32>,
    /// Last consecutive number of each institution in this log.
    pub seqs: HashMap<String, u64>,
}

impl Tally {
    /// Takes in what one `query` leaf did; `day` is its civil day in the jurisdiction. Refused queries spend nothing.
    pub fn absorb(&mut self, query: &QueryEffect<'_>, day: Date) {
        self.seqs.insert(query.institution.to_owned(), query.seq);
        if let (true, Some(subject)) = (query.is_answered(), query.subject) {
            self.add(&Spending::new(query.institution, day, subject, query.case()));
        }
    }

    fn turn(&mut self, day: Date) {
        if self.day.is_none_or(|counted| counted < day) {
            self.day = Some(day);
            self.people.clear();
        }
    }

    fn add(&mut self, spent: &Spending) {
        self.turn(spent.day);
        if self.day == Some(spent.day) {
            *self.people.entry(spent.institution.clone()).or_default().entry(spent.person).or_default() += 1;
        }
        if let Some(case) = spent.case {
            *self.cases.entry(case).or_default() += 1;
        }
    }

    fn take_back(&mut self, spent: &Spending) {
        if self.day == Some(spent.day)
            && let Some(people) = self.people.get_mut(&spent.institution)
        {
            take_one(people, spent.person);
        }
        if let Some(case) = spent.case {
            take_one(&mut self.cases, case);
        }
    }
}

fn take_one(counts: &mut HashMap<Key, u32>, key: Key) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        if *count.get() > 1 {
            *count.get_mut() -= 1;
        } else {
            count.remove();
        }
    }
}

/// What one answered query spends.
#[derive(Clone, Debug)]
struct Spending {
    institution: String,
    day: Date,
    person: Key,
    case: Option<Key>,
}

impl Spending {
    fn new(institution: &str, day: Date, subject: &str, case: Option<&str>) -> Self {
        Self {
            institution: institution.to_owned(),
            day,
            person: key("person", &[institution, subject]),
            case: case.map(|case| key("case", &[institution, case, subject])),
        }
    }
}

fn key(label: &str, parts: &[&str]) -> Key {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in std::iter::once(&label).chain(parts) {
        context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    key
}

/// The limits of one query.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Look-ups on one person under one case.
    pub case: u32,
    /// Look-ups on one person a day.
    pub person_a_day: u32,
    /// Different persons a day.
    pub distinct_a_day: u32,
}

/// What one query asks of the counts.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who asks.
    pub institution: &'a str,
    /// Civil day in the jurisdiction.
    pub day: Date,
    /// Subject tag under the key in force (base64, as in the leaf).
    pub subject: &'a str,
    /// Subject tags of the same person under earlier keys: a case outlives a key's period.
    pub earlier_subjects: &'a [String],
    /// The case, where the ground is a statute.
    pub case: Option<&'a str>,
}

/// The counts in force.
#[derive(Default)]
pub struct State {
    tally: Mutex<Tally>,
}

impl State {
    /// Begins from what the log says.
    #[must_use]
    pub fn new(tally: Tally) -> Arc<Self> {
        Arc::new(Self { tally: Mutex::new(tally) })
    }

    /// Reserves one look-up, or says which limit is reached.
    ///
    /// # Errors
    /// `case-already-used`, `rate-limited` (one person a day), `distinct-subjects-exceeded`, with the limit's size.
    pub fn reserve(self: &Arc<Self>, claim: &Claim<'_>, limits: &Limits) -> Result<Reservation, (Code, u32)> {
        let spending = Spending::new(claim.institution, claim.day, claim.subject, claim.case);
        let earlier: Vec<Key> = claim
            .case
            .into_iter()
            .flat_map(|case| {
                claim.earlier_subjects.iter().map(move |subject| key("case", &[claim.institution, case, subject]))
            })
            .collect();
        let mut tally = self.lock();
        tally.turn(spending.day);
        if let Some(case) = spending.case {
            let used: u32 = std::iter::once(&case)
                .chain(&earlier)
                .map(|key| tally.cases.get(key).copied().unwrap_or_default())
                .sum();
            if used >= limits.case {
                return Err((Code::CaseAlreadyUsed, limits.case));
            }
        }
        let people = tally.people.get(&spending.institution);
        let look_ups = people.and_then(|people| people.get(&spending.person)).copied().unwrap_or_default();
        if look_ups >= limits.person_a_day {
            return Err((Code::RateLimited, limits.person_a_day));
        }
        if look_ups == 0 && people.map_or(0, HashMap::len) >= limits.distinct_a_day as usize {
            return Err((Code::DistinctSubjectsExceeded, limits.distinct_a_day));
        }
        tally.add(&spending);
        drop(tally);
        Ok(Reservation { state: Arc::clone(self), spending: Some(spending) })
    }

    /// The last consecutive number of each institution that the fold saw; queries of this process are not in it.
    #[must_use]
    pub fn folded_seqs(&self) -> std::collections::BTreeMap<String, u64> {
        self.lock().seqs.iter().map(|(institution, seq)| (institution.clone(), *seq)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        // A panic while the lock was held cannot leave a count half changed: every change is one addition.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up, reserved. Given back when dropped, unless its leaf is durable.
#[must_use]
pub struct Reservation {
    state: Arc<State>,
    spending: Option<Spending>,
}

impl Reservation {
    /// The leaf is durable: the look-up is spent.
    pub fn spend(mut self) {
        self.spending = None;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(spending) = self.spending.take() {
            self.state.lock().take_back(&spending);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { case: 3, person_a_day: 5, distinct_a_day: 2 };

    fn claim<'a>(subject: &'a str, case: &'a str, day: Date) -> Claim<'a> {
        Claim { institution: "housing", day, subject, earlier_subjects: &[], case: Some(case) }
    }

    #[test]
    fn a_case_is_refused_after_its_look_ups_and_only_for_that_person() {
        let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
        for _ in 0..3 {
            state.reserve(&claim("a", "c1", day), &LIMITS).map(Reservation::spend).unwrap();
        }
        assert_eq!(state.reserve(&claim("a", "c1", day), &LIMITS).map(drop), Err((Code::CaseAlreadyUsed, 3)));
        state.reserve(&claim("b", "c1", day), &LIMITS).map(Reservation::spend).unwrap();
        state.reserve(&claim("a", "c2", day), &LIMITS).map(Reservation::spend).unwrap();
    }

    #[test]
    fn look_ups_under_an_earlier_key_count_for_the_case() {
        let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 30));
        for _ in 0..3 {
            state.reserve(&claim("november", "c1", day), &LIMITS).map(Reservation::spend).unwrap();
        }
        let earlier = ["november".to_owned()];
        let december = Claim { earlier_subjects: &earlier, ..claim("december", "c1", day.tomorrow().unwrap()) };
        assert_eq!(state.reserve(&december, &LIMITS).map(drop), Err((Code::CaseAlreadyUsed, 3)));
    }

    #[test]
    fn limits_of_a_day_end_with_the_day() {
        let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
        for case in ["1", "2", "3", "4", "5"] {
            state.reserve(&claim("a", case, day), &LIMITS).map(Reservation::spend).unwrap();
        }
        assert_eq!(state.reserve(&claim("a", "6", day), &LIMITS).map(drop), Err((Code::RateLimited, 5)));
        state.reserve(&claim("b", "7", day), &LIMITS).map(Reservation::spend).unwrap();
        assert_eq!(state.reserve(&claim("c", "8", day), &LIMITS).map(drop), Err((Code::DistinctSubjectsExceeded, 2)));
        state.reserve(&claim("c", "8", day.tomorrow().unwrap()), &LIMITS).map(Reservation::spend).unwrap();
    }

    #[test]
    fn what_is_not_recorded_is_given_back() {
        let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
        state.reserve(&claim("b", "c1", day), &LIMITS).map(Reservation::spend).unwrap();
        let before = state.lock().clone();
        let held = state.reserve(&claim("a", "c1", day), &LIMITS).unwrap();
        assert_ne!(*state.lock(), before);
        drop(held);
        assert_eq!(*state.lock(), before);
    }
}
