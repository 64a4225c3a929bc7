//! Who may ask, and whom the gateway refuses.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
use serde::Serialize;

use super::page::Frame;
use crate::{callers::register::Institution, gateway::Gateway, transport::Body};

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
    let parts = institution.suspensions.parts();
    let parts = parts.iter().filter_map(|part| part.staff().or(part.scenario()).map(str::to_owned));
    Entry {
        id: institution.id().to_owned(),
        name: institution.record.name.clone(),
        kind: kind.as_str().to_owned(),
        title: gateway.catalogue().kind_title(kind, frame.language()).unwrap_or_default().to_owned(),
        certificates: institution.record.certificates.len(),
        suspended: institution.is_suspended(),
        suspended_parts: parts.collect(),
    }
}
