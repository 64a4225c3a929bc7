//! Who is registered, suspended and stopped.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::leaf::{Actor, InstitutionChange, Peek, QuerySummary, RegisterChange, Seal, Stop, Suspension};

use super::broken::Broken;

/// What the leaves so far say of one institution.
#[derive(Default)]
struct Institution {
    acted: bool,
    /// What the register said last; nothing where the configuration alone lists it.
    registered: Option<Registered>,
    suspended: bool,
    operators: HashSet<String>,
    scenarios: HashSet<String>,
}

enum Registered {
    With(Vec<String>),
    Removed,
}

/// The register as the leaves tell it.
#[derive(Default)]
pub(super) struct Register {
    institutions: HashMap<String, Institution>,
    numbers: BTreeMap<String, u64>,
    stopped: bool,
    stopped_scenarios: HashSet<String>,
}

impl Register {
    /// Takes an institution's own act, of any kind; `refused` where it is of queries that were refused, which may have
    /// been under way while the register changed.
    pub(super) fn act(&mut self, head: &Peek<'_>, certificate: Option<&str>, refused: bool) -> Result<(), Broken> {
        let (Some(name), Some(seq)) = (head.institution, head.seq) else { return Ok(()) };
        self.numbers.insert(name.to_owned(), seq);
        let institution = self.institutions.entry(name.to_owned()).or_default();
        institution.acted = true;
        match &institution.registered {
            Some(Registered::Removed) if !refused => Err(Broken::Removed(name.to_owned())),
            Some(Registered::With(certificates)) if !refused => {
                let known = certificate.is_none_or(|used| certificates.iter().any(|known| known == used));
                if known { Ok(()) } else { Err(Broken::Certificate(name.to_owned())) }
            }
            Some(_) | None => Ok(()),
        }
    }

    /// An answered query may not be suspended or stopped.
    pub(super) fn answered(&self, query: &QuerySummary<'_>) -> Result<(), Broken> {
        let scenario = query.scenario.unwrap_or_default();
        if self.stopped || self.stopped_scenarios.contains(scenario) {
            return Err(Broken::Stopped);
        }
        let Some((name, institution)) = query.institution.and_then(|name| self.institutions.get_key_value(name)) else {
            return Ok(());
        };
        let suspended = institution.suspended
            || institution.scenarios.contains(scenario)
            || query.operator.is_some_and(|operator| institution.operators.contains(operator));
        if suspended { Err(Broken::Suspended(name.clone())) } else { Ok(()) }
    }

    pub(super) fn change(&mut self, change: &InstitutionChange) -> Result<(), Broken> {
        let institution = self.institutions.entry(change.institution.clone()).or_default();
        let fits = match (&institution.registered, change.change) {
            (None, RegisterChange::Added) => !institution.acted,
            (Some(Registered::Removed), RegisterChange::Added)
            | (None | Some(Registered::With(_)), RegisterChange::Changed | RegisterChange::Removed) => true,
            (Some(Registered::With(_)), RegisterChange::Added)
            | (Some(Registered::Removed), RegisterChange::Changed | RegisterChange::Removed) => false,
        };
        institution.registered = Some(match change.change {
            RegisterChange::Added | RegisterChange::Changed => Registered::With(change.certificates.clone()),
            RegisterChange::Removed => Registered::Removed,
        });
        if fits { Ok(()) } else { Err(Broken::Register(change.institution.clone())) }
    }

    pub(super) fn suspend(&mut self, change: &Suspension) {
        let institution = self.institutions.entry(change.institution.clone()).or_default();
        match (&change.operator, &change.scenario) {
            (None, None) => institution.suspended = change.suspended,
            (operator, scenario) => {
                set(&mut institution.operators, operator.as_ref(), change.suspended);
                set(&mut institution.scenarios, scenario.as_ref(), change.suspended);
            }
        }
    }

    pub(super) fn stop(&mut self, change: &Stop) {
        match &change.scenario {
            None => self.stopped = change.stopped,
            scenario @ Some(_) => set(&mut self.stopped_scenarios, scenario.as_ref(), change.stopped),
        }
    }

    pub(super) fn seal(&self, seal: &Seal) -> Result<(), Broken> {
        if seal.institutions == self.numbers { Ok(()) } else { Err(Broken::Seal) }
    }
}

fn set(parts: &mut HashSet<String>, part: Option<&String>, suspended: bool) {
    match (part, suspended) {
        (Some(part), true) => drop(parts.insert(part.clone())),
        (Some(part), false) => drop(parts.remove(part)),
        (None, _) => {}
    }
}

/// The certificate of an institution's act that is no query.
pub(super) fn certificate(actor: Option<&Actor>) -> Option<&str> {
    match actor {
        Some(Actor::Institution { certificate, .. }) => Some(certificate),
        Some(Actor::Officer { .. } | Actor::Account(_) | Actor::Person(_) | Actor::System(_)) | None => None,
    }
}
