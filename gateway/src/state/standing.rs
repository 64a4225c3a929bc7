//! What outlives a data key: scenarios that persons closed, objections to records, and records that are gone because an
//! objection was upheld or a credit office repaired them.
//!
//! A person stands in it by HMAC under the state key that was in force when the process began (`FORMAT.md` §5): that key
//! stands in no leaf and is kept as long as the process runs, so that a key that turns changes nothing here. The log has
//! person and record sealed; start-up opens them.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use credit_keys::{RecordName, StateKey};
use credit_policy::{Catalogue, CitizenNumber, History, Listing, Personal, Record};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

pub(crate) use super::key::StandingKey;
use super::{bound_ids::BoundIds, mandates::Mandates, other_logs::is_elsewhere};

/// What persons said, as it is in force now.
pub(crate) struct Standing {
    key: StateKey,
    said: Mutex<Said>,
    /// How far it was looked for answers that would be others without what went out of answers.
    pub(crate) corrected: tokio::sync::Mutex<CorrectedUntil>,
    /// Who may act for whom.
    pub(crate) mandates: Mandates,
    /// Who logs in by which account.
    pub(crate) bound_ids: BoundIds,
}

/// How far it was looked for answers that would be others without what went out of answers.
#[derive(Default)]
pub(crate) struct CorrectedUntil {
    /// The day on which it was begun.
    pub(crate) day: Option<Date>,
    /// The last leaf of those by which records went of which all answers were looked at.
    pub(crate) until: u64,
    /// The last one of those in other logs.
    pub(crate) until_elsewhere: u64,
}

#[derive(Default)]
struct Said {
    /// How often something went out of answers.
    removals: u64,
    people: HashMap<StandingKey, OfPerson>,
    /// Objections, by the leaf that began each.
    objections: HashMap<Uuid, StandingKey>,
    /// The leaves by which records went out of answers.
    removed_by: BTreeSet<u64>,
}

#[derive(Default)]
struct OfPerson {
    /// The removal that was the last one of this person; 0 = none.
    removed: u64,
    blocked: BTreeSet<String>,
    objections: Vec<Objection>,
    repairs: Vec<Repair>,
}

/// A record that a credit office repaired: it counts nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    /// The record's id, under whichever state key it was given out.
    pub(crate) record: String,
    /// Its class.
    pub(crate) class: String,
    /// The day of its determination.
    pub(crate) determined: Date,
    /// The day of the repair.
    pub(crate) on: Date,
    /// The leaf that says so; nothing while it is being recorded.
    pub(crate) leaf: Option<u64>,
    /// The leaf that began it, where that leaf says it again: nothing goes out of answers by it.
    pub(crate) first: Option<Uuid>,
}

/// An objection to a record, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    /// The id of the leaf that began it.
    pub(crate) id: Uuid,
    /// The record's id, under whichever state key it was given out.
    pub(crate) record: String,
    /// Its class.
    pub(crate) class: String,
    /// The day of its determination.
    pub(crate) determined: Date,
    /// When the objection was made.
    pub(crate) made: Timestamp,
    /// By when it must be decided.
    pub(crate) due: Date,
    /// Where it stands.
    pub(crate) state: Stage,
    /// The leaves that began and, where it is decided, ended it.
    pub(crate) leaves: (u64, Option<u64>),
}

/// Where an objection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is not decided: what rests on the record is marked.
    Open,
    /// The record counts nowhere.
    Upheld,
    /// The record counts on.
    Rejected,
}

/// What is known of a record of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    None,
    Disputed,
    Gone,
}

/// Objections that wait for a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// All of them.
    pub(crate) open: u64,
    /// Those whose day is over.
    pub(crate) overdue: u64,
}

impl Standing {
    /// Nothing was said. `key` is the state key in force now.
    pub(crate) fn new(key: StateKey) -> Self {
        Self {
            key,
            said: Mutex::default(),
            corrected: tokio::sync::Mutex::default(),
            mandates: Mandates::default(),
            bound_ids: BoundIds::default(),
        }
    }

    /// What stands for a person.
    pub(crate) fn person(&self, number: &Personal<CitizenNumber>) -> StandingKey {
        number.disclose(|number| self.key.standing(number.as_str()).current)
    }

    /// What stands for an account of an identity service. No citizen number begins as an issuer does.
    pub(crate) fn login(&self, iss: &str, sub: &str) -> StandingKey {
        self.key.standing(&format!("{iss}\n{sub}")).current
    }

    /// Whether the person closed a scenario.
    pub(crate) fn is_blocked(&self, person: &StandingKey, scenario: &str) -> bool {
        self.lock().people.get(person).is_some_and(|known| known.blocked.contains(scenario))
    }

