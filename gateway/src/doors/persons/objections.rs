//! `/me/objections`: what the person objects to, by when that is decided, and how (PIPL art. 46). Whether a record is the
//! person's own is looked up as a self-query, which is on the record like any other.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use credit_audit::leaf;
use credit_policy::Language;
use hyper::{Response, StatusCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    acting,
    outcome::Outcome,
    page::{self, Frame, Words},
    report::{self, NOT_RECORDABLE},
    request::Members,
    sessions::LoggedIn,
};
use crate::{
    changes::{self, LONGEST, Said, is_text, text_of},
    gateway::Gateway,
    state::standing::{Objection, Stage},
    transport::Body,
};

const TITLE: Words = Words { zh: "我的异议", en: "My objections" };
const UNKNOWN: Words = Words {
    zh: "没有关于您的这条记录。请从信用报告中选择记录。",
    en: "There is no such record about you. Choose one from your report.",
};
const OPEN_ALREADY: Words =
    Words { zh: "对这条记录已有尚未办结的异议。", en: "An objection to this record is open already." };

/// An objection, as the person reads it.
#[derive(Serialize)]
struct Entry {
    objection: Uuid,
    class: String,
    title: String,
    record: String,
    determined: Date,
    made: Date,
    due: Date,
    overdue: bool,
    /// `open`, `upheld` or `rejected`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    state_in_words: &'static str,
}

#[derive(Serialize)]
struct Answer<'a> {
    objections: &'a [Entry],
}

#[derive(Template)]
#[template(path = "persons/objections.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
    record: Option<&'a str>,
    longest: usize,
}

/// The person's objections; with `record` in the query a form for another one.
pub(super) async fn objections(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    frame: &Frame,
    json: bool,
    members: Option<&Members>,
) -> Response<Body> {
    let language = frame.language();
    let said = gateway.standing.objections(&gateway.standing.person(&person.person));
    let mut entries = Vec::new();
    for objection in said.into_iter().rev() {
        entries.push(entry(gateway, objection, language).await);
    }
    if json {
        let body = serde_json::to_vec(&Answer { objections: &entries }).unwrap_or_default();
        return page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    let record = members.and_then(|members| members.get("record"));
    let page = Page { frame, title: TITLE.of(language), entries: &entries, record, longest: LONGEST };
    page::html(frame, &page, StatusCode::OK)
}

/// What was said is read from the record like everything else.
async fn entry(gateway: &Gateway, objection: Objection, language: Language) -> Entry {
    let Objection { id, record, class, determined, made, due, state, leaves } = objection;
    let (state, words) = match state {
        Stage::Open => ("open", Words { zh: "处理中", en: "open" }),
        Stage::Upheld => ("upheld", Words { zh: "成立：该记录不再计入", en: "upheld: the record counts no more" }),
        Stage::Rejected => ("rejected", Words { zh: "不成立", en: "rejected" }),
    };
    let statement = text(gateway, leaves.0, "text").await;
    let reason = match leaves.1 {
        Some(leaf) => text(gateway, leaf, "reason").await,
        None => None,
    };
    let title = gateway
        .catalogue()
        .class(&class)
        .map_or_else(|| class.clone(), |known| known.legal_source().title(language).to_owned());
    Entry {
        objection: id,
        title,
        class,
        record,
        determined,
        made: gateway.catalogue().today(made),
        due,
        overdue: state == "open" && due < gateway.today(),
        state,
        statement,
        reason,
        state_in_words: words.of(language),
    }
}

async fn text(gateway: &Gateway, leaf: u64, name: &str) -> Option<String> {
    let (origin, bytes) = gateway.leaf(leaf).await?;
    let parsed = leaf::parse(&bytes).ok()??;
    text_of(&gateway.keys, &origin, &parsed, name)
}

/// Of the person's own report: which records there are.
#[derive(Deserialize)]
struct Records {
    records: Vec<OwnRecord>,
}

#[derive(Deserialize)]
struct OwnRecord {
    record: String,
    class: String,
    determined: Date,
}

/// Objects to a record.
pub(super) async fn object(
    gateway: &Arc<Gateway>,
    session: &LoggedIn,
    members: &Members,
    language: Language,
) -> Outcome {
    let (Some(record), Some(statement)) = (members.get("record"), members.get("statement")) else {
        return Outcome::Malformed;
    };
    // A form sends line breaks as two characters (HTML, form submission).
    let statement = statement.replace("\r\n", "\n");
    if !is_text(&statement) {
        return Outcome::Malformed;
    }
    let Ok(asked) = report::ask(gateway, session, language).await else { return Outcome::Later(NOT_RECORDABLE) };
    let Ok(Records { records }) = serde_json::from_slice(&asked.body) else {
        return Outcome::Later(NOT_RECORDABLE);
    };
    let wanted = records.into_iter().find(|own| own.record == record);
    let is_same = |own: &OwnRecord| members.get("class").is_none_or(|class| class == own.class);
    let Some(OwnRecord { record, class, determined }) = wanted.filter(is_same) else {
        return Outcome::Unknown(UNKNOWN);
    };
    let said = Said { record, class, determined, statement };
    match changes::object(gateway, acting::whose(gateway, session), said).await {
        Ok(Some((id, durable))) => {
            let more: BTreeMap<_, _> = [("objection".to_owned(), id.to_string().into())].into();
            Outcome::Done(Some(durable), more.into_iter().collect())
        }
        Ok(None) => Outcome::Refused(OPEN_ALREADY),
        Err(error) => Outcome::failed(&error),
    }
}
