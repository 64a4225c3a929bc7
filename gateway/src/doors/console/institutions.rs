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
    doors::persons::request::Members,
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
    /// How many the register has.
    registered: usize,
    /// What was sought.
    words: &'a str,
    /// Whether only those were sought of which something is suspended.
    only_suspended: bool,
    scenarios: Vec<(String, String)>,
}

impl Page<'_> {
    fn is_restricted(&self) -> bool {
        self.only_suspended || !self.words.is_empty()
    }
}

/// Those that have the words in id, name, kind or a suspended part, or all of them.
pub(super) fn show(gateway: &Gateway, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    let get = |name| asked.and_then(|asked| asked.get(name)).unwrap_or_default().trim();
    let (words, only_suspended) = (get("q"), get("suspended") == "true");
    let mut institutions: Vec<Entry> = gateway.register.all().iter().map(|one| entry(gateway, one, frame)).collect();
    let registered = institutions.len();
    institutions.retain(|one| one.has(words) && (!only_suspended || !one.suspensions.is_empty()));
    let all = Institutions { institutions };
    let title = frame.say("机构", "Institutions");
    let scenarios = frame.scenarios(gateway);
    let institutions = &all.institutions;
    frame.show(&Page { frame, title, institutions, registered, words, only_suspended, scenarios }, &all)
}

impl Entry {
    fn has(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let parts = self.suspensions.iter().map(|part| part.name.as_str());
        let all = [self.id.as_str(), self.name.as_deref().unwrap_or_default(), &self.kind, &self.title]
            .into_iter()
            .chain(parts);
        words.is_empty() || all.into_iter().any(|text| text.to_lowercase().contains(&words))
    }
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
