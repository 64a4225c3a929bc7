//! `GET /me/recipients?record=`: who was told something that rests on a record, out of the list of who asked. The answer is
//! on the record like that list, and leaves out what that list leaves out.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use credit_audit::leaf::CorrectionState;
use credit_policy::{Catalogue, ClassName, Language};
use hyper::{Response, StatusCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    elsewhere::{self, Asked, Elsewhere, Part},
    entries::{Entry, Field},
    found::{self, Found, Listed},
    page::{self, Frame, Words},
    queries::BEHIND,
    range::Range,
    report::{NOT_RECORDABLE, OwnReceipt},
    sessions::LoggedIn,
    statement::{self, Shown},
};
use crate::{doors::elsewhere::Others, gateway::Gateway, transport::Body};

/// Queries that are looked through, the newest first.
const MOST: usize = 2_000;

const TITLE: Words = Words { zh: "谁得到过这类记录的信息", en: "Who was told of such records" };

/// Which record: its class, and the day of its determination, before which nobody was told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RecordName {
    class: ClassName,
    #[serde(skip_serializing_if = "Option::is_none")]
    determined: Option<Date>,
}

impl RecordName {
    /// Of `class` or `class.2024-03-01`; nothing where the catalogue has no such class.
    pub(super) fn parse(text: &str, catalogue: &Catalogue) -> Option<Self> {
        let (class, day) = text.split_once('.').map_or((text, None), |(class, day)| (class, Some(day)));
        let class = catalogue.class(class)?.name().clone();
        let determined = day.map(str::parse::<Date>).transpose().ok()?;
        Some(Self { class, determined })
    }

    /// As [`RecordName::parse`] reads it.
    fn as_text(&self) -> String {
        let class = self.class.as_str();
        self.determined.map_or_else(|| class.to_owned(), |day| format!("{class}.{day}"))
    }

    /// The fields of an answer that rest on it.
    fn fields<'a>(&self, catalogue: &Catalogue, entry: &'a Entry) -> Vec<&'a Field> {
        let rests =
            |field: &&Field| catalogue.field(&field.name).is_some_and(|known| known.classes().contains(&self.class));
        // Who asked for oneself is no recipient, and before its determination there was no record.
        let is_early = self.determined.is_some_and(|day| entry.day < day);
        if entry.institution.is_none() || is_early { Vec::new() } else { entry.released.iter().filter(rests).collect() }
    }
}

/// One that was told.
#[derive(Serialize, Deserialize)]
pub(super) struct Recipient {
    institution: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Through which gateway it asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    /// How often it was answered.
    answers: u64,
    first: Date,
    last: Date,
    /// What it was told that rests on such a record.
    fields: Vec<Field>,
    /// Where an answer would be another one today: `due` as long as the institution has not fetched each correction, then `fetched`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correction: Option<CorrectionState>,
}

/// The list, as it is committed to.
#[derive(Serialize)]
struct List<'a> {
    record: &'a RecordName,
    covers: u64,
    left_out: &'static str,
    recipients: &'a [Recipient],
    /// Whether earlier queries were not looked through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

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
    recipients: Vec<Recipient>,
}

#[derive(Template)]
#[template(path = "persons/recipients.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    class: &'a str,
    determined: Option<Date>,
    recipients: &'a [Recipient],
    cut: bool,
    statement: &'a OwnReceipt,
    others: &'a [Elsewhere<ThereList>],
}

/// Finds, records, then answers.
pub(super) async fn recipients(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    json: bool,
    (record, range): (RecordName, Range),
    others: &Others,
) -> Response<Body> {
    let language = frame.language();
    let refuse = |words: Words| match json {
        true => page::problem(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
        false => page::notice(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
    };
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    }
    let Listed { found, covers, next } = match found::listed(&gateway, &person, &range, MOST, language).await {
        Ok(listed) => listed,
        Err(cause) => {
            tracing::error!(cause, "the list of who asked could not be made");
            return refuse(BEHIND);
        }
    };
    let (recipients, ids) = told(&gateway.catalogue(), &record, &found);
    let cut = next.is_some();
    let list = List { record: &record, covers, left_out: "deferred, exempt", recipients: &recipients, cut };
    let Ok(list) = serde_json::value::to_raw_value(&list) else { return refuse(NOT_RECORDABLE) };
    let (from, to) = (range.from, range.to);
    let shown = Shown { from, to, covers, list: list.get().as_bytes(), ids, told: Vec::new() };
    let Ok(recorded) = statement::record(&gateway, &person, shown).await else {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    };
    let statement = recorded.receipt(&gateway);
    let asked = Asked::of("recipients").within(&range).with("record", record.as_text());
    let others = others.lists(&person, &asked, None).await;
    if json {
        let body = serde_json::to_vec(&Answer { list: &list, statement: &statement, others: &others });
        let body = body.unwrap_or_default();
        return page::answer(&frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    let catalogue = gateway.catalogue();
    let class = title(&catalogue, &record.class, language);
    let (title, determined) = (TITLE.of(language), record.determined);
    let (recipients, statement, others) = (&*recipients, &statement, &elsewhere::shown(others));
    let page = Page { frame: &frame, title, class, determined, recipients, cut, statement, others };
    page::html(&frame, &page, StatusCode::OK)
}

fn title<'a>(catalogue: &'a Catalogue, class: &'a ClassName, language: Language) -> &'a str {
    catalogue.class(class.as_str()).map_or(class.as_str(), |class| class.legal_source().title(language))
}

/// Who was told of it, the last one first, and by which queries.
fn told(catalogue: &Catalogue, record: &RecordName, found: &[Found]) -> (Vec<Recipient>, Vec<uuid::Uuid>) {
    let (mut all, mut ids) = (BTreeMap::<_, Recipient>::new(), Vec::new());
    for Found { entry, correction, .. } in found {
        let fields = record.fields(catalogue, entry);
        let Some(institution) = entry.institution.as_ref().filter(|_| !fields.is_empty()) else { continue };
        ids.push(entry.query);
        let one = all.entry((institution, &entry.gateway)).or_insert_with(|| Recipient {
            institution: institution.clone(),
            name: entry.name.clone(),
            gateway: entry.gateway.clone(),
            answers: 0,
            first: entry.day,
            last: entry.day,
            fields: Vec::new(),
            correction: None,
        });
        one.correction = match (one.correction, correction) {
            (known, None) => known,
            (Some(CorrectionState::Due), Some(_)) | (_, Some(CorrectionState::Due)) => Some(CorrectionState::Due),
            (_, Some(CorrectionState::Fetched)) => Some(CorrectionState::Fetched),
        };
        one.answers += 1;
        (one.first, one.last) = (one.first.min(entry.day), one.last.max(entry.day));
        for field in fields {
            if !one.fields.iter().any(|known| known.name == field.name) {
                one.fields.push(field.clone());
            }
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.last));
    (all, ids)
}
