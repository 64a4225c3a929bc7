//! A case that must be checked, or that was decided, is recorded (R5).

use credit_audit::{
    leaf::Actor,
    log::{Durable, NotRecordable},
};

use super::{
    Recorded,
    case_again::say_again,
    case_leaf::{Words, case_leaf},
    report::record_report,
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
    let (institution, certificate) = (institution.id().to_owned(), certificate.thumbprint().to_string());
    let name = CaseName::new(&institution, scenario.name().as_str(), case.as_str());
    // So that a tag of this month finds the person of a month before.
    say_again(gateway, Some(&name)).await?;
    let words = Words {
        institution: institution.clone(),
        state,
        scenario: scenario.name().as_str().to_owned(),
        case: case.as_str().to_owned(),
        on,
        operator: staff.as_str().to_owned(),
    };
    let leaf = case_leaf(gateway, evidence.id, &evidence.moment.keys, words, person.as_deref())?;
    let actor = Actor::Institution { institution: institution.clone(), certificate };
    let registered = |durable: &Durable| gateway.open_cases().apply(&institution, durable.index, &leaf, Some(&actor));
    record_report(gateway, evidence, &leaf, exchange, registered).await
}
