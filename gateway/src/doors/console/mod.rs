//! What officers and auditors see on 8445: overview, search of the record, one record with its proof, consents, objections,
//! reviews, coverage, monthly reports, alarms, the log, institutions. A page for a browser, JSON for everybody else. Whoever is
//! shown a record is on the record first.

mod alarms;
mod case;
mod charts;
mod consents;
mod coverage;
mod fields;
pub(super) mod form;
mod health;
mod institutions;
mod log;
mod named;
mod objections;
mod overview;
mod page;
mod proposals;
mod queries;
mod record;
mod report;
mod reviews;
mod statistics;
mod still;
mod under_review;
mod unsealed;
mod viewer;

use std::sync::Arc;

use credit_policy::Language;
use hyper::{
    Response, StatusCode, Uri,
    header::{self, HeaderMap},
};
use uuid::Uuid;

use crate::{
    callers::trust::Trust,
    changes::ChangeError,
    doors::persons::{
        page::{redirect, style},
        request::Members,
    },
    gateway::Gateway,
    settings::Role,
    terminal::chinese,
    transport::Body,
};

pub(super) use fields::wrong_field;
use page::Frame;
pub(super) use unsealed::show as unsealed;
pub(super) use viewer::Viewer;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    Overview,
    Queries,
    Query(Uuid),
    Consents,
    Objections,
    /// By the id of the leaf that began it.
    Objection(Uuid),
    Coverage,
    Statistics,
    Report,
    Alarms,
    Log,
    Institutions,
    Proposals,
    Reviews,
    /// By the name of the case.
    Review(String),
    Style,
    /// Where somebody begins who knows the address alone.
    Root,
}

impl View {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Root),
            "/officers" | "/officers/" => Some(Self::Overview),
            "/officers/queries" => Some(Self::Queries),
            "/officers/consents" => Some(Self::Consents),
            "/officers/objections" => Some(Self::Objections),
            "/officers/coverage" => Some(Self::Coverage),
            "/officers/statistics" => Some(Self::Statistics),
            "/officers/report" => Some(Self::Report),
            "/officers/alarms" => Some(Self::Alarms),
            "/officers/log" => Some(Self::Log),
            "/officers/institutions" => Some(Self::Institutions),
            "/style.css" => Some(Self::Style),
            "/officers/proposals" => Some(Self::Proposals),
            "/officers/reviews" => Some(Self::Reviews),
            path => match path.strip_prefix("/officers/")?.split_once('/')? {
                ("reviews", case) => reviews::is_name(case).then(|| Self::Review(case.to_owned())),
                ("queries", id) => id.parse().ok().map(Self::Query),
                ("objections", id) => id.parse().ok().map(Self::Objection),
                _ => None,
            },
        }
    }

    /// Whether an officer of this role looks here.
    pub(super) fn is_for(&self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Officer) => true,
            // What persons say is for who decides on it.
            (Self::Objection(_), Role::Reviewer) => false,
            (_, Role::Reviewer) => true,
            (
                Self::Overview
                | Self::Alarms
                | Self::Log
                | Self::Institutions
                | Self::Proposals
                | Self::Style
                | Self::Root,
                Role::Custodian,
            ) => true,
            (_, Role::Custodian | Role::Gateway) => false,
        }
    }

    /// What the leaf of a look at records says was read; nothing where none is shown.
    pub(super) fn read(&self) -> Option<String> {
        match self {
            Self::Queries => Some("officers/queries".to_owned()),
            Self::Consents => Some("officers/consents".to_owned()),
            Self::Objections => Some("officers/objections".to_owned()),
            Self::Objection(id) => Some(format!("officers/objections/{id}")),
            Self::Coverage => Some("officers/coverage".to_owned()),
            Self::Statistics => Some("officers/statistics".to_owned()),
            Self::Report => Some("officers/report".to_owned()),
            Self::Query(id) => Some(format!("officers/queries/{id}")),
            Self::Review(case) => Some(format!("officers/reviews/{case}")),
            Self::Overview
            | Self::Alarms
            | Self::Log
            | Self::Institutions
            | Self::Proposals
            | Self::Reviews
            | Self::Style
            | Self::Root => None,
        }
    }
}