    /// Closes a scenario, or opens it again: from this call on, for queries under way too.
    pub(crate) fn block(&self, person: StandingKey, scenario: &str, is_blocked: bool) {
        let mut said = self.lock();
        let blocked = &mut said.people.entry(person).or_default().blocked;
        match is_blocked {
            true => drop(blocked.insert(scenario.to_owned())),
            false => drop(blocked.remove(scenario)),
        }
    }

    /// The scenarios that the person closed.
    pub(crate) fn blocked(&self, person: &StandingKey) -> BTreeSet<String> {
        self.lock().people.get(person).map(|known| known.blocked.clone()).unwrap_or_default()
    }

    /// Takes in an objection, or what became of one.
    pub(crate) fn object(&self, person: StandingKey, objection: Objection) {
        let mut said = self.lock();
        if objection.state == Stage::Upheld {
            said.removals += 1;
        }
        let removals = said.removals;
        said.objections.insert(objection.id, person);
        let known = said.people.entry(person).or_default();
        if objection.state == Stage::Upheld {
            known.removed = removals;
        }
        known.objections.retain(|other| other.id != objection.id);
        // Of one that is said again both leaves are the same: nothing goes out of answers by it.
        let is_decided = objection.state == Stage::Upheld && objection.leaves.1 != Some(objection.leaves.0);
        let decided = objection.leaves.1.filter(|_| is_decided);
        known.objections.push(objection);
        said.removed_by.extend(decided);
    }

    /// Takes a record out of answers, from this call on.
    pub(crate) fn repair(&self, person: StandingKey, repair: Repair) {
        let mut said = self.lock();
        said.removals += 1;
        let removals = said.removals;
        said.removed_by.extend(repair.leaf.filter(|_| repair.first.is_none()));
        let known = said.people.entry(person).or_default();
        known.removed = removals;
        known.repairs.retain(|other| other.record != repair.record);
        known.repairs.push(repair);
    }

    /// The record counts again.
    pub(crate) fn revoke_repair(&self, person: &StandingKey, record: &str) {
        if let Some(known) = self.lock().people.get_mut(person) {
            known.repairs.retain(|other| other.record != record);
        }
    }

    /// The repairs of a person's records that are in force.
    pub(crate) fn repairs(&self, person: &StandingKey) -> Vec<Repair> {
        self.lock().people.get(person).map(|known| known.repairs.clone()).unwrap_or_default()
    }

    /// The classes of the person's records that are gone.
    pub(crate) fn removed_classes(&self, person: &StandingKey) -> BTreeSet<String> {
        let upheld = self.objections(person).into_iter().filter(|objection| objection.state == Stage::Upheld);
        let repaired = self.repairs(person).into_iter().map(|repair| repair.class);
        upheld.map(|objection| objection.class).chain(repaired).collect()
    }

    /// The leaves after these by which records went out of answers: of the own log in its order, then of the others.
    pub(crate) fn removed_by(&self, after: &CorrectedUntil) -> Vec<u64> {
        let said = self.lock();
        let own = said.removed_by.range((Bound::Excluded(after.until), Bound::Unbounded));
        let others = said.removed_by.range((Bound::Excluded(after.until_elsewhere), Bound::Unbounded));
        let own = own.filter(|leaf| !is_elsewhere(**leaf));
        own.chain(others.filter(|leaf| is_elsewhere(**leaf))).copied().collect()
    }

    /// What the person objected to, in the order in which that was said last.
    pub(crate) fn objections(&self, person: &StandingKey) -> Vec<Objection> {
        self.lock().people.get(person).map(|known| known.objections.clone()).unwrap_or_default()
    }

    /// One objection, and whose it is.
    pub(crate) fn objection(&self, id: Uuid) -> Option<(StandingKey, Objection)> {
        let said = self.lock();
        let person = said.objections.get(&id)?;
        let found = said.people.get(person)?.objections.iter().find(|objection| objection.id == id)?;
        Some((*person, found.clone()))
    }

    /// Every objection that is not decided, the one due first at the beginning.
    pub(crate) fn open(&self) -> Vec<Objection> {
        let said = self.lock();
        let all = said.people.values().flat_map(|known| known.objections.iter());
        let mut open: Vec<_> = all.filter(|objection| objection.state == Stage::Open).cloned().collect();
        open.sort_by_key(|objection| (objection.due, objection.id));
        open
    }

    /// How many objections wait, on a day of the jurisdiction.
    pub(crate) fn waiting(&self, today: Date) -> Waiting {
        let said = self.lock();
        let mut waiting = Waiting::default();
        for objection in said.people.values().flat_map(|known| &known.objections) {
            let is_open = objection.state == Stage::Open;
            waiting.open += u64::from(is_open);
            waiting.overdue += u64::from(is_open && objection.due < today);
        }
        waiting
    }

    /// Changes whenever a record of the person goes out of answers: an answer that was made before must not leave.
    pub(crate) fn removals(&self, person: &StandingKey) -> u64 {
        self.lock().people.get(person).map_or(0, |known| known.removed)
    }

