//! A department reports a case that must be checked, or that it was decided (R5: 应查必查); or that somebody is to come on a day.

use std::sync::Arc;

use credit_policy::{CaseNumber, Catalogue, CitizenNumber, Code, Facts, Ground, Personal, Scenario, StaffId};
use jiff::{ToSpan, civil::Date};

use super::{
    accept::{Subject, case, scenario, staff, subject},
    identify::Identified,
};
use crate::{
    gateway::{Gateway, Moment},
    journey::{
        detail::Detail,
        exchange::{CaseAct, CaseReport},
        record::evidence::{Evidence, Recognised},
        refusal::Refusal,
    },
    state::open_cases::CaseName,
};

/// Days that an appointment is ahead, at most.
const AHEAD_DAYS: i64 = 92;

/// PROOF: the institution may report this case, and it is of the known form.
#[must_use]
pub(crate) struct ReportedCase<'e>(CaseParts<'e>);

/// What is recorded of it.
pub(in crate::journey) struct CaseParts<'e> {
    pub(in crate::journey) act: CaseAct,
    pub(in crate::journey) scenario: Arc<Scenario>,
    /// There but for an appointment.
    pub(in crate::journey) case: Option<CaseNumber>,
    pub(in crate::journey) staff: StaffId,
    pub(in crate::journey) on: Date,
    pub(in crate::journey) person: Option<Arc<Personal<CitizenNumber>>>,
    pub(in crate::journey) evidence: &'e mut Evidence,
}

impl<'e> ReportedCase<'e> {
    pub(in crate::journey) fn into_parts(self) -> CaseParts<'e> {
        self.0
    }
}

/// Reads the members; the first fault wins, in the order of `docs/formats.md` §2. Nothing of the person makes a difference: no
/// store is asked, and a number is only looked at for its form.
///
/// # Errors
/// `unknown-scenario`, `operator-required`, `case-required`, `invalid-citizen-number`, `malformed-request`,
/// `scenario-not-allowed`; `not-found` where a case is decided that names nobody and was not registered.
pub(crate) fn report_case<'e>(
    gateway: &Gateway,
    moment: &Moment,
    identified: Identified<'e>,
    report: &CaseReport,
) -> Result<ReportedCase<'e>, Refusal> {
    let (who, evidence) = identified.into_parts();
    let mut facts = Facts::new(who.asker(), moment.today);
    let mut recognised = Recognised::default();
    let read = read(&moment.rules.catalogue, report, &mut facts, &mut recognised);
    evidence.recognised(recognised);
    evidence.inputs(&facts);
    let Members { scenario, staff, case, person, on } = read?;
    if scenario.ground() != Ground::Statute || !scenario.is_open_to(who.asker()) {
        return Err(Refusal::from(Code::ScenarioNotAllowed).with(Detail::ScenarioWithoutCases));
    }
    let name = case.as_ref().map(|case| CaseName::new(who.institution_id(), scenario.name().as_str(), case.as_str()));
    if person.is_none() && !name.is_some_and(|name| gateway.open_cases().is_open(&name)) {
        return Err(Code::NotFound.into());
    }
    Ok(ReportedCase(CaseParts { act: report.act, scenario, case, staff, on, person, evidence }))
}

struct Members {
    scenario: Arc<Scenario>,
    staff: StaffId,
    case: Option<CaseNumber>,
    person: Option<Arc<Personal<CitizenNumber>>>,
    on: Date,
}

fn read(
    catalogue: &Catalogue,
    report: &CaseReport,
    facts: &mut Facts,
    recognised: &mut Recognised,
) -> Result<Members, Refusal> {
    let scenario = scenario(catalogue, &report.scenario)?;
    recognised.scenario(scenario);
    let staff = staff(report.staff.as_deref())?;
    facts.operator = true;
    recognised.staff(&staff);
    let case = match report.act {
        CaseAct::Appointed => {
            // Who is to come has no case yet: none is missing.
            facts.case = true;
            None
        }
        CaseAct::Opened | CaseAct::Decided => {
            let case = case(report.case.as_deref(), Ground::Statute)?.ok_or(Code::CaseRequired)?;
            facts.case = true;
            recognised.case(&case);
            Some(case)
        }
    };
    let named = report.subject.as_ref().map(|subject| subject.as_str());
    let person = match (named, report.act) {
        (None, CaseAct::Decided) => None,
        (named, CaseAct::Opened | CaseAct::Decided | CaseAct::Appointed) => {
            match subject(named, Ground::Statute, facts.on)? {
                Subject::Named(person) => Some(person),
                Subject::OfConsent(_) => None,
            }
        }
    };
    let on = match report.act {
        CaseAct::Appointed => day_to_come(&report.on, facts.on),
        CaseAct::Opened | CaseAct::Decided => day(&report.on, facts.on),
    }?;
    Ok(Members { scenario: Arc::clone(scenario), staff, case, person, on })
}

/// A day as it is written.
fn written(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

/// Today, or a day to come.
fn day_to_come(text: &str, today: Date) -> Result<Date, Refusal> {
    let last = today.saturating_add(AHEAD_DAYS.days());
    let day = written(text).filter(|day| (today..=last).contains(day));
    day.ok_or_else(|| Refusal::because(Code::MalformedRequest, "the day has another form").with(Detail::AppointmentDay))
}

/// A day that has come.
fn day(text: &str, today: Date) -> Result<Date, Refusal> {
    let day = written(text).filter(|day| *day <= today && day.year() >= 1900);
    day.ok_or_else(|| Refusal::because(Code::MalformedRequest, "the day has another form").with(Detail::CaseDay))
}
