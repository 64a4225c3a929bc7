//! Pages: what frames each of them, and the headers without which none leaves.

use std::sync::Arc;

use askama::Template;
use credit_policy::Language;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;

use crate::transport::{Body, whole};

/// The title of a page without one of its own.
const TITLE: Words = Words { zh: "个人信用信息查询", en: "Your credit information" };

/// The only style; there is no script and no image.
const STYLE: &str = include_str!("../../../templates/persons/style.css");

/// Nothing is kept by a browser or on the way, framed, guessed or told to the next site. The referrer is for this site alone,
/// not for nobody: under `no-referrer` a browser sends `Origin: null` with our own forms too.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::VARY, "Accept, Accept-Language, Cookie"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// A text in both languages.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// What is said where who is logged in cannot be made sure of.
pub(super) const UNREACHED: Words = Words {
    zh: "目前无法确认登录状态（各网关的共享状态暂不可用，state-unavailable），未予执行，请稍后再试。",
    en: "Who is logged in cannot be made sure of at present (state-unavailable: what the gateways know together cannot be reached), so nothing was done. Please try again later.",
};

/// What every page has around its own part.
#[derive(Clone)]
pub(super) struct Frame {
    language: Language,
    /// The token of forms, where somebody is logged in.
    form: Option<Arc<str>>,
    /// Where forms may lead: the identity service, after a logout.
    provider: Arc<str>,
    /// Whether the gateway is the demo.
    pub(super) is_demo: bool,
    /// Whether it is about another person than the one who is logged in.
    pub(super) is_for_another: bool,
    /// The log that the lists show, where several gateways of one operator keep one each.
    pub(super) log: Option<Arc<str>>,
}

impl Frame {
    pub(super) fn new(language: Language, form: Option<Arc<str>>, provider: Arc<str>, is_demo: bool) -> Self {
        Self { language, form, provider, is_demo, is_for_another: false, log: None }
    }

    /// What a link to a list of this log begins with, where there are others.
    pub(super) fn named(&self) -> String {
        self.log.as_deref().map_or_else(String::new, |log| {
            let log: String = openidconnect::url::form_urlencoded::byte_serialize(log.as_bytes()).collect();
            format!("log={log}&")
        })
    }

    pub(super) fn of_log(self, log: Option<Arc<str>>) -> Self {
        Self { log, ..self }
    }

    pub(super) fn for_another(self, is_for_another: bool) -> Self {
        Self { is_for_another, ..self }
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// The tag of the page's language (BCP 47).
    pub(super) fn lang(&self) -> &'static str {
        self.say("zh-Hans", "en")
    }

    pub(super) fn other_lang(&self) -> &'static str {
        self.say("en", "zh")
    }

    /// One of two texts.
    pub(super) fn say(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    pub(super) fn form(&self) -> &str {
        self.form.as_deref().unwrap_or_default()
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.form.is_some()
    }
}

/// The first page.
#[derive(Template)]
#[template(path = "persons/home.html")]
struct Home<'a> {
    frame: &'a Frame,
    title: &'a str,
}

/// A page of one sentence.
#[derive(Template)]
#[template(path = "persons/notice.html")]
struct Notice<'a> {
    frame: &'a Frame,
    title: &'a str,
    sentence: &'a str,
}

impl Words {
    pub(super) fn of(self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }
}

pub(super) fn home(frame: &Frame) -> Response<Body> {
    let title = TITLE.of(frame.language);
    html(frame, &Home { frame, title }, StatusCode::OK)
}

pub(super) fn notice(frame: &Frame, sentence: &str, status: StatusCode) -> Response<Body> {
    let title = TITLE.of(frame.language);
    html(frame, &Notice { frame, title, sentence }, status)
}

/// A page.
pub(super) fn html(frame: &Frame, page: &impl Template, status: StatusCode) -> Response<Body> {
    let Ok(text) = page.render() else {
        return answer(frame, "text/plain; charset=utf-8", b"error\n".to_vec(), StatusCode::INTERNAL_SERVER_ERROR);
    };
    answer(frame, "text/html; charset=utf-8", text.into_bytes(), status)
}

/// What a program is told instead of a page of one sentence (RFC 9457).
pub(super) fn problem(frame: &Frame, sentence: &str, status: StatusCode) -> Response<Body> {
    #[derive(Serialize)]
    struct Problem<'a> {
        title: &'a str,
        status: u16,
    }
    let body = serde_json::to_vec(&Problem { title: sentence, status: status.as_u16() }).unwrap_or_default();
    answer(frame, "application/problem+json; charset=utf-8", body, status)
}

/// An answer with the headers that each has.
pub(super) fn answer(frame: &Frame, kind: &'static str, body: Vec<u8>, status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    finish(&mut response, kind);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(frame.lang()));
    // A form of ours ends at the identity service, where the browser follows our redirection.
    let provider = &frame.provider;
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {provider}; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

pub(in crate::doors) fn finish(response: &mut Response<Body>, kind: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    );
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The style: the only thing that a browser may keep.
pub(in crate::doors) fn style() -> Response<Body> {
    let mut response = Response::new(whole(STYLE.as_bytes()));
    finish(&mut response, "text/css; charset=utf-8");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

/// Sends the browser on, by a GET.
pub(in crate::doors) fn redirect(to: &str) -> Response<Body> {
    let mut response = Response::new(whole(Vec::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    finish(&mut response, "text/plain; charset=utf-8");
    match HeaderValue::from_str(to) {
        Ok(location) => drop(response.headers_mut().insert(header::LOCATION, location)),
        Err(_) => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    response
}

pub(super) fn set_cookie(response: &mut Response<Body>, line: &str) {
    if let Ok(line) = HeaderValue::from_str(line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}
