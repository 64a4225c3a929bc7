//! What frames each view: a page with the headers that guard it, or JSON.

use askama::Template;
use credit_policy::Language;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    doors::persons::page::finish,
    settings::Role,
    transport::{Body, whole},
};

/// Who looks.
pub(in crate::doors) struct Viewer {
    /// Whether pages have forms to act by.
    pub(in crate::doors) is_officer: bool,
    /// What an officer may do; nothing for the supervisor.
    pub(in crate::doors) role: Option<Role>,
    /// The token of these forms.
    pub(in crate::doors) form: String,
}

/// What every page has around its own part.
pub(super) struct Frame {
    language: Language,
    is_page: bool,
    pub(super) is_demo: bool,
    pub(super) viewer: Viewer,
}

impl Frame {
    pub(super) fn new(language: Language, is_page: bool, is_demo: bool, viewer: Viewer) -> Self {
        Self { language, is_page, is_demo, viewer }
    }

    /// The tag of the page's language (BCP 47).
    pub(super) fn lang(&self) -> &'static str {
        self.say("zh-Hans", "en")
    }

    pub(super) fn other_lang(&self) -> &'static str {
        self.say("en", "zh")
    }

    /// What links within the console carry.
    pub(super) fn this_lang(&self) -> &'static str {
        self.say("zh", "en")
    }

    /// One of two texts.
    pub(super) fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// A word of a review.
    pub(super) fn word(&self, word: &str) -> &'static str {
        match word {
            "explained" => self.say("有合理说明", "explained"),
            "suspicious" => self.say("可疑", "suspicious"),
            _ => self.say("无说明", "unexplained"),
        }
    }

    /// The page for a browser, the same as JSON for everybody else.
    pub(super) fn show(&self, page: &impl Template, json: &impl Serialize) -> Response<Body> {
        let shown =
            if self.is_page { page.render().ok().map(String::into_bytes) } else { serde_json::to_vec(json).ok() };
        match shown {
            Some(bytes) => self.answer(bytes, StatusCode::OK),
            None => self.fault(StatusCode::INTERNAL_SERVER_ERROR, self.say("内部错误", "an internal fault")),
        }
    }

    /// One sentence instead.
    pub(super) fn fault(&self, status: StatusCode, sentence: &str) -> Response<Body> {
        let title = self.say("无法显示", "Cannot be shown");
        let page = Fault { frame: self, title, sentence }.render().unwrap_or_default();
        let json = json!({ "title": sentence, "status": status.as_u16() }).to_string();
        self.answer(if self.is_page { page.into_bytes() } else { json.into_bytes() }, status)
    }

    fn answer(&self, bytes: Vec<u8>, status: StatusCode) -> Response<Body> {
        let mut response = Response::new(whole(bytes));
        *response.status_mut() = status;
        let kind = match (self.is_page, status.is_success()) {
            (true, _) => "text/html; charset=utf-8",
            (false, true) => "application/json; charset=utf-8",
            (false, false) => "application/problem+json; charset=utf-8",
        };
        finish(&mut response, kind);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.lang()));
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
        );
        response
    }
}

#[derive(Template)]
#[template(path = "officers/fault.html")]
struct Fault<'a> {
    frame: &'a Frame,
    title: &'a str,
    sentence: &'a str,
}
