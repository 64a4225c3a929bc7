//! What the caller gets: made from [`Recorded`] only. The bypasses are the fixed bodies of formats.md §2, without data.

use credit_policy::{Code, Language};
use http_body_util::Full;
use hyper::{
    Response,
    body::Bytes,
    header::{self, HeaderMap, HeaderValue},
};

use crate::{
    journey::{
        refusal::{self, Refusal},
        stages::record::Recorded,
    },
    transport::Body,
};

/// The reply to a recorded query.
#[must_use]
pub fn reply(recorded: Recorded, language: Language) -> Response<Body> {
    let (body, refusal) = recorded.into_parts();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    match &refusal {
        None => {
            set(response.headers_mut(), header::CONTENT_TYPE, "application/json");
        }
        Some(refusal) => refuse(&mut response, refusal, language),
    }
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// A refusal without a record: only for what is no query yet, or cannot be one now (formats.md §2, “What is a query”).
#[must_use]
pub fn fixed(code: Code, language: Language) -> Response<Body> {
    // By hand, because `json!` would sort the members; only the sentence could need escaping.
    let problem = format!(
        r#"{{"code":"{}","title":{},"status":{}}}"#,
        code.as_str(),
        serde_json::json!(refusal::title(code, language)),
        refusal::status(code).as_u16(),
    );
    let mut response = Response::new(Full::new(Bytes::from(problem)));
    let retry_after_s = match refusal::status(code) {
        hyper::StatusCode::SERVICE_UNAVAILABLE => Some(1),
        _ => None,
    };
    let refusal = Refusal { retry_after_s, ..Refusal::from(code) };
    refuse(&mut response, &refusal, language);
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

fn refuse(response: &mut Response<Body>, refusal: &Refusal, language: Language) {
    let status = refusal::status(refusal.code);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "application/problem+json");
    set(headers, header::CONTENT_LANGUAGE, language.as_str());
    if status == hyper::StatusCode::UNAUTHORIZED {
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

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
