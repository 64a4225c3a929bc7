//! The pages of the list of another gateway's log alone: where a list there goes on, and its export.

use askama::Template;
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::{
    elsewhere::{self, Asked, Elsewhere, Others, Part},
    export,
    page::{self, Frame},
    places::Page,
    queries::{self, BEHIND, ThereList},
    request::Members,
    sessions::LoggedIn,
    visit::{MALFORMED, NOT_FOUND, Visit},
};
use crate::transport::Body;

/// What a program gets.
#[derive(Serialize)]
struct Answer<'a> {
    others: &'a [Part],
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

/// Shows it; `members` are those of the request, of which `log` is one.
pub(super) async fn show(
    others: &Others,
    visit: &Visit,
    session: &LoggedIn,
    page: Page,
    (log, members): (&str, &Members),
) -> Response<Body> {
    if !others.has(log) {
        return visit.refuse(NOT_FOUND, StatusCode::NOT_FOUND);
    }
    let with = |asked: Asked, name| match members.get(name).filter(|value| !value.is_empty()) {
        Some(value) => asked.with(name, value),
        None => asked,
    };
    match page {
        Page::Queries => {
            let asked = ["from", "to", "cursor"].into_iter().fold(Asked::of(queries::ACT), with);
            let parts = others.lists(session, &asked, Some(log)).await;
            if visit.json {
                let body = serde_json::to_vec(&Answer { others: &parts }).unwrap_or_default();
                return page::answer(&visit.frame, "application/json; charset=utf-8", body, StatusCode::OK);
            }
            let (frame, others, days) = (&visit.frame, &elsewhere::shown(parts), asked.days());
            let page = OfLog { frame, title: queries::TITLE.of(frame.language()), others, days };
            page::html(frame, &page, StatusCode::OK)
        }
        Page::Export => match others.export(session, &with(Asked::of("export"), "cursor"), log).await {
            Some(file) => export::attached(&visit.frame, file.to_vec()),
            None => visit.refuse(BEHIND, StatusCode::SERVICE_UNAVAILABLE),
        },
        _ => visit.refuse(MALFORMED, StatusCode::BAD_REQUEST),
    }
}
