//! The decision: a total, pure function of catalogue, scenario and facts.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::asker::{Asker, Ground};
use crate::catalogue::{Catalogue, Effect, FetchPlan, GeneralRule, Released, Scenario, Statute};
use crate::code::{Code, RulesBehind};
use crate::consent::{Bound, Period};
use crate::facts::{ConsentFacts, Facts};
use crate::history::Value;
use crate::names::{FieldName, RuleId, ScenarioName};

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
        /// With `consent-exceeds-bound`, the first bound by which the consent is wider than the catalogue allows.
        bound: Option<Bound>,
    },
}

/// The proof that a query is permitted, and what for. Only [`decide`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    scenario: Arc<Scenario>,
    released: Arc<Released>,
    /// What a consent agreed to beside fields; `None` on every other ground.
    agreed: Option<Agreed>,
}

/// The terms of a consent that bind an answer.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    look_back: Period,
    data_life: Period,
}

/// What the institution owes for an answer; its form in an answer is this struct's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligations {
    /// The last day on which it may keep the answer.
    pub keep_until: Date,
    /// Whether it may hand the answer on: `forbidden` (credit-reporting regulation, art. 20).
    pub onward: &'static str,
    /// Whether it must inform the person of an automated decision (PIPL art. 24).
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

    /// The fields of which all that they rest on is elsewhere, sorted, and what the stores may be asked for the others.
    #[must_use]
    pub fn split(&self, is_elsewhere: impl Fn(&FetchPlan) -> bool) -> (Vec<FieldName>, Arc<FetchPlan>) {
        self.released.split(is_elsewhere)
    }

    /// Whether an answer may have this value for a field that is released.
    #[must_use]
    pub fn admits(&self, field: &FieldName, value: &Value) -> bool {
        self.released.field(field).is_some_and(|field| field.releases(value))
    }

    /// What the institution owes for an answer of that day.
    #[must_use]
    pub fn obligations(&self, on: Date) -> Obligations {
        // The consent's data life is within the scenario's: the bounds were held.
        let data_life = self.agreed.map_or(self.scenario.data_life(), |agreed| agreed.data_life);
        Obligations {
            keep_until: data_life.last_day(on),
            onward: "forbidden",
            automated_decision_notice: self.scenario.automated_decision_notice(),
        }
    }

    /// The notice to the person: `owed`, `deferred until …` or `exempt by …`.
    #[must_use]
    pub fn notice(&self) -> &str {
        self.scenario.notice()
    }

    /// How far back the records may reach that the answer rests on, where a consent says so.
    #[must_use]
    pub fn look_back(&self) -> Option<Period> {
        self.agreed.map(|agreed| agreed.look_back)
    }

    /// What the answer does with a record: a clock may end each on another day.
    pub(crate) fn effect(&self) -> Effect {
        self.scenario.effect()
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
    let (code, bound) = match (found, facts.observed) {
        (Ok(permit), None) => return Decision::Permit(permit),
        // A withdrawal names no scenario, and is refused to whoever acts for no issuer.
        (Err(Found { code: Code::UnknownScenario, .. }), Some(observed @ Code::ScenarioNotAllowed)) => (observed, None),
        (Err(found), Some(observed)) if found.code.step() < observed.step() => (found.code, found.bound),
        // In one step what was observed is more exact: a consent that expired, against none that was verified.
        (Ok(_) | Err(_), Some(observed)) => (observed, None),
        (Err(found), None) => (found.code, found.bound),
    };
    Decision::Refuse { code, rules: rules_behind(code, scenario), bound }
}

/// A fault that policy found by itself.
struct Found {
    code: Code,
    bound: Option<Bound>,
}

impl From<Code> for Found {
    fn from(code: Code) -> Self {
        Self { code, bound: None }
    }
}

