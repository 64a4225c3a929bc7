//! Who may ask, and whom the gateway refuses.

use std::sync::Arc;

use askama::Template;
use credit_policy::Duty;
use hyper::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::page::Frame;
use crate::{
    callers::{register::Institution, suspension::Part},
    gateway::Gateway,
    transport::Body,
};

#[derive(Serialize)]
struct Entry {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    kind: String,
    #[serde(skip)]
    title: String,
    certificates: usize,
    suspended: bool,
    /// Staff and scenarios of it that are suspended.
    suspended_parts: Vec<String>,
    /// Since when, and why; of a part as a form names it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suspensions: Vec<Lasting>,
    /// Whether it comes back by two officers alone.
    #[serde(skip)]
    by_two: bool,
}

/// What is suspended, and since when where that is known.
#[derive(Serialize)]
struct Lasting {
    /// The member of a form that names the part: `operator` or `scenario`; none where it is the whole.
    #[serde(skip_serializing_if = "str::is_empty")]
    member: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Institutions {
    institutions: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "officers/institutions.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    institutions: &'a [Entry],
    scenarios: Vec<(String, String)>,
}

pub(super) fn show(gateway: &Gateway, frame: &Frame) -> Response<Body> {
    let institutions = gateway.register.all().iter().map(|one| entry(gateway, one, frame)).collect();
    let all = Institutions { institutions };
    let title = frame.say("机构", "Institutions");
    let scenarios = frame.scenarios(gateway);
    frame.show(&Page { frame, title, institutions: &all.institutions, scenarios }, &all)
}

fn entry(gateway: &Gateway, institution: &Arc<Institution>, frame: &Frame) -> Entry {
    let kind = institution.record.kind;
    let lasting = |part: &Part| {
        let (member, name) = match part {
            Part::Whole => ("", ""),
            Part::Staff(staff) => ("operator", staff.as_str()),
            Part::Scenario(scenario) => ("scenario", scenario.as_str()),
        };
        let since = institution.suspensions.since(part);
        let (since, reason) = since.map_or((None, None), |since| (Some(since.at), since.reason));
        Lasting { member, name: name.to_owned(), since, reason }
    };
    let whole = institution.is_suspended().then_some(Part::Whole);
    let suspensions: Vec<_> = whole.iter().chain(&institution.suspensions.parts()).map(lasting).collect();
    let is_of_officers = matches!(kind.duty(), Some(Duty::Officer | Duty::CreditSupervisor));
    Entry {
        id: institution.id().to_owned(),
        name: institution.record.name.clone(),
        kind: kind.as_str().to_owned(),
        title: gateway.catalogue().kind_title(kind, frame.language()).unwrap_or_default().to_owned(),
        certificates: institution.record.certificates.len(),
        suspended: institution.is_suspended(),
        suspended_parts: suspensions.iter().map(|one| one.name.clone()).filter(|name| !name.is_empty()).collect(),
        suspensions,
        by_two: is_of_officers && gateway.is_by_two(),
    }
}
