//! A case that must be checked, or that was decided, is recorded (R5).

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor},
    log::{NotRecordable, Unsubmitted},
};
use credit_policy::Code;

use super::{
    Recorded,
    case_again::say_again,
    case_leaf::{Words, case_leaf},
    entry::unrecordable,
    record_refusal,
};
use crate::{
    gateway::Gateway,
    journey::{
        caller::Who,
        exchange::Exchange,
        stages::report_case::{CaseParts, ReportedCase},
    },
    state::open_cases::CaseName,
};

/// Records a case of a department. The answer is the same whoever the person is.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(in crate::journey) async fn record_case(
    gateway: &Gateway,
    reported: ReportedCase<'_>,
    exchange: &mut impl Exchange,
) -> Result<Recorded, NotRecordable> {
    let CaseParts { state, scenario, case, staff, on, person, evidence } = reported.into_parts();
    // Nobody else reports: the stage before refuses them.
    let Who::Institution(institution, certificate) = &evidence.who else { return Err(NotRecordable) };
    let (institution, certificate) = (Arc::clone(institution), Arc::clone(certificate));
    let name = CaseName::new(institution.id(), scenario.name().as_str(), case.as_str());
    // So that a tag of this month finds the person of a month before.
    say_again(gateway, Some(&name)).await?;
    let words = Words {
        institution: institution.id().to_owned(),
        state,
        scenario: scenario.name().as_str().to_owned(),
        case: case.as_str().to_owned(),
        on,
        operator: staff.as_str().to_owned(),
    };
    let leaf = case_leaf(gateway, evidence.id, &evidence.moment.keys, words, person.as_deref())?;
    let by = certificate.thumbprint().to_string();
    let entry = leaf.own_entry(evidence.id, institution.id(), &by).map_err(|error| unrecordable(&error))?;
    let body = exchange.confirmed(evidence.id).map_err(|error| unrecordable(&error))?;
    let still = || !institution.is_suspended() && institution.has_certificate(certificate.thumbprint());
    match gateway.log.submit(entry, exchange.wants_proof(), still) {
        Ok(ticket) => {
            let durable = ticket.await?;
            let actor = Actor::Institution { institution: institution.id().to_owned(), certificate: by };
            gateway.open_cases().apply(institution.id(), durable.index, &leaf, Some(&actor));
            // A report is no query of the scenario, and is not counted as one.
            Ok(Recorded { scenario: None, ..Recorded::new(evidence, body, None, None, durable) })
        }
        Err(Unsubmitted::NotRecordable(error)) => Err(error),
        Err(Unsubmitted::Overtaken(_)) => {
            evidence.inputs.suspended = institution.is_suspended();
            let code = if evidence.inputs.suspended { Code::InstitutionSuspended } else { Code::CertificateUnknown };
            record_refusal(gateway, evidence, code.into(), exchange).await
        }
    }
}
