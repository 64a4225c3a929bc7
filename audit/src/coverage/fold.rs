//! The fold: one leaf after the other, of one log or of a set.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use credit_policy::normal_case;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::event::{CaseSaid, Event, Said, Tag};
use crate::edge::Edge;
use crate::leaf::{self, Base64, BodyError, CaseState, Leaf, Peek};
use crate::mark::{Mark, mark};

/// Decisions that were looked up in another log, so many of the last of a set.
const ELSEWHERE: usize = 1_000;

/// Data keys whose look-ups are remembered: a decision is compared with those of its own month, and a clock may lie between two.
const KEYS: usize = 2;

/// Department (an institution) and scenario.
pub(super) type Place = (String, String);

/// A look-up: its leaf, and the day on which it was made. There are as many as persons looked up in two months.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookUp {
    pub(super) index: u64,
    /// Of a set, its log.
    pub(super) log: u32,
    day: Date,
}

/// A data key with the first look-up at each place under each tag.
type OfKey = (String, HashMap<Place, HashMap<Tag, LookUp>>);

/// One person in one case.
#[derive(Debug, Clone)]
pub(super) struct Person {
    key: String,
    pub(super) tag: Tag,
    /// The look-up under a tag before the present one.
    looked_up: Option<LookUp>,
    /// Said by the gateway at the beginning of a log: what was looked up in the log before is not known here.
    pub(super) carried: bool,
    pub(super) registered: bool,
}

/// A person in a case that was decided without a look-up before it.
#[derive(Debug, Clone)]
pub(super) struct Missed {
    pub(super) person: Person,
    pub(super) log: u32,
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) case: String,
    pub(super) operator: String,
    pub(super) on: Date,
}

/// A person in a case that was decided after a look-up in another log.
#[derive(Debug, Clone)]
pub(super) struct Proved {
    pub(super) log: u32,
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) place: Place,
    pub(super) case: String,
    pub(super) look_up: LookUp,
}

/// Which misses of a month were handed over.
#[derive(Debug, Clone, Copy)]
struct HandedOver {
    /// Those before this leaf.
    leaf: u64,
    /// And those that were recorded before this time.
    time: Timestamp,
}

enum Before {
    Leaf(u64),
    Time(Timestamp),
}

impl Default for HandedOver {
    fn default() -> Self {
        Self { leaf: 0, time: Timestamp::MIN }
    }
}

impl HandedOver {
    fn with(self, more: Before) -> Self {
        match more {
            Before::Leaf(leaf) => Self { leaf: self.leaf.max(leaf), ..self },
            Before::Time(time) => Self { time: self.time.max(time), ..self },
        }
    }
}

/// Persons of one department, scenario and month, as far as nothing that comes later changes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) registered: u64,
    pub(super) decided: u64,
    pub(super) looked_up: u64,
    pub(super) carried: u64,
    pub(super) unregistered: u64,
}

/// Takes in the leaves of one log in their order, or those of a set in theirs. What a decision comes to is known when it is taken in, but for one thing: who was
/// missed may be looked up late. So decisions with a look-up are counted and forgotten, and the missed ones kept one by one.
#[derive(Debug)]
pub struct Coverage {
    offset: Offset,
    /// Of a set, the logs; none of one log.
    pub(super) origins: Vec<String>,
    /// Of each log, the leaves that were taken in.
    sizes: Vec<u64>,
    /// Leaves before this time say nothing whole: others of their month were let go.
    from: Timestamp,
    pub(super) open: BTreeMap<Place, BTreeMap<String, Vec<Person>>>,
    pub(super) counts: BTreeMap<Place, BTreeMap<String, Counts>>,
    pub(super) missed: BTreeMap<Place, Vec<Missed>>,
    /// Decisions: what stands for place, case, data key and tag. Texts of millions of cases would not fit.
    named: HashSet<Mark>,
    /// Months whose misses of a log were handed over, and which; the empty one is all of them. A log hands over its own.
    handed_over: BTreeMap<(u32, String), HandedOver>,
    /// Of a set, the last decisions that a look-up in another log stands before.
    pub(super) elsewhere: VecDeque<Proved>,
    /// By data key, place and tag the first answered look-up.
    look_ups: Vec<OfKey>,
}

