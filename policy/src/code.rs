//! The codes of refusals: one closed list, the wire contract of formats.md §2.

use crate::words::words;

words! {
    /// Why a query was refused. Status and public sentence of each stand in the gateway's table.
    "problem code" pub Code {
        /// The request, or a part of it, does not have the form that it must have.
        MalformedRequest = "malformed-request",
        /// No such scenario in the catalogue.
        UnknownScenario = "unknown-scenario",
        /// The subject is no valid citizen number.
        InvalidCitizenNumber = "invalid-citizen-number",
        /// The scenario needs a case number.
        CaseRequired = "case-required",
        /// The member of staff who asks is not named.
        OperatorRequired = "operator-required",
        /// A field that stands in no data list.
        UnknownField = "unknown-field",
        /// A trusted certificate that stands in no register.
        CertificateUnknown = "certificate-unknown",
        /// The scenario needs the person's consent.
        ConsentRequired = "consent-required",
        /// The consent token does not verify.
        ConsentInvalid = "consent-invalid",
        /// The consent has expired.
        ConsentExpired = "consent-expired",
        /// The consent does not hold yet.
        ConsentNotYetValid = "consent-not-yet-valid",
        /// The institution is suspended.
        InstitutionSuspended = "institution-suspended",
        /// This kind of institution may not use the scenario, or not by this door.
        ScenarioNotAllowed = "scenario-not-allowed",
        /// The field is not among those of the scenario.
        FieldNotAllowed = "field-not-allowed",
        /// The consent names another institution.
        ConsentWrongInstitution = "consent-wrong-institution",
        /// The consent names another scenario.
        ConsentWrongScenario = "consent-wrong-scenario",
        /// The consent is another person's.
        ConsentWrongSubject = "consent-wrong-subject",
        /// The consent is wider than the catalogue allows.
        ConsentExceedsBound = "consent-exceeds-bound",
        /// The consent was revoked.
        ConsentRevoked = "consent-revoked",
        /// The consent was used as often as it allows.
        ConsentUsedUp = "consent-used-up",
        /// A statute forbids the query.
        StatuteForbids = "statute-forbids",
        /// The person is under 18.
        SubjectMinor = "subject-minor",
        /// No such resource.
        NotFound = "not-found",
        /// The resource does not have this method.
        MethodNotAllowed = "method-not-allowed",
        /// The request did not come in time.
        RequestTimeout = "request-timeout",
        /// The body is too large.
        PayloadTooLarge = "payload-too-large",
        /// The body is not of the media type that is asked for.
        UnsupportedMediaType = "unsupported-media-type",
        /// The head is too large.
        HeadersTooLarge = "headers-too-large",
        /// The idempotency key stands for another query, or for one under way.
        IdempotencyConflict = "idempotency-conflict",
        /// More look-ups on one person under one case than the scenario allows.
        CaseAlreadyUsed = "case-already-used",
        /// More queries than the institution's limit.
        RateLimited = "rate-limited",
        /// More distinct persons than the institution's limit.
        DistinctSubjectsExceeded = "distinct-subjects-exceeded",
        /// A stage of the journey panicked.
        InternalError = "internal-error",
        /// A store failed.
        StoreFailed = "store-failed",
        /// A store did not answer in time.
        StoreTimeout = "store-timeout",
        /// The record cannot be made durable.
        NotRecordable = "not-recordable",
        /// The gateway is shutting down.
        Draining = "draining",
        /// The gateway has no room for another query.
        Overloaded = "overloaded",
        /// The stop switch is on.
        Stopped = "stopped",
        /// The shared state cannot be reached.
        StateUnavailable = "state-unavailable",
    }
}
