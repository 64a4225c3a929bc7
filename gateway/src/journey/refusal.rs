//! A refusal: what a stage returns instead of its proof. Its wire form is the door's.

use credit_policy::{Code, RuleId, consent::Bound};

use super::detail::Detail;
use crate::callers::{limits::Reached, suspension::Part};

/// Who is stopped comes again after so long, in seconds: an officer decides, not a clock.
const STOPPED_S: u64 = 60;

/// Why a request is refused, and what the caller may be told beside the code.
#[derive(Debug)]
#[must_use]
pub struct Refusal {
    /// The code on the wire and in the leaf.
    pub code: Code,
    /// The rules that refused, where rules did.
    pub rules: Vec<RuleId>,
    /// With `consent-exceeds-bound`, which bound.
    pub bound: Option<Bound>,
    /// Seconds after which a retry makes sense.
    pub retry_after_s: Option<u64>,
    /// The size of the limit that was reached.
    pub limit: Option<u32>,
    /// With `method-not-allowed`, the methods that the path takes.
    pub allow: Option<&'static str>,
    /// Whether the connection is closed after it: where its messages end is in doubt.
    pub closes: bool,
    /// For the caller: what is at fault, and its form.
    pub detail: Option<Detail>,
    /// For the operator: what happened, without anything personal.
    pub cause: Option<String>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self {
            code,
            rules: Vec::new(),
            bound: None,
            retry_after_s: None,
            limit: None,
            allow: None,
            closes: false,
            detail: None,
            cause: None,
        }
    }
}

impl Refusal {
    /// A refusal with its cause for the operator.
    pub fn because(code: Code, cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::from(code) }
    }

    /// The refusal with what the caller is to mend.
    pub fn with(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// For the caller: what is at fault, as far as anything is that the caller can correct.
    #[must_use]
    pub fn told(&self) -> Option<Detail> {
        self.detail.or_else(|| Detail::of(self.code))
    }

    /// A refusal of the method, at a path that takes another.
    pub fn method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::from(Code::MethodNotAllowed) }
    }

    /// The stop switch is thrown: that of everything, or of the scenario alone.
    pub(crate) fn stopped(everything: bool) -> Self {
        let detail = Some(if everything { Detail::Stopped } else { Detail::StoppedScenario });
        Self { retry_after_s: Some(STOPPED_S), detail, ..Self::from(Code::Stopped) }
    }

    /// This part of the institution is suspended.
    pub(crate) fn suspended(part: &Part) -> Self {
        Self::from(Code::InstitutionSuspended).with(match part {
            Part::Whole => Detail::Suspended,
            Part::Staff(_) => Detail::SuspendedStaff,
            Part::Scenario(_) => Detail::SuspendedScenario,
        })
    }

    /// What several gateways count together cannot be asked.
    pub fn unavailable() -> Self {
        Self { retry_after_s: Some(1), ..Self::from(Code::StateUnavailable) }
    }

    /// A refusal by a limit: its size, and when to come again.
    pub fn limited(code: Code, Reached { limit, retry_after_s }: Reached) -> Self {
        Self { limit: Some(limit), retry_after_s: Some(retry_after_s), ..Self::from(code) }
    }
}