impl Coverage {
    /// Of no leaf yet. Months are those of this offset from UTC.
    #[must_use]
    pub fn new(offset: Offset) -> Self {
        Self::of_set(offset, Vec::new())
    }

    /// The same, of the set of the logs with these origins: one fold, so that a look-up in any of them counts for a decision in any.
    #[must_use]
    pub fn of_set(offset: Offset, origins: Vec<String>) -> Self {
        Self {
            offset,
            sizes: vec![0; origins.len().max(1)],
            origins,
            from: Timestamp::MIN,
            open: BTreeMap::new(),
            counts: BTreeMap::new(),
            missed: BTreeMap::new(),
            named: HashSet::new(),
            handed_over: BTreeMap::new(),
            elsewhere: VecDeque::new(),
            look_ups: Vec::new(),
        }
    }

    /// Begins anew where the leaves of a log begin of which records were let go, with the first month that is whole.
    pub fn begin_at(&mut self, edge: &Edge) {
        self.begin_in(0, edge);
    }

    /// The same, of a log of a set: with the first month that is whole in every log.
    pub fn begin_in(&mut self, log: usize, edge: &Edge) {
        let from = self.from.max(first_whole(edge, self.offset));
        let (mut sizes, origins) = (std::mem::take(&mut self.sizes), std::mem::take(&mut self.origins));
        sizes.get_mut(log).into_iter().for_each(|size| *size = edge.head.until);
        *self = Self { sizes, from, ..Self::of_set(self.offset, origins) };
    }

    /// Counts nothing that was recorded before a time.
    #[must_use]
    pub fn beginning(self, from: Timestamp) -> Self {
        Self { from: self.from.max(from), ..self }
    }

    /// Leaves that were taken in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// Takes in the next leaf. Kinds that say nothing of cases are passed over.
    ///
    /// # Errors
    /// When the leaf is none of its kind.
    pub fn leaf(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        self.leaf_in(0, index, head)
    }

    /// The same, of a log of a set.
    ///
    /// # Errors
    /// As [`Self::leaf`].
    pub fn leaf_in(&mut self, log: usize, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        let matters = head.at >= self.from && Event::may_be_in(head.kind);
        let leaf = if matters { leaf::parse_after(head)? } else { None };
        self.parsed(log, index, leaf.as_ref());
        Ok(())
    }

    /// The same, of one that was parsed already; `None` where it says nothing of cases.
    pub fn parsed(&mut self, log: usize, index: u64, leaf: Option<&Leaf<'_>>) {
        self.sizes.get_mut(log).into_iter().for_each(|size| *size = index + 1);
        leaf.and_then(|leaf| Event::of(index, leaf)).into_iter().for_each(|event| self.take(log, event));
    }

    /// Takes in what the next leaf of a log that says something of cases says.
    pub fn take(&mut self, log: usize, Event { index, at, said }: Event) {
        if at < self.from {
            return;
        }
        let log = u32::try_from(log).unwrap_or(u32::MAX);
        match said {
            Said::LookUp { institution, scenario, key, tag } => {
                let look_up = LookUp { index, log, day: self.offset.to_datetime(at).date() };
                self.look_up(look_up, (institution, scenario), &key, tag.0);
            }
            Said::Case(said) => self.case((log, index), at, *said),
            Said::HandedOver { month, until } => {
                let before = match until {
                    None => Before::Leaf(index),
                    Some(until) => Before::Time(until),
                };
                let known = self.handed_over.entry((log, month)).or_default();
                *known = known.with(before);
            }
        }
    }

