//! Cases that must be checked (R5): registered by a department, not yet decided. A projection of the log like the rest of the
//! ledger; a person stands in it by the keyed tag of the leaf.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::{Actor, Base64, Case, CaseState};
use credit_policy::normal_case;
use serde::{Deserialize, Serialize};

use super::other_logs::is_elsewhere;

/// One person in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenPerson {
    /// The tag of the last leaf about it, in base64.
    pub(crate) subject: String,
    /// The data key of that tag.
    pub(crate) key: String,
    /// That leaf; the person is sealed in it. It may stand in another log.
    pub(crate) index: u64,
}

/// Which case: institution, scenario and number in its normal form. None of them has a line break.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CaseName(String);

impl CaseName {
    /// However the number is written.
    pub(crate) fn new(institution: &str, scenario: &str, case: &str) -> Self {
        Self(format!("{institution}\n{scenario}\n{}", normal_case(case)))
    }
}

/// All of them, each with its persons in the order in which they were registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OpenCases(BTreeMap<CaseName, Vec<OpenPerson>>);

impl OpenCases {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether such a case was registered and is not decided.
    pub(crate) fn is_open(&self, case: &CaseName) -> bool {
        self.0.contains_key(case)
    }

    /// Takes in one leaf. What the gateway says again stands for the first person whose tag is of another data key: a case's
    /// persons are said again in their order, each by the gateway that has the leaf.
    pub(crate) fn apply(&mut self, institution: &str, index: u64, case: &Case, actor: Option<&Actor>) {
        let name = CaseName::new(institution, &case.scenario, &case.case);
        let tag = case.subject.as_ref().zip(case.key.as_ref());
        let tag = tag.map(|(subject, key)| (STANDARD.encode(subject.0), key.clone()));
        match (case.state, tag) {
            (CaseState::Opened, Some((subject, key))) => {
                let persons = self.0.entry(name).or_default();
                let person = OpenPerson { subject, key, index };
                let by_gateway = matches!(actor, Some(Actor::System(_)));
                if persons.iter().any(|known| known.subject == person.subject) {
                    return;
                }
                let is_stale = |known: &OpenPerson| {
                    by_gateway && known.key != person.key && is_elsewhere(known.index) == is_elsewhere(person.index)
                };
                match persons.iter_mut().find(|known| is_stale(known)) {
                    Some(stale) => *stale = person,
                    None => persons.push(person),
                }
            }
            // Without a person nothing can be looked up; no writer makes such a leaf.
            (CaseState::Opened, None) => {}
            (CaseState::Decided, Some((subject, _))) => {
                if let Some(persons) = self.0.get_mut(&name) {
                    persons.retain(|known| known.subject != subject);
                    if persons.is_empty() {
                        self.0.remove(&name);
                    }
                }
            }
            (CaseState::Decided, None) => drop(self.0.remove(&name)),
        }
    }

    /// Takes out a person whose sealed part does not open any more: nothing can be said of it again.
    pub(crate) fn forget(&mut self, name: &CaseName, person: &OpenPerson) {
        if let Some(persons) = self.0.get_mut(name) {
            persons.retain(|known| known != person);
        }
        self.0.retain(|_, persons| !persons.is_empty());
    }

    /// Without what leaves before this one say.
    pub(crate) fn begin_at(&mut self, leaf: u64) {
        self.0.values_mut().for_each(|persons| persons.retain(|known| known.index >= leaf));
        self.0.retain(|_, persons| !persons.is_empty());
    }

    /// Whether this very person is registered in it.
    pub(crate) fn has(&self, name: &CaseName, subject: &Base64<[u8; 32]>) -> bool {
        let subject = STANDARD.encode(subject.0);
        self.0.get(name).is_some_and(|persons| persons.iter().any(|known| known.subject == subject))
    }

