//! Whether it is allowed: the catalogue's decision on the facts, with the rules that made it.

use credit_policy::{Catalogue, Code, Decision, Permit, decide};

use super::{
    accept::Query,
    ground::{Basis, Grounded},
};
use crate::journey::{detail::Detail, record::evidence::Evidence, refusal::Refusal};

/// PROOF: the catalogue permits these fields to this institution, for this person, on this ground.
#[must_use]
pub struct Permitted<'e> {
    basis: Basis,
    permit: Permit,
    evidence: &'e mut Evidence,
}

impl<'e> Permitted<'e> {
    /// What is permitted.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn into_parts(self) -> (Basis, Permit, &'e mut Evidence) {
        (self.basis, self.permit, self.evidence)
    }
}

/// Decides.
///
/// # Errors
/// The code of the first rule that refuses.
pub fn authorise<'e>(catalogue: &Catalogue, grounded: Grounded<'e>) -> Result<Permitted<'e>, Refusal> {
    let (basis, evidence) = grounded.into_parts();
    match decide(catalogue, Some(basis.query.scenario.name()), &basis.query.facts) {
        Decision::Permit(permit) => Ok(Permitted { basis, permit, evidence }),
        Decision::Refuse { code, rules, bound } => {
            let detail = match code {
                Code::UnknownField => Some(unknown_field(&basis.query)),
                Code::FieldNotAllowed => Some(field_not_allowed(&basis.query)),
                _ => bound.map(Detail::Exceeds),
            };
            Err(Refusal { rules, bound, detail, ..Refusal::from(code) })
        }
    }
}

fn unknown_field(query: &Query) -> Detail {
    let unknown = (1..).zip(&query.fields).find(|(_, name)| name.is_none());
    unknown.map_or(Detail::UnknownFieldOfConsent, |(number, _)| Detail::UnknownField(number))
}

/// The scenario does not have the field, or the consent does not cover it.
fn field_not_allowed(query: &Query) -> Detail {
    let of_scenario = |name: &_| query.scenario.fields().contains(name);
    let elsewhere = (1..).zip(&query.fields).find(|(_, name)| name.as_ref().is_none_or(|name| !of_scenario(name)));
    if let Some((number, _)) = elsewhere {
        return Detail::FieldOfAnotherScenario(number);
    }
    let named = query.facts.consent.as_ref().and_then(|consent| consent.fields.as_ref());
    if named.is_some_and(|named| !named.iter().all(of_scenario)) {
        return Detail::ConsentOfOtherFields;
    }
    let covers = |name: &_| match named {
        Some(named) => named.contains(name),
        None => query.scenario.second_tier().all(|second| second != name),
    };
    if let Some(redefined) = &query.redefined {
        let named = (1..).zip(&query.fields).find(|(_, name)| name.as_ref() == Some(redefined));
        return named.map_or(Detail::ConsentRedefined, |(number, _)| Detail::FieldRedefined(number));
    }
    let uncovered = (1..).zip(&query.fields).find(|(_, name)| name.as_ref().is_some_and(|name| !covers(name)));
    uncovered.map_or(Detail::ConsentOfOtherFields, |(number, _)| Detail::FieldNotOfConsent(number))
}
