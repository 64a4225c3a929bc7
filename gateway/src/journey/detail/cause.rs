//! What is at fault in a request.

use credit_policy::{
    CitizenNumberError, IdError,
    consent::{Bound, ConsentFault},
};

/// A member of the body of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The name of the scenario.
    Scenario,
    /// The citizen number.
    Subject,
    /// The id of the member of staff.
    Operator,
    /// The case number.
    Case,
    /// Fewer fields than the scenario has.
    Fields,
    /// For whom another gateway asks.
    OnBehalf,
}

impl Member {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Scenario, Self::Subject, Self::Operator, Self::Case, Self::Fields, Self::OnBehalf];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Subject => "subject",
            Self::Operator => "operator",
            Self::Case => "case",
            Self::Fields => "fields",
            Self::OnBehalf => "on_behalf",
        }
    }
}

/// A sentence in Chinese and in English.
pub(super) type Pair = (&'static str, &'static str);

/// What is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Two parties might read the head differently.
    AmbiguousHead,
    /// The head is too large.
    HeadTooLarge,
    /// The body is too large.
    BodyTooLarge,
    /// The request did not come in time.
    Late,
    /// The path takes another method.
    Method,
    /// The body starts with a byte order mark.
    ByteOrderMark,
    /// The body is not one JSON object.
    NoObject,
    /// The body begins like an object and is no JSON.
    NoJson,
    /// The body has a member beside those of its kind.
    UnknownMember,
    /// A member is given twice.
    Twice(Member),
    /// A member is of another type.
    Type(Member),
    /// A member is missing.
    Missing(Member),
    /// An institution that is no gateway asks on behalf of another.
    OnBehalfOfGateways,
    /// The register does not let the gateway ask for this institution, or not as this kind.
    OnBehalfNotListed,
    /// The query began at this gateway.
    OnBehalfLoop,
    /// The end institution's certificate is the gateway's own, or trusted no more.
    OnBehalfCertificate,
    /// The body of a withdrawal has other members than its own, or one of another form.
    WithdrawalMembers,
    /// A withdrawal does not name one of several issuers.
    WithdrawalIssuer,
    /// A withdrawal names an issuer for whom the institution does not act.
    WithdrawalOfAnotherIssuer,
    /// The body of a repair has other members than its own, or one of another form.
    RepairMembers,
    /// The body of a repair that is revoked, likewise.
    RevokedRepairMembers,
    /// The body of a decision of an objection, likewise.
    DecisionMembers,
    /// The body of notices that were given has other members than its own.
    NoticeMembers,
    /// The place from which corrections are asked for.
    After,
    /// `after` was told by another gateway.
    AfterOfAnother,
    /// What institutions of another kind do.
    NotOfYourKind,
    /// The body of a case that is registered has other members than its own.
    CaseMembers,
    /// The body of a case that was decided has other members than its own.
    CaseDecisionMembers,
    /// The body of an appointment has other members than its own.
    AppointmentMembers,
    /// The body of feedback has other members than its own, or one of another form.
    FeedbackMembers,
    /// The measure of feedback is not in the list, or is of another result.
    FeedbackMeasure,
    /// The day of a case is none, or has not come.
    CaseDay,
    /// The day of an appointment is none, is over, or is too far ahead.
    AppointmentDay,
    /// The target has a query string.
    QueryString,
    /// The body is compressed.
    ContentEncoding,
    /// The body is not declared as JSON.
    ContentType,
    /// A batch is not declared as lines of JSON.
    BatchContentType,
    /// The header `Batch-Id`.
    BatchId,
    /// The header `Batch-After`.
    BatchAfter,
    /// A batch has no line, or more than it may have.
    BatchLines,
    /// A line of a batch is no object of the members of a query with its number.
    BatchLine,
    /// A line of a batch is too long.
    BatchLineTooLarge,
    /// A line of a batch has no consent, where one is needed.
    BatchConsent,
    /// A line of a batch has another number than its place.
    BatchLineNumber,
    /// A line of a batch is longer ago than a repeat may be, or would tell another thing.
    BatchAnswerChanged,
    /// The id of a batch stands for other lines, or this line of it is under way.
    BatchConflict,
    /// The header `Idempotency-Key`.
    IdempotencyKey,
    /// The header `Authorization`, where a consent is needed.
    Authorization,
    /// The scenario is not of the application list.
    UnknownScenario,
    /// The scenario is of the application list, and no article carries one of its fields in this jurisdiction.
    ScenarioWithoutGround,
    /// The institution's kind may not use the scenario.
    ScenarioNotAllowed,
    /// The scenario stands on no statute, or is not open to the institution's kind, so it has no cases of this institution.
    ScenarioWithoutCases,
    /// The citizen number.
    Subject(CitizenNumberError),
    /// The birth date in the citizen number has not come yet.
    NotBorn,
    /// The id of the member of staff.
    Staff(IdError),
    /// The case number.
    Case(IdError),
    /// The query string is not that of the route.
    RouteQuery,
    /// The body is not that of the route.
    RouteBody,
    /// The route's staff id is not there.
    RouteStaff,
    /// The route's case number is not there.
    RouteCase,
    /// The route's consent is not there.
    RouteConsent,
    /// The consent covers no field of the route.
    RouteNotCovered,
    /// A field of the route means another thing than when the consent was given.
    RouteRedefined,
    /// A header from which the route takes something is there twice, or is no text.
    RouteHeader,
    /// An entry of `fields`, counted from 1, stands in no data list.
    UnknownField(usize),
    /// An entry of `fields` was there before.
    FieldTwice(usize),
    /// An entry of `fields` is not among those of the scenario.
    FieldOfAnotherScenario(usize),
    /// An entry of `fields` is not among those that the consent names.
    FieldNotOfConsent(usize),
    /// An entry of `fields` means another thing than when the consent was given.
    FieldRedefined(usize),
    /// A field that the consent names means another thing than when it was given.
    ConsentRedefined,
    /// The consent names a field that stands in no data list.
    UnknownFieldOfConsent,
    /// The consent names a field that is not among those of the scenario.
    ConsentOfOtherFields,
    /// The consent names no fields and is older than the catalogue.
    ConsentWithoutFields,
    /// The consent is not valid.
    Consent(ConsentFault),
    /// The consent is wider than the catalogue allows.
    Exceeds(Bound),
    /// The person has withdrawn the consent.
    Withdrawn,
    /// The consent was used as often as it says.
    UsedUp,
    /// All of the institution is suspended.
    Suspended,
    /// This member of its staff is.
    SuspendedStaff,
    /// Its use of this scenario is.
    SuspendedScenario,
    /// Every query is stopped.
    Stopped,
    /// This scenario is, for everybody.
    StoppedScenario,
    /// The case has had all its look-ups on this person.
    CaseSpent,
    /// The repeat is too late, one too many, or would tell another thing.
    AnswerChanged,
    /// The idempotency key stands for something else, or its first query is under way.
    Conflict,
}