    fn look_up(&mut self, look_up: LookUp, place: Place, key: &str, tag: Tag) {
        self.turn(key);
        let of_key = self.look_ups.iter_mut().find(|(known, _)| known == key);
        if let Some((_, places)) = of_key {
            places.entry(place).or_default().entry(tag).or_insert(look_up);
        }
    }

    /// Makes room for the look-ups of a month; what was compared with those of the month before the last stays compared.
    fn turn(&mut self, key: &str) {
        if self.look_ups.iter().any(|(known, _)| known == key) {
            return;
        }
        self.look_ups.push((key.to_owned(), HashMap::new()));
        if self.look_ups.len() <= KEYS {
            return;
        }
        let missed = self.missed.iter_mut().flat_map(|(place, all)| all.iter_mut().map(move |one| (place, one)));
        let open = self
            .open
            .iter_mut()
            .flat_map(|(place, cases)| cases.values_mut().flatten().map(move |person| (place, person)));
        for (place, person) in missed.map(|(place, one)| (place, &mut one.person)).chain(open) {
            person.looked_up = person.looked_up.or_else(|| find(&self.look_ups, place, person));
        }
        self.look_ups.remove(0);
    }

    fn case(&mut self, leaf: (u32, u64), at: Timestamp, mut case: CaseSaid) {
        let place = (std::mem::take(&mut case.institution), std::mem::take(&mut case.scenario));
        let named = case.person.take().map(|(key, Base64(tag))| (key, tag));
        match (case.state, named) {
            (CaseState::Opened, Some(named)) => self.opened(at, place, &case.case, named, case.by_gateway),
            (CaseState::Opened, None) => {}
            (CaseState::Decided, named) => self.decide(leaf, at, place, case, named),
        }
    }

    fn opened(&mut self, at: Timestamp, place: Place, case: &str, (key, tag): (String, Tag), by_gateway: bool) {
        let persons = self.open.entry(place.clone()).or_default().entry(normal_case(case)).or_default();
        if persons.iter().any(|known| known.key == key && known.tag == tag) {
            return;
        }
        if let Some(stale) = persons.iter_mut().find(|known| by_gateway && known.key != key) {
            stale.looked_up = stale.looked_up.or_else(|| find(&self.look_ups, &place, stale));
            (stale.key, stale.tag) = (key, tag);
            return;
        }
        persons.push(Person { key, tag, looked_up: None, carried: by_gateway, registered: true });
        if !by_gateway {
            self.counted(place, at).registered += 1;
        }
    }

    fn decide(
        &mut self,
        (log, index): (u32, u64),
        at: Timestamp,
        place: Place,
        case: CaseSaid,
        named: Option<(String, Tag)>,
    ) {
        let CaseSaid { case, operator, on, .. } = case;
        let name = normal_case(&case);
        let cases = self.open.entry(place.clone()).or_default();
        let mut persons = cases.remove(&name).unwrap_or_default();
        let decided = match named {
            None => std::mem::take(&mut persons),
            Some((key, tag)) => {
                let at = persons.iter().position(|known| known.key == key && known.tag == tag);
                let unregistered = Person { key, tag, looked_up: None, carried: false, registered: false };
                vec![at.map_or(unregistered, |at| persons.remove(at))]
            }
        };
        if !persons.is_empty() {
            cases.insert(name.clone(), persons);
        }
        for person in decided {
            let said =
                mark(&[place.0.as_bytes(), place.1.as_bytes(), name.as_bytes(), person.key.as_bytes(), &person.tag]);
            // A decision that is reported again says nothing new.
            if !self.named.insert(said) && !person.registered {
                continue;
            }
            // Decided on a day before it was looked up, it was decided without, whenever that is reported.
            let looked_up = self.look_up_on(&place, &person).filter(|look_up| look_up.day <= on);
            let counts = self.counted(place.clone(), at);
            counts.decided += 1;
            counts.unregistered += u64::from(!person.registered);
            if let Some(look_up) = looked_up {
                counts.looked_up += 1;
                self.looked_up((log, index), at, &place, &case, look_up);
            } else if person.carried {
                counts.carried += 1;
            } else {
                let (case, operator) = (case.clone(), operator.clone());
                let all = self.missed.entry(place.clone()).or_default();
                all.push(Missed { person, log, index, at, case, operator, on });
            }
        }
    }

