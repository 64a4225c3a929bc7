//! One request at the persons' door: who sent it, in which language, and whether a page or JSON is wanted.

use credit_policy::Language;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
    http::request::Parts,
};

use super::{
    acting,
    cookies::SESSION,
    page::{self, Frame, UNREACHED, Words},
    portal::Portal,
    request::{Members, browser_language, cookie, wants_json},
    sessions::{self, LoggedIn},
};
use crate::{changes::key_of, gateway::Gateway, state::visits::Unreached, transport::Body};

pub(super) const NOT_FOUND: Words = Words { zh: "没有这个页面。", en: "There is no such page." };
pub(super) const NOT_ALLOWED: Words =
    Words { zh: "此地址不接受这种请求。", en: "This address does not take such a request." };
pub(super) const MALFORMED: Words =
    Words { zh: "请求的格式不正确。", en: "The request does not have the right form." };
const LOG_IN: Words = Words { zh: "请先登录。", en: "Please log in first." };
pub(super) const FORGED: Words = Words {
    zh: "此操作不是从本站页面发起的，未予执行。请返回首页重试。",
    en: "This was not sent from a page of this site, so nothing was done. Please go back to the first page and try again.",
};
pub(super) const IS_OVER: Words = Words {
    zh: "您代他人办理的权限已终止，未予执行；此后的操作仅涉及您本人。",
    en: "Your mandate for another person has ended, so nothing was done; from here on you act for yourself.",
};
pub(super) const TOO_OFTEN: Words = Words {
    zh: "查看过于频繁，每次查看都会留痕；请一分钟后再试。",
    en: "You look too often; each look is recorded. Please try again in a minute.",
};

/// A session that goes on, and whether it acted by a mandate that has ended.
async fn found(gateway: &Gateway, name: &str, chosen: Option<Language>) -> Result<Option<(LoggedIn, bool)>, Unreached> {
    let Some(session) = sessions::find(gateway, name, chosen).await? else { return Ok(None) };
    // Once the account is freed, its sessions are over.
    let is_free = |id| gateway.standing.bound_ids.of_id(&key_of(&gateway.standing, id)).is_none();
    if session.account.as_ref().is_some_and(is_free) {
        sessions::end(gateway, name).await?;
        return Ok(None);
    }
    let is_over = !acting::is_allowed(gateway, &session);
    if is_over {
        sessions::act_for(gateway, name, &session, None).await?;
    }
    Ok(Some((session, is_over)))
}

/// One request, and who sent it.
pub(super) struct Visit {
    pub(super) head: Parts,
    /// The name of the session, where there is one.
    pub(super) name: Option<String>,
    pub(super) session: Option<LoggedIn>,
    pub(super) frame: Frame,
    pub(super) json: bool,
    /// Whether the session acted by a mandate that has ended; it acts for nobody else from here on.
    pub(super) is_over: bool,
    /// Who sent it cannot be told: then nothing is done.
    pub(super) is_unreached: bool,
}

impl Visit {
    pub(super) async fn new(portal: &Portal, gateway: &Gateway, head: Parts) -> Self {
        let chosen = Members::of_query(&head).and_then(|members| members.language());
        let name = cookie(&head.headers, SESSION);
        let found = match name {
            Some(name) => found(gateway, name, chosen).await,
            None => Ok(None),
        };
        let is_unreached = found.is_err();
        let (session, is_over) = found.unwrap_or_default().unzip();
        let is_over = is_over.unwrap_or_default();
        let name = name.filter(|_| session.is_some()).map(str::to_owned);
        let language = session.as_ref().map(|session| session.language);
        let language = language.or(chosen).unwrap_or_else(|| browser_language(&head.headers));
        let frame = portal.frame(session.as_ref(), language);
        let json = wants_json(&head.headers);
        Self { head, name, session, frame, json, is_over, is_unreached }
    }

    /// What is said where who is logged in cannot be made sure of.
    pub(super) fn unreached(&self) -> Response<Body> {
        let mut response = self.say(UNREACHED, StatusCode::SERVICE_UNAVAILABLE);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        response
    }

    /// One sentence, as a page or for a program.
    pub(super) fn say(&self, words: Words, status: StatusCode) -> Response<Body> {
        let sentence = words.of(self.frame.language());
        match self.json {
            true => page::problem(&self.frame, sentence, status),
            false => page::notice(&self.frame, sentence, status),
        }
    }

    /// What is asked for has a parameter that is not read there, and would be taken for what it is not.
    pub(super) fn no_parameter(&self, names: &str) -> Response<Body> {
        tracing::info!(cause = MALFORMED.en, "a request at the persons' door was refused");
        let sentence = match self.frame.language() {
            Language::Zh => format!("此页没有参数 {names}。"),
            Language::En => format!("This page has no parameter {names}."),
        };
        match self.json {
            true => page::problem(&self.frame, &sentence, StatusCode::BAD_REQUEST),
            false => page::notice(&self.frame, &sentence, StatusCode::BAD_REQUEST),
        }
    }

    /// As [`Self::say`], with a line for the operator where what was asked for is refused. It names nobody.
    pub(super) fn refuse(&self, words: Words, status: StatusCode) -> Response<Body> {
        if status.is_client_error() {
            tracing::info!(cause = words.en, "a request at the persons' door was refused");
        }
        self.say(words, status)
    }

    /// Who is not logged in is sent to the login; a name that no session has is told to the operator.
    pub(super) fn log_in(&self, next: &str) -> Response<Body> {
        if cookie(&self.head.headers, SESSION).is_some() {
            tracing::info!(
                cause = "no session has this name, or it is over",
                "a request at the persons' door was refused"
            );
        }
        match self.json {
            true => self.say(LOG_IN, StatusCode::UNAUTHORIZED),
            false => page::redirect(next),
        }
    }

    pub(super) fn only(&self, allowed: &'static str) -> Response<Body> {
        let mut response = self.say(NOT_ALLOWED, StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    }
}
