//! The counts themselves, and how a leaf changes them.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::Carried;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::state::fold::QueryEffect;

/// 16 bytes that stand for an institution together with a person, a case or an operator. Made from the leaf's keyed `subject` tag, so
/// it says as little as the leaf does.
pub type Key = [u8; 16];

/// Counts; what a snapshot holds.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The civil day that `people` and `operators` count.
    pub day: Option<Date>,
    /// Look-ups of the day, by institution and person.
    pub people: HashMap<String, HashMap<Key, u32>>,
    /// Look-ups of the day, by institution and operator.
    pub operators: HashMap<String, HashMap<Key, u32>>,
    /// Look-ups under one case of one institution on one person.
    pub cases: HashMap<Key, u32>,
    /// Last consecutive number of each institution in this log.
    pub seqs: HashMap<String, u64>,
    /// Leaves that hold the token of a consent, by consent.
    pub consents: HashMap<Key, Vec<u64>>,
    /// Uses of a consent, by the leaf that holds its token: number and instant.
    pub uses: HashMap<u64, Vec<(u64, Timestamp)>>,
    /// Uses of a consent in the logs before this one: number and instant.
    pub before: HashMap<Key, Vec<(u64, Timestamp)>>,
    /// Consents that were withdrawn.
    pub revoked: HashSet<Key>,
    /// Answered queries with an idempotency key, by institution and key.
    pub asks: HashMap<Key, Ask>,
}

/// The first query under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What was asked.
    pub identity: Key,
    /// The query's id; its time tells how long the key is remembered.
    pub first: Uuid,
    /// How often it was asked anew.
    pub repeats: u32,
}

