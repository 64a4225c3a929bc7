//! The codes of refusals: one closed list, the wire contract of formats.md §2. One row says all of a code: to add one, add
//! a row. Which status and sentence a caller gets is the gateway's to send; nothing here depends on it.

use crate::order::Step;
use crate::words::words;

/// The rows of the catalogue that a refusal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RulesBehind {
    /// A fault that is no rule's.
    Nothing,
    /// What is not on the application list is no scenario.
    ApplicationList,
    /// What is not in the data list does not exist.
    DataList,
    /// Every query names the member of staff who asks.
    QueryRegister,
    /// The statute on suspended institutions.
    SuspendedNever,
    /// The statute on minors.
    AdultsOnly,
    /// The scenario's row, where the scenario is known.
    Scenario,
    /// The scenario's row and the statute on listed organs.
    ScenarioAndListedOrgans,
    /// The scenario's row and the statute on the maxima of consents.
    ScenarioAndMaxima,
}

/// Declares the codes: word, HTTP status, step of the query, rules behind, and the public sentences in Chinese and
/// English.
macro_rules! codes {
    ($($(#[$meta:meta])* $code:ident = $word:literal, $status:literal, $step:ident, $rules:ident, $zh:literal, $en:literal;)+) => {
        words! {
            /// Why a query was refused.
            "problem code" pub Code {
                $($(#[$meta])* $code = $word,)+
            }
        }

        impl Code {
            /// The HTTP status of the answer that says so.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)+
                }
            }

            /// The public sentence in Chinese: what is at fault, and what to do.
            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self {
                    $(Self::$code => $zh,)+
                }
            }

            /// The public sentence in English.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self {
                    $(Self::$code => $en,)+
                }
            }

            /// The step at which it can first arise. One that can arise again later keeps its place, which changes
            /// nothing: by then every step before was passed.
            pub(crate) const fn step(self) -> Step {
                match self {
                    $(Self::$code => Step::$step,)+
                }
            }

            pub(crate) const fn rules(self) -> RulesBehind {
                match self {
                    $(Self::$code => RulesBehind::$rules,)+
                }
            }
        }
    };
}

