//! On which legal ground: a statute with the number of its case. Consent, the person and the public get doors of their
//! own; until then their scenarios are refused by `authorise`.

use credit_audit::leaf::GroundRecord;
use credit_policy::{Code, Ground};

use crate::{draft::Draft, refusal::Refusal, stages::accept::Asked};

/// PROOF: the ground that the scenario stands on is there.
#[must_use]
pub struct Grounded {
    _proof: (),
}

/// Verifies the ground.
///
/// # Errors
/// `case-required`, `consent-required`, `scenario-not-allowed`.
pub fn ground(_asked: Asked, draft: &mut Draft) -> Result<Grounded, Refusal> {
    let scenario = draft.scenario.as_ref().ok_or(Code::UnknownScenario)?;
    match scenario.ground() {
        Ground::Statute => {
            let case = draft.case.as_ref().ok_or(Code::CaseRequired)?;
            draft.ground = Some(GroundRecord::Statute {
                statute: scenario.statute().unwrap_or_default().to_owned().into(),
                case: case.as_str().to_owned().into(),
            });
            Ok(Grounded { _proof: () })
        }
        Ground::Consent => Err(Code::ConsentRequired.into()),
        Ground::Person | Ground::Public => Err(Code::ScenarioNotAllowed.into()),
    }
}
