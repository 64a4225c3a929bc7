//! Whether it is allowed: the catalogue's decision on the facts, with the rules that made it.

use credit_policy::{Catalogue, Decision, Permit, decide};

use super::ground::{Basis, Grounded};
use crate::journey::{record::evidence::Evidence, refusal::Refusal};

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
        Decision::Refuse { code, rules, bound } => Err(Refusal { rules, bound, ..Refusal::from(code) }),
    }
}
