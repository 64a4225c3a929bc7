//! The record of queries: a list that is searched, and one record with what proves it.

use std::sync::Arc;

use askama::Template;
use credit_audit::proof;
use hyper::{Response, StatusCode};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::page::Frame;
use crate::{
    doors::persons::request::Members,
    gateway::Gateway,
    index::{Index, Listed, Outcome, Search, leaf_at},
    transport::Body,
};

/// Entries of a page.
const PAGE: u32 = 50;

/// A query as it is shown.
#[derive(Serialize)]
struct Entry {
    at: Timestamp,
    outcome: &'static str,
    #[serde(flatten)]
    listed: Listed,
}

#[derive(Serialize)]
struct Found {
    queries: Vec<Entry>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
    /// Leaves of the log that the list covers.
    covers: u64,
}

#[derive(Template)]
#[template(path = "officers/queries.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    asked: Asked<'a>,
    found: &'a Found,
    /// The address of the next page.
    next: Option<String>,
}

/// What a form was filled with.
struct Asked<'a>(Option<&'a Members>);

impl Asked<'_> {
    fn get(&self, name: &str) -> &str {
        self.0.and_then(|members| members.get(name)).unwrap_or_default()
    }

    /// The address of the next page.
    fn next(&self, before: u64) -> String {
        let mut query = openidconnect::url::form_urlencoded::Serializer::new(String::new());
        for name in FILTERS.into_iter().chain(["lang"]) {
            if let Some(value) = self.0.and_then(|members| members.get(name)).filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("before", &before.to_string());
        format!("/officers/queries?{}", query.finish())
    }
}

/// What a list is restricted by.
const FILTERS: [&str; 7] = ["institution", "operator", "scenario", "outcome", "case", "from", "to"];

const NO_INDEX: (&str, &str) =
    ("没有日志索引：请在配置中设置 [persons]", "there is no index of the log: set [persons] in the configuration");

pub(super) async fn list(gateway: &Arc<Gateway>, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    let Some(search) = asked.and_then(|asked| search(asked, gateway)) else {
        return frame.fault(
            StatusCode::BAD_REQUEST,
            frame.say(
                "查询条件格式不对：日期为 YYYY-MM-DD；经办人与案件须连同机构；outcome 为 answered、refused 或代码",
                "a condition has not its form: days are YYYY-MM-DD, operator and case need an institution, outcome is answered, refused or a code",
            ),
        );
    };
    let shared = Arc::clone(gateway);
    let look = move || {
        let index = shared.index.as_ref()?;
        Some(index.search(&search, PAGE + 1).map(|listed| (listed, index.size())))
    };
    let (listed, covers) = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(found))) => found,
        Ok(None) => return frame.fault(StatusCode::SERVICE_UNAVAILABLE, frame.say(NO_INDEX.0, NO_INDEX.1)),
        Ok(Some(Err(_))) | Err(_) => return unreadable(frame),
    };
    let mut queries: Vec<Entry> = listed.into_iter().map(entry).collect();
    let goes_on = queries.len() > PAGE as usize;
    queries.truncate(PAGE as usize);
    let next = queries.last().filter(|_| goes_on).map(|last| last.listed.index);
    let found = Found { queries, next, covers };
    let title = frame.say("查询记录", "Queries on the record");
    let asked = Asked(asked);
    let next = found.next.map(|before| asked.next(before));
    frame.show(&Page { frame, title, asked, found: &found, next }, &found)
}

fn entry(listed: Listed) -> Entry {
    let at = Timestamp::from_microsecond(listed.at).unwrap_or_default();
    Entry { at, outcome: if listed.code.is_none() { "answered" } else { "refused" }, listed }
}

/// The search that is asked for; nothing where a condition has not its form.
fn search(asked: &Members, gateway: &Gateway) -> Option<Search> {
    let text = |name| asked.get(name).filter(|value: &&str| !value.is_empty()).map(str::to_owned);
    let day = |name| text(name).map(|text| text.parse::<Date>().ok()).map_or(Some(None), |day| day.map(Some));
    // Days of the jurisdiction.
    let offset = gateway.catalogue().offset();
    let begin = |day: Date| offset.to_timestamp(day.at(0, 0, 0, 0)).map_or(i64::MAX, Timestamp::as_microsecond);
    let outcome = text("outcome").map(|outcome| match outcome.as_str() {
        "answered" => Outcome::Answered,
        "refused" => Outcome::Refused,
        _ => Outcome::Code(outcome),
    });
    let before = text("before").map(|before| before.parse().ok()).map_or(Some(None), |before| before.map(Some))?;
    let until = day("to")?.map(|day| day.checked_add(1.day()).map(begin)).transpose().ok()?;
    let search = Search {
        institution: text("institution"),
        staff: text("operator"),
        scenario: text("scenario"),
        outcome,
        case: text("case"),
        from: day("from")?.map(begin),
        until,
        before,
    };
    let needs_institution = search.staff.is_some() || search.case.is_some();
    (!needs_institution || search.institution.is_some()).then_some(search)
}

/// One record.
#[derive(Serialize)]
struct Record<'a> {
    query: Uuid,
    index: u64,
    /// The leaf, byte for byte.
    leaf: &'a RawValue,
    /// Its receipt (c2sp.org/tlog-proof), to the checkpoint that is published now.
    proof: &'a str,
}

#[derive(Template)]
#[template(path = "officers/query.html")]
struct RecordPage<'a> {
    frame: &'a Frame,
    title: &'a str,
    record: &'a Record<'a>,
    members: Vec<(String, String)>,
}

pub(super) async fn one(gateway: &Arc<Gateway>, id: Uuid, frame: &Frame) -> Response<Body> {
    let shared = Arc::clone(gateway);
    let look = move || {
        let index = shared.index.as_ref()?;
        Some(read(&shared, index, id))
    };
    let (index, leaf, proof) = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(Some(found)))) => found,
        Ok(Some(Ok(None))) => {
            return frame.fault(StatusCode::NOT_FOUND, frame.say("没有这一查询", "there is no such query"));
        }
        Ok(None) => return frame.fault(StatusCode::SERVICE_UNAVAILABLE, frame.say(NO_INDEX.0, NO_INDEX.1)),
        Ok(Some(Err(_))) | Err(_) => return unreadable(frame),
    };
    let Some(raw) = String::from_utf8(leaf).ok().and_then(|leaf| RawValue::from_string(leaf).ok()) else {
        return unreadable(frame);
    };
    let members: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(raw.get()).ok();
    let shown = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let members = members.unwrap_or_default().into_iter().map(|(name, value)| (name, shown(value))).collect();
    let record = Record { query: id, index, leaf: &raw, proof: &proof };
    let title = frame.say("一条记录", "One record");
    frame.show(&RecordPage { frame, title, record: &record, members }, &record)
}

/// Place, leaf and proof of a query. Blocks.
fn read(gateway: &Gateway, index: &Index, id: Uuid) -> Result<Option<(u64, Vec<u8>, String)>, String> {
    let Some(leaf) = index.leaf_of(id).map_err(|error| error.to_string())? else { return Ok(None) };
    let bytes = leaf_at(&gateway.log_folder(), leaf).map_err(|error| error.to_string())?;
    let proven = gateway.log.paths(&[leaf]).map_err(|error| error.to_string())?;
    let path = proven.paths.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Some((leaf, bytes, proof::format(leaf, path, &proven.checkpoint))))
}

fn unreadable(frame: &Frame) -> Response<Body> {
    frame.fault(StatusCode::SERVICE_UNAVAILABLE, frame.say("暂时无法读取日志", "the log cannot be read now"))
}
