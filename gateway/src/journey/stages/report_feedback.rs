//! Who asked reports what was done with the answer (R25: 反馈报送), as long as the answer may be kept.

use std::{sync::Arc, time::Duration};

use credit_audit::{
    leaf::{FeedbackResult, Outcome, QueryLeaf},
    log::LookupError,
};
use credit_policy::{Code, Facts, Ground, StaffId, catalogue::MeasureResult};
use uuid::Uuid;

use super::{accept::staff, identify::Identified};
use crate::{
    callers::register::Institution,
    gateway::{Gateway, Moment},
    journey::{
        detail::Detail,
        exchange::FeedbackReport,
        record::evidence::{Evidence, Recognised},
        refusal::Refusal,
    },
};

/// A query is looked for again so often, as it is published a moment after its answer.
const LOOKS: u32 = 60;
const LOOK: Duration = Duration::from_millis(50);

/// PROOF: the institution asked this query and was answered, may still keep the answer, and says what it did in known words.
#[must_use]
pub(crate) struct ReportedFeedback<'e>(FeedbackParts<'e>);

/// What is recorded of it.
pub(in crate::journey) struct FeedbackParts<'e> {
    pub(in crate::journey) query: Uuid,
    pub(in crate::journey) staff: StaffId,
    pub(in crate::journey) result: FeedbackResult,
    pub(in crate::journey) measure: Option<String>,
    /// Whether the result is a restraint and the scenario serves none.
    pub(in crate::journey) contradicts: bool,
    pub(in crate::journey) evidence: &'e mut Evidence,
}

impl<'e> ReportedFeedback<'e> {
    pub(in crate::journey) fn into_parts(self) -> FeedbackParts<'e> {
        self.0
    }
}

/// Reads the members, and finds the query.
///
/// # Errors
/// `malformed-request`, `operator-required`; `not-found` where the institution has no answered query of this id, or may not keep
/// the answer any more.
pub(crate) async fn report_feedback<'e>(
    gateway: &Gateway,
    moment: &Moment,
    identified: Identified<'e>,
    report: &FeedbackReport,
) -> Result<ReportedFeedback<'e>, Refusal> {
    let (who, evidence) = identified.into_parts();
    let malformed = |detail| Refusal::because(Code::MalformedRequest, "feedback of another form").with(detail);
    let query = Uuid::try_parse(&report.query).ok().filter(|id| id.to_string() == report.query);
    let query = query.ok_or_else(|| malformed(Detail::FeedbackMembers))?;
    let result = result(&report.result).ok_or_else(|| malformed(Detail::FeedbackMembers))?;
    let measure = report.measure.as_deref().map(|name| moment.rules.catalogue.measure(name));
    if measure.is_some_and(|found| found.is_none_or(|found| Some(found.result()) != measure_result(result))) {
        return Err(malformed(Detail::FeedbackMeasure));
    }
    let leaf = answered(gateway, query, who.institution()).await.ok_or(Code::NotFound)?;
    let scenario = leaf.scenario.as_ref().and_then(|name| moment.rules.catalogue.scenario(name.as_str()));
    let mut facts = Facts::new(who.asker(), moment.today);
    let mut recognised = Recognised::default();
    if let Some(scenario) = scenario {
        recognised.scenario(scenario);
        facts.case = scenario.ground() == Ground::Statute;
    }
    let staff = staff(report.staff.as_deref());
    if let Ok(staff) = &staff {
        facts.operator = true;
        recognised.staff(staff);
    }
    evidence.recognised(recognised);
    evidence.inputs(&facts);
    let staff = staff?;
    // Of a scenario that no catalogue has any more nobody may keep an answer that is not known to end later.
    let life = leaf.inputs.consent.as_ref().map(|consent| consent.data_life);
    let life = life.or_else(|| scenario.map(|scenario| scenario.data_life())).ok_or(Code::NotFound)?;
    if life.last_day(leaf.inputs.on) < moment.today {
        return Err(Code::NotFound.into());
    }
    let contradicts = result == FeedbackResult::Restraint && scenario.is_some_and(|scenario| !scenario.restraint());
    let measure = report.measure.clone();
    Ok(ReportedFeedback(FeedbackParts { query, staff, result, measure, contradicts, evidence }))
}

/// The institution's own query, if it was answered.
async fn answered(gateway: &Gateway, query: Uuid, institution: Option<&Arc<Institution>>) -> Option<QueryLeaf> {
    for _ in 0..LOOKS {
        match gateway.receipt(query, institution?).await {
            Ok(found) => {
                let leaf = QueryLeaf::parse(&found.leaf).ok()?;
                return (leaf.outcome == Outcome::Answered).then_some(leaf);
            }
            Err(LookupError::NotYet) => {}
            Err(LookupError::NotFound | LookupError::Unreadable(_)) => return None,
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

fn result(word: &str) -> Option<FeedbackResult> {
    Some(match word {
        "reward" => FeedbackResult::Reward,
        "restraint" => FeedbackResult::Restraint,
        "priority" => FeedbackResult::Priority,
        "none" => FeedbackResult::None,
        _ => return None,
    })
}

fn measure_result(result: FeedbackResult) -> Option<MeasureResult> {
    match result {
        FeedbackResult::Reward => Some(MeasureResult::Reward),
        FeedbackResult::Restraint => Some(MeasureResult::Restraint),
        FeedbackResult::Priority => Some(MeasureResult::Priority),
        FeedbackResult::None => None,
    }
}
