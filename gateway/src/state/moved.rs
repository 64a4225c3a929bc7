//! What one gateway counted in its own memory, as several count it together: the same counts under the keys of the shared state.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    consent::Consent,
    day::Scope,
    elsewhere::{case_until, day_until, uses_until},
    idempotency::FirstQuery,
    key::{Key, day_key, key},
    usage::Usage,
};

/// A use of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedUse {
    pub(crate) consent: Key,
    pub(crate) number: i32,
    /// Microseconds of Unix time.
    pub(crate) at: i64,
    /// Seconds of Unix time.
    pub(crate) until: i64,
}

/// The first query under an idempotency key, which was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedFirst {
    pub(crate) key: Key,
    pub(crate) identity: Key,
    pub(crate) first: Uuid,
    /// Microseconds of Unix time.
    pub(crate) asked: i64,
    pub(crate) repeats: i32,
}

/// All that counts still.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// How high, and until when they are kept.
    pub(crate) counts: BTreeMap<Key, (i32, i64)>,
    /// Of those counts the persons of the day, each with the count of different ones that has it.
    pub(crate) persons: BTreeMap<Key, Key>,
    pub(crate) uses: Vec<MovedUse>,
    pub(crate) firsts: Vec<MovedFirst>,
}

impl Moved {
    pub(crate) fn of(usage: &Usage, now: Timestamp) -> Self {
        let mut moved = Self::default();
        for (_, case, count) in usage.cases.iter() {
            moved.count(case, count, case_until(now));
        }
        if let Some(day) = usage.day.date {
            let until = day_until(now);
            let scopes = usage.day.scopes();
            let persons_of = |scope: &Scope| day_key(&key("scope", &[&scope.institution, &scope.group]), day);
            for (person, counted) in usage.day.people.iter() {
                let person = day_key(&person, day);
                moved.count(person, counted.count, until);
                let scope = usize::try_from(counted.scope).ok().and_then(|place| scopes.get(place));
                moved.persons.extend(scope.map(|scope| (person, persons_of(scope))));
            }
            for (staff, counted) in usage.day.staff.iter() {
                moved.count(day_key(&staff, day), counted.count, until);
            }
            for scope in scopes.iter().filter(|scope| scope.persons > 0) {
                moved.count(persons_of(scope), scope.persons, until);
            }
        }
        let live = usage.consents.iter().filter(|(_, consent)| !consent.is_over(now));
        moved.uses = live.flat_map(|(consent, row)| uses_of(consent, row)).collect();
        let remembered = usage.idempotency.iter().filter(|(_, first)| first.is_remembered(now));
        moved.firsts = remembered.map(|(key, first)| first_of(key, first)).collect();
        moved
    }

    fn count(&mut self, key: Key, count: u32, until: i64) {
        let counted = self.counts.entry(key).or_insert((0, until));
        counted.0 = counted.0.saturating_add(i32::try_from(count).unwrap_or(i32::MAX));
    }
}

/// Where a log went on after a backup a number may be there twice: the later use has the next that is free.
fn uses_of(consent: Key, row: &Consent) -> Vec<MovedUse> {
    let mut taken = BTreeSet::new();
    let until = uses_until(i64::from(row.expires()));
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let numbers: BTreeSet<i32> = row.uses().map(|use_| number(use_.number)).collect();
    let moved = row.uses().map(|use_| {
        let said = number(use_.number);
        let is_free = taken.insert(said);
        let free = (1..).find(|free| !numbers.contains(free) && !taken.contains(free)).unwrap_or(i32::MAX);
        let number = if is_free { said } else { free };
        taken.insert(number);
        MovedUse { consent, number, at: use_.at, until }
    });
    moved.collect()
}

fn first_of(key: Key, first: &FirstQuery) -> MovedFirst {
    let FirstQuery { identity, id, repeats } = *first;
    MovedFirst { key, identity, first: id, asked: first.asked_at().as_microsecond(), repeats: i32::from(repeats) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::state::{
        consent::Use,
        key::{case_key, person_key},
        usage::Spending,
    };

    fn now() -> Timestamp {
        "2026-11-22T04:00:00Z".parse().unwrap()
    }

    #[test]
    fn counts_have_the_keys_under_which_a_query_asks_for_them() {
        let mut usage = Usage::beginning(now());
        let day = date(2026, 11, 22);
        for subject in ["a", "a", "b"] {
            drop(usage.spend(now(), day, &Spending::new("bank", "loans", "staff-1", subject, Some("c"))));
        }
        let moved = Moved::of(&usage, now());
        let count = |key: Key| moved.counts.get(&key).map(|(count, _)| *count);
        assert_eq!(count(case_key("bank", "c", "a")), Some(2));
        assert_eq!(count(day_key(&person_key("bank", "a"), day)), Some(2));
        assert_eq!(count(day_key(&key("scope", &["bank", "loans"]), day)), Some(2), "different persons");
        assert_eq!(count(day_key(&key("operator", &["bank", "staff-1"]), day)), Some(3));
        assert_eq!(moved.counts.len(), 2 + 2 + 1 + 1);
    }

    #[test]
    fn each_use_has_a_number_of_its_own_and_what_is_over_stays() {
        let mut usage = Usage::beginning(now());
        let at = now().as_microsecond();
        let (ends, over) = (1_900_000_000, u32::try_from(now().as_second() - 4_000).unwrap());
        for (holder, number) in [(1, 1), (2, 1), (3, 3)] {
            usage.use_consent(&[1; 16], Use { at, number, holder: Some(holder) }, ends);
        }
        usage.use_consent(&[2; 16], Use { at: at - 9_000_000_000, number: 1, holder: Some(4) }, over);
        let moved = Moved::of(&usage, now());
        let numbers: Vec<_> = moved.uses.iter().map(|use_| (use_.consent, use_.number)).collect();
        assert_eq!(numbers, [([1; 16], 1), ([1; 16], 2), ([1; 16], 3)]);
        assert!(moved.uses.iter().all(|use_| use_.until == i64::from(ends) + 3_600));
    }
}
