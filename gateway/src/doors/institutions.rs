//! 8443: institutions. Receipts and records of one's own are read here; everything else is a journey.

use std::{pin::Pin, sync::Arc, time::Duration};

use credit_audit::log::LookupError;
use credit_policy::{Code, Language};
use http_body_util::Full;
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    http::request::Parts,
    service::Service,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{
    callers::{
        flood::Unrecorded,
        register::Institution,
        trust::CertificateStatus,
    },
    gateway::Gateway,
    journey::{
        Arrival, Unanswered, journey,
        refusal::accepted,
        stages::{accept::is_ambiguous, reply::fixed},
    },
    transport::{Body, aborts::Aborted, accept::Peer, body::RequestBody, http1_guard::HeadVerdict},
};

/// The service of one connection.
pub struct Institutions {
    gateway: Arc<Gateway>,
    peer: Peer,
    journeys: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

impl Institutions {
    /// For one connection; nothing where its caller has as many as it may have.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, peer: Peer) -> Option<Self> {
        let place = gateway.register.place(peer.standing.as_ref()?.thumbprint())?;
        let journeys = Arc::new(Semaphore::new(gateway.settings.bounds.journeys_per_connection));
        Some(Self { gateway, peer, journeys, _place: place })
    }
}

impl Service<Request<Incoming>> for Institutions {
    type Response = Response<Body>;
    type Error = Aborted;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Aborted>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let gateway = Arc::clone(&self.gateway);
        let journeys = Arc::clone(&self.journeys);
        let standing = self.peer.standing.clone();
        let look = self.peer.gate.as_ref().map_or(HeadVerdict::Sound, |gate| gate.head_was_read(&request));
        let abort = self.peer.abort.clone();
        Box::pin(async move {
            let answered = answer(gateway, standing, journeys, request, look).await;
            answered.inspect_err(|Aborted| abort.off())
        })
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    standing: Option<Arc<CertificateStatus>>,
    journeys: Arc<Semaphore>,
    request: Request<Incoming>,
    look: HeadVerdict,
) -> Result<Response<Body>, Aborted> {
    let language = accepted(request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let Some(standing) = standing else {
        return Ok(fixed(Code::CertificateUnknown, language));
    };
    let certificate = standing.thumbprint();
    let refuse = |code| {
        gateway.count_unrecorded(certificate, Unrecorded::Refused(code));
        fixed(code, language)
    };
    if look == HeadVerdict::TooLarge {
        return Ok(closing(refuse(Code::HeadersTooLarge)));
    }
    let (head, body) = request.into_parts();
    let sound = look == HeadVerdict::Sound && !is_ambiguous(&head);
    if let Some(wanted) = OwnRecord::of(&head).filter(|_| sound) {
        let institution = gateway.register.by_certificate(certificate).filter(|_| standing.is_valid());
        return Ok(match institution {
            Some(institution) => read_own(&gateway, &institution, wanted, language).await,
            None => fixed(Code::CertificateUnknown, language),
        });
    }
    if gateway.is_draining() {
        return Ok(refuse(Code::Draining));
    }
    if !gateway.log.recordable() {
        gateway.metrics.unrecorded();
        return Ok(refuse(Code::NotRecordable));
    }
    // The narrower bound first: who asks for too much at once takes no room of the others, not even for a moment.
    let institution = gateway.register.by_certificate(certificate);
    let own = institution.map(|institution| Arc::clone(&institution.journeys));
    let bounds = [Some(journeys), own, Some(Arc::clone(&gateway.journeys))];
    let permits = bounds.into_iter().flatten().map(Semaphore::try_acquire_owned);
    let Ok(permits) = permits.collect::<Result<Vec<_>, _>>() else {
        gateway.metrics.overloaded();
        return Ok(refuse(Code::Overloaded));
    };
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let body = RequestBody::new(body, head.version, time);
    let arrival = Arrival { standing, head, sound, body, permits };
    // In a task of its own: if the caller hangs up, only this waiting future is dropped.
    match tokio::spawn(journey(Arc::clone(&gateway), arrival)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(Unanswered::BrokenOff)) => Ok(closing(fixed(Code::RequestTimeout, language))),
        Ok(Err(Unanswered::CutOff)) => Err(Aborted),
        Err(_) => Ok(refuse(Code::NotRecordable)),
    }
}

fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What an institution may read of its own: no leaf is made of it.
pub enum OwnRecord {
    /// The proof that a query is on the record.
    Receipt(Uuid),
    /// The record of a query.
    Record(Uuid),
}

impl OwnRecord {
    fn of(head: &Parts) -> Option<Self> {
        Self::at(head.uri.path()).filter(|_| head.method == Method::GET && head.uri.query().is_none())
    }

    /// What is read at a path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
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

async fn read_own(
    gateway: &Arc<Gateway>,
    institution: &Arc<Institution>,
    wanted: OwnRecord,
    language: Language,
) -> Response<Body> {
    let id = match wanted {
        OwnRecord::Receipt(id) | OwnRecord::Record(id) => id,
    };
    let (reader, name) = (gateway.log.clone(), institution.id().to_owned());
    // Files are read; two look-ups at once, so that guessing ids costs the guesser and nobody else.
    let Ok(_turn) = gateway.receipt_readers.acquire().await else {
        return fixed(Code::NotFound, language);
    };
    let found = tokio::task::spawn_blocking(move || reader.receipt(id, &name)).await;
    let (content_type, bytes) = match (found, wanted) {
        (Ok(Ok(found)), OwnRecord::Receipt(_)) => ("text/plain; charset=utf-8", Bytes::from(found.proof)),
        (Ok(Ok(found)), OwnRecord::Record(_)) => ("application/json", Bytes::from(found.leaf)),
        (Ok(Err(error)), _) => {
            let mut response = fixed(Code::NotFound, language);
            match error {
                LookupError::NotYet => {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
                LookupError::NotFound => {}
                LookupError::Unreadable(error) => tracing::error!(%error, "a receipt could not be read"),
            }
            return response;
        }
        (Err(_), _) => return fixed(Code::NotFound, language),
    };
    let mut response = Response::new(Full::new(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
