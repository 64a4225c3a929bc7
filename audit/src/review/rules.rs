//! The rules: one word of each query, and nothing of why.
//!
//! A query is **explained** by a consent, or by a case of this person that another member of staff registered before it. One that
//! is not may still be honest: nobody was at the desk, or the case was registered late. It is **suspicious** where something
//! else speaks against it, too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Weekday;
use uuid::Uuid;

use super::conduct::{CaseName, Conduct, Look};
use super::period::Period;
use super::policy::ReviewPolicy;

/// What the record says of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A consent, or a case that another member of staff registered before.
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

/// A member of staff of an institution.
type Staff<'a> = (&'a str, &'a str);

/// Seconds within which many persons are many at once.
const AT_ONCE_S: i64 = 2 * 3_600;

impl Conduct {
    /// The queries of a period in the order of the log, with a word of each. `made_up` are queries about persons who do not exist.
    #[must_use]
    pub fn words(&self, period: &Period, policy: &ReviewPolicy, made_up: &HashSet<Uuid>) -> Vec<(u64, Uuid, Word)> {
        let looks: Vec<&Look> = self.looks.iter().filter(|look| period.has(look.at)).collect();
        let open: Vec<&Look> = looks.iter().filter(|look| !self.is_explained(look)).copied().collect();
        let patterns = Patterns::of(self, &open, policy);
        let word = |look: &&Look| match () {
            () if made_up.contains(&look.id) => Word::Suspicious,
            () if self.is_explained(look) => Word::Explained,
            () if patterns.has(look.index) || self.is_suspicious(look, policy) => Word::Suspicious,
            () => Word::Unexplained,
        };
        looks.iter().map(|look| (look.index, look.id, word(look))).collect()
    }

    fn is_explained(&self, look: &Look) -> bool {
        let registered = || self.registrations(look).any(|(index, staff)| index < look.index && staff != look.staff);
        look.by_consent || registered()
    }

    /// By itself: at a time when nobody works; on a case that no second person ever had a hand in; about a minor.
    fn is_suspicious(&self, look: &Look, policy: &ReviewPolicy) -> bool {
        let is_about_a_minor = look.code.as_deref() == Some("subject-minor");
        let is_somebody_else_s = |staff: &str| staff != look.staff;
        let others = || {
            let decided = self.decisions(look).any(is_somebody_else_s);
            decided || self.registrations(look).any(|(_, staff)| is_somebody_else_s(staff))
        };
        // A refusal that told nothing needs no case; but who asks about minors, or at night, is looked at.
        let is_answered = look.code.is_none();
        let mut reported = self.fed_back.get(&look.id).into_iter().flatten();
        let is_acted_upon = others() || reported.any(|staff| is_somebody_else_s(staff));
        !is_at_work(self, look, policy) || is_about_a_minor && !others() || is_answered && !is_acted_upon
    }

    fn registrations<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = (u64, &'a str)> {
        let all = name(look).and_then(|name| self.opened.get(&name)).into_iter().flatten();
        all.filter(|event| event.tag.is_some() && event.tag == look.tag)
            .map(|event| (event.index, event.staff.as_str()))
    }

    /// Who decided about the person of a query in its case: by name, or as one of the persons who were registered in it.
    fn decisions<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = &'a str> {
        let is_registered = self.registrations(look).next().is_some();
        let all = name(look).and_then(|name| self.decided.get(&name)).into_iter().flatten();
        let is_of = move |event: &&super::conduct::CaseEvent| match &event.tag {
            Some(tag) => Some(tag) == look.tag.as_ref(),
            None => is_registered,
        };
        all.filter(is_of).map(|event| event.staff.as_str())
    }
}

fn name(look: &Look) -> Option<CaseName> {
    Some((look.institution.clone(), look.scenario.clone(), look.case.clone()?))
}

fn is_at_work(conduct: &Conduct, look: &Look, policy: &ReviewPolicy) -> bool {
    if policy.round_the_clock.contains(&look.institution) {
        return true;
    }
    let local = conduct.offset.to_datetime(look.at);
    let hour = u8::try_from(local.hour()).unwrap_or_default();
    let is_weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
    !is_weekend && (policy.hours.0..policy.hours.1).contains(&hour)
}

/// Queries without an explanation that together make a pattern of one member of staff.
#[derive(Default)]
struct Patterns(HashSet<u64>);

impl Patterns {
    fn of(conduct: &Conduct, open: &[&Look], policy: &ReviewPolicy) -> Self {
        let mut found = Self::default();
        let mut by_staff: HashMap<Staff<'_>, Vec<&Look>> = HashMap::new();
        for look in open {
            by_staff.entry((&look.institution, &look.staff)).or_default().push(look);
        }
        for looks in by_staff.values() {
            found.one_person(looks, policy);
            found.just_below(conduct, looks, policy);
            found.at_once(looks, policy);
        }
        found
    }

    fn has(&self, index: u64) -> bool {
        self.0.contains(&index)
    }

    fn mark<'a>(&mut self, looks: impl IntoIterator<Item = &'a &'a Look>) {
        self.0.extend(looks.into_iter().map(|look| look.index));
    }

    /// The same person under several cases.
    fn one_person(&mut self, looks: &[&Look], policy: &ReviewPolicy) {
        let mut persons: HashMap<_, Vec<&Look>> = HashMap::new();
        for look in looks.iter().filter(|look| look.tag.is_some()) {
            persons.entry(&look.tag).or_default().push(look);
        }
        for of_one in persons.values() {
            let cases: BTreeSet<_> = of_one.iter().map(|look| &look.case).collect();
            if cases.len() as u64 >= policy.cases_of_one_person {
                self.mark(of_one);
            }
        }
    }

    /// Nearly as many a day as the limit allows.
    fn just_below(&mut self, conduct: &Conduct, looks: &[&Look], policy: &ReviewPolicy) {
        let mut days: BTreeMap<_, Vec<&Look>> = BTreeMap::new();
        for look in looks {
            days.entry(conduct.offset.to_datetime(look.at).date()).or_default().push(look);
        }
        for of_day in days.values() {
            let count = of_day.len() as u64;
            if count * 10 > policy.look_ups_a_day * 9 && count <= policy.look_ups_a_day {
                self.mark(of_day);
            }
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
                let persons: HashSet<_> = within.iter().map(|look| &look.tag).collect();
                if persons.len() as u64 >= policy.persons_at_once {
                    self.mark(within);
                }
            }
        }
    }
}