/// Answers one who may look, once the look is on the record.
pub(super) async fn answer(
    (gateway, trust): (&Arc<Gateway>, &Trust),
    view: View,
    (uri, headers): (&Uri, &HeaderMap),
    viewer: Viewer,
    language: Language,
) -> Response<Body> {
    let asked = Members::read(uri.query().unwrap_or_default().as_bytes());
    let chosen = asked.as_ref().and_then(Members::language);
    let at = (uri.path(), asked.as_ref());
    let frame = Frame::new(chosen.unwrap_or(language), is_page(headers), gateway, viewer, at);
    match view {
        View::Style => style(),
        View::Root => redirect("/officers"),
        View::Overview => overview::show(gateway, trust, &frame).await,
        View::Alarms => alarms::show(gateway, trust, &frame),
        View::Log => log::show(gateway, &frame).await,
        View::Consents => consents::list(gateway, &frame).await,
        View::Objections => objections::list(gateway, &frame).await,
        View::Objection(id) => objections::one(gateway, id, &frame).await,
        View::Coverage => coverage::show(gateway, asked.as_ref(), &frame).await,
        View::Statistics => statistics::show(gateway, asked.as_ref(), &frame).await,
        View::Report => report::show(gateway, asked.as_ref(), &frame).await,
        View::Institutions => institutions::show(gateway, asked.as_ref(), &frame),
        View::Proposals => proposals::show(gateway, &frame).await,
        View::Queries => queries::list(gateway, asked.as_ref(), &frame).await,
        View::Reviews => reviews::list(gateway, asked.as_ref(), &frame).await,
        View::Review(case) => case::show(gateway, &case, &frame).await,
        View::Query(id) => record::one(gateway, id, &frame).await,
    }
}

/// Why an officer or auditor is shown nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    /// There is no such page.
    Missing,
    /// The role looks elsewhere.
    Role,
    /// Suspended.
    Suspended,
}

/// A page that says so in place of a line, where a browser asks for one of ours; nothing for everybody else.
pub(super) fn barred(
    gateway: &Gateway,
    why: Barred,
    (uri, headers): (&Uri, &HeaderMap),
    viewer: Viewer,
    language: Language,
) -> Option<Response<Body>> {
    let is_ours = uri.path() == "/" || uri.path().starts_with("/officers");
    if !is_ours || !is_page(headers) {
        return None;
    }
    let asked = Members::read(uri.query().unwrap_or_default().as_bytes());
    let chosen = asked.as_ref().and_then(Members::language).unwrap_or(language);
    let frame = Frame::new(chosen, true, gateway, viewer, (uri.path(), asked.as_ref()));
    let (status, sentence) = match why {
        Barred::Missing => (StatusCode::NOT_FOUND, frame.say("没有这一页面或记录", "there is no such page or record")),
        Barred::Role => (
            StatusCode::FORBIDDEN,
            frame.say(
                "您的角色不能查看此页；上方写明由谁办理",
                "this page is not for your role: the line above says who does what",
            ),
        ),
        Barred::Suspended => (
            StatusCode::FORBIDDEN,
            frame.say(
                "您已被暂停，不能查看或办理任何事项；由其他管理人员恢复",
                "you are suspended, so you see nothing and do nothing here; other officers lift it",
            ),
        ),
    };
    Some(frame.fault(status, sentence))
}

/// Why something was not done.
pub(super) enum Said<'a> {
    /// In the words of its fault.
    Fault(&'a ChangeError),
    /// In Chinese and in English.
    Words([String; 2]),
}

/// What a form asked for was not done.
pub(super) fn refused(
    gateway: &Gateway,
    viewer: Viewer,
    (status, said): (StatusCode, Said<'_>),
    (language, from): (Language, &str),
) -> Response<Body> {
    let language = form::of_form(language, from);
    let said = match (said, language) {
        (Said::Fault(fault), Language::Zh) => chinese().of(&fault.to_string()),
        (Said::Fault(fault), Language::En) => fault.to_string(),
        (Said::Words([chinese, _]), Language::Zh) => chinese,
        (Said::Words([_, english]), Language::En) => english,
    };
    Frame::new(language, true, gateway, viewer, ("/officers", None)).not_done(status, &said, from)
}

fn is_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}
