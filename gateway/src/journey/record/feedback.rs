//! What was done with an answer is recorded (R25).

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Feedback},
    log::{NotRecordable, Unsubmitted},
};
use credit_policy::Code;

use super::{Recorded, entry::unrecordable, record_refusal};
use crate::{
    gateway::Gateway,
    journey::{
        caller::Who,
        exchange::Exchange,
        stages::report_feedback::{FeedbackParts, ReportedFeedback},
    },
};

/// Records feedback. A restraint on a scenario that serves none is taken, and raises an alarm.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(in crate::journey) async fn record_feedback(
    gateway: &Gateway,
    reported: ReportedFeedback<'_>,
    exchange: &mut impl Exchange,
) -> Result<Recorded, NotRecordable> {
    let FeedbackParts { query, staff, result, measure, contradicts, evidence } = reported.into_parts();
    // Nobody else reports: the stage before finds no query of anybody else.
    let Who::Institution(institution, certificate) = &evidence.who else { return Err(NotRecordable) };
    let (institution, certificate) = (Arc::clone(institution), Arc::clone(certificate));
    let leaf = Feedback { query, operator: staff.as_str().to_owned(), result, measure };
    let by = certificate.thumbprint().to_string();
    let entry = leaf.own_entry(evidence.id, institution.id(), &by).map_err(|error| unrecordable(&error))?;
    let body = exchange.confirmed(evidence.id).map_err(|error| unrecordable(&error))?;
    let still = || !institution.is_suspended() && institution.has_certificate(certificate.thumbprint());
    match gateway.log.submit(entry, exchange.wants_proof(), still) {
        Ok(ticket) => {
            let durable = ticket.await?;
            if contradicts {
                let institution = institution.id();
                let cause = "an answer of a scenario that serves no restraint was used for one";
                tracing::error!(cause, institution, query = %query, "feedback contradicts the catalogue");
                gateway.metrics.contradiction();
            }
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