    /// Applies what the person said to what stores returned: what is gone is taken out, what is objected to is marked.
    pub(crate) fn heed(&self, person: &StandingKey, names: Names<'_>, history: &mut History) {
        let (objections, repairs) = (self.objections(person), self.repairs(person));
        if objections.is_empty() && repairs.is_empty() {
            return;
        }
        let effect = |ids: Vec<String>| {
            if repairs.iter().any(|repair| ids.contains(&repair.record)) {
                return Effect::Gone;
            }
            let named = objections.iter().filter(|objection| ids.contains(&objection.record));
            named.fold(Effect::None, |effect, objection| match (effect, objection.state) {
                (Effect::Gone, _) | (_, Stage::Upheld) => Effect::Gone,
                (_, Stage::Open) => Effect::Disputed,
                (effect, Stage::Rejected) => effect,
            })
        };
        history.records.retain_mut(|record| {
            let effect = effect(names.of_record(record).all);
            record.disputed |= effect == Effect::Disputed;
            effect != Effect::Gone
        });
        history.listings.retain_mut(|listing| {
            let effect = effect(names.of_listing(listing).all);
            listing.disputed |= effect == Effect::Disputed;
            effect != Effect::Gone
        });
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names records: by the state keys of the ring.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// The state keys.
    pub(crate) keys: &'a StateKey,
    /// Which class has a list.
    pub(crate) catalogue: &'a Catalogue,
}

/// A record of a store, as it is known outside.
pub(crate) struct Named {
    /// Its class.
    pub(crate) class: String,
    /// The day of its determination; of an entry on a list the first day on it.
    pub(crate) determined: Date,
    /// Its id under the key in force, then under the keys before.
    pub(crate) all: Vec<String>,
}

impl Names<'_> {
    /// A record. Stores give no number of the document that made it: day of the act and severity stand for it.
    pub(crate) fn of_record(&self, record: &Record) -> Named {
        let document = format!("{}/{}", record.act, record.severity.as_str());
        self.named(record.class.as_str(), &document, record.determined)
    }

    /// An entry on a list.
    pub(crate) fn of_listing(&self, listing: &Listing) -> Named {
        let class = self.catalogue.classes().find(|class| class.list() == Some(listing.list));
        let class = class.map_or(listing.list.as_str(), |class| class.name().as_str());
        self.named(class, "", listing.from)
    }

    /// A record by class, document and day of determination, as [`Self::of_record`] and [`Self::of_listing`] name one.
    pub(crate) fn named(&self, class: &str, document: &str, determined: Date) -> Named {
        let determination = determined.to_string();
        let name = RecordName { store: "", class, document, determination: &determination };
        Named { class: class.to_owned(), determined, all: self.keys.record_ids(name) }
    }
}

#[cfg(test)]
mod tests {
    use credit_keys::{Kek, Ring, SystemEntropy};
    use credit_policy::{ClassName, List, Severity, catalogue};
    use jiff::civil::date;

    use super::*;
    use crate::scratch::Scratch;

    const CLASS: &str = "administrative-penalty";
    const BLACK: usize = 0;

    fn key() -> StateKey {
        let (folder, entropy, now) = (Scratch::new(), SystemEntropy::new(), Timestamp::UNIX_EPOCH);
        let kek = Kek::create_key_file(&folder.path().join("ring.key"), &entropy).unwrap();
        let ring = Ring::create(&folder.path().join("keys"), &kek, now, "log/1", true, &entropy).unwrap();
        ring.state_key(now).unwrap()
    }

    fn record(severity: Severity, day: i8) -> Record {
        let day = date(2026, 3, day);
        Record {
            class: ClassName::parse(CLASS).unwrap(),
            severity,
            act: day,
            determined: day,
            sentence_end: None,
            effect_end: None,
            repaired: None,
            repair_revoked: None,
            performed: None,
            amount: None,
            disputed: false,
        }
    }

    fn history() -> History {
        let records = vec![record(Severity::Minor, 1), record(Severity::Serious, 1), record(Severity::Minor, 2)];
        let listings = vec![Listing { list: List::Black, from: date(2026, 3, 1), until: None, disputed: false }];
        History { records, listings, attributes: Vec::new() }
    }

    fn objection(id: u128, record: &str, state: Stage) -> Objection {
        Objection {
            id: Uuid::from_u128(id),
            record: record.to_owned(),
            class: CLASS.to_owned(),
            determined: date(2026, 3, 1),
            made: Timestamp::UNIX_EPOCH,
            due: date(2026, 3, 10),
            state,
            leaves: (1, None),
        }
    }

