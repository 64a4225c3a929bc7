//! 8443: institutions. Receipts and records of one's own are read here; everything else is a journey.

mod batches;
mod body_fault;
pub(crate) mod exchange;
mod json_body;
mod on_behalf;
mod own;
pub(crate) mod query_body;
pub(crate) mod reply;
mod reports;
mod rights;
mod route;

use std::{sync::Arc, time::Duration};

use credit_policy::Code;
use hyper::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problems::{closing, fixed};
use crate::{
    callers::{flood::Unrecorded, trust::CertificateStatus},
    gateway::Gateway,
    journey::{Dropped, caller::Caller, exchange::Exchange, journey},
    transport::{
        Body, aborts::Aborted, accept::Peer, body::RequestBody, head::verdict, http1_guard::HeadVerdict,
        incoming::Incoming, turns::Line,
    },
};
use exchange::{HttpExchange, language};

use own::{OwnRecord, read_own};
use reply::reply;

/// How often a query that waits looks whether its record hangs.
const LOOK: Duration = Duration::from_millis(2_500);

/// Beside the time to read its head and body, so long a caller waits at most.
const LATEST: Duration = Duration::from_secs(10);

/// The service of one connection.
pub(crate) struct Institutions {
    gateway: Arc<Gateway>,
    peer: Peer,
    journeys: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

impl Institutions {
    /// For one connection; nothing where its caller has as many as it may have.
    #[must_use]
    pub(crate) fn new(gateway: Arc<Gateway>, peer: Peer) -> Option<Self> {
        let place = gateway.register.place(peer.standing.as_ref()?.thumbprint())?;
        let journeys = Arc::new(Semaphore::new(gateway.settings.bounds.journeys_per_connection));
        Some(Self { gateway, peer, journeys, _place: place })
    }

    /// Answers a request.
    pub(crate) fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Aborted>> + Send + use<> {
        let (gateway, journeys) = (Arc::clone(&self.gateway), Arc::clone(&self.journeys));
        let (standing, abort, line) = (self.peer.standing.clone(), self.peer.abort.clone(), self.peer.line.clone());
        // Boxed: each future that it is handed on to would have room for it.
        Box::pin(async move {
            let answered = answer(gateway, standing, journeys, &line, request).await;
            answered.inspect_err(|Aborted| abort.off())
        })
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    standing: Option<Arc<CertificateStatus>>,
    journeys: Arc<Semaphore>,
    line: &Line,
    request: Request<Incoming>,
) -> Result<Response<Body>, Aborted> {
    let language = language(request.headers());
    let Some(standing) = standing else {
        return Ok(fixed(Code::CertificateUnknown, language));
    };
    let certificate = standing.thumbprint();
    let refuse = |code| {
        gateway.count_unrecorded(certificate, Unrecorded::Refused(code));
        fixed(code, language)
    };
    let seen = verdict(&request);
    if seen == HeadVerdict::TooLarge {
        return Ok(closing(refuse(Code::HeadersTooLarge)));
    }
    let (head, body) = request.into_parts();
    let sound = seen == HeadVerdict::Sound;
    if let Some(wanted) = OwnRecord::of(&head).filter(|_| sound) {
        let institution = gateway.register.by_certificate(certificate).filter(|_| standing.is_valid());
        return match institution {
            Some(institution) => Box::pin(read_own(&gateway, &institution, wanted, language)).await,
            None => Ok(fixed(Code::CertificateUnknown, language)),
        };
    }
    if let Some(code) = not_now(&gateway) {
        return Ok(refuse(code));
    }
    if head.uri.path() == exchange::BATCHES {
        return Box::pin(batches::answer(gateway, standing, line.clone(), (head, sound), body, language)).await;
    }
    if let Some(right) = rights::Right::at(head.uri.path()) {
        return Box::pin(rights::answer(gateway, standing, (head, sound), body, right, language)).await;
    }
    // The narrower bound first: who asks for too much at once takes no room of the others, not even for a moment.
    let institution = gateway.register.by_certificate(certificate);
    let own = institution.map(|institution| Arc::clone(&institution.journeys));
    let bounds = [Some(journeys), own, Some(Arc::clone(&gateway.journeys))];
    let permits = bounds.into_iter().flatten().map(Semaphore::try_acquire_owned);
    let Ok(permits) = permits.collect::<Result<Vec<_>, _>>() else {
        return Ok(refuse(gateway.no_room()));
    };
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let body = RequestBody::new(body, time);
    let exchange = HttpExchange::new(head, sound, body).by(&gateway.rules().routes);
    // In a task of its own: if the caller hangs up, only this waiting future is dropped.
    let mut asked = line.spawn(ask(Arc::clone(&gateway), standing, permits, exchange));
    let latest = tokio::time::Instant::now() + 2 * time + LATEST;
    loop {
        match tokio::time::timeout(LOOK, &mut asked).await {
            Ok(Ok(response)) => return response,
            Ok(Err(_)) => return Ok(refuse(Code::NotRecordable)),
            // It is not counted as unrecorded for the institution: there may be a record of it yet.
            Err(_) if gateway.log.is_slow() || tokio::time::Instant::now() >= latest => {
                gateway.metrics.unrecorded();
                return Ok(fixed(Code::NotRecordable, language));
            }
            Err(_) => {}
        }
    }
}

/// Why nothing can be answered now, whatever is asked.
fn not_now(gateway: &Gateway) -> Option<Code> {
    if gateway.is_draining() {
        return Some(Code::Draining);
    }
    if gateway.stops.is_thrown() {
        return Some(Code::Stopped);
    }
    let recordable = gateway.is_recordable();
    if !recordable {
        gateway.metrics.unrecorded();
    }
    match (recordable, gateway.is_heard()) {
        (false, _) => Some(Code::NotRecordable),
        (true, false) => Some(Code::StateUnavailable),
        (true, true) => None,
    }
}

/// A request whose head came, with all the room that it needs.
async fn ask(
    gateway: Arc<Gateway>,
    status: Arc<CertificateStatus>,
    permits: Vec<OwnedSemaphorePermit>,
    mut exchange: HttpExchange,
) -> Result<Response<Body>, Aborted> {
    let (certificate, language, version) = (status.thumbprint(), exchange.language(), exchange.version());
    let Some(institution) = gateway.register.by_certificate(certificate) else {
        gateway.metrics.unregistered();
        return Ok(fixed(Code::CertificateUnknown, language));
    };
    let Some(caller) = Caller::pace(institution, status).await else {
        gateway.count_unrecorded(certificate, Unrecorded::CutOff);
        return Err(Aborted);
    };
    let origin = &gateway.settings.log.origin;
    let reply = |recorded, ended| reply(recorded, ended, origin, language, version);
    journey(&gateway, caller, permits, &mut exchange, reply).await.or_else(|dropped| {
        let refuse = |code| {
            gateway.count_unrecorded(certificate, Unrecorded::Refused(code));
            fixed(code, language)
        };
        Ok(match dropped {
            Dropped::BrokenOff => {
                gateway.metrics.broken_off();
                closing(refuse(Code::RequestTimeout))
            }
            Dropped::NotRecordable => {
                gateway.metrics.unrecorded();
                refuse(Code::NotRecordable)
            }
        })
    })
}