/// The first fault that policy finds by itself, in the order of [`crate::order::Step`].
fn permit(catalogue: &Catalogue, scenario: Option<&Arc<Scenario>>, facts: &Facts) -> Result<Permit, Found> {
    refuse_if(facts.suspended, Code::InstitutionSuspended)?;
    let scenario = scenario.ok_or(Code::UnknownScenario)?;
    // Who asks about himself or herself, or as the public, has no staff.
    let has_staff = matches!(facts.kind, Asker::Institution(_));
    refuse_if(has_staff && !facts.operator, Code::OperatorRequired)?;
    refuse_if(scenario.ground() == Ground::Statute && !facts.case, Code::CaseRequired)?;
    refuse_if(!scenario.is_open_to(facts.kind), Code::ScenarioNotAllowed)?;
    let consent = match scenario.ground() {
        Ground::Statute | Ground::Person | Ground::Public => None,
        Ground::Consent => Some(facts.consent.as_ref().ok_or(Code::ConsentRequired)?),
    };
    if let Some(consent) = consent {
        within_bounds(scenario, consent)?;
    }
    let released = released(catalogue, scenario, consent, facts)?;
    // Nobody is taken for an adult who was not found to be one.
    refuse_if(facts.minor != Some(false), Code::SubjectMinor)?;
    let agreed = consent.map(|consent| Agreed { look_back: consent.look_back, data_life: consent.data_life });
    Ok(Permit { scenario: Arc::clone(scenario), released, agreed })
}

fn refuse_if(fault: bool, code: Code) -> Result<(), Code> {
    if fault { Err(code) } else { Ok(()) }
}

/// The consent is no wider than the scenario takes one.
fn within_bounds(scenario: &Scenario, consent: &ConsentFacts) -> Result<(), Found> {
    // A scenario on this ground without maxima does not load; if one did, no consent would be narrow enough.
    let maxima = scenario.maxima().ok_or(Code::ConsentExceedsBound)?;
    match consent.exceeds(maxima) {
        None => Ok(()),
        bound @ Some(_) => Err(Found { code: Code::ConsentExceedsBound, bound }),
    }
}

/// The fields that are released: the scenario's, of them those that the consent covers, of those the ones asked for.
fn released(
    catalogue: &Catalogue,
    scenario: &Scenario,
    consent: Option<&ConsentFacts>,
    facts: &Facts,
) -> Result<Arc<Released>, Code> {
    let asked = facts.fields.as_deref();
    let named = consent.and_then(|consent| consent.fields.as_deref());
    let mut all = named.into_iter().chain(asked).flatten();
    let unknown = all.any(|name| catalogue.field(name.as_str()).is_none());
    refuse_if(unknown || consent.is_some_and(|consent| consent.unknown_fields), Code::UnknownField)?;
    let covered = match (consent, named) {
        (None, _) => {
            let grounded = scenario.released_on(facts.on);
            refuse_if(grounded.names().is_empty(), Code::ScenarioNotAllowed)?;
            grounded
        }
        // Second-tier fields open only by name (formats.md §3).
        (Some(_), None) => Arc::clone(scenario.first_tier()),
        (Some(_), Some(named)) => chosen(scenario.released(), named)?,
    };
    asked.map_or(Ok(Arc::clone(&covered)), |asked| chosen(&covered, asked))
}

/// Some of the fields, by name. One that is not among them spoils all.
fn chosen(from: &Released, names: &[FieldName]) -> Result<Arc<Released>, Code> {
    let fields = names.iter().map(|name| from.field(name).cloned().ok_or(Code::FieldNotAllowed));
    Ok(Arc::new(Released::new(fields.collect::<Result<_, _>>()?)))
}

/// The row of the scenario, and the statute behind it.
fn with_statute(scenario: Option<&Arc<Scenario>>, statute: Statute) -> Vec<RuleId> {
    let row = scenario.map(|scenario| scenario.rules().to_vec()).unwrap_or_default();
    row.into_iter().chain([statute.rule()]).collect()
}

/// The rows of the catalogue that a refusal comes from.
fn rules_behind(code: Code, scenario: Option<&Arc<Scenario>>) -> Vec<RuleId> {
    match code.rules() {
        RulesBehind::Nothing => Vec::new(),
        RulesBehind::ApplicationList => vec![GeneralRule::ApplicationList.rule()],
        RulesBehind::DataList => vec![GeneralRule::DataList.rule()],
        RulesBehind::QueryRegister => vec![GeneralRule::QueryRegister.rule()],
        RulesBehind::SuspendedNever => vec![Statute::SuspendedNever.rule()],
        RulesBehind::AdultsOnly => vec![Statute::AdultsOnly.rule()],
        RulesBehind::Scenario => scenario.map(|scenario| scenario.rules().to_vec()).unwrap_or_default(),
        RulesBehind::ScenarioAndListedOrgans => with_statute(scenario, Statute::OnlyListedOrgans),
        RulesBehind::ScenarioAndMaxima => with_statute(scenario, Statute::ConsentWithinMaxima),
    }
}
