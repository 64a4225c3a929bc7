//! Who may ask, and whom the gateway refuses.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
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
    /// The same, as a form names them.
    #[serde(skip)]
    parts: Vec<Named>,
}

/// A part as a form names it.
struct Named {
    member: &'static str,
    name: String,
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
    let named = |part: &Part| {
        let staff = part.staff().map(|staff| ("operator", staff));
        let (member, name) = staff.or(part.scenario().map(|scenario| ("scenario", scenario)))?;
        Some(Named { member, name: name.to_owned() })
    };
    let parts: Vec<Named> = institution.suspensions.parts().iter().filter_map(named).collect();
    Entry {
        id: institution.id().to_owned(),
        name: institution.record.name.clone(),
        kind: kind.as_str().to_owned(),
        title: gateway.catalogue().kind_title(kind, frame.language()).unwrap_or_default().to_owned(),
        certificates: institution.record.certificates.len(),
        suspended: institution.is_suspended(),
        suspended_parts: parts.iter().map(|part| part.name.clone()).collect(),
        parts,
    }
}