codes! {
    /// The request, or a part of it, does not have the form that it must have.
    MalformedRequest = "malformed-request", 400, Syntax, Nothing,
        "请求格式不正确；请按接口文档核对",
        "the request is malformed; check it against the interface document";
    /// No such scenario in the catalogue.
    UnknownScenario = "unknown-scenario", 400, Scenario, ApplicationList,
        "应用场景不存在；请使用应用清单中的名称",
        "there is no such scenario; use a name of the application list";
    /// The subject is no valid citizen number.
    InvalidCitizenNumber = "invalid-citizen-number", 400, Subject, Nothing,
        "公民身份号码无效（GB 11643）；请核对全部 18 位",
        "the citizen number is not valid (GB 11643); check all 18 characters";
    /// The scenario needs a case number.
    CaseRequired = "case-required", 400, Case, ScenarioAndListedOrgans,
        "依法查询须提供案件编号",
        "a look-up by statute needs the number of its case";
    /// The member of staff who asks is not named.
    OperatorRequired = "operator-required", 400, Operator, QueryRegister,
        "须提供经办人工号",
        "the member of staff who asks must be named";
    /// A field that stands in no data list.
    UnknownField = "unknown-field", 400, Known, DataList,
        "数据项不在数据清单中",
        "a field is not in the data list";
    /// A trusted certificate that stands in no register.
    CertificateUnknown = "certificate-unknown", 401, Certificate, Nothing,
        "该证书未登记；请联系运营单位登记机构证书",
        "this certificate is in no register; ask the operator to register it";
    /// The scenario needs the person's consent.
    ConsentRequired = "consent-required", 401, Consent, Scenario,
        "该场景须取得信息主体的授权；请提交授权凭证",
        "this scenario needs the person's consent; send the token";
    /// The consent token does not verify.
    ConsentInvalid = "consent-invalid", 401, Consent, Scenario,
        "授权凭证无效；请重新取得授权",
        "the consent token is not valid; obtain a new one";
    /// The consent has expired.
    ConsentExpired = "consent-expired", 401, Consent, Scenario,
        "授权凭证已过期；请重新取得授权",
        "the consent token has expired; obtain a new one";
    /// The consent does not hold yet.
    ConsentNotYetValid = "consent-not-yet-valid", 401, Consent, Scenario,
        "授权凭证尚未生效",
        "the consent token is not valid yet";
    /// The institution is suspended, or the part of it that asks.
    InstitutionSuspended = "institution-suspended", 403, Suspension, SuspendedNever,
        "本机构、该经办人或本机构对该场景的使用已被暂停；请联系运营单位",
        "the institution, this member of its staff or its use of this scenario is suspended; contact the operator";
    /// This kind of institution may not use the scenario, or not by this door.
    ScenarioNotAllowed = "scenario-not-allowed", 403, Allowed, Scenario,
        "本机构类型不得使用该应用场景",
        "this kind of institution may not use this scenario";
    /// The field is not among those of the scenario.
    FieldNotAllowed = "field-not-allowed", 403, Fields, Scenario,
        "该应用场景或授权不提供所请求的内容",
        "the scenario, or the consent, does not release what was asked for";
    /// The consent names another institution.
    ConsentWrongInstitution = "consent-wrong-institution", 403, Consent, Scenario,
        "授权凭证不是授予本机构的",
        "the consent was not given to this institution";
    /// The consent names another scenario.
    ConsentWrongScenario = "consent-wrong-scenario", 403, Consent, Scenario,
        "授权凭证不适用于该应用场景",
        "the consent was not given for this scenario";
    /// The consent is another person's.
    ConsentWrongSubject = "consent-wrong-subject", 403, Consent, Scenario,
        "授权凭证与所查询的信息主体不一致",
        "the consent is not of the person who is asked about";
    /// The consent is wider than the catalogue allows.
    ConsentExceedsBound = "consent-exceeds-bound", 403, Bounds, ScenarioAndMaxima,
        "授权范围超出目录规定的上限（见 bound）",
        "the consent exceeds a maximum of the catalogue (see `bound`)";
    /// The consent was revoked.
    ConsentRevoked = "consent-revoked", 403, Consent, Scenario,
        "信息主体已撤回授权",
        "the person has withdrawn the consent";
    /// The consent was used as often as it allows.
    ConsentUsedUp = "consent-used-up", 403, Limits, Scenario,
        "授权次数已用完",
        "the uses of this consent are spent";
    /// A statute forbids the query.
    StatuteForbids = "statute-forbids", 403, Statutes, Nothing,
        "法律法规禁止此项查询",
        "a statute forbids this query";
    /// The person is under 18.
    SubjectMinor = "subject-minor", 403, Adult, AdultsOnly,
        "不提供未满十八周岁者的信用信息",
        "nothing is answered about persons under 18";
    /// No such resource.
    NotFound = "not-found", 404, Syntax, Nothing,
        "此处没有可供本机构取用的内容：路径不存在、尚未发布或不属于本机构",
        "nothing here for you: no such path, not published yet, or not yours";
    /// The resource does not have this method.
    MethodNotAllowed = "method-not-allowed", 405, Syntax, Nothing,
        "此路径不支持该方法（见 Allow）",
        "this path does not take that method (see `Allow`)";
    /// The request did not come in time.
    RequestTimeout = "request-timeout", 408, Syntax, Nothing,
        "请求未在时限内送达完整",
        "the request did not arrive whole in time";
    /// The body is too large.
    PayloadTooLarge = "payload-too-large", 413, Syntax, Nothing,
        "所提交的内容过大",
        "what was sent is too large";
    /// The body is not of the media type that is asked for.
    UnsupportedMediaType = "unsupported-media-type", 415, Syntax, Nothing,
        "请求体的媒体类型不符，或经过压缩",
        "the body is of another media type, or encoded";
    /// The head is too large.
    HeadersTooLarge = "headers-too-large", 431, Syntax, Nothing,
        "请求头过大",
        "the request head is too large";
    /// The idempotency key stands for another query, or for one under way.
    IdempotencyConflict = "idempotency-conflict", 409, Limits, Nothing,
        "该键已用于另一请求，或首个请求仍在处理",
        "another request was sent under this key, or the first is still under way";
    /// A repeat that the first answer no longer answers.
    AnswerChanged = "answer-changed", 409, Store, Nothing,
        "重复请求只在规定时间内且结果未变时予以应答；请使用另一键重新查询",
        "a repeat is answered only in its time, and while the answer is the same; ask anew under another key";
    /// More look-ups on one person under one case than the scenario allows.
    CaseAlreadyUsed = "case-already-used", 409, Limits, Scenario,
        "该案件对同一信息主体的查询次数已达上限",
        "this case has had all the look-ups on one person that the scenario allows";
    /// More queries than the institution's limit.
    RateLimited = "rate-limited", 429, Arrival, Nothing,
        "请求过于频繁；请在 Retry-After 之后重试",
        "too many requests; try again after `Retry-After`";
    /// More distinct persons than the institution's limit.
    DistinctSubjectsExceeded = "distinct-subjects-exceeded", 429, Limits, Nothing,
        "本机构今日查询的人数已达上限",
        "this institution has asked about as many persons today as it may";
    /// A stage of the journey panicked.
    InternalError = "internal-error", 500, Arrival, Nothing,
        "网关内部错误；已记录，请稍后重试",
        "an internal error; it is on the record, try again later";
    /// A store failed.
    StoreFailed = "store-failed", 502, Store, Nothing,
        "数据源失败，或其数据须由运营者修正；重试仍失败时请联系网关运营者",
        "the data store failed, or its data need repair; if a retry fails too, contact the operator of the gateway";
    /// A store did not answer in time.
    StoreTimeout = "store-timeout", 504, Store, Nothing,
        "数据源未在时限内应答；请稍后重试",
        "the data store did not answer in time; try again later";
    /// The record cannot be made durable.
    NotRecordable = "not-recordable", 503, Arrival, Nothing,
        "查询暂时无法留痕，因此不予应答；请稍后重试",
        "queries cannot be put on the record now, so none is answered; try again later";
    /// The gateway is shutting down.
    Draining = "draining", 503, Arrival, Nothing,
        "网关正在停机；请重新连接",
        "the gateway is shutting down; connect again";
    /// The gateway has no room for another query.
    Overloaded = "overloaded", 503, Arrival, Nothing,
        "网关繁忙；请稍后重试",
        "the gateway is busy; try again later";
    /// The stop switch is on, or that of the scenario.
    Stopped = "stopped", 503, Arrival, Nothing,
        "全部查询或该应用场景已被紧急停止",
        "every query, or this scenario, has been stopped";
    /// The shared state cannot be reached.
    StateUnavailable = "state-unavailable", 503, Arrival, Nothing,
        "状态库不可用，因此不予应答；请稍后重试",
        "shared state is not available, so nothing is answered; try again later";
}
