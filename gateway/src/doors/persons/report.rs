//! `GET /me/report`: what the gateway would say of the person to nobody else whole, with what each value means. The record
//! comes first; the page is made of the recorded answer.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::log::Durable;
use credit_policy::{Catalogue, Language, Sensitivity};
use hyper::{
    Response, StatusCode,
    header::{HeaderName, HeaderValue},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    exchange::OwnReport,
    page::{self, Frame, Words},
    reasons::no_report,
    sessions::LoggedIn,
    yearly::{Yearly, yearly},
};
use crate::{
    doors::{elsewhere::Others, problems::status},
    gateway::Gateway,
    journey::{Dropped, caller::Caller, journey, record::Receipt, refusal::Refusal},
    transport::Body,
};

/// What a record that cannot be made means for who asked.
pub(super) const NOT_RECORDABLE: Words = Words {
    zh: "目前无法记录查询，因此不能答复，请稍后再试。",
    en: "Nothing can be recorded at present, so nothing is answered. Please try again later.",
};

/// What was recorded of one report.
pub(super) struct Recorded {
    pub(super) body: Vec<u8>,
    refusal: Option<Refusal>,
    receipt: OwnReceipt,
}

/// Where the record stands, for the person.
#[derive(Clone, Serialize)]
pub(super) struct OwnReceipt {
    /// The log's name.
    pub(super) log: String,
    /// The leaf's number.
    pub(super) index: u64,
    /// The leaf's hash, in base64.
    pub(super) leaf: String,
    /// What opens the commitment to the answer, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opening: Option<String>,
}

impl OwnReceipt {
    fn of(receipt: Receipt, origin: &str) -> Self {
        let Receipt { query: _, index, leaf, opening, proof: _, beside: _ } = receipt;
        Self { log: origin.to_owned(), index, leaf, opening }
    }

    /// Of a leaf that commits to no answer.
    pub(super) fn of_leaf(gateway: &Gateway, durable: &Durable) -> Self {
        let leaf = STANDARD.encode(durable.leaf_hash);
        Self { log: gateway.settings.log.origin.clone(), index: durable.index, leaf, opening: None }
    }
}

/// Of the recorded answer, what the page shows.
#[derive(Deserialize)]
struct Told {
    query: Uuid,
    catalogue: String,
    data: BTreeMap<String, serde_json::Value>,
    marks: Vec<String>,
    records: Vec<OwnRecord>,
}

/// A record that can be objected to.
#[derive(Deserialize)]
struct OwnRecord {
    record: String,
    class: String,
    determined: Date,
    #[serde(default)]
    until: Option<Date>,
    disputed: bool,
}

/// A record on the page.
struct RecordRow<'a> {
    title: &'a str,
    of: &'a OwnRecord,
}

/// One field with its value, in words.
struct Row<'a> {
    title: &'a str,
    text: String,
    is_disputed: bool,
    /// On what an evaluation rests, as the data list says.
    made_under: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "persons/report.html")]
struct Report<'a> {
    frame: &'a Frame,
    title: &'a str,
    number: String,
    told: &'a Told,
    there: Vec<Row<'a>>,
    not_there: Vec<Row<'a>>,
    /// Classes of records and lists: name and title.
    classes: Vec<(&'a str, &'a str)>,
    records: Vec<RecordRow<'a>>,
    receipt: &'a OwnReceipt,
    yearly: Option<Yearly>,
}

const TITLE: Words = Words { zh: "我的信用报告", en: "My credit report" };

/// Asks, records, then answers.
pub(super) async fn report(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    json: bool,
    others: &Others,
) -> Response<Body> {
    let language = frame.language();
    let refuse = |words: Words| match json {
        true => page::problem(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
        false => page::notice(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE),
    };
    match ask(&gateway, &person, language).await {
        Ok(recorded) => {
            let yearly = yearly(&gateway, &person, others).await;
            match json {
                true => as_json(&frame, recorded, yearly),
                false => as_page(&gateway.catalogue(), &person, &frame, &recorded, yearly),
            }
        }
        Err(NotAsked) => refuse(NOT_RECORDABLE),
    }
}

/// Nothing can be recorded now, or nobody else be asked; it is counted.
pub(super) struct NotAsked;

/// Asks and records.
///
/// # Errors
/// [`NotAsked`].
pub(super) async fn ask(gateway: &Arc<Gateway>, person: &LoggedIn, language: Language) -> Result<Recorded, NotAsked> {
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return Err(NotAsked);
    }
    let Ok(permit) = Semaphore::try_acquire_owned(Arc::clone(&gateway.journeys)) else {
        gateway.metrics.overloaded();
        return Err(NotAsked);
    };
    let number = Arc::clone(&person.person);
    let shared = Arc::clone(gateway);
    // In a task of its own: a browser that hangs up does not stop the record.
    let asked = tokio::spawn(async move {
        let mut exchange = OwnReport(language);
        let origin = &shared.settings.log.origin;
        let reply = |recorded: crate::journey::record::Recorded, _| {
            let (body, refusal, receipt) = recorded.into_parts();
            Recorded { body, refusal, receipt: OwnReceipt::of(receipt, origin) }
        };
        journey(&shared, Caller::person(number), vec![permit], &mut exchange, reply).await
    });
    asked.await.unwrap_or(Err(Dropped::NotRecordable)).map_err(|_| {
        gateway.metrics.unrecorded();
        NotAsked
    })
}

