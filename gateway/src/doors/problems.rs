//! Problem documents (RFC 9457): every code with its status and its sentence in two languages, in one table; the wire
//! contract of refusals.
//!
//! A problem tells the caller what to mend and nothing about the person; the cause, where there is more to say, goes to
//! the operator's log.

use credit_policy::{Code, Language};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    journey::{detail::Detail, refusal::Refusal},
    terminal::chinese,
    transport::{Body, whole},
};

/// The language of sentences that `Accept-Language` asks for (RFC 9110 §12.5.4): of those that we have, the one of the
/// highest weight, else Chinese.
#[must_use]
pub(crate) fn accepted(header: Option<&str>) -> Language {
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
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Uuid>,
}

/// The bytes of a recorded refusal, without the receipt.
///
/// # Errors
/// When they cannot be rendered.
pub(crate) fn problem(refusal: &Refusal, language: Language, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
    problem_about(refusal, refusal.told(), language, query)
}

/// The same, where the door says itself what is at fault.
///
/// # Errors
/// When they cannot be rendered.
pub(crate) fn problem_about(
    refusal: &Refusal,
    detail: Option<Detail>,
    language: Language,
    query: Uuid,
) -> Result<Vec<u8>, serde_json::Error> {
    let detail = detail.map(|detail| detail.sentence(language));
    problem_said(refusal, title(refusal.code, language), detail, query)
}

/// The same, where the door says it in words of its own.
///
/// # Errors
/// When they cannot be rendered.
pub(crate) fn problem_said(
    refusal: &Refusal,
    title: &str,
    detail: Option<String>,
    query: Uuid,
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Problem {
        code: refusal.code.as_str(),
        title,
        status: status(refusal.code).as_u16(),
        detail,
        bound: refusal.bound.map(|bound| bound.as_str()),
        query: Some(query),
    })
}

/// A refusal without a record: only for what is no query yet, or cannot be one now (`docs/formats.md` §2).
#[must_use]
pub(crate) fn fixed(code: Code, language: Language) -> Response<Body> {
    let retry_after_s = (status(code) == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
    fixed_for(&Refusal { retry_after_s, ..Refusal::from(code) }, language)
}

/// As [`fixed`], with what the refusal says in headers.
#[must_use]
pub(crate) fn fixed_for(refusal: &Refusal, language: Language) -> Response<Body> {
    let mut response = Response::new(whole(fixed_body(refusal, language)));
    refuse(&mut response, refusal, language);
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// The bytes of a refusal without a record.
#[must_use]
pub(super) fn fixed_body(refusal: &Refusal, language: Language) -> Vec<u8> {
    let title = title(refusal.code, language);
    let detail = refusal.told().map(|detail| detail.sentence(language));
    let status = status(refusal.code).as_u16();
    let problem = Problem { code: refusal.code.as_str(), title, status, detail, bound: None, query: None };
    // Text and numbers alone: it can always be rendered.
    serde_json::to_vec(&problem).unwrap_or_default()
}

/// Where somebody's role, or kind, does not look or act: no scenario has to do with it.
#[must_use]
pub(super) fn not_of_role(language: Language) -> Response<Body> {
    let title = match language {
        Language::Zh => "您的角色不能查看或办理此项",
        Language::En => "what is looked at or done here is not for your role",
    };
    titled(StatusCode::FORBIDDEN, title.to_owned(), language)
}

/// A refusal of an act that is no query, in the words of its fault.
#[must_use]
pub(super) fn in_words(status: StatusCode, fault: &impl std::fmt::Display, language: Language) -> Response<Body> {
    let title = match language {
        Language::Zh => chinese().of(&fault.to_string()),
        Language::En => fault.to_string(),
    };
    titled(status, title, language)
}

fn titled(status: StatusCode, title: String, language: Language) -> Response<Body> {
    #[derive(Serialize)]
    struct Words {
        title: String,
        status: u16,
    }
    let body = serde_json::to_vec(&Words { title, status: status.as_u16() }).unwrap_or_default();
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "application/problem+json; charset=utf-8");
    set(headers, header::CONTENT_LANGUAGE, language.as_str());
    set(headers, header::CACHE_CONTROL, "no-store");
    response
}

/// An answer after which the connection is closed, over HTTP/1.1.
pub(super) fn closing(mut response: Response<Body>) -> Response<Body> {
    set(response.headers_mut(), header::CONNECTION, "close");
    response
}

/// Status and headers of a refusal.
pub(super) fn refuse(response: &mut Response<Body>, refusal: &Refusal, language: Language) {
    let status = status(refusal.code);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "application/problem+json; charset=utf-8");
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
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The public sentence of a code, which is true wherever it is returned: what is at fault in one place is its detail's.
#[must_use]
pub(crate) fn title(code: Code, language: Language) -> &'static str {
    match language {
        Language::Zh => code.chinese(),
        Language::En => code.english(),
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
