//! What institutions report: cases that must be checked, that they were decided, and what was done with an answer.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::json_body::{object, present};
use crate::journey::{
    detail::Detail,
    exchange::{CaseAct, CaseReport, FeedbackReport, Request},
    refusal::Refusal,
};

/// A report by its path.
#[derive(Clone, Copy)]
pub(super) enum Report {
    Case,
    CaseDecision,
    Appointment,
    Feedback,
}

impl Report {
    /// All of them, each with its path.
    const ALL: [(&'static str, Self); 4] = [
        ("/v1/cases", Self::Case),
        ("/v1/cases/decisions", Self::CaseDecision),
        ("/v1/appointments", Self::Appointment),
        ("/v1/feedback", Self::Feedback),
    ];

    /// What is reported at a path.
    pub(super) fn at(path: &str) -> Option<(&'static str, Self)> {
        Self::ALL.into_iter().find(|(known, _)| *known == path)
    }

    /// Reads its body.
    ///
    /// # Errors
    /// `malformed-request` where it is not one JSON object of its members.
    pub(super) fn read(self, body: &[u8]) -> Result<Request, Refusal> {
        match self {
            Self::Case => {
                let Opened { case, scenario, subject, operator, opened } = object(body, |_| Detail::CaseMembers)?;
                let (act, on, staff) = (CaseAct::Opened, opened, operator);
                Ok(Request::Case(CaseReport { act, scenario, case, subject, staff, on }))
            }
            Self::CaseDecision => {
                let Decided { case, scenario, subject, operator, decided } =
                    object(body, |_| Detail::CaseDecisionMembers)?;
                let (act, on, staff) = (CaseAct::Decided, decided, operator);
                Ok(Request::Case(CaseReport { act, scenario, case, subject, staff, on }))
            }
            Self::Appointment => {
                let Appointed { scenario, subject, operator, on } = object(body, |_| Detail::AppointmentMembers)?;
                let (act, staff) = (CaseAct::Appointed, operator);
                Ok(Request::Case(CaseReport { act, scenario, case: None, subject, staff, on }))
            }
            Self::Feedback => {
                let Feedback { query, operator, result, measure } = object(body, |_| Detail::FeedbackMembers)?;
                Ok(Request::Feedback(FeedbackReport { query, staff: operator, result, measure }))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feedback {
    query: String,
    #[serde(default, deserialize_with = "present")]
    operator: Option<String>,
    result: String,
    #[serde(default, deserialize_with = "present")]
    measure: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    #[serde(default, deserialize_with = "present")]
    case: Option<String>,
    scenario: String,
    #[serde(default, deserialize_with = "present")]
    subject: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    operator: Option<String>,
    opened: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appointed {
    scenario: String,
    #[serde(default, deserialize_with = "present")]
    subject: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    operator: Option<String>,
    on: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    #[serde(default, deserialize_with = "present")]
    case: Option<String>,
    scenario: String,
    #[serde(default, deserialize_with = "present")]
    subject: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    operator: Option<String>,
    decided: String,
}
