//! `GET /me/queries`: who asked about the person, out of the record itself. What is shown is committed to by a leaf
//! (`statement`), and notices that were owed are given by it (`notice`); both are durable before the first byte leaves.

use std::sync::Arc;

use askama::Template;
use credit_policy::Language;
use hyper::{Response, StatusCode};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    acting::{self, DoneFor, LISTED},
    elsewhere::{self, Asked, Elsewhere, OfLogs, Part},
    entries::Entry,
    found,
    looks::{self, LookedAt},
    page::{self, Frame, Words},
    range::{ListOf, Range},
    report::{NOT_RECORDABLE, OwnReceipt},
    sessions::LoggedIn,
    statement::{self, IDS, Shown},
};
use crate::{doors::elsewhere::Others, gateway::Gateway, transport::Body};

pub(super) const TITLE: Words = Words { zh: "谁查询过我", en: "Who asked about me" };
pub(super) const BEHIND: Words = Words {
    zh: "查询清单正在更新，请稍后再试。",
    en: "The list is being brought up to date. Please try again in a moment.",
};

/// The list, as it is committed to.
#[derive(Serialize)]
struct List<'a> {
    from: Date,
    to: Date,
    /// Leaves of the log that it covers.
    covers: u64,
    /// What is left out of every list.
    left_out: &'static str,
    entries: &'a [Entry],
    /// What others did for the person: on the first page.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    done_for: &'a [DoneFor],
    /// That officers looked at queries about the person: on the first page.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    looked_at: &'a [LookedAt],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// The list and what proves it.
#[derive(Serialize)]
struct Answer<'a> {
    list: &'a RawValue,
    statement: &'a OwnReceipt,
    /// What stands in the logs of other gateways.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    others: &'a [Part],
}

/// What the page shows of another log's list.
#[derive(Deserialize)]
pub(super) struct ThereList {
    pub(super) entries: Vec<ThereEntry>,
    #[serde(default)]
    pub(super) done_for: Vec<There>,
    #[serde(default)]
    pub(super) looked_at: Vec<There>,
    pub(super) next: Option<String>,
}

/// One query there.
#[derive(Deserialize)]
pub(super) struct ThereEntry {
    pub(super) query: Uuid,
    pub(super) at: Timestamp,
    pub(super) day: Date,
    pub(super) says: String,
}

/// What was done there.
#[derive(Deserialize)]
pub(super) struct There {
    pub(super) at: Timestamp,
    pub(super) day: Date,
    pub(super) says: String,
}

/// In which form the list leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Page,
    Json,
    /// As JSON, of the log that was named.
    JsonOfLog,
}

impl Shape {
    pub(super) fn of(json: bool, is_named: bool) -> Self {
        match (json, is_named) {
            (false, _) => Self::Page,
            (true, false) => Self::Json,
            (true, true) => Self::JsonOfLog,
        }
    }
}

/// How another gateway is asked for its own.
pub(super) const ACT: &str = "queries";

#[derive(Template)]
#[template(path = "persons/queries.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
    done_for: &'a [DoneFor],
    looked_at: &'a [LookedAt],
    range: &'a Range,
    covers: u64,
    next: Option<&'a str>,
    statement: &'a OwnReceipt,
    others: &'a [Elsewhere<ThereList>],
    /// The days, as they go along to another log's next page.
    days: String,
}

/// Finds, records, then answers.
pub(super) async fn queries(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    shape: Shape,
    range: Range,
    others: &Others,
) -> Response<Body> {
    let language = frame.language();
    let refuse = |words: Words| match shape {
        Shape::Json | Shape::JsonOfLog => page::problem(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
        Shape::Page => page::notice(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
    };
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    }
    let found = found::listed(&gateway, &person, &range, IDS, language).await;
    let beside = match range.before {
        None => beside(&gateway, &person, language).await,
        Some(_) => Ok((Vec::new(), Vec::new())),
    };
    let (listed, (done_for, looked_at)) = match found.and_then(|listed| Ok((listed, beside?))) {
        Ok(both) => both,
        Err(cause) => {
            tracing::error!(cause, "the list of who asked could not be made");
            return refuse(BEHIND);
        }
    };
    let lists = person.lists(&gateway);
    let list_of = ListOf { person: &lists, log: &gateway.settings.log.origin };
    let next = listed.next.map(|leaf| range.cursor(leaf, list_of));
    let entries: Vec<_> = listed.found.into_iter().map(|found| found.entry).collect();
    let (from, to, covers) = (range.from, range.to, listed.covers);
    let left_out = "deferred, exempt";
    let (entries, done_for, looked_at) = (&entries, &done_for, &looked_at);
    let list = List { from, to, covers, left_out, entries, done_for, looked_at, next: next.as_deref() };
    let Ok(list) = serde_json::value::to_raw_value(&list) else { return refuse(NOT_RECORDABLE) };
    let shown = Shown {
        from,
        to,
        covers,
        list: list.get().as_bytes(),
        ids: entries.iter().map(|entry| entry.query).collect(),
        told: entries.iter().filter(|entry| entry.is_owed).map(|entry| entry.query).collect(),
    };
    let Ok(record) = statement::record(&gateway, &person, shown).await else {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    };
    let statement = record.receipt(&gateway);
    let asked = Asked::of(ACT).within(&range);
    let others = match (range.before, shape) {
        (None, Shape::Page | Shape::Json) => others.lists(&person, &asked, None).await,
        (None, Shape::JsonOfLog) | (Some(_), _) => Vec::new(),
    };
    if shape != Shape::Page {
        let answer = Answer { list: &list, statement: &statement, others: &others };
        let body = body(&gateway, &answer, shape).unwrap_or_default();
        return page::answer(&frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    let title = TITLE.of(language);
    let next = next.as_deref();
    let (frame, range, statement, others, days) = (&frame, &range, &statement, &elsewhere::shown(others), asked.days());
    let page = Page { frame, title, entries, done_for, looked_at, range, covers, next, statement, others, days };
    page::html(frame, &page, StatusCode::OK)
}

/// What a program gets.
fn body(gateway: &Gateway, answer: &Answer<'_>, shape: Shape) -> Result<Vec<u8>, serde_json::Error> {
    if shape != Shape::JsonOfLog {
        return serde_json::to_vec(answer);
    }
    let statement = serde_json::value::to_raw_value(answer.statement)?;
    let (log, list) = (gateway.settings.log.origin.clone(), Some(answer.list.to_owned()));
    let part = Part { log, list, statement: Some(statement), missing: false };
    serde_json::to_vec(&OfLogs { others: &[part] })
}

/// What stands beside the list on its first page: what others did for the person, and who looked at queries about the person.
async fn beside(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    language: Language,
) -> Result<(Vec<DoneFor>, Vec<LookedAt>), &'static str> {
    let done_for = acting::done_for(gateway, person, LISTED, language).await?;
    let looked_at = looks::looked_at(gateway, person, language).await?;
    Ok((done_for.into_iter().map(|(done, _)| done).collect(), looked_at))
}
