//! Problem documents (RFC 9457): every code with its status and its sentence in two languages, in one table; the wire
//! contract of refusals.
//!
//! A problem tells the caller what to mend and nothing about the person; the cause, where there is more to say, goes to
//! the operator's log.

use credit_policy::{Code, Language};
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderMap, HeaderValue},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{journey::refusal::Refusal, transport::Body};

/// The language of sentences that `Accept-Language` asks for (RFC 9110 §12.5.4): of those that we have, the one of the
/// highest weight, else Chinese.
#[must_use]
pub fn accepted(header: Option<&str>) -> Language {
    let mut best = (Language::Zh, 0.0_f32);
    for range in header.unwrap_or_default().split(',') {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        let language = match tag.split('-').next() {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            Some(_) | None => continue,
        };
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// A problem document, up to its receipt where it has one.
#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Uuid>,
}

/// The bytes of a recorded refusal, without the receipt.
///
/// # Errors
/// When they cannot be rendered.
pub fn problem(refusal: &Refusal, language: Language, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Problem {
        code: refusal.code.as_str(),
        title: title(refusal.code, language),
        status: status(refusal.code).as_u16(),
        bound: refusal.bound.map(|bound| bound.as_str()),
        query: Some(query),
    })
}

/// A refusal without a record: only for what is no query yet, or cannot be one now (`docs/formats.md` §2).
#[must_use]
pub fn fixed(code: Code, language: Language) -> Response<Body> {
    let status = status(code);
    let title = title(code, language);
    let problem = Problem { code: code.as_str(), title, status: status.as_u16(), bound: None, query: None };
    // Text and numbers alone: it can always be rendered.
    let mut response = Response::new(Full::new(Bytes::from(serde_json::to_vec(&problem).unwrap_or_default())));
    let retry_after_s = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
    refuse(&mut response, &Refusal { retry_after_s, ..Refusal::from(code) }, language);
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// Status and headers of a refusal.
pub(super) fn refuse(response: &mut Response<Body>, refusal: &Refusal, language: Language) {
    let status = status(refusal.code);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "application/problem+json");
    set(headers, header::CONTENT_LANGUAGE, language.as_str());
    if status == StatusCode::UNAUTHORIZED {
        set(headers, header::WWW_AUTHENTICATE, "Bearer");
    }
    if let Some(methods) = refusal.allow {
        set(headers, header::ALLOW, methods);
    }
    if let Some(seconds) = refusal.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(limit) = refusal.limit {
        headers.insert("ratelimit-limit", HeaderValue::from(limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(0));
        headers.insert("ratelimit-reset", HeaderValue::from(refusal.retry_after_s.unwrap_or(1)));
    }
}

pub(super) fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// The status of a code.
#[must_use]
pub fn status(code: Code) -> StatusCode {
    row(code).0
}

/// The public sentence of a code.
#[must_use]
pub fn title(code: Code, language: Language) -> &'static str {
    let (_, chinese, english) = row(code);
    match language {
        Language::Zh => chinese,
        Language::En => english,
    }
}