    /// Every person in every case.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&CaseName, &OpenPerson)> {
        self.0.iter().flat_map(|(name, persons)| persons.iter().map(move |person| (name, person)))
    }

    /// The persons of a case, or of all cases, whose tag is of another data key than this one: they are to be said again. Those of
    /// another log are said again there.
    pub(crate) fn stale(&self, key: &str, of: Option<&CaseName>) -> Vec<(CaseName, OpenPerson)> {
        let is_own = |person: &OpenPerson| person.key != key && !is_elsewhere(person.index);
        let wanted = self.all().filter(|(name, person)| is_own(person) && of.is_none_or(|of| of == *name));
        wanted.map(|(name, person)| (name.clone(), person.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(state: CaseState, case: &str, key: &str, person: Option<u8>) -> Case {
        Case {
            state,
            scenario: "tax".to_owned(),
            case: case.to_owned(),
            on: jiff::civil::date(2026, 11, 2),
            operator: "clerk".to_owned(),
            subject: person.map(|person| Base64([person; 32])),
            key: person.map(|_| key.to_owned()),
            sealed: person.map(|_| Base64(vec![1])),
            commit: person.map(|_| Base64([1; 32])),
        }
    }

    fn open(cases: &mut OpenCases, index: u64, key: &str, person: u8, by: Option<&Actor>) {
        cases.apply("housing", index, &leaf(CaseState::Opened, "A-1", key, Some(person)), by);
    }

    fn indices(cases: &OpenCases) -> Vec<u64> {
        cases.0.values().flatten().map(|person| person.index).collect()
    }

    #[test]
    fn a_person_is_decided_alone_and_a_case_whole() {
        let mut cases = OpenCases::default();
        for (index, person) in [(1, 1), (2, 2), (3, 2)] {
            open(&mut cases, index, "data-2026-11", person, None);
        }
        assert_eq!(indices(&cases), [1, 2], "who is registered already is registered once");
        cases.apply("bank", 4, &leaf(CaseState::Decided, "A-1", "", None), None);
        cases.apply("housing", 4, &leaf(CaseState::Decided, "A-1", "data-2026-11", Some(9)), None);
        assert_eq!(indices(&cases), [1, 2], "another's case, and another person, decide nothing");
        cases.apply("housing", 5, &leaf(CaseState::Decided, "a-1", "data-2026-11", Some(1)), None);
        assert_eq!(indices(&cases), [2], "however the number is written");
        cases.apply("housing", 6, &leaf(CaseState::Decided, "A-1", "", None), None);
        assert!(cases.is_empty());
    }

    #[test]
    fn who_stands_in_another_log_is_said_again_there() {
        let (mut cases, gateway) = (OpenCases::default(), Actor::gateway());
        let elsewhere = crate::state::other_logs::place_of;
        open(&mut cases, elsewhere(1), "data-2026-11", 1, None);
        open(&mut cases, 2, "data-2026-11", 2, None);
        let name = CaseName::new("housing", "tax", "A-1");
        let stale = cases.stale("data-2026-12", Some(&name));
        assert_eq!(stale.iter().map(|(_, person)| person.index).collect::<Vec<_>>(), [2]);
        open(&mut cases, 3, "data-2026-12", 12, Some(&gateway));
        assert_eq!(indices(&cases), [elsewhere(1), 3]);
        open(&mut cases, elsewhere(2), "data-2026-12", 11, Some(&gateway));
        assert_eq!(indices(&cases), [elsewhere(2), 3]);
    }

    #[test]
    fn what_the_gateway_says_again_keeps_the_order_of_the_persons() {
        let (mut cases, gateway) = (OpenCases::default(), Actor::gateway());
        open(&mut cases, 1, "data-2026-11", 1, None);
        open(&mut cases, 2, "data-2026-11", 2, None);
        open(&mut cases, 3, "data-2026-12", 5, Some(&gateway));
        open(&mut cases, 4, "data-2026-12", 6, Some(&gateway));
        assert_eq!(indices(&cases), [3, 4]);
        assert_eq!(cases.stale("data-2026-12", None).len(), 0);
        let name = CaseName::new("housing", "tax", "A-1");
        assert_eq!(cases.stale("data-2027-01", Some(&name)).len(), 2);
        assert!(cases.is_open(&name));
        // In a log that continues another nothing stood before it.
        let mut next = OpenCases::default();
        open(&mut next, 7, "data-2026-12", 5, Some(&gateway));
        assert_eq!(indices(&next), [7]);
    }
}
