//! The record of queries: a list that is searched.

use std::sync::Arc;

use askama::Template;
use credit_policy::Code;
use hyper::Response;
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;
use uuid::Uuid;

use super::{
    page::{Frame, address},
    under_review::{Reviewed, UnderReview},
};
use crate::{
    doors::persons::{page::redirect, request::Members},
    gateway::Gateway,
    index::{Listed, Outcome, Search},
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
    /// Where it is under review.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<UnderReview>,
    /// Whether who asked is left out, as nobody opened it for review yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    staff_hidden: bool,
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

/// A condition that has not its form.
struct Wrong {
    /// The member.
    name: &'static str,
    zh: &'static str,
    en: &'static str,
}

#[derive(Template)]
#[template(path = "officers/queries.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    asked: Asked<'a>,
    /// What conditions can be chosen.
    institutions: Vec<Choice>,
    scenarios: Vec<Choice>,
    outcomes: Vec<(&'a str, Vec<Choice>)>,
    found: &'a Found,
    /// The address of the next page.
    next: Option<String>,
    /// Why nothing was sought.
    wrong: Option<Wrong>,
}

impl Page<'_> {
    /// Whether this condition is the one that has not its form.
    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.name == name)
    }

    /// Who asked, by name where the register has one: its id is on the record.
    fn asker(&self, id: &str) -> String {
        let known = self.institutions.iter().find(|one| one.value == id);
        known.map_or_else(|| id.to_owned(), |one| one.name.clone())
    }

    fn scenario(&self, name: &str) -> String {
        let known = self.scenarios.iter().find(|one| one.value == name);
        known.map_or_else(|| name.to_owned(), |one| one.name.clone())
    }

    /// Whether queries were left out whose asker is not shown.
    fn leaves_out(&self) -> bool {
        self.frame.viewer.reviews() && !self.asked.get("operator").is_empty()
    }
}

/// What a form was filled with.
struct Asked<'a>(Option<&'a Members>);

impl Asked<'_> {
    fn get(&self, name: &str) -> &str {
        self.0.and_then(|members| members.get(name)).unwrap_or_default()
    }

    /// Whether anything restricts the list.
    fn is_restricted(&self) -> bool {
        ["institution", "operator", "scenario", "outcome", "case", "consent", "from", "to"]
            .iter()
            .any(|name| !self.get(name).is_empty())
    }
}

/// A condition that can be chosen.
struct Choice {
    value: String,
    /// With the value beside it.
    title: String,
    /// The shortest name of it.
    name: String,
}

impl Choice {
    fn new(value: &str, title: &str) -> Self {
        Self { value: value.to_owned(), title: title.to_owned(), name: title.to_owned() }
    }
}

pub(super) async fn list(gateway: &Arc<Gateway>, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    if let Some(id) = asked.and_then(|asked| asked.get("id")).filter(|id| !id.is_empty()) {
        return match id.trim().parse::<Uuid>() {
            Ok(id) => redirect(&format!("/officers/queries/{id}?lang={}", frame.this_lang())),
            Err(_) => show_wrong(gateway, asked, frame, ID),
        };
    }
    let search = match asked.ok_or(TWICE).and_then(|asked| search(asked, gateway)) {
        Ok(search) => search,
        Err(wrong) => return show_wrong(gateway, asked, frame, wrong),
    };
    let is_by_staff = search.staff.is_some();
    let shared = Arc::clone(gateway);
    let look = move || {
        let index = shared.index.as_ref()?;
        Some(index.search(&search, PAGE + 1).map(|listed| (listed, index.size())))
    };
    let (listed, covers) = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(found))) => found,
        Ok(None) => return frame.no_index(),
        Ok(Some(Err(_))) | Err(_) => return frame.unreadable(),
    };
    let reviewed = Reviewed::of(gateway, frame, listed.iter().map(|one| one.query).collect()).await;
    if is_by_staff && !reviewed.is_known() {
        return frame.unreadable();
    }
    let mut queries: Vec<Entry> = listed.into_iter().map(|listed| entry(listed, &reviewed)).collect();
    let goes_on = queries.len() > PAGE as usize;
    queries.truncate(PAGE as usize);
    let next = queries.last().filter(|_| goes_on).map(|last| last.listed.index);
    // What is found by who asked would tell who that is.
    queries.retain(|one| !(is_by_staff && one.staff_hidden));
    shown(gateway, asked, frame, (Found { queries, next, covers }, None))
}

