//! The counts themselves, and how a leaf changes them.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::fold::QueryEffect;

/// 16 bytes that stand for an institution together with a person or a case. Made from the leaf's keyed `subject` tag, so
/// it says as little as the leaf does.
pub type Key = [u8; 16];

/// Counts; what a snapshot holds.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The civil day that `people` counts.
    pub day: Option<Date>,
    /// Look-ups of the day, by institution and person.
    pub people: HashMap<String, HashMap<Key, u32>>,
    /// Look-ups under one case of one institution on one person.
    pub cases: HashMap<Key, u32>,
    /// Last consecutive number of each institution in this log.
    pub seqs: HashMap<String, u64>,
    /// Leaves that hold the token of a consent, by consent.
    pub consents: HashMap<Key, Vec<u64>>,
    /// Uses of a consent, by the leaf that holds its token: number and instant.
    pub uses: HashMap<u64, Vec<(u64, Timestamp)>>,
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

impl Tally {
    /// Takes in what one `query` leaf did; `day` is its civil day in the jurisdiction. Refused queries spend nothing.
    pub fn absorb(&mut self, index: u64, query: &QueryEffect<'_>, day: Date) {
        let (true, Some(subject)) = (query.is_answered(), query.subject) else { return };
        let mut spending = Spending::new(query.institution, day, subject, query.case());
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

    pub(super) fn turn(&mut self, day: Date) {
        if self.day.is_none_or(|counted| counted < day) {
            self.day = Some(day);
            self.people.clear();
        }
    }

    pub(super) fn add(&mut self, spent: &Spending) {
        self.turn(spent.day);
        if self.day == Some(spent.day) {
            *self.people.entry(spent.institution.clone()).or_default().entry(spent.person).or_default() += 1;
        }
        if let Some(case) = spent.case {
            *self.cases.entry(case).or_default() += 1;
        }
    }

    pub(super) fn take_back(&mut self, spent: &Spending) {
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
pub(super) struct Spending {
    pub(super) institution: String,
    pub(super) day: Date,
    pub(super) person: Key,
    pub(super) case: Option<Key>,
}

impl Spending {
    pub(super) fn new(institution: &str, day: Date, subject: &str, case: Option<&str>) -> Self {
        Self {
            institution: institution.to_owned(),
            day,
            person: key("person", &[institution, subject]),
            case: case.map(|case| key("case", &[institution, case, subject])),
        }
    }
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
