//! What a person does here: withdraws a consent, closes a scenario, objects to a record. A page sends a form with the
//! session's token, a program JSON; each is on the record before it is said to be done.

use std::{sync::Arc, time::Duration};

use hyper::{Method, Response, StatusCode, header};
use serde::Serialize;

use super::{
    acting, blocks, consents, mandates, objections,
    outcome::Outcome,
    page::{self, Frame, Words},
    portal::Portal,
    report::{NOT_RECORDABLE, OwnReceipt},
    request::{Members, is_from_here},
    sessions, token,
    visit::{FORGED, IS_OVER, MALFORMED, TOO_OFTEN, Visit},
};
use crate::{
    gateway::Gateway,
    state::visits::Unreached,
    transport::{Body, incoming::Incoming},
};

pub(super) const WITHDRAWALS: &str = "/me/consents/withdrawals";
pub(super) const BLOCKS: &str = "/me/blocks";
pub(super) const OBJECTIONS: &str = "/me/objections";
const MANDATES: &str = "/me/mandates";

/// The methods of a path at which a person does something; nothing for any other path.
pub(super) fn methods(path: &str) -> Option<(&'static [Method], &'static str)> {
    match path {
        WITHDRAWALS => Some((&[Method::POST], "POST")),
        BLOCKS => Some((&[Method::POST, Method::DELETE], "GET, POST, DELETE")),
        OBJECTIONS | MANDATES => Some((&[Method::POST], "GET, POST")),
        _ => None,
    }
}

/// Does what is asked at `path`, one of [`methods`].
pub(super) async fn act(
    portal: &Portal,
    gateway: &Arc<Gateway>,
    visit: &Visit,
    (path, method): (&str, Method),
    body: Incoming,
) -> Response<Body> {
    let (Some(session), Some(name)) = (&visit.session, visit.name.as_deref()) else {
        return visit.log_in("/login");
    };
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let is_json = super::request::is_json(&visit.head.headers);
    let members = match is_json {
        true => Members::of_json(body, time).await,
        false => Members::of_form(&visit.head, body, time).await,
    };
    let Some(members) = members else { return visit.refuse(MALFORMED, StatusCode::BAD_REQUEST) };
    // A page of another site cannot send JSON here: a browser asks this door first, which does not answer such a question.
    let has_token = || members.get("form").is_some_and(|sent| token::is_same(sent, &session.form));
    if !is_from_here(&visit.head.headers, &portal.address) || !(is_json || has_token()) {
        tracing::info!(cause = "it did not come from a page of ours", "a form at the persons' door was refused");
        return visit.say(FORGED, StatusCode::FORBIDDEN);
    }
    match sessions::may_record(gateway, name).await {
        Ok(true) => {}
        Ok(false) => return visit.refuse(TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS),
        Err(Unreached) => return visit.unreached(),
    }
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return visit.say(NOT_RECORDABLE, StatusCode::SERVICE_UNAVAILABLE);
    }
    if visit.is_over {
        return visit.say(IS_OVER, StatusCode::FORBIDDEN);
    }
    if path == MANDATES {
        return match mandates::choose(gateway, session, name, &members).await {
            Ok(true) if visit.json => visit.say(CHOSEN, StatusCode::OK),
            Ok(true) => page::redirect("/"),
            Ok(false) => visit.refuse(mandates::UNKNOWN, StatusCode::NOT_FOUND),
            Err(Unreached) => visit.unreached(),
        };
    }
    if acting::record(gateway, session, path).await.is_err() {
        gateway.metrics.unrecorded();
        return visit.say(NOT_RECORDABLE, StatusCode::SERVICE_UNAVAILABLE);
    }
    let (outcome, shown_at) = match path {
        WITHDRAWALS => (consents::withdraw(gateway, session, &members, &portal.others).await, "/me/consents"),
        BLOCKS => (blocks::set(gateway, session, &members, method == Method::DELETE).await, BLOCKS),
        _ => (objections::object(gateway, session, &members, visit.frame.language()).await, OBJECTIONS),
    };
    reply(gateway, visit, outcome, shown_at)
}

const CHOSEN: Words = Words { zh: "已记录您的选择。", en: "From here on you act as you chose." };

/// What is done, for a program.
#[derive(Serialize)]
struct Done {
    /// Nothing where it was so before.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<OwnReceipt>,
    #[serde(flatten)]
    more: serde_json::Map<String, serde_json::Value>,
}

fn reply(gateway: &Gateway, visit: &Visit, outcome: Outcome, shown_at: &str) -> Response<Body> {
    match outcome {
        Outcome::Done(..) if !visit.json => page::redirect(shown_at),
        outcome => settled(gateway, &visit.frame, outcome, |words, status| visit.refuse(words, status)),
    }
}

/// What is told of an outcome; `say` says one sentence.
pub(super) fn settled(
    gateway: &Gateway,
    frame: &Frame,
    outcome: Outcome,
    say: impl Fn(Words, StatusCode) -> Response<Body>,
) -> Response<Body> {
    match outcome {
        Outcome::Done(durable, more) => {
            let receipt = durable.map(|durable| OwnReceipt::of_leaf(gateway, &durable));
            let body = serde_json::to_vec(&Done { receipt, more }).unwrap_or_default();
            page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK)
        }
        Outcome::Unknown(words) => say(words, StatusCode::NOT_FOUND),
        Outcome::Refused(words) => say(words, StatusCode::FORBIDDEN),
        Outcome::Malformed => say(MALFORMED, StatusCode::BAD_REQUEST),
        Outcome::Later(words) => {
            gateway.metrics.unrecorded();
            let mut response = say(words, StatusCode::SERVICE_UNAVAILABLE);
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
            response
        }
    }
}