    /// What proves a decision of one log stands in another: the last of these are kept.
    fn looked_up(&mut self, (log, index): (u32, u64), at: Timestamp, place: &Place, case: &str, look_up: LookUp) {
        if look_up.log == log {
            return;
        }
        if self.elsewhere.len() >= ELSEWHERE {
            self.elsewhere.pop_front();
        }
        self.elsewhere.push_back(Proved { log, index, at, place: place.clone(), case: case.to_owned(), look_up });
    }

    fn counted(&mut self, place: Place, at: Timestamp) -> &mut Counts {
        let month = self.month(at);
        self.counts.entry(place).or_default().entry(month).or_default()
    }

    /// Department and scenario of each decision of a log without a look-up before it that stands in no list that was handed over.
    pub fn not_handed_over(&self, log: usize) -> impl Iterator<Item = (&str, &str)> {
        let all = self.missed.iter().flat_map(|((department, scenario), all)| {
            all.iter().map(move |one| (department.as_str(), scenario.as_str(), one))
        });
        let is_of = move |one: &Missed| usize::try_from(one.log).is_ok_and(|of| of == log);
        let open = all.filter(move |(_, _, one)| is_of(one) && !self.is_handed_over(&self.month(one.at), one));
        open.map(|(department, scenario, _)| (department, scenario))
    }

    /// Whether a miss of that month stands in a list that was handed over.
    pub(super) fn is_handed_over(&self, month: &str, one: &Missed) -> bool {
        let until = |month: &str| self.handed_over.get(&(one.log, month.to_owned()));
        ["", month].into_iter().filter_map(until).any(|until| one.index < until.leaf || one.at < until.time)
    }

    /// The misses that a leaf brought which was taken in last, with their places.
    pub(super) fn missed_by(&self, index: u64) -> impl Iterator<Item = (&Place, &Missed)> {
        self.missed.iter().flat_map(move |(place, all)| {
            let new = all.iter().rev().take_while(move |one| one.index == index);
            new.map(move |one| (place, one))
        })
    }

    /// The look-up that a decision which comes next would find, on that day at the latest.
    pub(super) fn look_up_before(&self, place: &Place, missed: &Missed) -> Option<LookUp> {
        let cases = self.open.get(place).and_then(|cases| cases.get(&normal_case(&missed.case)));
        let is_it = |known: &&Person| known.key == missed.person.key && known.tag == missed.person.tag;
        let known = cases.into_iter().flatten().find(is_it);
        let found = match known {
            Some(known) => self.look_up_on(place, known),
            None => find(&self.look_ups, place, &missed.person),
        };
        found.filter(|look_up| look_up.day <= missed.on)
    }

    /// The first look-up on a person, whenever it was made.
    pub(super) fn look_up_on(&self, place: &Place, person: &Person) -> Option<LookUp> {
        person.looked_up.or_else(|| find(&self.look_ups, place, person))
    }

    pub(super) fn month(&self, at: Timestamp) -> String {
        let day = self.offset.to_datetime(at).date();
        format!("{:04}-{:02}", day.year(), day.month())
    }
}

fn find(look_ups: &[OfKey], place: &Place, person: &Person) -> Option<LookUp> {
    let (_, places) = look_ups.iter().find(|(key, _)| *key == person.key)?;
    places.get(place)?.get(&person.tag).copied()
}

/// From when on a log of which records were let go is counted: from its first month that is whole.
#[must_use]
pub fn first_whole(edge: &Edge, offset: Offset) -> Timestamp {
    edge.whole_from(offset, 0)
}