/// How long a first query is remembered by its idempotency key.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// When a day begins, the idempotency keys of queries up to this instant are let go: two days before the day begins in
/// UTC, which is too late by hours in every zone and never too early.
#[must_use]
pub fn forgotten_asks(day: Date) -> Timestamp {
    let begins = day.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |begins| begins.timestamp());
    begins.saturating_sub(REMEMBERED * 2).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Ask {
    /// Whether the key still counts.
    #[must_use]
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked_at()) < REMEMBERED
    }

    fn asked_at(&self) -> Timestamp {
        let (seconds, nanoseconds) = self.first.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let asked_at = Timestamp::new(i64::try_from(seconds).unwrap_or(0), i32::try_from(nanoseconds).unwrap_or(0));
        asked_at.unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Tally {
    /// Takes in what one `query` leaf did; `day` is its civil day in the jurisdiction. Refused queries spend nothing.
    pub fn absorb(&mut self, index: u64, query: &QueryEffect<'_>, day: Date) {
        let (true, Some(subject)) = (query.is_answered(), query.subject) else { return };
        let operator = query.operator.unwrap_or_default();
        let mut spending = Spending::new(query.institution.unwrap_or_default(), day, operator, subject, query.case());
        if let Some((slot, identity)) = query.idempotency() {
            let first = query.repeats.unwrap_or(query.id);
            let ask = self.asks.entry(slot).or_insert(Ask { identity, first, repeats: 0 });
            if ask.first != first {
                *ask = Ask { identity, first, repeats: 0 };
            }
            ask.repeats += u32::from(query.repeats.is_some());
        }
        if query.repeats.is_some() {
            spending.case = None;
        } else if let Some((holder, number)) = query.consent_use(index) {
            if let Some(consent) = query.consent() {
                self.consents.entry(consent).or_default().push(index);
            }
            self.uses.entry(holder).or_default().push((number, query.at));
        }
        self.add(&spending);
    }

    /// Takes in what a `carried` leaf says of the log before.
    ///
    /// # Errors
    /// Where a key in it is none; nothing of it is then taken in.
    pub fn carry(&mut self, carried: &Carried) -> Result<(), NoKey> {
        let parts = || -> Result<Self, NoKey> {
            let mut tally = Self::default();
            for key in &carried.revoked {
                tally.revoked.insert(parse_key(key)?);
            }
            for (key, number, at) in &carried.uses {
                tally.before.entry(parse_key(key)?).or_default().push((*number, *at));
            }
            for (key, count) in &carried.cases {
                tally.cases.insert(parse_key(key)?, *count);
            }
            for (slot, identity, first, repeats) in &carried.asks {
                let ask = Ask { identity: parse_key(identity)?, first: *first, repeats: *repeats };
                tally.asks.insert(parse_key(slot)?, ask);
            }
            for (day, institution, key, count) in &carried.people {
                tally.turn(*day);
                *tally.people.entry(institution.clone()).or_default().entry(parse_key(key)?).or_default() += count;
            }
            for (day, institution, key, count) in &carried.operators {
                tally.turn(*day);
                *tally.operators.entry(institution.clone()).or_default().entry(parse_key(key)?).or_default() += count;
            }
            Ok(tally)
        };
        let carried = parts()?;
        self.revoked.extend(carried.revoked);
        for (key, uses) in carried.before {
            self.before.entry(key).or_default().extend(uses);
        }
        for (key, count) in carried.cases {
            *self.cases.entry(key).or_default() += count;
        }
        self.asks.extend(carried.asks);
        if let Some(day) = carried.day {
            self.turn(day);
            if self.day == Some(day) {
                add_all(&mut self.people, carried.people);
                add_all(&mut self.operators, carried.operators);
            }
        }
        Ok(())
    }

    /// Every use of every consent, in this log and before.
    pub fn all_uses(&self) -> impl Iterator<Item = (Key, u64, Timestamp)> {
        let here = self.consents.iter().flat_map(|(key, holders)| {
            holders.iter().filter_map(|holder| self.uses.get(holder)).flatten().map(|(number, at)| (*key, *number, *at))
        });
        here.chain(self.before.iter().flat_map(|(key, uses)| uses.iter().map(|(number, at)| (*key, *number, *at))))
    }

    pub(super) fn turn(&mut self, day: Date) {
        if self.day.is_none_or(|counted| counted < day) {
            self.day = Some(day);
            self.people.clear();
            self.operators.clear();
            let forgotten = forgotten_asks(day);
            self.asks.retain(|_, ask| ask.asked_at() > forgotten);
        }
    }

    pub(super) fn add(&mut self, spent: &Spending) {
        self.turn(spent.day);
        if self.day == Some(spent.day) {
            add_one(&mut self.people, &spent.institution, spent.person);
            add_one(&mut self.operators, &spent.institution, spent.operator);
        }
        if let Some(case) = spent.case {
            *self.cases.entry(case).or_default() += 1;
        }
    }

    pub(super) fn take_back(&mut self, spent: &Spending) {
        if self.day == Some(spent.day) {
            for (counts, key) in [(&mut self.people, spent.person), (&mut self.operators, spent.operator)] {
                if let Some(counts) = counts.get_mut(&spent.institution) {
                    take_one(counts, key);
                }
            }
        }
        if let Some(case) = spent.case {
            take_one(&mut self.cases, case);
        }
    }
}

fn add_one(counts: &mut HashMap<String, HashMap<Key, u32>>, institution: &str, key: Key) {
    if !counts.contains_key(institution) {
        counts.insert(institution.to_owned(), HashMap::new());
    }
    if let Some(counts) = counts.get_mut(institution) {
        *counts.entry(key).or_default() += 1;
    }
}

fn add_all(counts: &mut HashMap<String, HashMap<Key, u32>>, more: HashMap<String, HashMap<Key, u32>>) {
    for (institution, more) in more {
        let counts = counts.entry(institution).or_default();
        for (key, count) in more {
            *counts.entry(key).or_default() += count;
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
pub(super) struct Spending {
    pub(super) institution: String,
    pub(super) day: Date,
    pub(super) operator: Key,
    pub(super) person: Key,
    pub(super) case: Option<Key>,
}

impl Spending {
    pub(super) fn new(institution: &str, day: Date, operator: &str, subject: &str, case: Option<&str>) -> Self {
        Self {
            institution: institution.to_owned(),
            day,
            operator: key("operator", &[institution, operator]),
            person: key("person", &[institution, subject]),
            case: case.map(|case| key("case", &[institution, case, subject])),
        }
    }
}

/// Text in the place of a key that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key in it is not 16 bytes of base64")]
pub struct NoKey;

fn parse_key(text: &str) -> Result<Key, NoKey> {
    STANDARD.decode(text).map_err(|_| NoKey)?.try_into().map_err(|_| NoKey)
}

/// Stands for some parts: 16 bytes of SHA-256 over them, framed.
#[must_use]
pub fn key(label: &str, parts: &[&str]) -> Key {
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
