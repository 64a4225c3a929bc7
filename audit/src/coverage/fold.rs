//! The fold: one leaf after the other, of one log or of a set.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_policy::normal_case;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::edge::Edge;
use crate::leaf::{self, Actor, Body, BodyError, Case, CaseState, Kind, Leaf, Peek, QuerySummary, Read};
use crate::mark::{Mark, mark};

/// The path of a `read` leaf that says that the misses up to it were handed over; behind it the month, or nothing for all.
pub const HANDED_OVER: &str = "/coverage/";

/// A person's tag, as long as two of one month must differ.
pub(super) type Tag = [u8; 16];

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
    /// Months whose misses of a log were handed over, and up to which leaf; the empty one is all of them. A log hands over its own.
    handed_over: BTreeMap<(u32, String), u64>,
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
            look_ups: Vec::new(),
        }
    }

    /// Begins anew where the leaves of a log begin of which records were let go, with the first month that is whole.
    pub fn begin_at(&mut self, edge: &Edge) {
        self.begin_in(0, edge);
    }

    /// The same, of a log of a set: with the first month that is whole in every log.
    pub fn begin_in(&mut self, log: usize, edge: &Edge) {
        let from = self.from.max(edge.whole_from(self.offset, 0));
        let (mut sizes, origins) = (std::mem::take(&mut self.sizes), std::mem::take(&mut self.origins));
        sizes.get_mut(log).into_iter().for_each(|size| *size = edge.head.until);
        *self = Self { sizes, from, ..Self::of_set(self.offset, origins) };
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
        let matters =
            head.at >= self.from && [Kind::Query, Kind::Case, Kind::Read].map(Kind::as_str).contains(&head.kind);
        let leaf = if matters { leaf::parse_after(head)? } else { None };
        self.parsed(log, index, leaf.as_ref());
        Ok(())
    }

    /// The same, of one that was parsed already; `None` where it says nothing of cases.
    pub fn parsed(&mut self, log: usize, index: u64, leaf: Option<&Leaf<'_>>) {
        self.sizes.get_mut(log).into_iter().for_each(|size| *size = index + 1);
        let log = u32::try_from(log).unwrap_or(u32::MAX);
        let Some(Leaf { head, actor, body }) = leaf.filter(|leaf| leaf.head.at >= self.from) else { return };
        match (body, head.institution) {
            (Body::Query(query), Some(institution)) if query.is_answered() => {
                let look_up = LookUp { index, log, day: self.offset.to_datetime(head.at).date() };
                self.look_up(look_up, institution, query);
            }
            (Body::Case(case), Some(institution)) => {
                let by_gateway = matches!(actor, Some(Actor::System(_)));
                self.case((log, index), head.at, institution, case.clone(), by_gateway);
            }
            (Body::Read(Read { path }), _) => {
                if let Some(month) = path.strip_prefix(HANDED_OVER) {
                    self.handed_over.insert((log, month.to_owned()), index);
                }
            }
            _ => {}
        }
    }

    fn look_up(&mut self, look_up: LookUp, institution: &str, query: &QuerySummary<'_>) {
        let (Some(scenario), Some(key), Some(tag)) = (query.scenario, query.key, query.subject.and_then(short)) else {
            return;
        };
        // Without a case it does not rest on a statute; what a gateway asks for others is no look-up of a department of ours.
        if query.case().is_none() || query.counted_for() != institution {
            return;
        }
        self.turn(key);
        let of_key = self.look_ups.iter_mut().find(|(known, _)| known == key);
        if let Some((_, places)) = of_key {
            let place = (institution.to_owned(), scenario.to_owned());
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

    fn case(&mut self, leaf: (u32, u64), at: Timestamp, institution: &str, case: Case, by_gateway: bool) {
        let place = (institution.to_owned(), case.scenario.clone());
        let named = case.subject.as_ref().zip(case.key.as_ref());
        let named = named.and_then(|(tag, key)| Some((key.clone(), *tag.0.first_chunk::<16>()?)));
        match (case.state, named) {
            (CaseState::Opened, Some((key, tag))) => self.opened(at, place, &case.case, (key, tag), by_gateway),
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
        case: Case,
        named: Option<(String, Tag)>,
    ) {
        let Case { case, operator, on, .. } = case;
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
            let is_looked_up = self.look_up_on(&place, &person).is_some_and(|look_up| look_up.day <= on);
            let counts = self.counted(place.clone(), at);
            counts.decided += 1;
            counts.unregistered += u64::from(!person.registered);
            if is_looked_up {
                counts.looked_up += 1;
            } else if person.carried {
                counts.carried += 1;
            } else {
                let (case, operator) = (case.clone(), operator.clone());
                let all = self.missed.entry(place.clone()).or_default();
                all.push(Missed { person, log, index, at, case, operator, on });
            }
        }
    }

    fn counted(&mut self, place: Place, at: Timestamp) -> &mut Counts {
        let month = self.month(at);
        self.counts.entry(place).or_default().entry(month).or_default()
    }

    /// Department and scenario of each decision without a look-up before it that stands in no list that was handed over.
    pub fn not_handed_over(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.missed.iter().flat_map(|((department, scenario), all)| {
            all.iter().map(move |one| (department.as_str(), scenario.as_str(), one))
        });
        let open = all.filter(|(_, _, one)| !self.is_handed_over(&self.month(one.at), one));
        open.map(|(department, scenario, _)| (department, scenario))
    }

    /// Whether a miss of that month stands in a list that was handed over.
    pub(super) fn is_handed_over(&self, month: &str, one: &Missed) -> bool {
        let until = |month: &str| self.handed_over.get(&(one.log, month.to_owned()));
        ["", month].into_iter().filter_map(until).any(|until| one.index < *until)
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

fn short(tag: &str) -> Option<Tag> {
    STANDARD.decode(tag).ok()?.first_chunk().copied()
}
