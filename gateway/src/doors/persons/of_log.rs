//! Of which log a list is wanted: this one's, or another gateway's alone. Whoever comes through a balancer goes on at any of them with
//! what one of them gave.

use askama::Template;
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    elsewhere::{self, Asked, Elsewhere, OfLogs, Part},
    export,
    page::{self, Frame},
    places::Page,
    queries::{self, BEHIND, ThereList},
    range::{ListOf, Range},
    request::Members,
    sessions::LoggedIn,
    visit::{MALFORMED, NOT_FOUND, Visit},
};
use crate::{doors::elsewhere::Others, gateway::Gateway, transport::Body};

/// Whose list is wanted.
pub(super) enum Wanted<'m> {
    /// This log's. With `true` it was named, as another's is.
    Own(bool),
    /// That of the log of this name. With `true` it was named; else a cursor of it came, so its list is that of the answer.
    There(&'m str, bool),
}

impl<'m> Wanted<'m> {
    /// By what a request names.
    pub(super) fn of(
        gateway: &Gateway,
        others: &'m Others,
        session: &LoggedIn,
        page: Page,
        members: Option<&'m Members>,
    ) -> Self {
        let Some(members) = members else { return Self::Own(false) };
        let has_lists = matches!(page, Page::Queries | Page::Export);
        let own = &*gateway.settings.log.origin;
        match members.get("log") {
            Some(log) if log == own && has_lists && gateway.is_one_of_several() => return Self::Own(true),
            Some(log) => return Self::There(log, true),
            None if !has_lists || members.get("cursor").is_none() => return Self::Own(false),
            None => {}
        }
        let (person, today) = (session.lists(gateway), gateway.today());
        let is_of = |log: &str| Range::of(members, ListOf { person: &person, log }, today).is_some();
        let there = if is_of(own) { None } else { others.logs().find(|log| is_of(log)) };
        there.map_or(Self::Own(false), |log| Self::There(log, false))
    }
}

/// What a program gets that did not: as from the gateway whose cursor it was.
#[derive(Serialize)]
struct AsThere<'a> {
    list: &'a RawValue,
    statement: &'a RawValue,
}

#[derive(Template)]
#[template(path = "persons/of-log.html")]
struct OfLog<'a> {
    frame: &'a Frame,
    title: &'a str,
    others: &'a [Elsewhere<ThereList>],
    /// The days, as they go along to the next page.
    days: String,
}

/// Shows another's; `members` are those of the request.
pub(super) async fn show(
    others: &Others,
    visit: &Visit,
    session: &LoggedIn,
    page: Page,
    (log, is_named, members): (&str, bool, &Members),
) -> Response<Body> {
    if !others.has(log) {
        return visit.refuse(NOT_FOUND, StatusCode::NOT_FOUND);
    }
    match page {
        Page::Queries => {
            let asked = asked(members);
            let parts = others.lists(session, &asked, Some(log)).await;
            if visit.json {
                let Some(body) = body(&parts, is_named) else {
                    return visit.refuse(BEHIND, StatusCode::SERVICE_UNAVAILABLE);
                };
                return page::answer(&visit.frame, "application/json; charset=utf-8", body, StatusCode::OK);
            }
            let (frame, others, days) = (&visit.frame, &elsewhere::shown(parts), asked.days());
            let page = OfLog { frame, title: queries::TITLE.of(frame.language()), others, days };
            page::html(frame, &page, StatusCode::OK)
        }
        Page::Export => match others.export(session, &with(Asked::of("export"), members, "cursor"), log).await {
            Some(file) => export::attached(&visit.frame, file.to_vec()),
            None => visit.refuse(BEHIND, StatusCode::SERVICE_UNAVAILABLE),
        },
        _ => visit.refuse(MALFORMED, StatusCode::BAD_REQUEST),
    }
}

fn with(asked: Asked, members: &Members, name: &'static str) -> Asked {
    match members.get(name).filter(|value| !value.is_empty()) {
        Some(value) => asked.with(name, value),
        None => asked,
    }
}

/// What is asked there for a list that goes on.
fn asked(members: &Members) -> Asked {
    ["from", "to", "cursor"].into_iter().fold(Asked::of(queries::ACT), |asked, name| with(asked, members, name))
}

/// What a program gets; nothing where the one list that it is of is missing.
fn body(parts: &[Part], is_named: bool) -> Option<Vec<u8>> {
    let one = parts.first().and_then(|part| part.list.as_deref().zip(part.statement.as_deref()));
    let body = match (is_named, one) {
        (true, _) => serde_json::to_vec(&OfLogs { others: parts }),
        (false, Some((list, statement))) => serde_json::to_vec(&AsThere { list, statement }),
        (false, None) => return None,
    };
    body.ok()
}

/// The list of another log at the counter.
pub(super) async fn at_counter(
    others: &Others,
    session: &LoggedIn,
    frame: &Frame,
    (log, is_named, members): (&str, bool, &Members),
) -> Response<Body> {
    if !others.has(log) {
        return page::problem(frame, NOT_FOUND.of(frame.language()), StatusCode::NOT_FOUND);
    }
    let parts = others.lists(session, &asked(members), Some(log)).await;
    match body(&parts, is_named) {
        Some(body) => page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK),
        None => page::problem(frame, BEHIND.of(frame.language()), StatusCode::SERVICE_UNAVAILABLE),
    }
}
