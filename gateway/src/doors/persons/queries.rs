//! `GET /me/queries`: who asked about the person, out of the record itself. What is shown is committed to by a leaf
//! (`statement`), and notices that were owed are given by it (`notice`); both are durable before the first byte leaves.

use std::{sync::Arc, time::Duration};

use askama::Template;
use credit_audit::leaf::Statement;
use credit_policy::Language;
use hyper::{Response, StatusCode};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    entries::{Entry, entry},
    page::{self, Frame, Words},
    range::Range,
    report::{NOT_RECORDABLE, OwnReceipt},
    sessions::LoggedIn,
    statement::{self, Shown},
};
use crate::{
    gateway::Gateway,
    index::{IndexError, Sources, Wanted, read_leaf},
    transport::Body,
};

/// Entries of one page: the ids of so many fit a sealed member.
const PAGE: u32 = 40;

/// How long the index may take to have what is durable.
const LATEST: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(25);

const TITLE: Words = Words { zh: "谁查询过我", en: "Who asked about me" };
const BEHIND: Words = Words {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// The list and what proves it.
#[derive(Serialize)]
struct Answer<'a> {
    list: &'a RawValue,
    statement: &'a OwnReceipt,
}

#[derive(Template)]
#[template(path = "persons/queries.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
    range: &'a Range,
    covers: u64,
    next: Option<&'a str>,
    statement: &'a OwnReceipt,
}

/// What was found for one page.
struct Listed {
    entries: Vec<Entry>,
    covers: u64,
    /// The leaf before which the next page begins.
    next: Option<u64>,
}

/// Finds, records, then answers.
pub(super) async fn queries(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    json: bool,
    range: Range,
) -> Response<Body> {
    let language = frame.language();
    let refuse = |words: Words| match json {
        true => page::problem(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
        false => page::notice(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
    };
    if gateway.is_draining() || !gateway.is_recordable() {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    }
    let listed = match listed(&gateway, &person, &range, language).await {
        Ok(listed) => listed,
        Err(cause) => {
            tracing::error!(cause, "the list of who asked could not be made");
            return refuse(BEHIND);
        }
    };
    let next = listed.next.map(|leaf| range.cursor(leaf, &person.form));
    let (from, to, covers) = (range.from, range.to, listed.covers);
    let left_out = "deferred, exempt";
    let list = List { from, to, covers, left_out, entries: &listed.entries, next: next.as_deref() };
    let Ok(list) = serde_json::value::to_raw_value(&list) else { return refuse(NOT_RECORDABLE) };
    let shown = Shown {
        list: list.get().as_bytes(),
        ids: listed.entries.iter().map(|entry| entry.query).collect(),
        told: listed.entries.iter().filter(|entry| entry.is_owed).map(|entry| entry.query).collect(),
        statement: |digest, key, ids| Statement { from, to, size: covers, digest, key, ids },
    };
    let Ok(statement) = statement::record(&gateway, &person.person, shown).await else {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    };
    if json {
        let body = serde_json::to_vec(&Answer { list: &list, statement: &statement }).unwrap_or_default();
        return page::answer(&frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    let title = TITLE.of(language);
    let (entries, next) = (&listed.entries[..], next.as_deref());
    let page = Page { frame: &frame, title, entries, range: &range, covers, next, statement: &statement };
    page::html(&frame, &page, StatusCode::OK)
}

/// Everything that is durable now and that the person may know of.
async fn listed(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    range: &Range,
    language: Language,
) -> Result<Listed, &'static str> {
    let (durable, begun) = (gateway.log.size(), tokio::time::Instant::now());
    loop {
        let (shared, person, range) = (Arc::clone(gateway), person.clone(), range.clone());
        let made = tokio::task::spawn_blocking(move || make(&shared, &person, &range, durable, language)).await;
        match made.map_err(|_| "it panicked")? {
            Ok(Some(listed)) => return Ok(listed),
            Ok(None) if begun.elapsed() < LATEST => tokio::time::sleep(LOOK).await,
            Ok(None) => return Err("the index is behind the log"),
            Err(error) => {
                tracing::error!(%error, "the index of the log cannot be used");
                return Err("the index cannot be used");
            }
        }
    }
}

/// Blocks. Nothing as long as the index is behind.
fn make(
    gateway: &Gateway,
    person: &LoggedIn,
    range: &Range,
    durable: u64,
    language: Language,
) -> Result<Option<Listed>, IndexError> {
    let Some(index) = gateway.index.as_ref() else { return Ok(None) };
    let sources = Sources { keys: &gateway.keys, catalogue: &gateway.catalogue };
    let covers = index.advance(gateway.log.published(), sources)?;
    if covers < durable {
        return Ok(None);
    }
    let (from, until) = range.microseconds();
    let person = person.person.disclose(|number| index.person(number.as_str()));
    let wanted = Wanted { person, before: range.before.unwrap_or(covers), from, until, most: PAGE + 1 };
    let mut found = index.about(&wanted, gateway.today())?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| last.place.leaf);
    let mut entries = Vec::new();
    for found in found {
        let leaf = read_leaf(&gateway.log_folder(), found.place)?;
        let made = entry(gateway, &leaf, found.notice.is_some(), language);
        let made = made.ok_or(IndexError::Leaf(found.place.leaf))?;
        if range.has(made.day) {
            entries.push(made);
        }
    }
    Ok(Some(Listed { entries, covers, next }))
}