/// The form as it was filled in, and what is wrong with it.
fn show_wrong(gateway: &Gateway, asked: Option<&Members>, frame: &Frame, wrong: Wrong) -> Response<Body> {
    shown(gateway, asked, frame, (Found { queries: Vec::new(), next: None, covers: 0 }, Some(wrong)))
}

fn shown(
    gateway: &Gateway,
    asked: Option<&Members>,
    frame: &Frame,
    (found, wrong): (Found, Option<Wrong>),
) -> Response<Body> {
    let sentence = wrong.as_ref().map(|wrong| frame.say(wrong.zh, wrong.en).to_owned());
    let title = frame.say("查询记录", "Queries on the record");
    let next = found
        .next
        .map(|before| address("/officers/queries", asked, &["before"], &[("before", before.to_string().as_str())]));
    let ((institutions, scenarios), outcomes) = (choices(gateway, frame), outcomes(frame));
    let asked = Asked(asked);
    let page = Page { frame, title, asked, institutions, scenarios, outcomes, found: &found, next, wrong };
    match sentence {
        Some(sentence) => frame.show_again(&page, &sentence),
        None => frame.show(&page, &found),
    }
}

const ID: Wrong = Wrong {
    name: "id",
    zh: "查询编号为 36 位 UUID，见查询的答复或记录",
    en: "the id of a query is a UUID of 36 characters, as its answer and its record have it",
};
const TWICE: Wrong = Wrong { name: "", zh: "同一条件只能填一次", en: "a condition stands there twice" };
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

/// Institutions and scenarios.
fn choices(gateway: &Gateway, frame: &Frame) -> (Vec<Choice>, Vec<Choice>) {
    let institutions = gateway.register.all().into_iter().map(|institution| {
        let (value, title) = (institution.id().to_owned(), frame.institution(gateway, institution.id()));
        let name = institution.record.name.clone().unwrap_or_else(|| value.clone());
        Choice { value, title, name }
    });
    let catalogue = gateway.catalogue();
    let scenarios = catalogue.scenarios().into_iter().map(|scenario| {
        let (value, name) = (scenario.name().as_str().to_owned(), scenario.title(frame.language()).to_owned());
        Choice { title: format!("{name} ({value})"), value, name }
    });
    (institutions.collect(), scenarios.collect())
}

/// What can have come of a query, by what stood against it.
fn outcomes(frame: &Frame) -> Vec<(&str, Vec<Choice>)> {
    let all = [
        ("answered", frame.say("已答复", "answered")),
        ("refused", frame.say("已拒绝（任何原因）", "refused, for any reason")),
    ];
    let all = all.map(|(value, title)| Choice::new(value, title));
    let choice = |code: &Code| Choice::new(code.as_str(), &frame.reason(code.as_str()));
    let of = |group: Against| Code::ALL.iter().filter(move |code| Against::of(**code) == group).map(choice).collect();
    vec![
        (frame.say("全部", "All"), all.into()),
        (frame.say("拒绝：请求有误", "Refused: the request has a fault"), of(Against::Request)),
        (frame.say("拒绝：授权不符", "Refused: the person’s consent"), of(Against::Consent)),
        (frame.say("拒绝：无权查询", "Refused: it may not be asked"), of(Against::Right)),
        (frame.say("拒绝：次数或限额", "Refused: limits and repeats"), of(Against::Limit)),
        (frame.say("拒绝：网关或数据源", "Refused: the gateway or a store"), of(Against::Gateway)),
    ]
}

/// What stands against a query that is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    Request,
    Consent,
    Right,
    Limit,
    Gateway,
}

impl Against {
    fn of(code: Code) -> Self {
        match code.status() {
            _ if code.as_str().starts_with("consent-") => Self::Consent,
            401 | 403 => Self::Right,
            409 | 429 => Self::Limit,
            500.. => Self::Gateway,
            _ => Self::Request,
        }
    }
}

fn entry(mut listed: Listed, reviewed: &Reviewed) -> Entry {
    let at = Timestamp::from_microsecond(listed.at).unwrap_or_default();
    let staff_hidden = listed.staff.is_some() && reviewed.hides(listed.query);
    if staff_hidden {
        listed.staff = None;
    }
    let (outcome, review) = (if listed.code.is_none() { "answered" } else { "refused" }, reviewed.get(listed.query));
    Entry { at, outcome, listed, review, staff_hidden }
}

/// The search that is asked for.
fn search(asked: &Members, gateway: &Gateway) -> Result<Search, Wrong> {
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
