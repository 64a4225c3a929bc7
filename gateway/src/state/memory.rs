//! The counts of one process, in its memory: what is used and what is reserved, and whether one more query fits.

use credit_policy::{Code, consent::Frequency};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    claim::{Claim, ConsentClaim, ConsentUse, IdempotencyClaim, IdempotencyEntry, Refused, RepeatWindow},
    consent::{Consent, Use},
    elsewhere::SharedClaim,
    idempotency::FirstQuery,
    key::{Key, case_key, key, person_key},
    pending::{Pending, Reserved},
    usage::{Retired, Spending, Usage, seconds},
};

/// Counts in memory.
pub(super) struct Memory {
    pub(super) usage: Usage,
    pending: Pending,
}

/// What was reserved for one query.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    spending: Spending,
    reserved: Reserved,
    pub(super) consent: Option<(ConsentClaim, ConsentUse)>,
    pub(super) idempotency: Option<IdempotencyEntry>,
    pub(super) repeats: Option<Uuid>,
    pub(super) repeated: Option<ConsentUse>,
}

/// A claim with everything that is digested for it, so that no digest is made while others wait.
pub(super) struct Asked<'a> {
    claim: &'a Claim<'a>,
    spending: Spending,
    scope: Key,
    earlier_cases: Vec<Key>,
    /// A day lies in two periods at most.
    earlier_person: Option<Key>,
}

impl Asked<'_> {
    /// The same of the counts that several gateways share.
    pub(super) fn elsewhere(&self) -> SharedClaim {
        SharedClaim::new(self.claim, &self.spending, self.scope)
    }
}

impl<'a> Asked<'a> {
    pub(super) fn new(claim: &'a Claim<'a>) -> Self {
        let Claim { institution, group, .. } = claim;
        let earlier_case =
            |case| claim.earlier_subjects.iter().map(move |subject| case_key(institution, case, subject));
        Self {
            spending: Spending::new(institution, group, claim.staff, claim.subject, claim.case),
            scope: key("scope", &[institution, group]),
            earlier_cases: claim.case.into_iter().flat_map(earlier_case).collect(),
            earlier_person: claim.earlier_subjects.last().map(|subject| person_key(institution, subject)),
            claim,
        }
    }
}

impl Memory {
    pub(super) fn new(usage: Usage) -> Self {
        Self { usage, pending: Pending::default() }
    }

    pub(super) fn reserve(&mut self, asked: Asked<'_>) -> Result<Grant, Refused> {
        let claim = asked.claim;
        let idempotency = claim.idempotency.map(|claimed| self.entry_of(&claimed, claim.now));
        let window = claim.idempotency.map(|claimed| claimed.window);
        let first = idempotency.zip(window).map(|(entry, window)| self.first_query(&entry, window, claim.now));
        let first = first.transpose()?.flatten();
        let (mut consent, mut repeated) = (None, None);
        match (&claim.consent, first) {
            // What is repeated was used by the first query.
            (Some(claimed), Some(_)) => repeated = self.use_of(claimed, claim.now),
            (Some(claimed), None) => consent = Some((*claimed, self.next_use(claimed, claim.now)?)),
            (None, _) => {}
        }
        let case = asked.spending.case.filter(|_| first.is_none());
        self.check_limits(&asked, case)?;
        let reserved = Reserved {
            scope: asked.scope,
            person: asked.spending.person,
            staff: asked.spending.staff,
            case,
            consent: consent.map(|(claimed, use_)| (claimed.key, clamp(use_.number))),
            idempotency: idempotency.map(|entry| entry.key),
        };
        self.pending.add(&reserved);
        let spending = Spending { case, ..asked.spending };
        Ok(Grant { spending, reserved, consent, idempotency, repeats: first, repeated })
    }

    /// The use is another one than this memory thought: other gateways used the consent too.
    pub(super) fn renumber(&mut self, grant: &mut Grant, number: u64) {
        self.pending.remove(&grant.reserved);
        if let (Some((_, use_)), Some((_, reserved))) = (&mut grant.consent, &mut grant.reserved.consent) {
            use_.number = number;
            *reserved = clamp(number);
        }
        self.pending.add(&grant.reserved);
    }

    pub(super) fn spend(&mut self, grant: Grant, index: u64, id: Uuid, at: Timestamp, day: Date) -> Retired {
        self.pending.remove(&grant.reserved);
        let mut spending = grant.spending;
        spending.consent = grant.consent.map(|(claimed, use_)| {
            let holder = Some(use_.first.unwrap_or(index));
            let use_ = Use { at: at.as_microsecond(), number: clamp(use_.number), holder };
            (claimed.key, use_, seconds(claimed.expires))
        });
        spending.idempotency = grant.idempotency.map(|entry| {
            let repeats = u16::from(grant.repeats.is_some());
            (entry.key, FirstQuery { repeats, ..FirstQuery::new(entry.identity, grant.repeats.unwrap_or(id)) })
        });
        self.usage.spend(at, day, &spending)
    }

    pub(super) fn give_back(&mut self, grant: &Grant) {
        self.pending.remove(&grant.reserved);
    }

