//! What gets no answer for a while: an institution, one of its staff, its use of a scenario; a scenario, or everything.
//!
//! Read on every query without a lock, and once more in the queue of the log; changed by recorded changes alone, one after
//! the other.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The part of an institution that is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// All of it.
    #[default]
    Whole,
    /// One member of its staff.
    Staff(String),
    /// Its use of one scenario.
    Scenario(String),
}

impl Part {
    /// The part that a leaf names.
    pub(crate) fn new(staff: Option<&str>, scenario: Option<&str>) -> Self {
        match (staff, scenario) {
            (Some(staff), _) => Self::Staff(staff.to_owned()),
            (None, Some(scenario)) => Self::Scenario(scenario.to_owned()),
            (None, None) => Self::Whole,
        }
    }

    /// Whether it is the whole institution.
    pub(crate) fn is_whole(&self) -> bool {
        *self == Self::Whole
    }

    /// The member of staff, where it is one.
    pub(crate) fn staff(&self) -> Option<&str> {
        match self {
            Self::Staff(staff) => Some(staff),
            Self::Whole | Self::Scenario(_) => None,
        }
    }

    /// The scenario, where it is one.
    pub(crate) fn scenario(&self) -> Option<&str> {
        match self {
            Self::Scenario(scenario) => Some(scenario),
            Self::Whole | Self::Staff(_) => None,
        }
    }
}

/// What of one institution is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Suspended {
    whole: bool,
    staff: BTreeSet<String>,
    scenarios: BTreeSet<String>,
}

/// Since when something is suspended, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SuspendedSince {
    pub(crate) at: Timestamp,
    pub(crate) reason: Option<String>,
}

/// What of one institution is suspended now; and since when, for whoever lifts it.
#[derive(Debug, Default)]
pub(crate) struct Suspensions(ArcSwap<Suspended>, Mutex<Vec<(Part, SuspendedSince)>>);

impl Suspensions {
    /// Whether the whole institution is.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.load().whole
    }

    /// Whether a query of this member of staff under this scenario is, for whichever part.
    pub(crate) fn includes(&self, staff: Option<&str>, scenario: Option<&str>) -> bool {
        let now = self.0.load();
        now.whole
            || staff.is_some_and(|staff| now.staff.contains(staff))
            || scenario.is_some_and(|scenario| now.scenarios.contains(scenario))
    }

    /// The part because of which a query of this member of staff under this scenario is; the widest one of several.
    pub(crate) fn which(&self, staff: Option<&str>, scenario: Option<&str>) -> Option<Part> {
        let staff = staff.map(|staff| Part::new(Some(staff), None));
        let scenario = scenario.map(|scenario| Part::new(None, Some(scenario)));
        [Some(Part::Whole), staff, scenario].into_iter().flatten().find(|part| self.has(part))
    }

    /// Whether this very part is.
    pub(crate) fn has(&self, part: &Part) -> bool {
        let now = self.0.load();
        match part {
            Part::Whole => now.whole,
            Part::Staff(staff) => now.staff.contains(staff),
            Part::Scenario(scenario) => now.scenarios.contains(scenario),
        }
    }

    /// The staff and the scenarios that are, beside the whole.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let now = self.0.load();
        let staff = now.staff.iter().cloned().map(Part::Staff);
        staff.chain(now.scenarios.iter().cloned().map(Part::Scenario)).collect()
    }

    /// Says since when a part is suspended, and why.
    pub(crate) fn said(&self, part: Part, since: SuspendedSince) {
        let mut all = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _)| *of != part);
        all.push((part, since));
    }

    /// Since when a part is suspended, and why, where that is known.
    pub(crate) fn since(&self, part: &Part) -> Option<SuspendedSince> {
        let all = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(of, _)| of == part && self.has(part)).map(|(_, since)| since.clone())
    }

    /// Suspends or resumes; from this call on for every query that is not on its way into the log.
    pub(crate) fn set(&self, part: &Part, suspended: bool) {
        self.0.rcu(|now| {
            let mut now = Suspended::clone(now);
            match part {
                Part::Whole => now.whole = suspended,
                Part::Staff(staff) => set(&mut now.staff, staff, suspended),
                Part::Scenario(scenario) => set(&mut now.scenarios, scenario, suspended),
            }
            Arc::new(now)
        });
    }
}

