//! What frames each view: a page with the headers that guard it, or JSON.

use askama::Template;
use credit_policy::{Code, Language};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};
use jiff::{Timestamp, tz::Offset};
use openidconnect::url::form_urlencoded::Serializer;
use serde::Serialize;
use serde_json::json;

use super::{
    form,
    span::{MissingLog, Span},
    viewer::Viewer,
};
use crate::{
    cluster::Replica,
    doors::{
        persons::{page::finish, request::Members},
        problems::title,
    },
    gateway::Gateway,
    settings::Role,
    transport::{Body, whole},
};

/// The navigation.
const LINKS: [(&str, &str, &str); 12] = [
    ("/officers", "概览", "Overview"),
    ("/officers/alarms", "告警", "Alarms"),
    ("/officers/queries", "查询记录", "Queries"),
    ("/officers/consents", "授权", "Consents"),
    ("/officers/objections", "异议", "Objections"),
    ("/officers/reviews", "查询复核", "Review"),
    ("/officers/coverage", "覆盖情况", "Coverage"),
    ("/officers/statistics", "统计", "Statistics"),
    ("/officers/report", "月度报告", "Reports"),
    ("/officers/proposals", "双人审批", "Decisions by two"),
    ("/officers/institutions", "机构", "Institutions"),
    ("/officers/log", "日志状况", "Log"),
];

/// Where custodians of keys look.
const OF_CUSTODIANS: [&str; 5] =
    ["/officers", "/officers/alarms", "/officers/proposals", "/officers/institutions", "/officers/log"];

/// What every page has around its own part.
pub(super) struct Frame {
    language: Language,
    is_page: bool,
    /// Of the jurisdiction, from UTC.
    offset: Offset,
    /// The path of the page.
    path: String,
    /// That what was asked for by a form is done, where the page is shown after it.
    pub(super) done: Option<String>,
    /// The same page in the other language, with all else that was asked for.
    pub(super) switch: String,
    pub(super) is_demo: bool,
    /// The log that the pages show, where several gateways of one operator keep one each.
    pub(super) log: Option<String>,
    /// The others, and where each is asked.
    pub(super) others: Vec<OtherLog>,
    /// Of which logs the page is, where it is of more than this gateway's.
    pub(super) span: Option<Span>,
    pub(super) viewer: Viewer,
}

/// Another gateway of this operator, whose log these pages do not show.
#[derive(Serialize)]
pub(super) struct OtherLog {
    #[serde(flatten)]
    pub(super) replica: Replica,
    /// Its officers' port, where the configuration has it (`[[persons.gateways]]`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
}

impl OtherLog {
    fn of(gateway: &Gateway) -> Vec<Self> {
        let known = gateway.settings.persons.as_ref().map(|persons| persons.gateways.as_slice()).unwrap_or_default();
        let address = |log: &str| known.iter().find(|other| other.log == log).map(|other| other.url.clone());
        let replicas = gateway.cluster.as_ref().map(|cluster| cluster.others()).unwrap_or_default();
        replicas.iter().map(|replica| Self { address: address(&replica.log), replica: replica.clone() }).collect()
    }
}

/// What a program gets where there are several gateways: of which log it is, and of which it is not.
#[derive(Serialize)]
struct OfLog<'a, T> {
    #[serde(flatten)]
    shown: &'a T,
    of_log: &'a str,
    other_logs: &'a [OtherLog],
}

/// What a program gets of several logs: first which of them did not come.
#[derive(Serialize)]
struct OfLogs<'a, T> {
    missing_logs: &'a [MissingLog],
    of_logs: Vec<&'a str>,
    #[serde(flatten)]
    shown: &'a T,
    other_logs: &'a [OtherLog],
}