    /// Under which state key the idempotency key is known.
    fn entry_of(&self, claim: &IdempotencyClaim, now: Timestamp) -> IdempotencyEntry {
        let is_known = |entry: &IdempotencyEntry| {
            self.pending.is_under_way(&entry.key)
                || self.usage.idempotency.get(&entry.key).is_some_and(|first| first.is_remembered(now))
        };
        claim.earlier.filter(is_known).unwrap_or(claim.entry)
    }

    /// The answered query that this one repeats, if it does.
    fn first_query(
        &self,
        entry: &IdempotencyEntry,
        window: RepeatWindow,
        now: Timestamp,
    ) -> Result<Option<Uuid>, Refused> {
        let first = match self.usage.idempotency.get(&entry.key).filter(|first| first.is_remembered(now)) {
            None => None,
            Some(first) if first.identity != entry.identity => return Err(Refused::Final(Code::IdempotencyConflict)),
            Some(first) if !first.is_repeatable(now, window) => return Err(Refused::Final(Code::AnswerChanged)),
            Some(first) => Some(first.id),
        };
        // What is under way may be refused yet, and uses nothing then: whether the key is taken shows when it is over.
        if self.pending.is_under_way(&entry.key) { Err(Refused::UnderWay) } else { Ok(first) }
    }

    /// The next use of a consent, if there is one left now.
    fn next_use(&self, claim: &ConsentClaim, now: Timestamp) -> Result<ConsentUse, Refused> {
        let known = self.known(claim, now);
        let reserved = self.pending.uses_of(&claim.key);
        let made: Vec<Use> = known.into_iter().flat_map(Consent::uses).collect();
        let total = (made.len() + reserved.len()) as u64;
        let lately = lately(&made, claim.frequency, now) + reserved.len();
        if total >= claim.uses || lately as u64 >= claim.frequency.uses {
            return Err(Refused::Final(Code::ConsentUsedUp));
        }
        let mut taken: Vec<u32> = made.iter().map(|use_| use_.number).chain(reserved.iter().copied()).collect();
        taken.sort_unstable();
        taken.dedup();
        let free = (1..).zip(&taken).find(|(number, taken)| number != *taken).map(|(number, _)| number);
        let number = free.unwrap_or_else(|| clamp(taken.len() as u64 + 1));
        Ok(ConsentUse { number: u64::from(number), first: known.and_then(Consent::holder) })
    }

    /// A use that was made of the consent. Where that was in a log before, no leaf of this one has its token.
    fn use_of(&self, claim: &ConsentClaim, now: Timestamp) -> Option<ConsentUse> {
        let use_ = self.known(claim, now)?.known_use();
        Some(ConsentUse { number: u64::from(use_.number), first: use_.holder })
    }

    fn known(&self, claim: &ConsentClaim, now: Timestamp) -> Option<&Consent> {
        self.usage.consents.get(&claim.key).filter(|consent| !consent.is_over(now))
    }

    fn check_limits(&self, asked: &Asked<'_>, case: Option<Key>) -> Result<(), Refused> {
        let (claim, limits, pending) = (asked.claim, &asked.claim.limits, &self.pending);
        // Nothing of a day that is over counts. Another day begins only when one of its leaves is durable.
        let day = Some(&self.usage.day).filter(|day| !day.is_before(claim.day));
        let staff = &asked.spending.staff;
        let by_staff = day.map_or(0, |day| day.look_ups_by(staff)) + pending.look_ups_by(staff);
        if let Some(limit) = limits.staff_a_day.filter(|limit| by_staff >= *limit) {
            return Err(Refused::OfTheDay(Code::RateLimited, limit));
        }
        if let Some(case) = case {
            let cases = std::iter::once(&case).chain(&asked.earlier_cases);
            let look_ups: u32 = cases.map(|case| self.usage.cases.look_ups(case) + pending.look_ups_of(case)).sum();
            if look_ups >= limits.case {
                return Err(Refused::Final(Code::CaseAlreadyUsed));
            }
        }
        let people = std::iter::once(&asked.spending.person).chain(&asked.earlier_person);
        let on_person = |person| day.map_or(0, |day| day.look_ups_on(person)) + pending.look_ups_on(person);
        let look_ups: u32 = people.map(on_person).sum();
        if look_ups >= limits.person_a_day {
            return Err(Refused::OfTheDay(Code::RateLimited, limits.person_a_day));
        }
        let is_new = |person: &&Key| day.is_none_or(|day| day.look_ups_on(person) == 0);
        let persons = || {
            let used = day.map_or(0, |day| day.persons(claim.institution, claim.group)) as usize;
            used + pending.persons(asked.scope).filter(is_new).count()
        };
        if look_ups == 0 && persons() >= limits.distinct_a_day as usize {
            return Err(Refused::OfTheDay(Code::DistinctSubjectsExceeded, limits.distinct_a_day));
        }
        Ok(())
    }
}

/// Uses within the time of the frequency.
fn lately(made: &[Use], frequency: Frequency, now: Timestamp) -> usize {
    let since = frequency.per.start_to(now);
    made.iter().filter(|use_| Timestamp::from_microsecond(use_.at).is_ok_and(|at| at > since)).count()
}

/// Numbers of uses are stored in 32 bits; no consent is used so often.
fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
