//! What the logs of the operator's other gateways say of cases that must be checked: each is asked for what it has from a leaf on, and
//! has it on its record that it was asked. A case is decided at one gateway and looked up at another, so it is counted over all logs
//! (`audit/FORMAT.md` §12).

use std::sync::Arc;

use credit_audit::leaf::{Act, Actor, Read};
use credit_policy::{Code, Language};
use futures_util::future::join_all;
use hyper::{
    Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    console::elsewhere,
    elsewhere::{Fault, Other, Others},
    persons::{Portal, request::Members},
    problems::fixed,
};
use crate::{
    callers::{register::Institution, trust::CertificateStatus},
    gateway::{Gateway, covering::Part},
    transport::{Body, whole},
};

/// How it is named where another gateway asks.
pub(in crate::doors) const VIEW: &str = "look-ups";
/// What is recorded of it at the gateway that is asked; and behind it, at the one that asks.
const READ: &str = "officers/elsewhere/look-ups";

/// Parts that are asked for in one round at most: the next one goes on.
const PARTS: usize = 256;

/// Asks all of them, and counts what they say; true where each answered.
pub(crate) async fn ask(gateway: &Arc<Gateway>, portal: Option<&Portal>) -> bool {
    match portal.map(Portal::others) {
        Some(others) => ask_all(gateway, others).await,
        None => false,
    }
}

/// The same.
pub(in crate::doors) async fn ask_all(gateway: &Arc<Gateway>, others: &Others) -> bool {
    if !gateway.is_one_of_several() || others.all().next().is_none() || gateway.is_draining() {
        return false;
    }
    let _turn = gateway.cases.asking.lock().await;
    // That it asks is on the record here too; and so this log is known up to now, like those that answer.
    let entry = Read { path: format!("{READ}/asked") }.entry(gateway.new_id(), Actor::gateway());
    let Ok(entry) = entry else { return false };
    let Ok(durable) = gateway.recorder.record(entry).await else { return false };
    if !gateway.is_published(durable.index).await {
        return false;
    }
    let all = join_all(others.all().map(async |other| {
        let asked = one(gateway, other).await;
        let (is_away, log) = (asked.is_err(), other.log());
        let is_news = gateway.cases.is_news(log, is_away);
        match asked {
            Err(error) if is_news => {
                tracing::error!(peer = %log, %error, "cases that were looked up elsewhere are not known: another gateway could not be asked");
            }
            Ok(()) if is_news => tracing::info!(peer = %log, "another gateway can be asked for look-ups again"),
            Err(_) | Ok(()) => {}
        }
        !is_away
    }));
    all.await.into_iter().all(|came| came)
}

async fn one(gateway: &Arc<Gateway>, other: &Other) -> Result<(), Fault> {
    for _ in 0..PARTS {
        let Some(from) = from(gateway, other.log()).await else { return Ok(()) };
        let body = json!({"view": VIEW, "from": from.to_string()}).to_string().into_bytes();
        let (status, bytes) = other.ask(elsewhere::PATH, Zeroizing::new(body), Language::En).await?;
        if status != StatusCode::OK {
            return Err(Fault::Refused(status));
        }
        let (shared, log) = (Arc::clone(gateway), other.log().to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            let part: Part = serde_json::from_slice(&bytes).ok()?;
            let is_all = part.is_all;
            shared.covering().of_all()?.take(&log, part).ok()?;
            Some(is_all)
        });
        match taken.await.ok().flatten() {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => return Err(other.no_list()),
        }
    }
    Ok(())
}

/// From which leaf on a log is to be asked for, once what is kept of it is counted.
async fn from(gateway: &Arc<Gateway>, log: &str) -> Option<u64> {
    let (shared, log) = (Arc::clone(gateway), log.to_owned());
    let counted = tokio::task::spawn_blocking(move || {
        drop(shared.covered(|_| ()));
        shared.covering().of_all().and_then(|all| all.asks_from(&log))
    });
    counted.await.ok().flatten()
}

/// Answers another gateway for this log, once it is on the record.
pub(in crate::doors) async fn answer(
    gateway: &Arc<Gateway>,
    (caller, standing): (&Institution, &CertificateStatus),
    members: &Members,
    language: Language,
) -> Response<Body> {
    let Some(wanted) = members.get("from").and_then(|from| from.parse().ok()) else {
        return fixed(Code::MalformedRequest, language);
    };
    let by = Actor::Officer { officer: caller.id().to_owned(), certificate: standing.thumbprint().to_string() };
    let entry = Read { path: READ.to_owned() }.entry(gateway.new_id(), by);
    let Ok(entry) = entry else { return fixed(Code::InternalError, language) };
    let durable = if gateway.is_draining() { None } else { gateway.recorder.record(entry).await.ok() };
    let Some(durable) = durable else {
        gateway.metrics.unrecorded();
        return fixed(Code::NotRecordable, language);
    };
    if !gateway.is_published(durable.index).await {
        return fixed(Code::NotRecordable, language);
    }
    let shared = Arc::clone(gateway);
    let read = tokio::task::spawn_blocking(move || shared.says_of_cases(wanted));
    match read.await.ok().and_then(Result::ok).and_then(|part| serde_json::to_string(&part).ok()) {
        Some(text) => as_json(text),
        None => fixed(Code::InternalError, language),
    }
}

fn as_json(text: String) -> Response<Body> {
    let mut response = Response::new(whole(text.into_bytes()));
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