/// The stop switch: everything, or one scenario for everybody.
#[derive(Debug, Default)]
pub(crate) struct StopSwitch(ArcSwap<BTreeSet<String>>);

/// Stands for every scenario, as in the ledger; no scenario has an empty name.
const ALL: &str = "";

impl StopSwitch {
    /// The switch with these thrown; nothing stands for everything.
    pub(crate) fn thrown<'a>(scenarios: impl Iterator<Item = Option<&'a str>>) -> Self {
        let names = scenarios.map(|scenario| scenario.unwrap_or(ALL).to_owned()).collect();
        Self(ArcSwap::from_pointee(names))
    }

    /// Whether everything is stopped.
    pub(crate) fn is_thrown(&self) -> bool {
        self.0.load().contains(ALL)
    }

    /// Whether queries under this scenario are stopped, alone or with everything.
    pub(crate) fn includes(&self, scenario: Option<&str>) -> bool {
        let now = self.0.load();
        !now.is_empty() && (now.contains(ALL) || scenario.is_some_and(|scenario| now.contains(scenario)))
    }

    /// Whether this very switch is thrown: that of a scenario, or that of everything.
    pub(crate) fn has(&self, scenario: Option<&str>) -> bool {
        self.0.load().contains(scenario.unwrap_or(ALL))
    }

    /// The scenarios that are stopped for everybody, each by itself.
    pub(crate) fn scenarios(&self) -> Vec<String> {
        self.0.load().iter().filter(|scenario| *scenario != ALL).cloned().collect()
    }

    /// Throws or releases one; from this call on for every query that is not on its way into the log.
    pub(crate) fn set(&self, scenario: Option<&str>, stopped: bool) {
        self.0.rcu(|now| {
            let mut now = BTreeSet::clone(now);
            set(&mut now, scenario.unwrap_or(ALL), stopped);
            Arc::new(now)
        });
    }
}

fn set(names: &mut BTreeSet<String>, name: &str, is_in: bool) {
    match is_in {
        true => drop(names.insert(name.to_owned())),
        false => drop(names.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_suspended_alone_and_the_whole_with_all_its_parts() {
        let suspensions = Suspensions::default();
        let of = |staff, scenario| suspensions.includes(Some(staff), Some(scenario));
        let staff = Part::new(Some("s-1"), None);
        suspensions.set(&staff, true);
        suspensions.set(&Part::new(None, Some("rental")), true);
        assert_eq!((of("s-1", "employment"), of("s-2", "rental"), of("s-2", "employment")), (true, true, false));
        assert!(!suspensions.is_whole() && suspensions.has(&staff));
        let which = |staff, scenario| suspensions.which(Some(staff), Some(scenario));
        assert_eq!((which("s-1", "rental"), which("s-2", "employment")), (Some(staff.clone()), None));
        assert_eq!(which("s-2", "rental"), Some(Part::new(None, Some("rental"))));
        suspensions.set(&Part::Whole, true);
        assert!(of("s-2", "employment") && suspensions.includes(None, None));
        assert_eq!(suspensions.which(Some("s-1"), None), Some(Part::Whole));
        suspensions.set(&Part::Whole, false);
        suspensions.set(&staff, false);
        assert_eq!((of("s-1", "employment"), of("s-1", "rental")), (false, true));
        assert_eq!(suspensions.parts(), [Part::Scenario("rental".to_owned())]);
    }

    #[test]
    fn one_scenario_is_stopped_alone_and_everything_with_what_is_not_known_yet() {
        let switch = StopSwitch::default();
        switch.set(Some("rental"), true);
        assert_eq!((switch.includes(Some("rental")), switch.includes(None), switch.is_thrown()), (true, false, false));
        switch.set(None, true);
        assert!(switch.includes(Some("employment")) && switch.includes(None) && switch.is_thrown());
        switch.set(None, false);
        assert!(switch.has(Some("rental")) && !switch.has(None) && !switch.includes(Some("employment")));
    }
}
