//! What was done with an answer is recorded (R25).

use credit_audit::{
    leaf::Feedback,
    log::{Durable, NotRecordable},
};

use super::{Recorded, report::record_report};
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
    let Who::Institution(institution, _) = &evidence.who else { return Err(NotRecordable) };
    let asker = institution.id().to_owned();
    let leaf = Feedback { query, operator: staff.as_str().to_owned(), result, measure };
    let alarm = |_: &Durable| {
        if contradicts {
            let cause = "an answer of a scenario that serves no restraint was used for one";
            tracing::error!(cause, institution = asker, query = %query, "feedback contradicts the catalogue");
            gateway.metrics.contradiction();
        }
    };
    record_report(gateway, evidence, &leaf, exchange, alarm).await
}
