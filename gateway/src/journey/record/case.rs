//! A case that must be checked, or that was decided, is recorded (R5); an appointment too.

use std::sync::Arc;

use credit_audit::{
    leaf::{Actor, CaseState},
    log::{Durable, NotRecordable},
};

use super::{
    Recorded,
    case_again::say_again,
    case_leaf::{Words, appointment_leaf, case_leaf},
    report::record_report,
};
use crate::{
    gateway::Gateway,
    journey::{
        caller::Who,
        exchange::{CaseAct, Exchange},
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
    let CaseParts { act, scenario, case, staff, on, person, evidence } = reported.into_parts();
    // Nobody else reports: the stage before refuses them.
    let Who::Institution(institution, certificate) = &evidence.who else { return Err(NotRecordable) };
    let (institution, certificate) = (institution.id().to_owned(), certificate.thumbprint().to_string());
    let scenario = scenario.name().as_str();
    let (keys, id) = (Arc::clone(&evidence.moment.keys), evidence.id);
    let words = Words {
        institution: institution.clone(),
        scenario: scenario.to_owned(),
        on,
        operator: staff.as_str().to_owned(),
    };
    let state = match (act, &person) {
        (CaseAct::Opened, _) => CaseState::Opened,
        (CaseAct::Decided, _) => CaseState::Decided,
        (CaseAct::Appointed, None) => return Err(NotRecordable),
        (CaseAct::Appointed, Some(person)) => {
            let leaf = appointment_leaf(gateway, id, &keys, words, person)?;
            let now = evidence.moment.now;
            let registered = |durable: &Durable| gateway.appointments().apply(now, durable.index, &leaf, false);
            return record_report(gateway, evidence, &leaf, exchange, registered).await;
        }
    };
    let Some(case) = case.as_ref().map(|case| case.as_str().to_owned()) else { return Err(NotRecordable) };
    let name = CaseName::new(&institution, scenario, &case);
    // So that a tag of this month finds the person of a month before.
    say_again(gateway, Some(&name)).await?;
    let leaf = case_leaf(gateway, id, &keys, words, (state, case), person.as_deref())?;
    let actor = Actor::Institution { institution: institution.clone(), certificate };
    let registered = |durable: &Durable| gateway.open_cases().apply(&institution, durable.index, &leaf, Some(&actor));
    record_report(gateway, evidence, &leaf, exchange, registered).await
}
