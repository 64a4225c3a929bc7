//! The record of queries: a list that is searched.

use std::sync::Arc;

use askama::Template;
use credit_policy::Code;
use hyper::{Response, StatusCode};
use uuid::Uuid;

use super::{
    cursor::{ListOf, Place},
    elsewhere::{self, Asking, There},
    found::{CONDITIONS, Entry, Found, PAGE, TWICE, Wrong, find, outcome, search},
    merged::{OfLog, merged},
    page::{Frame, address},
    view::View,
};
use crate::{
    doors::{
        elsewhere::Others,
        persons::{page::redirect, request::Members},
    },
    gateway::Gateway,
    index::Search,
    transport::Body,
};

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

    /// The page of a record: at the gateway of its log.
    fn page_of(&self, one: &Entry) -> String {
        self.frame.page_of(one.log.as_deref(), &format!("/officers/queries/{}", one.listed.query))
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
        CONDITIONS.iter().any(|name| !self.get(name).is_empty())
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

/// What is shown in place of a list.
enum Instead {
    /// The form, with a condition that has not its form.
    Wrong(Wrong),
    Page(Box<Response<Body>>),
}

const BEFORE_OF_ONE: Wrong = Wrong {
    name: "before",
    zh: "before 为一个日志的记录序号；本清单涉及全部网关的日志，请以 cursor 续查",
    en: "before is the index of a record of one log; this list is of the logs of all gateways and goes on by its cursor",
};
const OUTCOME: Wrong = Wrong {
    name: "outcome",
    zh: "outcome 须为 answered、refused 或拒绝代码，如 subject-minor",
    en: "the outcome is answered, refused or the code of a refusal, such as subject-minor",
};
const CURSOR: Wrong = Wrong {
    name: "cursor",
    zh: "cursor 不是本清单的续查标记：条件或查看人不同，或密钥已轮换，请从头查看",
    en: "the cursor is not of this list: its conditions or who looks are others, or keys were rotated since; begin again",
};

pub(super) async fn list(
    (gateway, others): (&Arc<Gateway>, &Others),
    asked: Option<&Members>,
    frame: &mut Frame,
) -> Response<Body> {
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
    if asked.and_then(|asked| asked.get("outcome")).is_some_and(|outcome| !is_outcome(outcome)) {
        return show_wrong(gateway, asked, frame, OUTCOME);
    }
    let found = match frame.span {
        Some(_) => of_all_logs((gateway, others), asked, search, frame).await,
        None => find(gateway, search, frame).await.map_err(Instead::Page),
    };
    match found {
        Ok(found) => shown(gateway, asked, frame, (found, None)),
        Err(Instead::Wrong(wrong)) => show_wrong(gateway, asked, frame, wrong),
        Err(Instead::Page(response)) => *response,
    }
}

/// Whether a query can have ended so. Asked here alone: a gateway of another release may know other codes.
fn is_outcome(outcome: &str) -> bool {
    let known = ["", "answered", "refused"].into_iter().chain(Code::ALL.iter().map(|code| code.as_str()));
    known.into_iter().any(|known| known == outcome)
}

/// What this log alone has, for another gateway.
///
/// # Errors
/// What is shown instead.
pub(super) async fn of_this_log(
    gateway: &Arc<Gateway>,
    asked: Option<&Members>,
    frame: &Frame,
) -> Result<Found, Box<Response<Body>>> {
    match asked.ok_or(TWICE).and_then(|asked| search(asked, gateway)) {
        Ok(search) => find(gateway, search, frame).await,
        Err(wrong) => Err(Box::new(frame.fault(StatusCode::BAD_REQUEST, frame.say(wrong.zh, wrong.en)))),
    }
}

/// What all logs have, newest first, as far as their gateways come.
async fn of_all_logs(
    (gateway, others): (&Arc<Gateway>, &Others),
    asked: Option<&Members>,
    search: Search,
    frame: &mut Frame,
) -> Result<Found, Instead> {
    if search.before.is_some() {
        return Err(Instead::Wrong(BEFORE_OF_ONE));
    }
    let get = |name: &str| asked.and_then(|asked| asked.get(name)).filter(|value| !value.is_empty());
    let conditions: Vec<_> = CONDITIONS.iter().filter_map(|name| Some((*name, get(name)?.to_owned()))).collect();
    let text = serde_json::to_string(&conditions).unwrap_or_default();
    let list = ListOf::new(&gateway.visits_key(), &frame.viewer.id, &text);
    let begun = get("cursor").map(|cursor| list.places(cursor).ok_or(Instead::Wrong(CURSOR))).transpose()?;
    let place = |log: &str| Place::of(begun.as_ref(), log);
    let asking = |log: &str| match place(log) {
        Place::LeftOut => Asking::LeftOut,
        Place::Over => Asking::Nothing,
        Place::Before(before) => {
            let before = before.map(|before| ("before", before.to_string()));
            Asking::For(conditions.iter().cloned().chain(before).collect())
        }
    };
    let is_sound = |log: &str, found: &Found| found.is_sound(place(log).before(), PAGE as usize);
    let there = elsewhere::ask(others, frame, &View::Queries, asking, is_sound).await;
    let mut logs = Vec::new();
    let own = gateway.settings.log.origin.clone();
    match place(&own) {
        Place::Before(before) => {
            let found = find(gateway, Search { before, ..search }, frame).await.map_err(Instead::Page)?;
            logs.push(OfLog { log: own, found, before });
        }
        Place::Over => {}
        Place::LeftOut => frame.left_out(own),
    }
    logs.extend(there.into_iter().map(|There { log, shown: mut found }| {
        for one in &mut found.queries {
            one.outcome = outcome(&one.listed);
            one.log = Some(log.clone());
        }
        OfLog { before: place(&log).before(), log, found }
    }));
    let (queries, mut places) = merged(logs, PAGE as usize);
    // What was looked through before is a part of the list that ends here.
    places.extend(begun.into_iter().flatten().filter(|(_, left)| left.before.is_none()));
    let covers = places.values().map(|left| left.covers).fold(0, u64::saturating_add);
    Ok(Found { queries, next: None, next_cursor: list.cursor(&places), covers })
}

/// The form as it was filled in, and what is wrong with it.
fn show_wrong(gateway: &Gateway, asked: Option<&Members>, frame: &Frame, wrong: Wrong) -> Response<Body> {
    shown(gateway, asked, frame, (Found::default(), Some(wrong)))
}

fn shown(
    gateway: &Gateway,
    asked: Option<&Members>,
    frame: &Frame,
    (found, wrong): (Found, Option<Wrong>),
) -> Response<Body> {
    let sentence = wrong.as_ref().map(|wrong| frame.say(wrong.zh, wrong.en).to_owned());
    let title = frame.say("查询记录", "Queries on the record");
    let before = found.next.map(|before| ("before", before.to_string()));
    let goes_on = found.next_cursor.clone().map(|cursor| ("cursor", cursor)).or(before);
    let next = goes_on
        .map(|(name, value)| address("/officers/queries", asked, &["before", "cursor"], &[(name, value.as_str())]));
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