#[expect(clippy::too_many_lines, reason = "the one table of the wire contract")]
fn row(code: Code) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match code {
        Code::MalformedRequest => (
            S::BAD_REQUEST,
            "请求格式不正确；请按接口文档核对 JSON 各字段",
            "the request is malformed; check the JSON members against the interface document",
        ),
        Code::UnknownScenario => (
            S::BAD_REQUEST,
            "应用场景不存在；请使用应用清单中的名称",
            "there is no such scenario; use a name of the application list",
        ),
        Code::InvalidCitizenNumber => (
            S::BAD_REQUEST,
            "公民身份号码无效（GB 11643）；请核对全部 18 位",
            "the citizen number is not valid (GB 11643); check all 18 characters",
        ),
        Code::CaseRequired => (
            S::BAD_REQUEST,
            "依法查询须提供案件编号（case）",
            "a look-up by statute needs the number of its case (`case`)",
        ),
        Code::OperatorRequired => {
            (S::BAD_REQUEST, "须提供经办人工号（operator）", "the member of staff who asks must be named (`operator`)")
        }
        Code::UnknownField => {
            (S::BAD_REQUEST, "字段不在数据清单中；请核对 fields", "a field is not in the data list; check `fields`")
        }
        Code::CertificateUnknown => (
            S::UNAUTHORIZED,
            "该证书未登记；请联系运营单位登记机构证书",
            "this certificate is in no register; ask the operator to register it",
        ),
        Code::ConsentRequired => (
            S::UNAUTHORIZED,
            "该场景须取得信息主体的授权；请在 Authorization 中提交授权凭证",
            "this scenario needs the person's consent; send the token in `Authorization`",
        ),
        Code::ConsentInvalid => {
            (S::UNAUTHORIZED, "授权凭证无效；请重新取得授权", "the consent token is not valid; obtain a new one")
        }
        Code::ConsentExpired => {
            (S::UNAUTHORIZED, "授权凭证已过期；请重新取得授权", "the consent token has expired; obtain a new one")
        }
        Code::ConsentNotYetValid => (S::UNAUTHORIZED, "授权凭证尚未生效", "the consent token is not valid yet"),
        Code::InstitutionSuspended => {
            (S::FORBIDDEN, "本机构已被暂停查询；请联系运营单位", "this institution is suspended; contact the operator")
        }
        Code::ScenarioNotAllowed => {
            (S::FORBIDDEN, "本机构类型不得使用该应用场景", "this kind of institution may not use this scenario")
        }
        Code::FieldNotAllowed => (
            S::FORBIDDEN,
            "该应用场景或授权不提供所请求的字段；请核对 fields",
            "the scenario, or the consent, does not release a field that was asked for; check `fields`",
        ),
        Code::ConsentWrongInstitution => {
            (S::FORBIDDEN, "授权凭证不是授予本机构的", "the consent was not given to this institution")
        }
        Code::ConsentWrongScenario => {
            (S::FORBIDDEN, "授权凭证不适用于该应用场景", "the consent was not given for this scenario")
        }
        Code::ConsentWrongSubject => {
            (S::FORBIDDEN, "授权凭证与所查询的信息主体不一致", "the consent is not of the person who is asked about")
        }
        Code::ConsentExceedsBound => (
            S::FORBIDDEN,
            "授权范围超出目录规定的上限（见 bound）",
            "the consent exceeds a maximum of the catalogue (see `bound`)",
        ),
        Code::ConsentRevoked => (S::FORBIDDEN, "信息主体已撤回授权", "the person has withdrawn the consent"),
        Code::ConsentUsedUp => (S::FORBIDDEN, "授权次数已用完", "the uses of this consent are spent"),
        Code::StatuteForbids => (S::FORBIDDEN, "法律法规禁止此项查询", "a statute forbids this query"),
        Code::SubjectMinor => {
            (S::FORBIDDEN, "不提供未满十八周岁者的信用信息", "nothing is answered about persons under 18")
        }
        Code::NotFound => (
            S::NOT_FOUND,
            "此处没有可供本机构取用的内容：路径不存在、尚未发布或不属于本机构",
            "nothing here for you: no such path, not published yet, or not yours",
        ),
        Code::MethodNotAllowed => (
            S::METHOD_NOT_ALLOWED,
            "此路径不支持该方法（见 Allow）",
            "this path does not take that method (see `Allow`)",
        ),
        Code::RequestTimeout => {
            (S::REQUEST_TIMEOUT, "请求未在时限内送达完整", "the request did not arrive whole in time")
        }
        Code::PayloadTooLarge => (
            S::PAYLOAD_TOO_LARGE,
            "请求体过大；查询请求最大 16 KiB",
            "the body is too large; a query has at most 16 KiB",
        ),
        Code::UnsupportedMediaType => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "请求体须为 application/json，且不得压缩",
            "the body must be application/json, not encoded",
        ),
        Code::HeadersTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "请求头过大", "the request head is too large"),
        Code::IdempotencyConflict => (
            S::CONFLICT,
            "该 Idempotency-Key 已用于另一请求，或首个请求仍在处理",
            "this Idempotency-Key was used for another request, or the first is still under way",
        ),
        Code::CaseAlreadyUsed => (
            S::CONFLICT,
            "该案件对同一信息主体的查询次数已达上限",
            "this case has had all the look-ups on one person that the scenario allows",
        ),
        Code::RateLimited => (
            S::TOO_MANY_REQUESTS,
            "请求过于频繁；请在 Retry-After 之后重试",
            "too many requests; try again after `Retry-After`",
        ),
        Code::DistinctSubjectsExceeded => (
            S::TOO_MANY_REQUESTS,
            "本机构今日查询的人数已达上限",
            "this institution has asked about as many persons today as it may",
        ),
        Code::InternalError => (
            S::INTERNAL_SERVER_ERROR,
            "网关内部错误；已记录，请稍后重试",
            "an internal error; it is on the record, try again later",
        ),
        Code::StoreFailed => (S::BAD_GATEWAY, "数据源未能应答；请稍后重试", "the data store failed; try again later"),
        Code::StoreTimeout => (
            S::GATEWAY_TIMEOUT,
            "数据源未在时限内应答；请稍后重试",
            "the data store did not answer in time; try again later",
        ),
        Code::NotRecordable => (
            S::SERVICE_UNAVAILABLE,
            "查询暂时无法留痕，因此不予应答；请稍后重试",
            "queries cannot be put on the record now, so none is answered; try again later",
        ),
        Code::Draining => {
            (S::SERVICE_UNAVAILABLE, "网关正在停机；请重新连接", "the gateway is shutting down; connect again")
        }
        Code::Overloaded => (S::SERVICE_UNAVAILABLE, "网关繁忙；请稍后重试", "the gateway is busy; try again later"),
        Code::Stopped => (S::SERVICE_UNAVAILABLE, "网关已被紧急停止", "the gateway has been stopped"),
        Code::StateUnavailable => (
            S::SERVICE_UNAVAILABLE,
            "状态库不可用，因此不予应答；请稍后重试",
            "shared state is not available, so nothing is answered; try again later",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_of_the_highest_weight_that_we_have() {
        for (header, language) in [
            (None, Language::Zh),
            (Some(""), Language::Zh),
            (Some("fr"), Language::Zh),
            (Some("*"), Language::Zh),
            (Some("en"), Language::En),
            (Some("en-GB,en;q=0.9"), Language::En),
            (Some("zh-CN,en;q=0.9"), Language::Zh),
            (Some("fr, zh;q=0.2, en;q=0.7"), Language::En),
            (Some("en;q=0"), Language::Zh),
            (Some("en;q=nonsense"), Language::En),
        ] {
            assert_eq!(accepted(header), language, "{header:?}");
        }
    }

    #[test]
    fn every_code_has_a_status_of_refusal_and_two_sentences_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(status(*code).is_client_error() || status(*code).is_server_error(), "{code}");
            for language in [Language::Zh, Language::En] {
                assert!(seen.insert(title(*code, language)), "{code} shares its sentence");
            }
        }
    }
}
