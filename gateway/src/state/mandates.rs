//! Mandates: who may act for another person at the persons' door, and until when. They outlive a data key like what stands in
//! [`standing`](super::standing), and stand for persons here by the same keys.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::StandingKey;

/// Why somebody may act for another person (Civil Code art. 23, 34, 1145; PIPL art. 31, 49).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MandateKind {
    /// A guardian.
    Guardian,
    /// A near relative of a person who died.
    Heir,
}

/// Whether a mandate was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was not.
    None,
    /// It was, and that is not on the record.
    InForceOnly,
    /// It was.
    Recorded,
}

/// A mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mandate {
    /// The id of the leaf that began it.
    pub(crate) id: Uuid,
    /// Who may act.
    pub(crate) deputy: StandingKey,
    /// For whom.
    pub(crate) person: StandingKey,
    /// Why.
    pub(crate) kind: MandateKind,
    /// Its last day.
    pub(crate) until: Date,
    /// The leaf that says so.
    pub(crate) leaf: u64,
    /// Whether it was ended before its day, and whether that is on the record.
    pub(crate) end: End,
}

impl Mandate {
    /// Whether it is in force on a day.
    pub(crate) fn is_in_force(&self, today: Date) -> bool {
        self.end == End::None && today <= self.until
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Mandates(Mutex<HashMap<Uuid, Mandate>>);

impl Mandates {
    /// Takes in a mandate.
    pub(crate) fn begin(&self, mandate: Mandate) {
        self.lock().insert(mandate.id, mandate);
    }

    /// Ends one, from this call on.
    pub(crate) fn end(&self, id: Uuid, end: End) {
        if let Some(mandate) = self.lock().get_mut(&id) {
            mandate.end = end;
        }
    }

    /// One of them, in force or not.
    pub(crate) fn find(&self, id: Uuid) -> Option<Mandate> {
        self.lock().get(&id).cloned()
    }

    /// Those by which `deputy` may act on that day, oldest first.
    pub(crate) fn of_deputy(&self, deputy: &StandingKey, today: Date) -> Vec<Mandate> {
        self.those(|mandate| mandate.deputy == *deputy && mandate.is_in_force(today))
    }

    /// Those by which somebody may act for `person` on that day, oldest first.
    pub(crate) fn for_person(&self, person: &StandingKey, today: Date) -> Vec<Mandate> {
        self.those(|mandate| mandate.person == *person && mandate.is_in_force(today))
    }

    /// All that are in force on that day, oldest first.
    pub(crate) fn in_force(&self, today: Date) -> Vec<Mandate> {
        self.those(|mandate| mandate.is_in_force(today))
    }

    fn those(&self, wanted: impl Fn(&Mandate) -> bool) -> Vec<Mandate> {
        let mut found: Vec<_> = self.lock().values().filter(|mandate| wanted(mandate)).cloned().collect();
        found.sort_by_key(|mandate| mandate.leaf);
        found
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Mandate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_mandate_is_of_one_deputy_and_ends_on_its_day_or_when_it_is_ended() {
        let all = Mandates::default();
        let id = Uuid::from_u128(1);
        let (deputy, person, until) = ([1; 32], [2; 32], date(2026, 12, 1));
        all.begin(Mandate { id, deputy, person, kind: MandateKind::Heir, until, leaf: 7, end: End::None });
        let count = |deputy: [u8; 32], today| all.of_deputy(&deputy, today).len();
        assert_eq!((count(deputy, until), count(person, until), count(deputy, date(2026, 12, 2))), (1, 0, 0));
        assert_eq!((all.for_person(&person, until).len(), all.for_person(&deputy, until).len()), (1, 0));
        all.end(id, End::InForceOnly);
        assert_eq!((count(deputy, until), all.in_force(until).len()), (0, 0));
        assert_eq!(all.find(id).map(|mandate| mandate.end), Some(End::InForceOnly));
    }
}
