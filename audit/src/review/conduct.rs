//! What the record says of each query beside the query itself: its case or appointment, who registered it and who decided, what was
//! reported. What explains a query stands before it, so one that is explained is forgotten at once; the others are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use credit_policy::normal_case;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use uuid::Uuid;

use super::acts::{Act, Acts};
use crate::leaf::{Appointment, Base64, Case, CaseState, Feedback, QuerySummary};
use crate::mark::{Mark, mark};

/// A query of an institution's member of staff that nothing explains.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) index: u64,
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    pub(super) case: Option<Mark>,
    pub(super) person: Option<Mark>,
    /// The person in the case.
    pub(super) in_case: Option<Mark>,
    pub(super) is_answered: bool,
    pub(super) is_about_a_minor: bool,
    /// When somebody else first reported what was done with the answer.
    pub(super) fed_back: Option<Timestamp>,
}

/// Where a query stands, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfQuery {
    pub(super) index: u64,
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    /// Its place in the list of members of staff.
    pub(super) staff: usize,
}

/// A person of a case that is not decided.
#[derive(Debug, Clone)]
struct OpenPerson {
    /// Stands for the data key of the present tag.
    key: Mark,
    /// The person in the case, by the present tag, and by those before.
    now: Mark,
    before: Vec<Mark>,
}

/// Takes in the leaves of one log in their order; then says a word of each query.
#[derive(Debug, Clone)]
pub(super) struct Conduct {
    pub(super) offset: Offset,
    /// Members of staff: institution and id.
    pub(super) staff: Vec<(String, String)>,
    staff_places: HashMap<(String, String), usize>,
    /// By member of staff, what is not explained.
    pub(super) looks: HashMap<usize, Vec<Look>>,
    /// By id, whose it is and the how manieth.
    ids: HashMap<Uuid, (usize, usize)>,
    opened: HashMap<Mark, Acts>,
    /// Undecided persons by case, each with the tags of earlier data keys: a decision of the next month has another tag.
    open: HashMap<Mark, Vec<OpenPerson>>,
    /// About one person, by the person in the case; about a whole case, by the case.
    decided: HashMap<Mark, Acts>,
    appointed: HashMap<Mark, Acts>,
    /// Members of staff of whom something is new, and when something of others is due.
    pub(super) changed: BTreeSet<usize>,
    pub(super) due: BTreeMap<Timestamp, BTreeSet<usize>>,
}

impl Conduct {
    /// Of no leaf yet. Days and hours are those of this offset from UTC.
    pub(super) fn new(offset: Offset) -> Self {
        Self {
            offset,
            staff: Vec::new(),
            staff_places: HashMap::new(),
            looks: HashMap::new(),
            ids: HashMap::new(),
            opened: HashMap::new(),
            open: HashMap::new(),
            decided: HashMap::new(),
            appointed: HashMap::new(),
            changed: BTreeSet::new(),
            due: BTreeMap::new(),
        }
    }

    pub(super) fn staff_of(&mut self, institution: &str, id: &str) -> usize {
        let who = (institution.to_owned(), id.to_owned());
        let staff = &mut self.staff;
        *self.staff_places.entry(who).or_insert_with_key(|who| {
            staff.push(who.clone());
            staff.len() - 1
        })
    }

    /// A query that is not explained.
    pub(super) fn place(&self, query: Uuid) -> Option<OfQuery> {
        let (staff, nth) = *self.ids.get(&query)?;
        let Look { index, id, at, .. } = self.looks.get(&staff)?.get(nth)?;
        Some(OfQuery { index: *index, id: *id, at: *at, staff })
    }

    /// Takes in a query of an institution.
    pub(super) fn query(&mut self, index: u64, query: &QuerySummary<'_>) -> OfQuery {
        let institution = query.counted_for();
        let staff = self.staff_of(&institution, query.operator.unwrap_or_default());
        let of = OfQuery { index, id: query.id, at: query.at, staff };
        let scenario = query.scenario.unwrap_or_default();
        let case = query.case().map(|case| case_mark(&institution, scenario, case));
        let person = query.key.zip(query.subject).map(|(key, subject)| mark(&[key.as_bytes(), subject.as_bytes()]));
        let in_case = case.zip(person).map(|(case, person)| mark(&[&case, &person]));
        let registered = in_case.and_then(|in_case| self.opened.get(&in_case));
        // Where nobody ever had an appointment, none is looked for.
        let appointed = person.filter(|_| !self.appointed.is_empty()).and_then(|person| {
            let day = self.offset.to_datetime(query.at).date();
            self.appointed.get(&appointment_mark(&institution, scenario, day, &person))
        });
        let mut others = [registered, appointed].into_iter().flatten().filter_map(|acts| acts.by_another(staff));
        if query.consent_use(index).is_some() || others.any(|act| act.index < index) {
            return of;
        }
        let looks = self.looks.entry(staff).or_default();
        self.ids.insert(query.id, (staff, looks.len()));
        looks.push(Look {
            index,
            id: query.id,
            at: query.at,
            case,
            person,
            in_case,
            is_answered: query.code.is_none(),
            is_about_a_minor: query.code == Some("subject-minor"),
            fed_back: None,
        });
        self.changed.insert(staff);
        of
    }

