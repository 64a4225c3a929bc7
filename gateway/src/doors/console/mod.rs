//! What officers and auditors see on 8445: overview, search of the record, one record with its proof, institutions. A page
//! for a browser, JSON for everybody else. Whoever is shown a record is on the record first.

pub(super) mod form;
mod institutions;
mod overview;
mod page;
mod proposals;
mod queries;
mod reviews;

use std::sync::Arc;

use credit_policy::Language;
use hyper::{
    Response, StatusCode, Uri,
    header::{self, HeaderMap},
};
use uuid::Uuid;

use crate::{
    doors::persons::{page::style, request::Members},
    gateway::Gateway,
    settings::Role,
    terminal::chinese,
    transport::Body,
};

use page::Frame;
pub(super) use page::Viewer;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    Overview,
    Queries,
    Query(Uuid),
    Institutions,
    Proposals,
    Reviews,
    /// By the name of the case.
    Review(String),
    Style,
}

impl View {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/officers" | "/officers/" => Some(Self::Overview),
            "/officers/queries" => Some(Self::Queries),
            "/officers/institutions" => Some(Self::Institutions),
            "/style.css" => Some(Self::Style),
            "/officers/proposals" => Some(Self::Proposals),
            "/officers/reviews" => Some(Self::Reviews),
            path => match path.strip_prefix("/officers/reviews/") {
                Some(case) => reviews::is_name(case).then(|| Self::Review(case.to_owned())),
                None => path.strip_prefix("/officers/queries/")?.parse().ok().map(Self::Query),
            },
        }
    }

    /// Whether an officer of this role looks here.
    pub(super) fn is_for(&self, role: Role) -> bool {
        match (self, role) {
            (Self::Queries | Self::Query(_) | Self::Reviews | Self::Review(_), Role::Custodian) => false,
            (_, Role::Officer | Role::Reviewer | Role::Custodian) => true,
        }
    }

    /// What the leaf of a look at records says was read; nothing where none is shown.
    pub(super) fn read(&self) -> Option<String> {
        match self {
            Self::Queries => Some("officers/queries".to_owned()),
            Self::Query(id) => Some(format!("officers/queries/{id}")),
            Self::Review(case) => Some(format!("officers/reviews/{case}")),
            Self::Overview | Self::Institutions | Self::Proposals | Self::Reviews | Self::Style => None,
        }
    }
}

/// Answers one who may look, once the look is on the record.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    view: View,
    (uri, headers): (&Uri, &HeaderMap),
    viewer: Viewer,
    language: Language,
) -> Response<Body> {
    let asked = Members::read(uri.query().unwrap_or_default().as_bytes());
    let chosen = asked.as_ref().and_then(Members::language);
    let frame = Frame::new(chosen.unwrap_or(language), is_page(headers), gateway.settings.demo, viewer);
    match view {
        View::Style => style(),
        View::Overview => overview::show(gateway, &frame).await,
        View::Institutions => institutions::show(gateway, &frame),
        View::Proposals => proposals::show(gateway, &frame).await,
        View::Queries => queries::list(gateway, asked.as_ref(), &frame).await,
        View::Reviews => reviews::list(gateway, &frame).await,
        View::Review(case) => reviews::one(gateway, &case, &frame).await,
        View::Query(id) => queries::one(gateway, id, &frame).await,
    }
}

/// What a form asked for was not done.
pub(super) fn refused(
    gateway: &Gateway,
    status: StatusCode,
    fault: &impl std::fmt::Display,
    language: Language,
) -> Response<Body> {
    let viewer = Viewer { is_officer: true, role: None, form: String::new() };
    let said = match language {
        Language::Zh => chinese().of(&fault.to_string()),
        Language::En => fault.to_string(),
    };
    Frame::new(language, true, gateway.settings.demo, viewer).fault(status, &said)
}

fn is_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}
