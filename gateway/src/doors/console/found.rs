//! What a search of this log finds: parsed conditions, one page of queries, and of whom nothing is told yet.

use std::sync::Arc;

use hyper::Response;
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    page::Frame,
    under_review::{Reviewed, UnderReview},
};
use crate::{
    doors::persons::request::Members,
    gateway::Gateway,
    index::{Listed, Outcome, Search},
    transport::Body,
};

/// Entries of a page.
pub(super) const PAGE: u32 = 50;

/// Conditions of a search.
pub(super) const CONDITIONS: [&str; 8] =
    ["institution", "operator", "scenario", "outcome", "case", "consent", "from", "to"];

/// A query as it is shown.
#[derive(Deserialize, Serialize)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    #[serde(skip_deserializing)]
    pub(super) outcome: &'static str,
    #[serde(flatten)]
    pub(super) listed: Listed,
    /// Where it is under review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) review: Option<UnderReview>,
    /// Whether who asked is left out, as nobody opened it for review yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) staff_hidden: bool,
    /// Its log, where the list is of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<String>,
}

/// What was found.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Found {
    pub(super) queries: Vec<Entry>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<u64>,
    /// The same, of several logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
    /// Leaves of the log that the list covers; of several, of all that came.
    pub(super) covers: u64,
}

/// A condition that has not its form.
pub(super) struct Wrong {
    /// The member.
    pub(super) name: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// One page out of this log.
pub(super) async fn find(gateway: &Arc<Gateway>, search: Search, frame: &Frame) -> Result<Found, Box<Response<Body>>> {
    let is_by_staff = search.staff.is_some();
    let shared = Arc::clone(gateway);
    let look = move || {
        let index = shared.index.as_ref()?;
        Some(index.search(&search, PAGE + 1).map(|listed| (listed, index.size())))
    };
    let (listed, covers) = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(found))) => found,
        Ok(None) => return Err(Box::new(frame.no_index())),
        Ok(Some(Err(_))) | Err(_) => return Err(Box::new(frame.unreadable())),
    };
    let reviewed = Reviewed::of(gateway, frame, listed.iter().map(|one| one.query).collect()).await;
    if is_by_staff && !reviewed.is_known() {
        return Err(Box::new(frame.unreadable()));
    }
    let mut queries: Vec<Entry> = listed.into_iter().map(|listed| entry(listed, &reviewed, frame.own_log())).collect();
    let goes_on = queries.len() > PAGE as usize;
    queries.truncate(PAGE as usize);
    let next = queries.last().filter(|_| goes_on).map(|last| last.listed.index);
    // What is found by who asked would tell who that is.
    queries.retain(|one| !(is_by_staff && one.staff_hidden));
    Ok(Found { queries, next, next_cursor: None, covers })
}

pub(super) const TWICE: Wrong =
    Wrong { name: "", zh: "同一条件只能填一次", en: "a condition stands there twice" };
const INSTITUTION: Wrong = Wrong {
    name: "institution",
    zh: "按经办人或案件查找须同时选择机构",
    en: "to search by a member of staff or a case, choose the institution too",
};
const CONSENT: Wrong =
    Wrong { name: "consent", zh: "授权标识为 32 位十六进制数字", en: "a consent is 32 hexadecimal digits" };
const BEFORE: Wrong = Wrong { name: "before", zh: "before 为记录序号", en: "before is the index of a record" };

/// A day that is none.
fn no_day(name: &'static str) -> Wrong {
    match name {
        "from" => Wrong { name, zh: "“自”须为日期 YYYY-MM-DD", en: "“From” is a day, YYYY-MM-DD" },
        _ => Wrong { name, zh: "“至”须为日期 YYYY-MM-DD", en: "“to” is a day, YYYY-MM-DD" },
    }
}

/// How a query ended, in one word.
pub(super) fn outcome(listed: &Listed) -> &'static str {
    if listed.code.is_none() { "answered" } else { "refused" }
}

fn entry(mut listed: Listed, reviewed: &Reviewed, log: Option<&str>) -> Entry {
    let at = Timestamp::from_microsecond(listed.at).unwrap_or_default();
    let staff_hidden = listed.staff.is_some() && reviewed.hides(listed.query);
    if staff_hidden {
        listed.staff = None;
    }
    let (outcome, review, log) = (outcome(&listed), reviewed.get(listed.query), log.map(str::to_owned));
    Entry { at, outcome, listed, review, staff_hidden, log }
}

/// The search that is asked for.
pub(super) fn search(asked: &Members, gateway: &Gateway) -> Result<Search, Wrong> {
    let text = |name| asked.get(name).filter(|value: &&str| !value.is_empty()).map(str::to_owned);
    let day = |name| text(name).map(|text| text.parse::<Date>().map_err(|_| no_day(name))).transpose();
    // Days of the jurisdiction.
    let offset = gateway.catalogue().offset();
    let begin = |day: Date| offset.to_timestamp(day.at(0, 0, 0, 0)).map_or(i64::MAX, Timestamp::as_microsecond);
    let outcome = text("outcome").map(|outcome| match outcome.as_str() {
        "answered" => Outcome::Answered,
        "refused" => Outcome::Refused,
        _ => Outcome::Code(outcome),
    });
    let consent = text("consent").map(|text| hex(&text).ok_or(CONSENT)).transpose()?;
    let before = text("before").map(|before| before.parse().map_err(|_| BEFORE)).transpose()?;
    let until = day("to")?.map(|day| day.checked_add(1.day()).map(begin)).transpose().map_err(|_| no_day("to"))?;
    let search = Search {
        institution: text("institution"),
        staff: text("operator"),
        scenario: text("scenario"),
        outcome,
        case: text("case"),
        consent,
        from: day("from")?.map(begin),
        until,
        before,
    };
    let needs_institution = search.staff.is_some() || search.case.is_some();
    if needs_institution && search.institution.is_none() { Err(INSTITUTION) } else { Ok(search) }
}

/// 16 bytes in hexadecimal digits.
fn hex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hex.then(|| u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)).flatten()
}
