//! What a batch of claims and releases means for the counts, before and after the database said how high they are. It asks
//! nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use credit_policy::Code;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::state::{
    Key, Refused, RepeatWindow,
    elsewhere::{Counted, Granted, SharedClaim},
};

/// As in memory: how often a query may be repeated, and how long its key is remembered and it is answered again, in
/// microseconds.
const REPEATS: i32 = 3;
const REPEATED: i64 = 600_000_000;
const REMEMBERED: i64 = 86_400_000_000;

/// What one query reserved. It stands beside its id until it is settled, so that any process can give it back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Held {
    /// By whom its log knows the query.
    pub(super) institution: String,
    pub(super) staff: Option<Key>,
    pub(super) case: Option<Key>,
    pub(super) person: Key,
    /// Where the person counts among the different persons of a day. (Nothing in a row of release 2, where that was done under an
    /// earlier key.)
    pub(super) persons: Option<Key>,
    pub(super) use_: Option<(Key, i32)>,
    /// It is the first under this idempotency key.
    pub(super) first: Option<Key>,
    /// It repeats the first one under this key.
    pub(super) repeats: Option<Key>,
    pub(super) until: i64,
}

impl Held {
    fn counts(&self) -> impl Iterator<Item = Key> {
        self.staff.into_iter().chain(self.case).chain([self.person])
    }
}

/// A use of a consent that is on the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownUse {
    pub(super) number: i32,
    /// Microseconds of Unix time of its leaf; [`UNDER_WAY`] before there is one.
    pub(super) at: i64,
    /// Seconds of Unix time.
    pub(super) until: i64,
}

/// A use that is reserved counts as made, whatever the time of the query's leaf will be.
pub(super) const UNDER_WAY: i64 = i64::MAX;

/// The first query under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownFirst {
    pub(super) identity: Key,
    pub(super) origin: String,
    /// Microseconds of Unix time.
    pub(super) asked: i64,
    pub(super) is_answered: bool,
    pub(super) repeats: i32,
}

/// What stands in the database of the consents and idempotency keys of a batch.
#[derive(Default)]
pub(super) struct Known {
    pub(super) uses: BTreeMap<Key, Vec<KnownUse>>,
    pub(super) firsts: BTreeMap<Key, KnownFirst>,
}

/// A claim on its way.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) claim: SharedClaim,
    pub(super) held: Held,
    pub(super) outcome: Result<Granted, Refused>,
    /// Refused because of another claim of this batch that may yet be refused itself: it is asked again.
    pub(super) is_to_be_asked_again: bool,
    /// The uses of its consent so far that end before it does, or counted no longer: what becomes of them.
    pub(super) earlier_uses: EarlierUses,
    /// The person was not looked up on the day by this key.
    is_new_person: bool,
    /// Nor by an earlier one.
    is_new_by_all: bool,
}

/// What becomes of the uses of a consent that are on the books with another end than the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EarlierUses {
    /// Nothing.
    #[default]
    Stay,
    /// They count as long as the new one.
    Lengthen,
    /// They were of a consent that is over, and another one has its name.
    Go,
}

impl Step {
    pub(super) fn new(claim: SharedClaim) -> Self {
        let held = Held {
            institution: claim.institution.clone(),
            staff: claim.staff.map(|counted| counted.key),
            case: claim.case.map(|counted| counted.key),
            person: claim.person.key,
            persons: Some(claim.persons.key),
            use_: None,
            first: None,
            repeats: None,
            until: claim.day_until(),
        };
        Self {
            claim,
            held,
            outcome: Ok(Granted::default()),
            is_to_be_asked_again: false,
            earlier_uses: EarlierUses::Stay,
            is_new_person: false,
            is_new_by_all: false,
        }
    }

