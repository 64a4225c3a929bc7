//! What becomes of another gateway's refusal. No text of it is passed on.

use credit_policy::{Code, consent::Bound};
use hyper::{HeaderMap, StatusCode, header::RETRY_AFTER};

use super::fault::{GatewayFault, Refused};
use crate::stores::{
    fault::StoreFault,
    http::json::{Scalar, bounded, members, scalar},
};

const DAY_S: u64 = 86_400;

/// The numbers in the head of a refusal by a limit: seconds to wait, and the limit.
#[derive(Clone, Copy, Default)]
pub(super) struct Numbers {
    retry_after_s: Option<u64>,
    limit: Option<u32>,
}

impl Numbers {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let seconds = text(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
        Self {
            retry_after_s: seconds.filter(|seconds| (1..=DAY_S).contains(seconds)),
            limit: text("ratelimit-limit").and_then(|text| text.parse().ok()),
        }
    }
}

/// Whether the institution gets the code itself: its person, consent, case, fields and limits are its own affair. That
/// a query is under way there already is its own affair too: it asked again too soon. That
/// this gateway is refused, or the other one cannot answer, is `store-failed`; that a store there was late is `store-timeout`.
fn passes(code: Code) -> bool {
    match code {
        Code::ScenarioNotAllowed
        | Code::FieldNotAllowed
        | Code::ConsentInvalid
        | Code::ConsentExpired
        | Code::ConsentNotYetValid
        | Code::ConsentWrongInstitution
        | Code::ConsentWrongScenario
        | Code::ConsentWrongSubject
        | Code::ConsentExceedsBound
        | Code::ConsentRevoked
        | Code::ConsentUsedUp
        | Code::StatuteForbids
        | Code::SubjectMinor
        | Code::CaseAlreadyUsed
        | Code::AnswerChanged
        | Code::IdempotencyConflict
        | Code::StoreTimeout
        | Code::RateLimited
        | Code::DistinctSubjectsExceeded => true,
        Code::MalformedRequest
        | Code::UnknownScenario
        | Code::InvalidCitizenNumber
        | Code::CaseRequired
        | Code::OperatorRequired
        | Code::UnknownField
        | Code::CertificateUnknown
        | Code::ConsentRequired
        | Code::InstitutionSuspended
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::HeadersTooLarge
        | Code::InternalError
        | Code::StoreFailed
        | Code::NotRecordable
        | Code::Draining
        | Code::Overloaded
        | Code::Stopped
        | Code::StateUnavailable => false,
    }
}

/// Reads a refusal: its code, which must be of its status, and what goes along with that code.
pub(super) fn read(status: StatusCode, text: &str, numbers: Numbers) -> StoreFault {
    let read = || {
        bounded(text).ok()?;
        let found = members(text, &["code", "bound"], false, "the answer").ok()?;
        let [code, bound] = found.as_slice() else { return None };
        let word = |raw| match scalar(raw, "code") {
            Ok(Scalar::Text(word)) => Some(word),
            Ok(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) | Err(_) => None,
        };
        let code = Code::parse(&word((*code)?)?).filter(|code| code.status() == status.as_u16())?;
        let Numbers { retry_after_s, limit } = numbers;
        let bound = bound.and_then(word).and_then(|word| Bound::parse(&word));
        let is_of_limit = code.status() == 429;
        let has_numbers = retry_after_s.is_some() && limit.is_some();
        let is_whole = (!is_of_limit || has_numbers) && (code != Code::ConsentExceedsBound || bound.is_some());
        is_whole.then_some(Refused { code, retry_after_s, limit, bound })
    };
    match read() {
        Some(refused) if passes(refused.code) => StoreFault::Refused(refused),
        Some(refused) => GatewayFault::Refusal(refused.code.as_str()).into(),
        None => GatewayFault::NoProblem(status.as_u16()).into(),
    }
}
