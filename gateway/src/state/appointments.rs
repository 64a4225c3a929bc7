//! Appointments to come: who is to come to a department on a day, so that a query of that day is explained (R3). A projection of
//! the log like the cases that are not decided; a person stands in it by the keyed tag of the leaf.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::{Appointment, Base64};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::open_cases::OpenPerson;

/// By day, in the order in which they were registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Appointments(BTreeMap<Date, Vec<OpenPerson>>);

impl Appointments {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in one leaf, and lets go what is over. What the gateway says again stands for the first one of the day whose tag is
    /// of another data key.
    pub(crate) fn apply(&mut self, at: Timestamp, index: u64, said: &Appointment, by_gateway: bool) {
        // Where the day ends last it is still the day before in UTC.
        let yesterday = at.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        self.0 = self.0.split_off(&yesterday);
        let person = OpenPerson { subject: STANDARD.encode(said.subject.0), key: said.key.clone(), index };
        let all = self.0.entry(said.on).or_default();
        if all.iter().any(|known| known.subject == person.subject) {
            return;
        }
        match all.iter_mut().find(|known| by_gateway && known.key != person.key) {
            Some(stale) => *stale = person,
            None => all.push(person),
        }
    }

    /// Takes out one whose sealed part does not open any more: nothing can be said of it again.
    pub(crate) fn forget(&mut self, person: &OpenPerson) {
        self.0.values_mut().for_each(|all| all.retain(|known| known != person));
    }

    /// Without what leaves before this one say.
    pub(crate) fn begin_at(&mut self, leaf: u64) {
        self.0.values_mut().for_each(|all| all.retain(|known| known.index >= leaf));
        self.0.retain(|_, all| !all.is_empty());
    }

    /// Whether this very person is to come on that day.
    pub(crate) fn has(&self, day: Date, subject: &Base64<[u8; 32]>) -> bool {
        let subject = STANDARD.encode(subject.0);
        self.0.get(&day).is_some_and(|all| all.iter().any(|known| known.subject == subject))
    }

    /// Those of today and later.
    pub(crate) fn all(&self, today: Date) -> impl Iterator<Item = &OpenPerson> {
        self.0.range(today..).flat_map(|(_, all)| all)
    }

    /// Those of today and later whose tag is of another data key than this one: they are to be said again.
    pub(crate) fn stale(&self, key: &str, today: Date) -> Vec<OpenPerson> {
        self.all(today).filter(|person| person.key != key).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn said(on: Date, person: u8, key: &str) -> Appointment {
        Appointment {
            scenario: "tax".to_owned(),
            on,
            operator: "desk".to_owned(),
            subject: Base64([person; 32]),
            key: key.to_owned(),
            sealed: Base64(vec![1]),
            commit: Base64([1; 32]),
        }
    }

    #[test]
    fn they_are_said_again_in_their_order_and_go_when_their_day_is_over() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (november, december) = (date(2026, 11, 29), date(2026, 12, 3));
        let mut all = Appointments::default();
        for (index, on, person) in [(1, november, 1), (2, december, 2), (3, december, 3), (4, december, 3)] {
            all.apply(at("2026-11-28T00:00:00Z"), index, &said(on, person, "data-2026-11"), false);
        }
        assert!(all.has(december, &Base64([3; 32])) && !all.has(november, &Base64([3; 32])));
        let indices = |all: &Appointments| all.all(november).map(|one| one.index).collect::<Vec<_>>();
        assert_eq!(indices(&all), [1, 2, 3], "who is to come already comes once");
        assert_eq!(all.stale("data-2026-12", date(2026, 11, 30)).len(), 2);
        for (index, person) in [(5, 12), (6, 13)] {
            all.apply(at("2026-12-01T00:00:00Z"), index, &said(december, person, "data-2026-12"), true);
        }
        assert_eq!(indices(&all), [5, 6], "what is over is let go");
        assert!(all.stale("data-2026-12", november).is_empty());
        let [first, _] = all.stale("data-2027-01", november).try_into().unwrap();
        all.forget(&first);
        assert_eq!(indices(&all), [6]);
    }
}
