//! What is suspended or stopped.

use std::collections::HashMap;

use crate::leaf::{QuerySummary, Stop, Suspension};

use super::broken::Broken;
use super::place::Since;

/// What the leaves so far say of institutions and scenarios, whatever log they stand in.
#[derive(Default)]
pub(super) struct Standing {
    institutions: HashMap<String, Institution>,
    stopped: Option<Switch>,
    stopped_scenarios: HashMap<String, Switch>,
}

#[derive(Default)]
struct Institution {
    whole: Option<Switch>,
    operators: HashMap<String, Switch>,
    scenarios: HashMap<String, Switch>,
}

/// Suspended or stopped, or no more.
struct Switch {
    is_on: bool,
    since: Since,
}

/// An answered query, and whether leaves after it may speak for it: those of other logs whose clocks are behind.
pub(super) struct Answered<'a> {
    pub(super) query: &'a QuerySummary<'a>,
    pub(super) log: usize,
    pub(super) is_looked_at_again: bool,
}

impl Standing {
    pub(super) fn suspend(&mut self, change: &Suspension, since: Since) {
        let institution = self.institutions.entry(change.institution.clone()).or_default();
        let switch = || Switch { is_on: change.suspended, since };
        if let Some(operator) = &change.operator {
            institution.operators.insert(operator.clone(), switch());
        }
        if let Some(scenario) = &change.scenario {
            institution.scenarios.insert(scenario.clone(), switch());
        }
        if change.operator.is_none() && change.scenario.is_none() {
            institution.whole = Some(switch());
        }
    }

    pub(super) fn stop(&mut self, change: &Stop, since: Since) {
        let switch = Switch { is_on: change.stopped, since };
        match &change.scenario {
            None => self.stopped = Some(switch),
            Some(scenario) => drop(self.stopped_scenarios.insert(scenario.clone(), switch)),
        }
    }

    /// An answered query may not be suspended or stopped.
    pub(super) fn answered(&self, answered: &Answered<'_>) -> Result<(), Broken> {
        let query = answered.query;
        let scenario = query.scenario.unwrap_or_default();
        let forbids = |switch: Option<&Switch>| switch.is_some_and(|switch| switch.forbids(answered));
        if forbids(self.stopped.as_ref()) || forbids(self.stopped_scenarios.get(scenario)) {
            return Err(Broken::Stopped);
        }
        let Some((name, institution)) = query.institution.and_then(|name| self.institutions.get_key_value(name)) else {
            return Ok(());
        };
        let suspended = forbids(institution.whole.as_ref())
            || forbids(institution.scenarios.get(scenario))
            || query.operator.is_some_and(|operator| forbids(institution.operators.get(operator)));
        if suspended { Err(Broken::Suspended(name.clone())) } else { Ok(()) }
    }
}

impl Switch {
    fn forbids(&self, Answered { query, log, is_looked_at_again }: &Answered<'_>) -> bool {
        match self.is_on {
            true => self.since.holds_for(*log, query.at),
            // What its own log released after it does not speak for it.
            false => *is_looked_at_again && self.since.log == *log && self.since.at > query.at,
        }
    }
}
