//! `POST /officers/elsewhere` on 8445: another gateway of this operator asks what this log has to show an officer who looks there. Who
//! may look is decided here once more, by this gateway's own register; that it was asked, by which gateway and for whom, is on the
//! record first. Nothing is done here for another gateway.

use std::{sync::Arc, time::Duration};

use credit_audit::leaf::Actor;
use credit_policy::{Code, Duty, Language};
use hyper::{Response, header::HeaderMap};
use serde::Serialize;

use super::{
    alarms, consents,
    coverage::{self, Covered},
    elsewhere::{Answer, looks_as},
    overview,
    page::Frame,
    queries, reviews, statistics,
    view::View,
    viewer::Viewer,
};
use crate::{
    callers::{
        register::Institution,
        thumbprint::Thumbprint,
        trust::{CertificateStatus, Trust},
    },
    changes,
    doors::{
        look_ups,
        persons::request::{Members, is_json},
        problems::{fixed, not_of_role},
    },
    gateway::Gateway,
    settings::Role,
    transport::{Body, incoming::Incoming},
};

/// Answers another gateway for this log.
pub(in crate::doors) async fn answer(
    (gateway, trust): (&Arc<Gateway>, &Trust),
    (caller, standing): (&Institution, &CertificateStatus),
    headers: &HeaderMap,
    body: Incoming,
    language: Language,
) -> Response<Body> {
    let is_gateway =
        caller.record.kind.duty() == Some(Duty::Officer) && gateway.rules().beside.role(caller.id()) == Role::Gateway;
    if !is_gateway {
        return not_of_role(language);
    }
    if !is_json(headers) {
        return fixed(Code::UnsupportedMediaType, language);
    }
    if caller.rates.turn().await.is_err() {
        return fixed(Code::Overloaded, language);
    }
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let Some(members) = Members::of_json(body, time).await else { return fixed(Code::MalformedRequest, language) };
    if members.get("view") == Some(look_ups::VIEW) {
        return look_ups::answer(gateway, (caller, standing), &members, language).await;
    }
    let named = members.get("view").and_then(|name| Some((name, View::named(name)?)));
    let who = members.get("officer").zip(members.get("certificate").and_then(Thumbprint::parse));
    let (Some((name, view)), Some(who), Some(looks)) = (named, who, members.get("as")) else {
        return fixed(Code::MalformedRequest, language);
    };
    let viewer = viewer(gateway, who, looks, &view);
    let path = match &viewer {
        Ok(viewer) => format!("officers/elsewhere/{name}/for/{}", viewer.id),
        Err(NotShown { known }) => {
            let whom = known.as_ref().map_or("none", |known| known.id());
            format!("officers/elsewhere/{name}/for/{whom}/refused/role")
        }
    };
    let by = Actor::Officer { officer: caller.id().to_owned(), certificate: standing.thumbprint().to_string() };
    if gateway.is_draining() || changes::asked_by_gateway(gateway, path, by).await.is_err() {
        gateway.metrics.unrecorded();
        return fixed(Code::NotRecordable, language);
    }
    let Ok(viewer) = viewer else { return not_of_role(language) };
    let mut frame = Frame::new(language, false, gateway, viewer, ("/officers", None));
    frame.spans(gateway);
    let asked = Some(&members);
    match view {
        View::Queries => shown(gateway, &frame, queries::of_this_log(gateway, asked, &frame).await),
        View::Consents => shown(gateway, &frame, consents::of_this_log(gateway, &frame).await),
        View::Coverage => {
            let covered = coverage::of_this_log(gateway, asked, &frame).await;
            shown(gateway, &frame, covered.map(Covered::of_this_log_alone))
        }
        View::Statistics => shown(gateway, &frame, statistics::of_this_log(gateway, asked, &frame).await),
        View::Overview => shown(gateway, &frame, Ok(overview::of_this_log(gateway, trust, &frame).await)),
        View::Alarms => shown(gateway, &frame, Ok(alarms::of_this_log(gateway, trust, &frame))),
        View::Reviews => shown(gateway, &frame, reviews::of_this_log(gateway, &frame).await),
        View::Query(_)
        | View::Objections
        | View::Objection(_)
        | View::Report
        | View::Log
        | View::Institutions
        | View::Proposals
        | View::Review(_)
        | View::Style
        | View::Root => fixed(Code::MalformedRequest, language),
    }
}

fn shown<T: Serialize>(gateway: &Gateway, frame: &Frame, found: Result<T, Box<Response<Body>>>) -> Response<Body> {
    match found {
        Ok(shown) => frame.json(&Answer { log: gateway.settings.log.origin.clone(), shown }),
        Err(response) => *response,
    }
}

/// Nothing is shown to the one for whom another gateway asks.
struct NotShown {
    /// The one, where the register here has it by this certificate.
    known: Option<Arc<Institution>>,
}

/// Who looks: in the register here too, by this certificate, not suspended, as what that one looks there, and one who may.
fn viewer(
    gateway: &Gateway,
    (id, certificate): (&str, Thumbprint),
    looks: &str,
    view: &View,
) -> Result<Viewer, NotShown> {
    let known = gateway.register.by_id(id).ok().filter(|known| known.has_certificate(certificate));
    let Some(known) = known else { return Err(NotShown { known: None }) };
    let duty = known.record.kind.duty();
    let role = (duty == Some(Duty::Officer)).then(|| gateway.rules().beside.role(known.id()));
    let is_here = role.is_some() || duty == Some(Duty::CreditSupervisor);
    let is_same = looks_as(role) == looks && role.is_none_or(|role| view.is_for(role));
    let may_look = is_here && is_same && !known.is_suspended();
    match may_look {
        true => Ok(Viewer::there(&known, certificate, role)),
        false => Err(NotShown { known: Some(known) }),
    }
}