/// Which report of the year it is, beside the recorded bytes: `3; free=2`; with `; missing=1` where the logs of so many other gateways
/// could not be counted.
const NUMBER: HeaderName = HeaderName::from_static("credit-report-of-year");

fn as_json(frame: &Frame, recorded: Recorded, yearly: Option<Yearly>) -> Response<Body> {
    let Recorded { mut body, refusal, receipt } = recorded;
    // The body is an object that this door wrote: its last byte is the closing brace.
    body.pop();
    body.extend_from_slice(b",\"receipt\":");
    body.extend_from_slice(&serde_json::to_vec(&receipt).unwrap_or_default());
    body.push(b'}');
    match refusal {
        None => {
            let mut response = page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK);
            let number = yearly.map(|Yearly { number, free, missing }| match missing {
                0 => format!("{number}; free={free}"),
                missing => format!("{number}; free={free}; missing={missing}"),
            });
            let number = number.and_then(|text| HeaderValue::from_str(&text).ok());
            response.headers_mut().extend(number.map(|number| (NUMBER, number)));
            response
        }
        Some(refusal) => page::answer(frame, "application/problem+json; charset=utf-8", body, status(refusal.code)),
    }
}

fn as_page(
    catalogue: &Catalogue,
    person: &LoggedIn,
    frame: &Frame,
    recorded: &Recorded,
    yearly: Option<Yearly>,
) -> Response<Body> {
    let language = frame.language();
    if let Some(refusal) = &recorded.refusal {
        return page::notice(frame, &no_report(refusal.code, language), status(refusal.code));
    }
    let Ok(told) = serde_json::from_slice::<Told>(&recorded.body) else {
        return page::notice(frame, NOT_RECORDABLE.of(language), StatusCode::INTERNAL_SERVER_ERROR);
    };
    let (mut there, mut not_there) = (Vec::new(), Vec::new());
    for (name, value) in &told.data {
        let Some(field) = catalogue.field(name) else { continue };
        let title = field.legal_source().title(language);
        let (is_there, text) = match value {
            serde_json::Value::Null => (false, field.null(language).unwrap_or_default().to_owned()),
            value => (!is_empty(value), in_words(value, field.unit(language), language)),
        };
        let evaluation = |class| catalogue.class(class).filter(|class| class.sensitivity() == Sensitivity::Evaluation);
        let evaluated = field.classes().iter().find_map(|class| evaluation(class.as_str()));
        let made_under = evaluated.map(|class| class.legal_source().citation());
        let row = Row { title, text, is_disputed: told.marks.contains(name), made_under };
        if is_there || row.is_disputed { there.push(row) } else { not_there.push(row) }
    }
    let number = person.person.disclose(|number| number.as_str().to_owned());
    let title = TITLE.of(language);
    let receipt = &recorded.receipt;
    let title_of = |class: &'_ str| catalogue.class(class).map(|known| known.legal_source().title(language));
    let records = told.records.iter();
    let records = records.map(|of| RecordRow { title: title_of(&of.class).unwrap_or(&of.class), of }).collect();
    let page = Report {
        classes: classes(catalogue, language),
        frame,
        title,
        number,
        told: &told,
        there,
        not_there,
        records,
        receipt,
        yearly,
    };
    page::html(frame, &page, StatusCode::OK)
}

/// Of what there may be records, or lists, by title.
fn classes(catalogue: &Catalogue, language: Language) -> Vec<(&str, &str)> {
    let classes = catalogue.classes().filter(|class| class.holds_records() || class.list().is_some());
    let mut all: Vec<_> = classes.map(|class| (class.name().as_str(), class.legal_source().title(language))).collect();
    all.sort_by_key(|(_, title)| *title);
    all
}

/// Whether a value says that there is nothing.
fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Bool(value) => !value,
        serde_json::Value::Number(number) => number.as_i64() == Some(0),
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Array(all) => all.is_empty(),
        serde_json::Value::Object(all) => all.is_empty(),
    }
}

fn in_words(value: &serde_json::Value, unit: Option<&str>, language: Language) -> String {
    let say = |zh: &str, en: &str| match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    };
    match value {
        serde_json::Value::Null | serde_json::Value::Object(_) => String::new(),
        serde_json::Value::Bool(true) => say("是", "yes"),
        serde_json::Value::Bool(false) => say("否", "no"),
        serde_json::Value::Number(number) => match unit {
            Some(unit) => format!("{number} {unit}"),
            None => number.to_string(),
        },
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(all) if all.is_empty() => say("无", "none"),
        serde_json::Value::Array(all) => {
            let all: Vec<_> = all.iter().map(|value| in_words(value, None, language)).collect();
            all.join(&say("、", ", "))
        }
    }
}