impl Frame {
    pub(super) fn new(
        language: Language,
        is_page: bool,
        gateway: &Gateway,
        viewer: Viewer,
        (path, asked): (&str, Option<&Members>),
    ) -> Self {
        let other = if language == Language::Zh { "en" } else { "zh" };
        let switch = address("", asked, &["lang", "done"], &[("lang", other)]);
        let mark = asked.and_then(|asked| asked.get("done"));
        let done = mark.and_then(|mark| form::done(&viewer.certificate, mark));
        let (offset, is_demo) = (gateway.catalogue().offset(), gateway.settings.demo);
        let log = gateway.is_one_of_several().then(|| gateway.settings.log.origin.clone());
        let others = OtherLog::of(gateway);
        let mut frame = Self {
            language,
            is_page,
            offset,
            path: path.to_owned(),
            done: None,
            switch,
            is_demo,
            log,
            others,
            span: None,
            viewer,
        };
        frame.done = done.map(|done| frame.said_of(gateway, done));
        frame
    }

    /// The page is of the logs of other gateways too.
    pub(super) fn spans(&mut self, gateway: &Gateway) {
        self.span = Some(Span::of(&gateway.settings.log.origin));
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// The links of the navigation, to where the role looks.
    pub(super) fn links(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let is_custodian = self.viewer.role == Some(Role::Custodian);
        LINKS.into_iter().filter(move |(path, _, _)| !is_custodian || OF_CUSTODIANS.contains(path))
    }

    /// Whether a page of the navigation is one for this role.
    pub(super) fn leads_to(&self, path: &str) -> bool {
        self.links().any(|(known, _, _)| known == path)
    }

    /// Whether a link of the navigation leads to this page, or to what this one is a part of.
    pub(super) fn is_at(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && path != "/officers"))
    }

    /// The tag of the page's language (BCP 47).
    pub(super) fn lang(&self) -> &'static str {
        self.say("zh-Hans", "en")
    }

    /// What links within the console carry.
    pub(super) fn this_lang(&self) -> &'static str {
        self.say("zh", "en")
    }

    /// This page at another gateway.
    pub(super) fn there(&self, address: &str) -> String {
        format!("{}{}?lang={}", address.trim_end_matches('/'), self.path, self.this_lang())
    }

    /// Whether a page is wanted.
    pub(super) fn is_page(&self) -> bool {
        self.is_page
    }

    /// One of two texts.
    pub(super) fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// A time where the departments are, to the second.
    pub(super) fn time(&self, at: &Timestamp) -> String {
        self.offset.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// What an outcome without or with a code is called.
    pub(super) fn outcome(&self, code: Option<&str>) -> String {
        let Some(code) = code else { return self.say("已答复", "answered").to_owned() };
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        known.map_or(code, |known| title(*known, self.language)).to_owned()
    }

    /// Why a query was refused, without what its sentence says after a semicolon: what the asker should do.
    pub(super) fn reason(&self, code: &str) -> String {
        self.outcome(Some(code)).split(['；', ';']).next().unwrap_or_default().to_owned()
    }

    /// The page for a browser, the same as JSON for everybody else.
    pub(super) fn show(&self, page: &impl Template, json: &impl Serialize) -> Response<Body> {
        if self.is_page {
            return self.written(page.render().ok().map(String::into_bytes));
        }
        match (&self.span, &self.log) {
            (Some(span), _) => self.json(&OfLogs {
                missing_logs: &span.missing,
                of_logs: span.logs(),
                shown: json,
                other_logs: &self.others,
            }),
            (None, Some(log)) => self.json(&OfLog { shown: json, of_log: log, other_logs: &self.others }),
            (None, None) => self.json(json),
        }
    }

    /// JSON as it is.
    pub(super) fn json(&self, json: &impl Serialize) -> Response<Body> {
        self.written(serde_json::to_vec(json).ok())
    }

    fn written(&self, shown: Option<Vec<u8>>) -> Response<Body> {
        match shown {
            Some(bytes) => self.answer(bytes, StatusCode::OK),
            None => self.fault(StatusCode::INTERNAL_SERVER_ERROR, self.say("内部错误", "an internal fault")),
        }
    }

    /// The page with what was typed in it, which says what is wrong with it; one sentence for everybody else.
    pub(super) fn show_again(&self, page: &impl Template, sentence: &str) -> Response<Body> {
        match page.render() {
            Ok(page) if self.is_page => self.answer(page.into_bytes(), StatusCode::BAD_REQUEST),
            Ok(_) | Err(_) => self.fault(StatusCode::BAD_REQUEST, sentence),
        }
    }

    pub(super) fn unreadable(&self) -> Response<Body> {
        self.fault(StatusCode::SERVICE_UNAVAILABLE, self.say("暂时无法读取日志", "the log cannot be read now"))
    }

    pub(super) fn no_index(&self) -> Response<Body> {
        let sentence = self.say(
            "没有日志索引：请在配置的 [data] 中设置 index = true，或设置 [persons]",
            "there is no index of the log: set index = true under [data] of the configuration, or set [persons]",
        );
        self.fault(StatusCode::SERVICE_UNAVAILABLE, sentence)
    }

    /// It is not in this log: with several gateways each has a log of its own.
    pub(super) fn not_here(&self, zh: &str, en: &str) -> Response<Body> {
        let sentence = match &self.log {
            None => self.say(zh, en).to_owned(),
            Some(log) => {
                let others: Vec<_> = self.others.iter().map(|other| other.replica.log.as_str()).collect();
                match self.language {
                    Language::Zh => {
                        let others =
                            if others.is_empty() { String::new() } else { format!("：{}", others.join("、")) };
                        format!("日志 {log} 中{zh}；可能在其他网关的日志中{others}")
                    }
                    Language::En => {
                        let others = if others.is_empty() { String::new() } else { format!(": {}", others.join(", ")) };
                        format!("{en} in the log {log}; it may be in that of another gateway{others}")
                    }
                }
            }
        };
        self.fault(StatusCode::NOT_FOUND, &sentence)
    }

    /// One sentence instead.
    pub(super) fn fault(&self, status: StatusCode, sentence: &str) -> Response<Body> {
        let title = self.say("无法显示", "Cannot be shown");
        // What it is a part of, with nothing else asked for.
        let whole = self.path.split('/').take(3).collect::<Vec<_>>().join("/");
        let page = if LINKS.iter().any(|(path, _, _)| *path == whole) { whole.as_str() } else { "/officers" };
        let back = format!("{page}?lang={}", self.this_lang());
        let page = Fault { frame: self, title, sentence, back: &back, is_form: false }.render().unwrap_or_default();
        let mut json = json!({ "title": sentence, "status": status.as_u16() });
        // Of which log that is said; of several logs each that did not come is named with what did.
        if let (Some(log), None, Some(members)) = (&self.log, &self.span, json.as_object_mut()) {
            members.insert("of_log".to_owned(), json!(log));
            members.insert("other_logs".to_owned(), json!(self.others));
        }
        let json = json.to_string();
        self.answer(if self.is_page { page.into_bytes() } else { json.into_bytes() }, status)
    }

    /// Why nothing was done, with the way back to where it was asked.
    pub(super) fn not_done(&self, status: StatusCode, sentence: &str, back: &str) -> Response<Body> {
        let title = self.say("没有执行", "Not done");
        let page = Fault { frame: self, title, sentence, back, is_form: true }.render().unwrap_or_default();
        self.answer(page.into_bytes(), status)
    }

    /// A page that is whole as it is, with a style of this hash (CSP).
    pub(super) fn whole(&self, page: String, json: String, style: &str) -> Response<Body> {
        let mut response = self.answer(if self.is_page { page } else { json }.into_bytes(), StatusCode::OK);
        let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'");
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
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

/// An address with what was asked for but `without`, and `with` more.
pub(super) fn address(path: &str, asked: Option<&Members>, without: &[&str], with: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    let kept = asked.into_iter().flat_map(Members::all);
    kept.filter(|(name, value)| !without.contains(name) && !value.is_empty()).for_each(|(name, value)| {
        query.append_pair(name, value);
    });
    query.extend_pairs(with);
    format!("{path}?{}", query.finish())
}

#[derive(Template)]
#[template(path = "officers/fault.html")]
struct Fault<'a> {
    frame: &'a Frame,
    title: &'a str,
    sentence: &'a str,
    back: &'a str,
    /// Whether somebody filled in a form.
    is_form: bool,
}
