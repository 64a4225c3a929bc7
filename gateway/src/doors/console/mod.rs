//! What officers and auditors see on 8445: overview, search of the record, one record with its proof, consents, objections,
//! reviews, coverage, monthly reports, alarms, the log, institutions. A page for a browser, JSON for everybody else. Whoever is
//! shown a record is on the record first.

mod alarms;
pub(super) mod asked;
mod case;
mod charts;
mod consents;
mod coverage;
mod cursor;
pub(super) mod elsewhere;
mod fields;
pub(super) mod form;
mod found;
mod health;
mod institutions;
mod log;
mod merged;
mod named;
mod objections;
mod of_logs;
mod overview;
mod page;
mod proposals;
mod queries;
mod record;
mod report;
mod reviews;
mod span;
mod statistics;
mod still;
mod under_review;
mod unsealed;
mod view;
mod viewer;

use std::sync::Arc;

use credit_policy::Language;
use hyper::{
    Response, StatusCode, Uri,
    header::{self, HeaderMap},
};

use crate::{
    callers::trust::Trust,
    changes::ChangeError,
    doors::{
        elsewhere::Others,
        persons::{
            page::{redirect, style},
            request::Members,
        },
    },
    gateway::Gateway,
    terminal::chinese,
    transport::Body,
};

pub(super) use fields::wrong_field;
use page::Frame;
pub(super) use unsealed::show as unsealed;
pub(super) use view::View;
pub(super) use viewer::Viewer;

/// Answers one who may look, once the look is on the record.
pub(super) async fn answer(
    (gateway, trust, others): (&Arc<Gateway>, &Trust, &Others),
    view: View,
    (uri, headers): (&Uri, &HeaderMap),
    viewer: Viewer,
    language: Language,
) -> Response<Body> {
    let asked = Members::read(uri.query().unwrap_or_default().as_bytes());
    let chosen = asked.as_ref().and_then(Members::language);
    let at = (uri.path(), asked.as_ref());
    let mut frame = Frame::new(chosen.unwrap_or(language), is_page(headers), gateway, viewer, at);
    if view.elsewhere().is_some() && others.all().next().is_some() {
        frame.spans(gateway);
    }
    let asked = asked.as_ref();
    if let Some(sentence) = not_taken(&view, asked, &frame) {
        return frame.fault(StatusCode::BAD_REQUEST, &sentence);
    }
    match view {
        View::Style => style(),
        View::Root => redirect("/officers"),
        View::Overview => overview::show((gateway, trust, others), &mut frame).await,
        View::Alarms => alarms::show((gateway, trust, others), &mut frame).await,
        View::Log => log::show(gateway, &frame).await,
        View::Consents => consents::list(gateway, others, &mut frame).await,
        View::Objections => objections::list(gateway, &frame).await,
        View::Objection(id) => objections::one(gateway, id, &frame).await,
        View::Coverage => coverage::show((gateway, others), asked, &mut frame).await,
        View::Statistics => statistics::show((gateway, others), asked, &mut frame).await,
        View::Report => report::show(gateway, asked, &frame).await,
        View::Institutions => institutions::show(gateway, asked, &frame),
        View::Proposals => proposals::show(gateway, &frame).await,
        View::Queries => queries::list((gateway, others), asked, &mut frame).await,
        View::Reviews => reviews::list((gateway, others), asked, &mut frame).await,
        View::Review(case) => case::show(gateway, &case, &frame).await,
        View::Query(id) => record::one(gateway, id, &frame).await,
    }
}

/// What is wrong with the names of what is asked for: a slip in one would restrict nothing, and the list would be taken for another.
fn not_taken(view: &View, asked: Option<&Members>, frame: &Frame) -> Option<String> {
    let known = match view {
        View::Style | View::Root => return None,
        view => view.parameters(),
    };
    let Some(asked) = asked else {
        return Some(frame.say("同一参数只能出现一次", "a parameter stands there twice").to_owned());
    };
    let unknown = asked.unknown(&[known, &["lang", "done"]].concat())?;
    let taken = known.iter().chain(&["lang"]).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    Some(match frame.language() {
        Language::Zh => format!("此处没有参数 {unknown}；可用：{taken}"),
        Language::En => format!("there is no parameter {unknown} here; there are: {taken}"),
    })
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
