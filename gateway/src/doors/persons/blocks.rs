//! `/me/blocks`: scenarios that stand on consent, and which of them the person closed to everybody (PIPL art. 15, 44). What
//! rests on a statute is not among them.

use std::sync::Arc;

use askama::Template;
use credit_policy::Ground;
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::{
    acting,
    outcome::Outcome,
    page::{self, Frame, Words},
    request::Members,
    sessions::LoggedIn,
};
use crate::{
    changes::{may_be_closed, set_blocked},
    gateway::Gateway,
    transport::Body,
};

const TITLE: Words = Words { zh: "关闭场景", en: "Closed scenarios" };
const NOT_TO_CLOSE: Words = Words {
    zh: "只能关闭凭您的授权查询的场景；依法查询的场景不能关闭。",
    en: "Only scenarios that rest on your consent can be closed; those that rest on a statute cannot.",
};

/// A scenario that can be closed.
#[derive(Serialize)]
struct Entry {
    scenario: String,
    title: String,
    blocked: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    blocks: &'a [Entry],
}

#[derive(Template)]
#[template(path = "persons/blocks.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
}

/// What can be closed, and what is.
pub(super) fn blocks(gateway: &Gateway, person: &LoggedIn, frame: &Frame, json: bool) -> Response<Body> {
    let language = frame.language();
    let blocked = gateway.standing.blocked(&gateway.standing.person(&person.person));
    let catalogue = gateway.catalogue();
    let scenarios = catalogue.scenarios();
    let on_consent = scenarios.into_iter().filter(|scenario| scenario.ground() == Ground::Consent);
    let entries: Vec<_> = on_consent
        .map(|scenario| Entry {
            scenario: scenario.name().as_str().to_owned(),
            title: scenario.title(language).to_owned(),
            blocked: blocked.contains(scenario.name().as_str()),
        })
        .collect();
    if json {
        let body = serde_json::to_vec(&Answer { blocks: &entries }).unwrap_or_default();
        return page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    page::html(frame, &Page { frame, title: TITLE.of(language), entries: &entries }, StatusCode::OK)
}

/// Closes a scenario; opens it again where `blocked` is `false`, or with `DELETE`.
pub(super) async fn set(gateway: &Arc<Gateway>, session: &LoggedIn, members: &Members, is_delete: bool) -> Outcome {
    let blocked = match (members.get("blocked"), is_delete) {
        (None | Some("true"), false) => true,
        (Some("false"), false) | (None, true) => false,
        (Some(_), _) => return Outcome::Malformed,
    };
    let Some(scenario) = members.get("scenario") else { return Outcome::Malformed };
    if !may_be_closed(gateway, scenario) {
        return Outcome::Refused(NOT_TO_CLOSE);
    }
    Outcome::of(set_blocked(gateway, acting::whose(gateway, session), scenario.to_owned(), blocked).await)
}
