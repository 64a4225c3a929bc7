//! 8444: persons, about themselves. They log in at an identity service ([`provider`]); what they see is recorded before it
//! leaves. Pages need no script, and programs get the same as JSON.
//!
//! No path, query, header or line of the log has a citizen number: who asks is known by the session alone.

mod disclosures;
mod entries;
mod exchange;
mod export;
mod fault;
mod found;
mod login;
mod logins;
mod page;
mod places;
mod portal;
pub(crate) mod provider;
mod queries;
mod range;
mod report;
mod request;
mod sentence;
mod sessions;
mod statement;
mod token;
mod visitors;

use std::{net::IpAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
    http::request::Parts,
};

use crate::{
    gateway::Gateway,
    transport::{Body, head::verdict, http1_guard::HeadVerdict, incoming::Incoming},
};
use page::{Frame, Words};
use places::Page;
pub(crate) use portal::Portal;
use range::Range;
use request::{Members, browser_language, cookie, is_from_here, wants_json};
use sessions::LoggedIn;

const NOT_FOUND: Words = Words { zh: "没有这个页面。", en: "There is no such page." };
const NOT_ALLOWED: Words =
    Words { zh: "此地址不接受这种请求。", en: "This address does not take such a request." };
const MALFORMED: Words = Words { zh: "请求的格式不正确。", en: "The request does not have the right form." };
const LOG_IN: Words = Words { zh: "请先登录。", en: "Please log in first." };
const FORGED: Words = Words {
    zh: "此操作不是从本站页面发起的，未予执行。请返回首页重试。",
    en: "This was not sent from a page of this site, so nothing was done. Please go back to the first page and try again.",
};
const TOO_OFTEN: Words = Words {
    zh: "查看过于频繁，每次查看都会留痕；请一分钟后再试。",
    en: "You look too often; each look is recorded. Please try again in a minute.",
};

/// One request, and who sent it.
struct Visit {
    head: Parts,
    /// The name of the session, where there is one.
    name: Option<String>,
    session: Option<LoggedIn>,
    frame: Frame,
    json: bool,
}

impl Visit {
    fn new(portal: &Portal, gateway: &Gateway, head: Parts) -> Self {
        let chosen = Members::of_query(&head).and_then(|members| members.language());
        let name = cookie(&head.headers, login::SESSION);
        let session = name.and_then(|name| portal.sessions.find(name, chosen, gateway.clock.monotonic()));
        let name = name.filter(|_| session.is_some()).map(str::to_owned);
        let language = session.as_ref().map(|session| session.language);
        let language = language.or(chosen).unwrap_or_else(|| browser_language(&head.headers));
        let frame = portal.frame(session.as_ref(), language);
        let json = wants_json(&head.headers);
        Self { head, name, session, frame, json }
    }

    /// One sentence, as a page or for a program.
    fn say(&self, words: Words, status: StatusCode) -> Response<Body> {
        let sentence = words.of(self.frame.language());
        match self.json {
            true => page::problem(&self.frame, sentence, status),
            false => page::notice(&self.frame, sentence, status),
        }
    }

    fn only(&self, allowed: &'static str) -> Response<Body> {
        let mut response = self.say(NOT_ALLOWED, StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    }
}

/// Answers a person.
pub(crate) async fn answer(
    portal: Option<Arc<Portal>>,
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
    address: IpAddr,
) -> Response<Body> {
    let Some(portal) = portal else {
        return crate::doors::public::nothing_here();
    };
    let is_sound = matches!(verdict(&request), HeadVerdict::Sound);
    let (head, body) = request.into_parts();
    let visit = Visit::new(&portal, &gateway, head);
    if !is_sound {
        return visit.say(MALFORMED, StatusCode::BAD_REQUEST);
    }
    let path = visit.head.uri.path().to_owned();
    let method = visit.head.method.clone();
    match (path.as_str(), &method) {
        ("/", &Method::GET) => page::home(&visit.frame),
        ("/style.css", &Method::GET) => page::style(),
        ("/login", &Method::GET) => login::begin(&portal, &gateway, &visit.head).await,
        ("/login/callback", &Method::GET) => login::finish(&portal, &gateway, &visit.head).await,
        ("/logout", &Method::POST) => log_out(&portal, &gateway, &visit, body).await,
        (disclosures::PATH, &Method::POST) => {
            let may_ask = portal.visitors.may_ask(address, gateway.clock.monotonic());
            disclosures::disclose(gateway, visit.frame, &visit.head, body, may_ask).await
        }
        ("/" | "/style.css" | "/login" | "/login/callback", _) => visit.only("GET"),
        ("/logout" | disclosures::PATH, _) => visit.only("POST"),
        (path, &Method::GET) => match Page::named(path) {
            Some(page) => own(&portal, gateway, visit, page).await,
            None => visit.say(NOT_FOUND, StatusCode::NOT_FOUND),
        },
        (path, _) if Page::named(path).is_some() => visit.only("GET"),
        _ => visit.say(NOT_FOUND, StatusCode::NOT_FOUND),
    }
}

/// A page behind the login.
async fn own(portal: &Portal, gateway: Arc<Gateway>, visit: Visit, page: Page) -> Response<Body> {
    let (Some(session), Some(name)) = (visit.session.clone(), visit.name.as_deref()) else {
        return match visit.json {
            true => visit.say(LOG_IN, StatusCode::UNAUTHORIZED),
            false => page::redirect(&format!("/login?next={}", page.path())),
        };
    };
    if !portal.sessions.may_record(name, gateway.clock.monotonic()) {
        let mut response = visit.say(TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    match page {
        Page::Report => report::report(gateway, session, visit.frame, visit.json).await,
        Page::Queries | Page::Export => {
            let members = Members::of_query(&visit.head);
            let range = members.and_then(|members| Range::of(&members, &session.form, gateway.today()));
            match range {
                Some(range) if page == Page::Queries => {
                    queries::queries(gateway, session, visit.frame, visit.json, range).await
                }
                // Of all days, so that nothing can be cut off at their edges.
                Some(range) if range.is_of_all_days(gateway.today()) => {
                    export::export(gateway, session, visit.frame, visit.json, range).await
                }
                Some(_) | None => visit.say(MALFORMED, StatusCode::BAD_REQUEST),
            }
        }
    }
}

/// Ends a session, if a form of ours asks for it.
async fn log_out(portal: &Portal, gateway: &Gateway, visit: &Visit, body: Incoming) -> Response<Body> {
    let (Some(session), Some(name)) = (&visit.session, &visit.name) else {
        return page::redirect("/");
    };
    if !is_own_form(portal, gateway, visit, session, body).await {
        return visit.say(FORGED, StatusCode::FORBIDDEN);
    }
    login::end(portal, name).await
}

/// Whether a form comes from a page that this session was shown.
async fn is_own_form(portal: &Portal, gateway: &Gateway, visit: &Visit, session: &LoggedIn, body: Incoming) -> bool {
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let members = Members::of_form(&visit.head, body, time).await;
    let token = members.as_ref().and_then(|members| members.get("form"));
    let is_own = is_from_here(&visit.head.headers, &portal.address)
        && token.is_some_and(|token| token::is_same(token, &session.form));
    if !is_own {
        tracing::info!(cause = "it did not come from a page of ours", "a form at the persons' door was refused");
    }
    is_own
}
