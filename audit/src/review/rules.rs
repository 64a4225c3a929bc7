//! The rules: one word of each query, and nothing of why.
//!
//! A query is **explained** by a consent, or by what another member of staff registered before it: a case of this person, or an
//! appointment of this person on the day; where one member of staff handles a case alone, by a case that was registered before it and
//! decided in time. One that is not may still be honest: nobody was at the desk, or the case was registered
//! late. It is **suspicious** where something else speaks against it, too; from then on nothing that comes later changes it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use uuid::Uuid;

use super::conduct::{Conduct, Look};
use super::period::Period;
use super::policy::ReviewPolicy;

/// What the record says of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A consent, or a case or an appointment that another member of staff registered before; where one handles a case alone, a case
    /// that was registered before and decided.
    Explained,
    /// Neither.
    Unexplained,
    /// Something speaks against it.
    Suspicious,
}

impl Word {
    /// As in a leaf.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Unexplained => "unexplained",
            Self::Suspicious => "suspicious",
        }
    }

    /// The word in a leaf.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Explained, Self::Unexplained, Self::Suspicious].into_iter().find(|word| word.as_str() == text)
    }
}

/// Seconds within which many persons are many at once.
const AT_ONCE_S: i64 = 2 * 3_600;

impl Conduct {
    /// The queries of a period that nothing explains, in the order of the log, with the word that they have at an instant.
    pub(super) fn words(&self, period: &Period, policy: &ReviewPolicy, now: Timestamp) -> Vec<(u64, Uuid, Word)> {
        let mut all: Vec<_> = self.looks.keys().flat_map(|staff| self.of_staff(*staff, policy, now).0).collect();
        all.retain(|(look, _)| period.has(look.at));
        all.sort_by_key(|(look, _)| look.index);
        all.into_iter().map(|(look, word)| (look.index, look.id, word)).collect()
    }

    /// The queries that became suspicious since it was last asked.
    pub(super) fn suspicious(&mut self, policy: &ReviewPolicy, now: Timestamp) -> Vec<Uuid> {
        let later = self.due.split_off(&now);
        let due = std::mem::replace(&mut self.due, later).into_values().flatten();
        let staff: BTreeSet<usize> = due.chain(std::mem::take(&mut self.changed)).collect();
        let mut found = Vec::new();
        for one in staff {
            let (words, due) = self.of_staff(one, policy, now);
            found.extend(words.iter().filter(|(_, word)| *word == Word::Suspicious).map(|(look, _)| look.id));
            if let Some(due) = due {
                self.due.entry(due).or_default().insert(one);
            }
        }
        found
    }

    /// A word of each query of a member of staff that nothing explains; and when the next of them may be another one.
    fn of_staff(&self, staff: usize, policy: &ReviewPolicy, now: Timestamp) -> (Vec<(&Look, Word)>, Option<Timestamp>) {
        let looks = self.looks.get(&staff).map(Vec::as_slice).unwrap_or_default();
        let is_of = |all: &[String]| self.staff.get(staff).is_some_and(|(of, _)| all.contains(of));
        let one_window = is_of(&policy.one_window);
        let institution = self.staff.get(staff).map(|(of, _)| of.as_str()).unwrap_or_default();
        // At a window one person follows another all day.
        let counts = |look: &&Look| !(one_window && self.is_registered_before(look));
        let patterns = Patterns::of(self, &looks.iter().filter(counts).collect::<Vec<_>>(), policy, now);
        let mut due = patterns.due;
        let word = |look| {
            let until = acted_until(look, policy);
            if patterns.found.contains(&look.index) || policy.is_out_of_hours(institution, look.at, self.offset) {
                Word::Suspicious
            } else if one_window && self.decided_after_registration(look).is_some_and(|at| at <= until.min(now)) {
                Word::Explained
            } else if now <= until {
                due = due.filter(|due| *due <= until).or(Some(until));
                Word::Unexplained
            } else if self.is_left_alone(look, staff, until) {
                Word::Suspicious
            } else {
                Word::Unexplained
            }
        };
        let words = looks.iter().zip(looks.iter().map(word)).collect();
        (words, due)
    }