    /// Takes in that a case was registered or decided.
    pub(super) fn case(&mut self, index: u64, at: Timestamp, institution: &str, case: Case, by_gateway: bool) {
        let Case { state, scenario, case, operator, subject, key, .. } = case;
        let act = self.act(index, at, (institution, &operator), by_gateway);
        let case = case_mark(institution, &scenario, &case);
        let about = person_mark(key.as_deref(), subject.as_ref()).map_or(case, |person| mark(&[&case, &person]));
        if state == CaseState::Opened {
            if let Some(key) = key.as_deref() {
                self.is_open(case, mark(&[key.as_bytes()]), about, by_gateway);
            }
            Acts::note(&mut self.opened, about, act);
            return;
        }
        for about in self.no_longer_open(case, about) {
            Acts::note(&mut self.decided, about, act);
        }
    }

    /// Notes that a person of a case is undecided; said again by the gateway, it is the first one whose last tag is of another data key.
    fn is_open(&mut self, case: Mark, key: Mark, now: Mark, by_gateway: bool) {
        let persons = self.open.entry(case).or_default();
        if persons.iter().any(|known| known.now == now) {
            return;
        }
        match persons.iter_mut().find(|known| by_gateway && known.key != key) {
            Some(known) => {
                known.before.push(known.now);
                (known.key, known.now) = (key, now);
            }
            None => persons.push(OpenPerson { key, now, before: Vec::new() }),
        }
    }

    /// What stands for the person that is decided about, under each tag; of a whole case, the case.
    fn no_longer_open(&mut self, case: Mark, about: Mark) -> Vec<Mark> {
        let Some(persons) = self.open.get_mut(&case).filter(|_| about != case) else {
            self.open.remove(&case);
            return vec![about];
        };
        let known = persons.iter().position(|known| known.now == about).map(|at| persons.remove(at));
        if persons.is_empty() {
            self.open.remove(&case);
        }
        known.map_or_else(Vec::new, |known| known.before).into_iter().chain([about]).collect()
    }

    /// Takes in an appointment.
    pub(super) fn appointment(
        &mut self,
        index: u64,
        at: Timestamp,
        institution: &str,
        said: Appointment,
        by_gateway: bool,
    ) {
        let act = self.act(index, at, (institution, &said.operator), by_gateway);
        let Some(person) = person_mark(Some(&said.key), Some(&said.subject)) else { return };
        Acts::note(&mut self.appointed, appointment_mark(institution, &said.scenario, said.on, &person), act);
    }

    /// What the gateway says again under another data key was registered before every query under that key.
    fn act(&mut self, index: u64, at: Timestamp, (institution, id): (&str, &str), by_gateway: bool) -> Act {
        let staff = self.staff_of(institution, id);
        if by_gateway { Act { index: 0, at: Timestamp::MIN, staff } } else { Act { index, at, staff } }
    }

    /// Takes in what was done with an answer.
    pub(super) fn feedback(&mut self, at: Timestamp, institution: &str, said: &Feedback) {
        let by = self.staff_of(institution, &said.operator);
        let Some((staff, nth)) = self.ids.get(&said.query).copied().filter(|(staff, _)| *staff != by) else { return };
        if let Some(look) = self.looks.get_mut(&staff).and_then(|looks| looks.get_mut(nth)) {
            look.fed_back.get_or_insert(at);
        }
    }

    /// Whether its case was registered for its person before the query, by anybody.
    pub(super) fn is_registered_before(&self, look: &Look) -> bool {
        let registered = look.in_case.and_then(|in_case| self.opened.get(&in_case));
        registered.is_some_and(|acts| acts.by_anybody().index < look.index)
    }

    /// When the case of a query for its person was decided, by anybody, where it had been registered before the query.
    pub(super) fn decided_after_registration(&self, look: &Look) -> Option<Timestamp> {
        let in_case = look.in_case?;
        let registered = self.is_registered_before(look);
        let whole = look.case.and_then(|case| self.decided.get(&case));
        let decided = [self.decided.get(&in_case), whole].into_iter().flatten();
        decided.filter(|_| registered).map(|acts| acts.by_anybody().at).min()
    }

    /// When somebody else first registered or decided the case of a query for its person.
    pub(super) fn acted_by_another(&self, look: &Look, staff: usize) -> Option<Timestamp> {
        let in_case = look.in_case?;
        let registered = self.opened.get(&in_case);
        // Who decides about a whole case decides about the persons that are registered in it.
        let whole = look.case.filter(|_| registered.is_some()).and_then(|case| self.decided.get(&case));
        let acts = [registered, self.decided.get(&in_case), whole].into_iter().flatten();
        acts.filter_map(|acts| acts.by_another(staff)).map(|act| act.at).min()
    }
}

fn case_mark(institution: &str, scenario: &str, case: &str) -> Mark {
    mark(&[institution.as_bytes(), scenario.as_bytes(), normal_case(case).as_bytes()])
}

fn appointment_mark(institution: &str, scenario: &str, day: Date, person: &Mark) -> Mark {
    mark(&[institution.as_bytes(), scenario.as_bytes(), day.to_string().as_bytes(), person])
}

fn person_mark(key: Option<&str>, subject: Option<&Base64<[u8; 32]>>) -> Option<Mark> {
    let subject = subject.and_then(|tag| serde_json::to_value(tag).ok()?.as_str().map(str::to_owned));
    key.zip(subject).map(|(key, subject)| mark(&[key.as_bytes(), subject.as_bytes()]))
}