    pub(super) fn is_granted(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// Which number each consent gives and which key is known. In the order in which they were asked.
pub(super) fn take_uses(steps: &mut [Step], known: &mut Known, origin: &str) {
    let mut of_batch: BTreeMap<Key, usize> = BTreeMap::new();
    let mut keys_of_batch: Vec<Key> = Vec::new();
    for step in steps {
        match repeat_of(&step.claim, known, &keys_of_batch, origin) {
            Err((refused, again)) => {
                (step.outcome, step.is_to_be_asked_again) = (Err(refused), again);
                continue;
            }
            Ok(Repeat::None) => {}
            Ok(Repeat::First(key)) => {
                step.held.first = Some(key);
                keys_of_batch.push(key);
            }
            Ok(Repeat::Again(key)) => {
                step.held.repeats = Some(key);
                keys_of_batch.push(key);
            }
        }
        let Some(consent) = step.claim.consent else { continue };
        let uses = known.uses.entry(consent.key).or_default();
        step.earlier_uses = earlier_uses(uses, &step.claim);
        let since = step.claim.uses_since(consent.frequency);
        let lately = uses.iter().filter(|use_| use_.at > since).count() as u64;
        if uses.len() as u64 >= consent.uses || lately >= consent.frequency.uses {
            step.outcome = Err(Refused::Final(Code::ConsentUsedUp));
            step.is_to_be_asked_again = of_batch.contains_key(&consent.key);
            continue;
        }
        let free = (1..).find(|number| uses.iter().all(|use_| use_.number != *number)).unwrap_or(i32::MAX);
        uses.push(KnownUse { number: free, at: UNDER_WAY, until: step.claim.uses_until() });
        *of_batch.entry(consent.key).or_default() += 1;
        step.held.use_ = Some((consent.key, free));
        step.outcome = Ok(Granted { use_: Some(u64::from(free.unsigned_abs())) });
    }
}

/// Takes out the uses of a consent that is over by now.
fn earlier_uses(uses: &mut Vec<KnownUse>, claim: &SharedClaim) -> EarlierUses {
    let (now, until) = (claim.now.as_second(), claim.uses_until());
    let made = |use_: &&KnownUse| use_.at != UNDER_WAY;
    let is_over = uses.iter().filter(made).map(|use_| use_.until).max().is_some_and(|until| until < now);
    if is_over {
        uses.retain(|use_| use_.at == UNDER_WAY);
        return EarlierUses::Go;
    }
    if uses.iter().any(|use_| use_.until < until) { EarlierUses::Lengthen } else { EarlierUses::Stay }
}

/// What a query is to the one before it under its key.
enum Repeat {
    /// It has no key.
    None,
    /// It is the first.
    First(Key),
    /// It repeats an answered one of this log.
    Again(Key),
}

fn repeat_of(claim: &SharedClaim, known: &Known, of_batch: &[Key], origin: &str) -> Result<Repeat, (Refused, bool)> {
    let Some(newest) = claim.entries().next() else { return Ok(Repeat::None) };
    let is_in_batch = claim.entries().any(|entry| of_batch.contains(&entry.key));
    let now = claim.now.as_microsecond();
    let found = claim.entries().find_map(|entry| Some((entry, known.firsts.get(&entry.key)?)));
    let Some((entry, first)) = found.filter(|(_, first)| !first.is_answered || now - first.asked < REMEMBERED) else {
        return if is_in_batch { Err((Refused::UnderWay, false)) } else { Ok(Repeat::First(newest.key)) };
    };
    // It may be refused yet, and then the key is free for anything.
    if !first.is_answered {
        return Err((Refused::UnderWay, false));
    }
    if first.identity != entry.identity {
        return Err((Refused::Final(Code::IdempotencyConflict), false));
    }
    let is_repeatable = match claim.window() {
        RepeatWindow::Query => now - first.asked < REPEATED && first.repeats < REPEATS,
        RepeatWindow::WhileKnown => true,
    };
    // What was told stands sealed in the other gateway's log.
    if !is_repeatable || first.origin != origin {
        return Err((Refused::Final(Code::AnswerChanged), false));
    }
    if is_in_batch {
        return Err((Refused::UnderWay, false));
    }
    Ok(Repeat::Again(entry.key))
}

/// How counts change: by how much, and until when they are kept.
pub(super) type Deltas = BTreeMap<Key, (i32, i64)>;

fn add(deltas: &mut Deltas, key: Key, delta: i32, until: i64) {
    let entry = deltas.entry(key).or_insert((0, until));
    *entry = (entry.0 + delta, entry.1.max(until));
}

/// What is asked and given back of look-ups. All that is asked is counted first; for what is refused then it is taken back.
pub(super) fn deltas(steps: &[Step], released: &[Held]) -> Deltas {
    let mut deltas = Deltas::new();
    for step in steps {
        for key in step.held.counts() {
            let until = if step.held.case == Some(key) { step.claim.case_until() } else { step.held.until };
            add(&mut deltas, key, 1, until);
        }
    }
    for held in released {
        held.counts().for_each(|key| add(&mut deltas, key, -1, held.until));
    }
    deltas
}

/// How high counts are, without what this batch asks.
#[derive(Clone)]
pub(super) struct Heights(BTreeMap<Key, i32>);

impl Heights {
    /// From what the database has after `deltas`, and what it has under earlier keys.
    pub(super) fn new(after: impl IntoIterator<Item = (Key, i32)>, deltas: &Deltas, released: &[Key]) -> Self {
        let mut before: BTreeMap<Key, i32> =
            after.into_iter().map(|(key, n)| (key, n - deltas.get(&key).map_or(0, |(delta, _)| *delta))).collect();
        for key in released {
            *before.entry(*key).or_default() -= 1;
        }
        Self(before)
    }

    fn of(&self, key: &Key) -> i32 {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn is_full(&self, counted: &Counted, earlier: i32) -> bool {
        u32::try_from(self.of(&counted.key) + earlier).unwrap_or_default() >= counted.limit
    }

    fn take(&mut self, key: Key) {
        *self.0.entry(key).or_default() += 1;
    }
}

/// The counts that were given back.
pub(super) fn given_back(released: &[Held]) -> Vec<Key> {
    released.iter().flat_map(Held::counts).collect()
}

/// Which claims are within the limits of staff, case and person; one after the other.
pub(super) fn take_look_ups(steps: &mut [Step], heights: &mut Heights, earlier: &BTreeMap<Key, i32>) {
    for step in steps.iter_mut().filter(|step| step.is_granted()) {
        let claim = &step.claim;
        let of_earlier = |keys: &[Key]| keys.iter().filter_map(|key| earlier.get(key)).sum::<i32>();
        let before = claim.earlier_person.map_or(0, |key| of_earlier(&[key]));
        let is_full = |counted: Option<Counted>, earlier| counted.filter(|counted| heights.is_full(counted, earlier));
        let of_the_day = |counted: Counted| Refused::OfTheDay(Code::RateLimited, counted.limit);
        let full = is_full(claim.staff, 0)
            .map(of_the_day)
            .or_else(|| {
                is_full(claim.case, of_earlier(&claim.earlier_cases)).map(|_| Refused::Final(Code::CaseAlreadyUsed))
            })
            .or_else(|| is_full(Some(claim.person), before).map(of_the_day));
        if let Some(refused) = full {
            step.outcome = Err(refused);
            continue;
        }
        // The record does not say that two keys of a day are one person's: it is one more by each.
        step.is_new_person = heights.of(&claim.person.key) == 0;
        step.is_new_by_all = step.is_new_person && before == 0;
        step.held.counts().for_each(|key| heights.take(key));
    }
}

/// A person of a batch, who is one more of the different persons of a day, or one less, where nobody else asked about him or her: the
/// database counts that in the same statement, and finds by `asked` whether it is so.
pub(super) struct Person {
    pub(super) key: Key,
    /// Look-ups that the batch asks for.
    pub(super) asked: i32,
    is_released: bool,
    /// Where he or she is counted.
    pub(super) persons: Key,
    pub(super) until: i64,
}

impl Person {
    /// By how much the number changes where there is no other look-up of this person.
    pub(super) fn change(&self) -> i32 {
        i32::from(self.asked > 0) - i32::from(self.is_released)
    }

    fn is_new(&self, before: &Heights) -> bool {
        self.asked > 0 && before.of(&self.key) == 0
    }
}

/// The persons of a batch, in the order of their keys.
pub(super) fn persons(steps: &[Step], released: &[Held]) -> Vec<Person> {
    let asked = steps.iter().map(|step| (step.held.person, step.claim.persons.key, step.held.until, 1));
    let gone = released.iter().filter_map(|held| Some((held.person, held.persons?, held.until, 0)));
    let mut all: BTreeMap<Key, Person> = BTreeMap::new();
    for (key, persons, until, asked) in asked.chain(gone) {
        let person = all.entry(key).or_insert(Person { key, asked: 0, is_released: false, persons, until });
        person.asked += asked;
        person.is_released |= asked == 0;
        person.until = person.until.max(until);
    }
    all.into_values().collect()
}

/// By how much the numbers of different persons changed, and where some are gone with what was given back.
pub(super) fn person_deltas(persons: &[Person], before: &Heights) -> (Deltas, Vec<Key>) {
    let (mut deltas, mut gone) = (Deltas::new(), Vec::new());
    for person in persons.iter().filter(|person| before.of(&person.key) == 0) {
        add(&mut deltas, person.persons, person.change(), person.until);
        gone.extend(person.is_released.then_some(person.persons));
    }
    (deltas, gone)
}

/// Which claims are within the limit of different persons. Of a person who is one too many nothing else of the batch is granted
/// either: whoever asks second would be as new; nor is it one look-up too many of that person, of whom there is none.
pub(super) fn take_persons(steps: &mut [Step], heights: &mut Heights) {
    let mut too_many: Vec<Key> = Vec::new();
    for step in steps.iter_mut().filter(|step| step.is_granted()) {
        let is_full = step.is_new_by_all && heights.is_full(&step.claim.persons, 0);
        if is_full || too_many.contains(&step.held.person) {
            let limit = step.claim.persons.limit;
            step.outcome = Err(Refused::OfTheDay(Code::DistinctSubjectsExceeded, limit));
            too_many.push(step.held.person);
        } else if step.is_new_person {
            heights.take(step.claim.persons.key);
        }
    }
    for step in steps.iter_mut().filter(|step| too_many.contains(&step.held.person)) {
        let SharedClaim { person, persons, .. } = &step.claim;
        if matches!(step.outcome, Err(Refused::OfTheDay(Code::RateLimited, limit)) if limit == person.limit) {
            step.outcome = Err(Refused::OfTheDay(Code::DistinctSubjectsExceeded, persons.limit));
        }
    }
}

/// What was added for claims that are refused.
pub(super) fn taken_back(steps: &[Step], persons: &[Person], before: &Heights) -> Deltas {
    let mut deltas = Deltas::new();
    for step in steps.iter().filter(|step| !step.is_granted()) {
        step.held.counts().for_each(|key| add(&mut deltas, key, -1, step.held.until));
    }
    if deltas.is_empty() {
        return deltas;
    }
    let looked_up: BTreeSet<Key> = steps.iter().filter(|step| step.is_granted()).map(|step| step.held.person).collect();
    for person in persons.iter().filter(|person| person.is_new(before) && !looked_up.contains(&person.key)) {
        add(&mut deltas, person.persons, -1, person.until);
    }
    deltas
}

/// When a query was asked, as its id says, in microseconds of Unix time.
pub(super) fn asked_at(id: Uuid) -> i64 {
    let (seconds, nanoseconds) = id.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let at = Timestamp::new(i64::try_from(seconds).unwrap_or(0), i32::try_from(nanoseconds).unwrap_or(0));
    at.unwrap_or(Timestamp::UNIX_EPOCH).as_microsecond()
}
