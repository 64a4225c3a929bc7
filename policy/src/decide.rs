//! The decision: a total, pure function of catalogue, scenario and facts.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::asker::Ground;
use crate::catalogue::{Catalogue, FetchPlan, GeneralRule, Released, Scenario, Statute};
use crate::code::Code;
use crate::facts::Facts;
use crate::names::{FieldName, RuleId, ScenarioName};
use crate::order::Step;

/// What was decided, and by which rules.
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// The query may go on.
    Permit(Permit),
    /// The query is refused.
    Refuse {
        /// The first fault in the order of formats.md §2.
        code: Code,
        /// The rules of the catalogue behind it ([`Catalogue::rule`]); none for a fault that is no rule's, such as a
        /// malformed request or a store that failed.
        rules: Vec<RuleId>,
    },
}

/// The proof that a query is permitted, and what for. Only [`decide`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    scenario: Arc<Scenario>,
    released: Arc<Released>,
}

/// What the institution owes for an answer; its form in an answer is this struct's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligations {
    /// The last day on which it may keep the answer.
    pub keep_until: Date,
    /// Whether it may hand the answer on: `forbidden` (credit-reporting regulation, art. 20).
    pub onward: &'static str,
    /// Whether it must tell the person of an automated decision (PIPL art. 24).
    pub automated_decision_notice: bool,
}

impl Permit {
    /// The scenario that is permitted.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The fields that are released, sorted by name.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        self.released.names()
    }

    /// The rules that allowed it.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        self.scenario.rules()
    }

    /// What the stores may be asked for. Shared, so that a store's thread can hold it without a copy.
    #[must_use]
    pub fn plan(&self) -> &Arc<FetchPlan> {
        self.released.plan()
    }

    /// What the institution owes for an answer of that day.
    #[must_use]
    pub fn obligations(&self, on: Date) -> Obligations {
        Obligations {
            keep_until: self.scenario.keep_until(on),
            onward: "forbidden",
            automated_decision_notice: self.scenario.automated_decision_notice(),
        }
    }

    /// The notice to the person: `given`, `deferred until …` or `exempt by …`.
    #[must_use]
    pub fn notice(&self) -> &str {
        self.scenario.notice()
    }

    /// The released fields with their derivations.
    pub(crate) fn released(&self) -> &Released {
        &self.released
    }
}

/// Decides a query. `scenario` is the name that the query gives, `None` while it is not known or stands in no catalogue.
///
/// Of several faults the first in the order of formats.md §2 wins, wherever it was met: `facts.observed` takes its place
/// among those that are found here. The same facts give the same decision, so a record is replayed by this very call.
pub fn decide(catalogue: &Catalogue, scenario: Option<&ScenarioName>, facts: &Facts) -> Decision {
    let scenario = scenario.and_then(|name| catalogue.scenario(name.as_str()));
    let found = permit(catalogue, scenario, facts);
    let code = match (found, facts.observed) {
        (Ok(permit), None) => return Decision::Permit(permit),
        (Err(found), Some(observed)) if Step::of(found) < Step::of(observed) => found,
        // In one step what was observed is more exact: a consent that expired, against none that was verified.
        (Ok(_) | Err(_), Some(observed)) => observed,
        (Err(found), None) => found,
    };
    Decision::Refuse { code, rules: rules_behind(code, scenario) }
}

/// The first fault that policy finds by itself, in the order of [`Step`].
fn permit(catalogue: &Catalogue, scenario: Option<&Arc<Scenario>>, facts: &Facts) -> Result<Permit, Code> {
    refuse_if(facts.suspended, Code::InstitutionSuspended)?;
    let scenario = scenario.ok_or(Code::UnknownScenario)?;
    refuse_if(!facts.operator, Code::OperatorRequired)?;
    refuse_if(scenario.ground() == Ground::Statute && !facts.case, Code::CaseRequired)?;
    refuse_if(!scenario.kinds().contains(&facts.kind), Code::ScenarioNotAllowed)?;
    match scenario.ground() {
        Ground::Statute => {}
        // No fact says yet that a consent was verified.
        Ground::Consent => return Err(Code::ConsentRequired),
        // The person and the public have doors of their own.
        Ground::Person | Ground::Public => return Err(Code::ScenarioNotAllowed),
    }
    let released = released(catalogue, scenario, facts)?;
    // Nobody is taken for an adult who was not found to be one.
    refuse_if(facts.minor != Some(false), Code::SubjectMinor)?;
    Ok(Permit { scenario: Arc::clone(scenario), released })
}

fn refuse_if(fault: bool, code: Code) -> Result<(), Code> {
    if fault { Err(code) } else { Ok(()) }
}

/// The fields that the query asks for: all of the scenario's, or some of them.
fn released(catalogue: &Catalogue, scenario: &Scenario, facts: &Facts) -> Result<Arc<Released>, Code> {
    let Some(asked) = &facts.fields else {
        return Ok(Arc::clone(scenario.released()));
    };
    let unknown = asked.iter().any(|name| catalogue.field(name.as_str()).is_none());
    refuse_if(unknown, Code::UnknownField)?;
    let fields = asked.iter().map(|name| scenario.released().field(name).cloned().ok_or(Code::FieldNotAllowed));
    Ok(Arc::new(Released::new(fields.collect::<Result<_, _>>()?)))
}

/// The rows of the catalogue that a refusal comes from.
fn rules_behind(code: Code, scenario: Option<&Arc<Scenario>>) -> Vec<RuleId> {
    match code {
        Code::UnknownScenario => vec![GeneralRule::ApplicationList.rule()],
        Code::UnknownField => vec![GeneralRule::DataList.rule()],
        Code::OperatorRequired => vec![GeneralRule::QueryRegister.rule()],
        Code::InstitutionSuspended => vec![Statute::SuspendedNever.rule()],
        Code::SubjectMinor => vec![Statute::AdultsOnly.rule()],
        Code::CaseRequired
        | Code::ScenarioNotAllowed
        | Code::FieldNotAllowed
        | Code::CaseAlreadyUsed
        | Code::ConsentRequired
        | Code::ConsentInvalid
        | Code::ConsentExpired
        | Code::ConsentNotYetValid
        | Code::ConsentWrongInstitution
        | Code::ConsentWrongScenario
        | Code::ConsentWrongSubject
        | Code::ConsentExceedsBound
        | Code::ConsentRevoked
        | Code::ConsentUsedUp => scenario.map(|scenario| scenario.rules().to_vec()).unwrap_or_default(),
        Code::MalformedRequest
        | Code::InvalidCitizenNumber
        | Code::CertificateUnknown
        | Code::StatuteForbids
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::HeadersTooLarge
        | Code::IdempotencyConflict
        | Code::RateLimited
        | Code::DistinctSubjectsExceeded
        | Code::InternalError
        | Code::StoreFailed
        | Code::StoreTimeout
        | Code::NotRecordable
        | Code::Draining
        | Code::Overloaded
        | Code::Stopped
        | Code::StateUnavailable => Vec::new(),
    }
}
