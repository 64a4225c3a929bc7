//! What coverage comes to: by department, scenario and month, and the misses one by one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

use super::fold::{Coverage, LookUp, Missed, Place};

/// A time as leaves have it: with six decimals, whatever they are.
pub(crate) fn as_in_leaves<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}

/// Coverage as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageFigures {
    /// Leaves of the log that were taken in; of a set, of all its logs.
    pub size: u64,
    /// By department, scenario and month, sorted.
    pub departments: Vec<Department>,
    /// Persons in cases that wait for a decision, by department and scenario, sorted.
    pub waiting: Vec<Waiting>,
    /// Decisions without a look-up before them, in the order of the log, or of the set.
    pub misses: Vec<Miss>,
}

/// A department, a scenario, a month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// The institution.
    pub institution: String,
    /// The scenario.
    pub scenario: String,
    /// The month in which the leaves were recorded.
    pub month: String,
    /// Persons in cases that were registered.
    pub registered: u64,
    /// Persons about whom a decision was reported: the sum of the next four.
    pub decided: u64,
    /// Looked up before the decision was reported, on its day at the latest.
    pub looked_up: u64,
    /// Looked up after it, or after its day, alone.
    pub late: u64,
    /// Never looked up.
    pub missed: u64,
    /// Registered in the log before, and not looked up in this one.
    pub carried: u64,
    /// Of those decided, the ones that were never registered.
    pub unregistered: u64,
}

/// Cases without a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The institution.
    pub institution: String,
    /// The scenario.
    pub scenario: String,
    /// Persons in such cases.
    pub persons: u64,
}

/// A decision without a look-up before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// Of a set, the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The leaf of the decision.
    pub index: u64,
    /// When it was recorded.
    #[serde(serialize_with = "as_in_leaves")]
    pub at: Timestamp,
    /// The institution.
    pub institution: String,
    /// The scenario.
    pub scenario: String,
    /// The case, as it was written.
    pub case: String,
    /// Member of staff who reported the decision.
    pub operator: String,
    /// The day of the decision.
    pub on: Date,
    /// The leaf of the look-up that came after it or its day, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Of a set, the log of that look-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_log: Option<String>,
    /// Whether it stands in a list that was handed over.
    pub handed_over: bool,
}

/// A decision that was looked up before, in another log of the set: what proves it, by log and leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The log of the decision.
    pub log: String,
    /// Its leaf there.
    pub index: u64,
    /// When it was recorded.
    #[serde(serialize_with = "as_in_leaves")]
    pub at: Timestamp,
    /// The institution.
    pub institution: String,
    /// The scenario.
    pub scenario: String,
    /// The case, as it was written.
    pub case: String,
    /// The log that has the look-up.
    pub looked_up_log: String,
    /// The leaf of the look-up there.
    pub looked_up: u64,
}

impl Coverage {
    /// Of a set, the last decisions that were looked up in another log than their own, of one month, or of all.
    #[must_use]
    pub fn elsewhere(&self, month: Option<&str>) -> Vec<Elsewhere> {
        let wanted = self.elsewhere.iter().filter(|one| month.is_none_or(|month| month == self.month(one.at)));
        let shown = wanted.filter_map(|one| {
            Some(Elsewhere {
                log: self.origin(one.log)?,
                index: one.index,
                at: one.at,
                institution: one.place.0.clone(),
                scenario: one.place.1.clone(),
                case: one.case.clone(),
                looked_up_log: self.origin(one.look_up.log)?,
                looked_up: one.look_up.index,
            })
        });
        shown.collect()
    }

    /// The figures of what was taken in; of one month, or of all.
    #[must_use]
    pub fn figures(&self, month: Option<&str>) -> CoverageFigures {
        let mut departments: BTreeMap<(String, String, String), Department> = BTreeMap::new();
        let wanted = |of: &str| month.is_none_or(|month| month == of);
        let mut row = |(institution, scenario): &(String, String), month: String, add: &dyn Fn(&mut Department)| {
            let key = (institution.clone(), scenario.clone(), month.clone());
            let (institution, scenario) = (institution.clone(), scenario.clone());
            add(departments.entry(key).or_insert_with(|| Department {
                institution,
                scenario,
                month,
                ..Department::default()
            }));
        };
        let counts = self.counts.iter().flat_map(|(place, months)| months.iter().map(move |of| (place, of)));
        for (place, (month, counts)) in counts.filter(|(_, (month, _))| wanted(month)) {
            row(place, month.clone(), &|department| {
                department.registered += counts.registered;
                department.decided += counts.decided;
                department.looked_up += counts.looked_up;
                department.carried += counts.carried;
                department.unregistered += counts.unregistered;
            });
        }
        let mut misses = Vec::new();
        for (place, one) in self.misses(month) {
            let late = self.look_up_on(place, &one.person);
            row(place, self.month(one.at), &|department| match late {
                Some(_) => department.late += 1,
                None => department.missed += 1,
            });
            misses.push(self.miss(place, one, late));
        }
        let waiting = self.open.iter().filter_map(|((institution, scenario), cases)| {
            let persons = cases.values().map(|persons| persons.len() as u64).sum();
            let (institution, scenario) = (institution.clone(), scenario.clone());
            (persons > 0).then_some(Waiting { institution, scenario, persons })
        });
        CoverageFigures {
            size: self.size(),
            departments: departments.into_values().collect(),
            waiting: waiting.collect(),
            misses,
        }
    }

    /// The misses of one month, or of all: by time, of one time by log, and each log's as they stand in it.
    pub(super) fn misses(&self, month: Option<&str>) -> Vec<(&Place, &Missed)> {
        let all = self.missed.iter().flat_map(|(place, all)| all.iter().map(move |one| (place, one)));
        let wanted = |one: &Missed| month.is_none_or(|month| month == self.month(one.at));
        let mut misses: Vec<_> = all.filter(|(_, one)| wanted(one)).collect();
        misses.sort_by_key(|(_, one)| (one.at, one.log, one.index));
        misses
    }

    fn miss(&self, place: &Place, one: &Missed, late: Option<LookUp>) -> Miss {
        Miss {
            log: self.origin(one.log),
            index: one.index,
            at: one.at,
            institution: place.0.clone(),
            scenario: place.1.clone(),
            case: one.case.clone(),
            operator: one.operator.clone(),
            on: one.on,
            late: late.map(|look_up| look_up.index),
            late_log: late.and_then(|look_up| self.origin(look_up.log)),
            handed_over: self.is_handed_over(&self.month(one.at), one),
        }
    }

    /// Of a set, the log with this number.
    pub(super) fn origin(&self, log: u32) -> Option<String> {
        self.origins.get(usize::try_from(log).ok()?).cloned()
    }
}
