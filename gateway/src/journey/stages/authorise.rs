//! Whether it is allowed: the catalogue's decision on the facts, with the rules that made it.

use credit_policy::{Decision, Permit, decide};

use crate::{
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal, stages::ground::Grounded},
};

/// PROOF: the catalogue permits these fields to this kind of institution on this ground.
#[must_use]
pub struct Permitted {
    permit: Permit,
}

impl Permitted {
    /// What is permitted.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn into_permit(self) -> Permit {
        self.permit
    }
}

/// Decides.
///
/// # Errors
/// The code of the first rule that refuses.
pub fn authorise(gateway: &Gateway, _grounded: Grounded, draft: &mut Draft) -> Result<Permitted, Refusal> {
    let scenario = draft.scenario.as_ref().map(|scenario| scenario.name());
    match decide(&gateway.catalogue, scenario, &draft.facts) {
        Decision::Permit(permit) => Ok(Permitted { permit }),
        Decision::Refuse { code, rules, bound } => Err(Refusal { rules, bound, ..Refusal::from(code) }),
    }
}