    /// Whether it was answered, and nobody else had a hand in the case nor reported what was done with the answer; or whether it
    /// was about a minor, and nobody else had a hand in the case. A refusal that told nothing needs no case.
    fn is_left_alone(&self, look: &Look, staff: usize, until: Timestamp) -> bool {
        let in_time = |at: Option<Timestamp>| at.is_some_and(|at| at <= until);
        let others = in_time(self.acted_by_another(look, staff));
        look.is_about_a_minor && !others || look.is_answered && !others && !in_time(look.fed_back)
    }
}

/// The instant until which somebody else must have acted.
fn acted_until(look: &Look, policy: &ReviewPolicy) -> Timestamp {
    let hours = i64::try_from(policy.acted_within_days).unwrap_or_default().saturating_mul(24);
    look.at.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}

/// Queries of one member of staff that nothing explains and that together make a pattern.
#[derive(Default)]
struct Patterns {
    found: HashSet<u64>,
    /// When a day is over whose queries may be a pattern.
    due: Option<Timestamp>,
}

impl Patterns {
    /// Patterns are sought month by month.
    fn of(conduct: &Conduct, looks: &[&Look], policy: &ReviewPolicy, now: Timestamp) -> Self {
        let mut found = Self::default();
        let mut months: BTreeMap<Date, BTreeMap<Date, Vec<&Look>>> = BTreeMap::new();
        for look in looks.iter().copied() {
            let day = conduct.offset.to_datetime(look.at).date();
            months.entry(day.first_of_month()).or_default().entry(day).or_default().push(look);
        }
        for days in months.values() {
            let looks: Vec<&Look> = days.values().flatten().copied().collect();
            found.one_person(&looks, policy);
            found.at_once(&looks, policy);
            for (day, looks) in days {
                found.just_below(conduct, *day, looks, policy, now);
            }
        }
        found
    }

    fn mark<'a>(&mut self, looks: impl IntoIterator<Item = &'a &'a Look>) {
        self.found.extend(looks.into_iter().map(|look| look.index));
    }

    /// The same person under several cases.
    fn one_person(&mut self, looks: &[&Look], policy: &ReviewPolicy) {
        let mut persons: HashMap<_, Vec<&Look>> = HashMap::new();
        for look in looks.iter().filter(|look| look.person.is_some()) {
            persons.entry(&look.person).or_default().push(look);
        }
        for of_one in persons.values() {
            let cases: BTreeSet<_> = of_one.iter().map(|look| &look.case).collect();
            if cases.len() as u64 >= policy.cases_of_one_person {
                self.mark(of_one);
            }
        }
    }

    /// Nearly as many a day as the limit allows: known when the day is over.
    fn just_below(&mut self, conduct: &Conduct, day: Date, looks: &[&Look], policy: &ReviewPolicy, now: Timestamp) {
        let count = looks.len() as u64;
        if count * 10 <= policy.look_ups_a_day * 9 || count > policy.look_ups_a_day {
            return;
        }
        let next = day.checked_add(1.day()).unwrap_or(Date::MAX).to_datetime(jiff::civil::Time::midnight());
        let over = conduct.offset.to_timestamp(next).unwrap_or(Timestamp::MAX);
        if now >= over {
            self.mark(looks);
        } else {
            self.due = self.due.filter(|due| *due <= over).or(Some(over));
        }
    }

    /// Many persons within two hours.
    fn at_once(&mut self, looks: &[&Look], policy: &ReviewPolicy) {
        let mut first = 0;
        for last in 0..looks.len() {
            let Some(end) = looks.get(last).map(|look| look.at.as_second()) else { return };
            while looks.get(first).is_some_and(|look| end - look.at.as_second() > AT_ONCE_S) {
                first += 1;
            }
            let within = looks.get(first..=last).unwrap_or_default();
            if within.len() as u64 >= policy.persons_at_once {
                let persons: HashSet<_> = within.iter().map(|look| &look.person).collect();
                if persons.len() as u64 >= policy.persons_at_once {
                    self.mark(within);
                }
            }
        }
    }
}
