//! What an institution may read of its own: receipts and records of its queries. No leaf is made of it.

use std::sync::Arc;

use credit_audit::log::LookupError;
use credit_policy::{Code, Language};
use hyper::{
    Method, Response,
    body::Bytes,
    header::{self, HeaderValue},
    http::request::Parts,
};
use uuid::Uuid;

use crate::{
    callers::{flood::Unrecorded, limits::Pace, register::Institution},
    doors::problems::{fixed, fixed_for},
    gateway::Gateway,
    journey::refusal::Refusal,
    transport::{Body, aborts::Aborted, whole},
};

/// What is read.
pub(super) enum OwnRecord {
    /// The proof that a query is on the record.
    Receipt(Uuid),
    /// The record of a query.
    Record(Uuid),
}

impl OwnRecord {
    pub(super) fn of(head: &Parts) -> Option<Self> {
        Self::at(head.uri.path()).filter(|_| head.method == Method::GET && head.uri.query().is_none())
    }

    /// What is read at a path.
    #[must_use]
    pub(super) fn at(path: &str) -> Option<Self> {
        if let Some(id) = path.strip_prefix("/v1/receipts/") {
            return parse(id).map(Self::Receipt);
        }
        path.strip_prefix("/v1/queries/")?.strip_suffix("/record").and_then(parse).map(Self::Record)
    }
}

/// An id in the one form in which we write it.
fn parse(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string() == text)
}

/// Answers it, within the institution's rate of reads. A flood gets no answer.
///
/// # Errors
/// When the connection is to be closed instead.
pub(super) async fn read_own(
    gateway: &Arc<Gateway>,
    institution: &Arc<Institution>,
    wanted: OwnRecord,
    language: Language,
) -> Result<Response<Body>, Aborted> {
    let unrecorded = |what| {
        institution.floods.count(what, gateway.clock.now(), gateway.clock.monotonic());
        gateway.metrics.flood(institution.id(), what.as_str());
    };
    let refuse = |refusal: Refusal| {
        unrecorded(Unrecorded::Refused(refusal.code));
        fixed_for(&refusal, language)
    };
    gateway.metrics.read(institution.id());
    match institution.reads.rates.take().await {
        Pace::Within => {}
        Pace::Over(reached) => return Ok(refuse(Refusal::limited(Code::RateLimited, reached))),
        Pace::Flood => {
            unrecorded(Unrecorded::CutOff);
            return Err(Aborted);
        }
    }
    let Ok(_place) = institution.reads.waiting.try_acquire() else {
        gateway.metrics.overloaded();
        return Ok(refuse(Refusal { retry_after_s: Some(1), ..Code::Overloaded.into() }));
    };
    Ok(look_up(gateway, institution, wanted, language).await)
}

/// Reads files.
async fn look_up(
    gateway: &Gateway,
    institution: &Institution,
    wanted: OwnRecord,
    language: Language,
) -> Response<Body> {
    let id = match wanted {
        OwnRecord::Receipt(id) | OwnRecord::Record(id) => id,
    };
    let found = gateway.receipt(id, institution).await;
    let (content_type, bytes) = match (found, wanted) {
        (Ok(found), OwnRecord::Receipt(_)) => ("text/plain; charset=utf-8", Bytes::from(found.proof)),
        (Ok(found), OwnRecord::Record(_)) => ("application/json; charset=utf-8", Bytes::from(found.leaf)),
        (Err(error), _) => {
            let mut response = fixed(Code::NotFound, language);
            match error {
                LookupError::NotYet => {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
                LookupError::NotFound => {}
                LookupError::Unreadable(error) => {
                    tracing::error!(%error, "a receipt could not be read");
                    return fixed(Code::Overloaded, language);
                }
            }
            return response;
        }
    };
    let mut response = Response::new(whole(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
