//! One request at the persons' door: who sent it, in which language, and whether a page or JSON is wanted.

use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
    http::request::Parts,
};

use super::{
    acting,
    cookies::SESSION,
    page::{self, Frame, Words},
    portal::Portal,
    request::{Members, browser_language, cookie, wants_json},
    sessions::LoggedIn,
};
use crate::{gateway::Gateway, transport::Body};

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
}

impl Visit {
    pub(super) fn new(portal: &Portal, gateway: &Gateway, head: Parts) -> Self {
        let chosen = Members::of_query(&head).and_then(|members| members.language());
        let name = cookie(&head.headers, SESSION);
        let mut session = name.and_then(|name| portal.sessions.find(name, chosen, gateway.clock.monotonic()));
        // Once the account is freed, its sessions are over.
        let account = session.as_ref().and_then(|session| session.account);
        if account.is_some_and(|account| gateway.standing.bound_ids.of_id(&account).is_none()) {
            name.into_iter().for_each(|name| portal.sessions.end(name));
            session = None;
        }
        let is_over = session.as_ref().is_some_and(|session| !acting::is_allowed(gateway, session));
        if is_over {
            name.into_iter().for_each(|name| portal.sessions.act_for(name, None));
        }
        let name = name.filter(|_| session.is_some()).map(str::to_owned);
        let language = session.as_ref().map(|session| session.language);
        let language = language.or(chosen).unwrap_or_else(|| browser_language(&head.headers));
        let frame = portal.frame(session.as_ref(), language);
        let json = wants_json(&head.headers);
        Self { head, name, session, frame, json, is_over }
    }

    /// One sentence, as a page or for a program.
    pub(super) fn say(&self, words: Words, status: StatusCode) -> Response<Body> {
        let sentence = words.of(self.frame.language());
        match self.json {
            true => page::problem(&self.frame, sentence, status),
            false => page::notice(&self.frame, sentence, status),
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