    fn heeded(standing: &Standing, names: Names<'_>, person: &StandingKey) -> Vec<bool> {
        let mut history = history();
        standing.heed(person, names, &mut history);
        let listings = history.listings.iter().map(|listing| listing.disputed);
        history.records.iter().map(|record| record.disputed).chain(listings).collect()
    }

    #[test]
    fn what_is_objected_to_is_marked_and_what_is_upheld_is_gone_of_this_person_alone() {
        let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
        let key = key();
        let (standing, names) = (Standing::new(key.clone()), Names { keys: &key, catalogue: &catalogue });
        let (person, other) = ([1; 32], [2; 32]);
        let id = |record: &Record| names.of_record(record).all.remove(0);
        let (minor, listed) =
            (id(&record(Severity::Minor, 1)), names.of_listing(&history().listings[BLACK]).all.remove(0));
        assert_eq!(heeded(&standing, names, &person), [false; 4]);
        standing.object(person, objection(1, &minor, Stage::Open));
        standing.object(person, objection(2, &listed, Stage::Open));
        assert_eq!(heeded(&standing, names, &person), [true, false, false, true]);
        assert_eq!(heeded(&standing, names, &other), [false; 4]);
        assert_eq!(standing.removals(&person), 0);
        standing.object(person, objection(1, &minor, Stage::Rejected));
        assert_eq!(heeded(&standing, names, &person), [false, false, false, true]);
        standing.object(person, objection(2, &listed, Stage::Upheld));
        assert_eq!(heeded(&standing, names, &person), [false; 3]);
        // What is gone stays gone, whatever else is said of it.
        standing.object(person, objection(3, &listed, Stage::Open));
        assert_eq!(heeded(&standing, names, &person), [false; 3]);
        assert_eq!((standing.removals(&person), standing.removals(&other)), (1, 0));
    }

    #[test]
    fn what_is_repaired_is_gone_of_this_person_until_the_repair_is_revoked() {
        let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
        let key = key();
        let (standing, names) = (Standing::new(key.clone()), Names { keys: &key, catalogue: &catalogue });
        let (person, other) = ([1; 32], [2; 32]);
        let named = names.named(CLASS, "2026-03-01/minor", date(2026, 3, 1));
        let id = named.all.first().unwrap().clone();
        let repair = |leaf| Repair {
            first: None,
            record: id.clone(),
            class: CLASS.to_owned(),
            determined: named.determined,
            on: date(2026, 3, 9),
            leaf,
        };
        // In force before it is on the record; said again with its leaf it is one.
        standing.repair(person, repair(None));
        assert_eq!((heeded(&standing, names, &person).len(), heeded(&standing, names, &other).len()), (3, 4));
        standing.repair(person, repair(Some(7)));
        assert_eq!((standing.repairs(&person).len(), standing.removals(&person)), (1, 2));
        let removed_after = |until| standing.removed_by(&CorrectedUntil { until, ..CorrectedUntil::default() });
        assert_eq!((removed_after(0), removed_after(7)), (vec![7], vec![]));
        standing.revoke_repair(&other, &id);
        assert_eq!(heeded(&standing, names, &person).len(), 3);
        standing.revoke_repair(&person, &id);
        assert_eq!(heeded(&standing, names, &person).len(), 4);
        // An objection that was upheld is another reason.
        standing.object(person, Objection { leaves: (8, Some(9)), ..objection(1, &id, Stage::Upheld) });
        standing.repair(person, repair(Some(10)));
        standing.revoke_repair(&person, &id);
        assert_eq!((heeded(&standing, names, &person).len(), removed_after(7)), (3, vec![9, 10]));
    }

    #[test]
    fn objections_wait_until_they_are_decided_and_are_late_after_their_day() {
        let standing = Standing::new(key());
        for (number, state) in [(1, Stage::Open), (2, Stage::Open), (3, Stage::Upheld)] {
            standing.object([number; 32], objection(number.into(), "record", state));
        }
        assert_eq!(standing.waiting(date(2026, 3, 10)), Waiting { open: 2, overdue: 0 });
        assert_eq!(standing.waiting(date(2026, 3, 11)), Waiting { open: 2, overdue: 2 });
        standing.object([1; 32], objection(1, "record", Stage::Rejected));
        assert_eq!(standing.waiting(date(2026, 3, 11)), Waiting { open: 1, overdue: 1 });
        assert_eq!(standing.open().iter().map(|open| open.id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
    }

    #[test]
    fn a_scenario_is_closed_to_one_person_until_it_is_opened() {
        let standing = Standing::new(key());
        standing.block([1; 32], "commercial-loan", true);
        assert!(standing.is_blocked(&[1; 32], "commercial-loan"));
        assert!(!standing.is_blocked(&[1; 32], "employment") && !standing.is_blocked(&[2; 32], "commercial-loan"));
        standing.block([1; 32], "commercial-loan", false);
        assert!(standing.blocked(&[1; 32]).is_empty());
    }
}
