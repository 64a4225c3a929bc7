//! The order of faults (formats.md §2): of several, the caller learns the first.

use crate::code::Code;

/// The steps of a query, in the order in which their faults win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Is the certificate registered?
    Certificate,
    /// Is the institution suspended?
    Suspension,
    /// Can the gateway take the query at all? What fails here may come at any moment, when little else is known.
    Arrival,
    /// Head and body.
    Syntax,
    /// The scenario's name.
    Scenario,
    /// The operator's id.
    Operator,
    /// The case number.
    Case,
    /// The subject's number.
    Subject,
    /// May this kind of institution use the scenario?
    Allowed,
    /// The consent, where the ground is consent.
    Consent,
    /// The consent's width.
    Bounds,
    /// Fields that do not exist.
    Known,
    /// Fields that are not the scenario's, or that the consent does not cover.
    Fields,
    /// Is the person an adult?
    Adult,
    /// The other statutes that stand over every table.
    Statutes,
    /// Limits by person, case and consent.
    Limits,
    /// The stores.
    Store,
}

impl Step {
    /// The step at which a code can first arise. One that can arise again later keeps its place, which changes nothing:
    /// by then every step before has held.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::CertificateUnknown => Self::Certificate,
            Code::InstitutionSuspended => Self::Suspension,
            Code::RateLimited
            | Code::InternalError
            | Code::NotRecordable
            | Code::Draining
            | Code::Overloaded
            | Code::Stopped
            | Code::StateUnavailable => Self::Arrival,
            Code::MalformedRequest
            | Code::NotFound
            | Code::MethodNotAllowed
            | Code::RequestTimeout
            | Code::PayloadTooLarge
            | Code::UnsupportedMediaType
            | Code::HeadersTooLarge => Self::Syntax,
            Code::UnknownScenario => Self::Scenario,
            Code::OperatorRequired => Self::Operator,
            Code::CaseRequired => Self::Case,
            Code::InvalidCitizenNumber => Self::Subject,
            Code::ScenarioNotAllowed => Self::Allowed,
            Code::ConsentRequired
            | Code::ConsentInvalid
            | Code::ConsentExpired
            | Code::ConsentNotYetValid
            | Code::ConsentWrongInstitution
            | Code::ConsentWrongScenario
            | Code::ConsentWrongSubject
            | Code::ConsentRevoked => Self::Consent,
            Code::ConsentExceedsBound => Self::Bounds,
            Code::UnknownField => Self::Known,
            Code::FieldNotAllowed => Self::Fields,
            Code::SubjectMinor => Self::Adult,
            Code::StatuteForbids => Self::Statutes,
            Code::IdempotencyConflict
            | Code::CaseAlreadyUsed
            | Code::ConsentUsedUp
            | Code::DistinctSubjectsExceeded => Self::Limits,
            Code::StoreFailed | Code::StoreTimeout => Self::Store,
        }
    }
}
