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

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use credit_policy::{Code, Language};
use hyper::{Request, Response, Version};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::problems::{closing, fixed};
use crate::{
    callers::{flood::Unrecorded, register::Institution, thumbprint::Thumbprint, trust::CertificateStatus},
    gateway::Gateway,
    journey::{Dropped, caller::Caller, exchange::Exchange, journey},
    transport::{
        Body,
        aborts::Aborted,
        accept::Peer,
        alarm::Alarm,
        body::RequestBody,
        head::verdict,
        http1_guard::HeadVerdict,
        incoming::Incoming,
        kept::{Kept, Panicked},
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
        let (begun, abort) = (self.begin(request), self.peer.abort.clone());
        async move {
            let answered = match begun {
                Begun::Answered(response) => Ok(*response),
                Begun::Read(answered) => answered.await,
                Begun::Asked(answered) => answered.await,
            };
            answered.inspect_err(|Aborted| abort.off())
        }
    }

    /// Looks at the head, and whether there is room for what it asks.
    fn begin(&self, request: Request<Incoming>) -> Begun<impl Future<Output = Answered> + Send + use<>> {
        let gateway = &self.gateway;
        let language = language(request.headers());
        let answered = |response| Begun::Answered(Box::new(response));
        let Some(standing) = self.peer.standing.clone() else {
            return answered(fixed(Code::CertificateUnknown, language));
        };
        let certificate = standing.thumbprint();
        let refuse = |code| {
            gateway.count_unrecorded(certificate, Unrecorded::Refused(code));
            fixed(code, language)
        };
        let seen = verdict(&request);
        if seen == HeadVerdict::TooLarge {
            return answered(closing(refuse(Code::HeadersTooLarge)));
        }
        let (head, body) = request.into_parts();
        let sound = seen == HeadVerdict::Sound;
        if let Some(wanted) = OwnRecord::of(&head).filter(|_| sound) {
            let institution = gateway.register.by_certificate(certificate).filter(|_| standing.is_valid());
            let Some(institution) = institution else {
                return answered(fixed(Code::CertificateUnknown, language));
            };
            let gateway = Arc::clone(gateway);
            return Begun::Read(Box::pin(async move { read_own(&gateway, &institution, wanted, language).await }));
        }
        if let Some(code) = not_now(gateway) {
            return answered(refuse(code));
        }
        let shared = Arc::clone(gateway);
        if head.uri.path() == exchange::BATCHES {
            let line = self.peer.line.clone();
            return Begun::Read(Box::pin(batches::answer(shared, standing, line, (head, sound), body, language)));
        }
        if let Some(right) = rights::Right::at(head.uri.path()) {
            return Begun::Read(Box::pin(rights::answer(shared, standing, (head, sound), body, right, language)));
        }
        // The narrower bound first: who asks for too much at once takes no room of the others, not even for a moment.
        let institution = gateway.register.by_certificate(certificate);
        let own = institution.as_ref().map(|institution| Arc::clone(&institution.journeys));
        let bounds = [Some(Arc::clone(&self.journeys)), own, Some(Arc::clone(&gateway.journeys))];
        let permits = bounds.into_iter().flatten().map(Semaphore::try_acquire_owned);
        let Ok(permits) = permits.collect::<Result<Vec<_>, _>>() else {
            return answered(refuse(gateway.no_room()));
        };
        let Some(institution) = institution else {
            gateway.metrics.unregistered();
            return answered(fixed(Code::CertificateUnknown, language));
        };
        let time = Duration::from_millis(gateway.settings.bounds.request_ms);
        // Streams of HTTP/2 are tasks of their own, and an alarm wakes one.
        let alarm = if head.version == Version::HTTP_2 { Alarm::default() } else { self.peer.alarm.clone() };
        let exchange = HttpExchange::new(head, sound, RequestBody::new(body, time)).by(&gateway.rules().routes);
        // If the caller hangs up, only who waits for it is dropped.
        let asked = Kept::new(&self.peer.line, ask(Arc::clone(gateway), institution, standing, permits, exchange));
        Begun::Asked(answer_of(shared, asked, (certificate, language), (alarm, time)))
    }
}

/// What becomes of a request.
type Answered = Result<Response<Body>, Aborted>;

/// A request whose head was looked at.
enum Begun<F> {
    /// There is nothing to wait for.
    Answered(Box<Response<Body>>),
    /// Boxed: a connection would have room for it, and most never ask for such a thing.
    Read(Pin<Box<dyn Future<Output = Answered> + Send>>),
    /// A journey.
    Asked(F),
}

/// Waits for a journey, unless the log hangs.
async fn answer_of<F>(
    gateway: Arc<Gateway>,
    mut asked: Kept<F>,
    (certificate, language): (Thumbprint, Language),
    (alarm, time): (Alarm, Duration),
) -> Answered
where
    F: Future<Output = Answered> + Send + 'static,
{
    let began = Instant::now();
    let (latest, mut look) = (began + 2 * time + LATEST, began + LOOK);
    loop {
        let done = poll_fn(|context| match Pin::new(&mut asked).poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => alarm.poll(look, context).map(|()| None),
        });
        match done.await {
            Some(Ok(response)) => return response,
            Some(Err(Panicked)) => {
                gateway.count_unrecorded(certificate, Unrecorded::Refused(Code::NotRecordable));
                return Ok(fixed(Code::NotRecordable, language));
            }
            // It is not counted as unrecorded for the institution: there may be a record of it yet.
            None if gateway.log.is_slow() || Instant::now() >= latest => {
                gateway.metrics.unrecorded();
                return Ok(fixed(Code::NotRecordable, language));
            }
            None => look = Instant::now() + LOOK,
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
    institution: Arc<Institution>,
    status: Arc<CertificateStatus>,
    permits: Vec<OwnedSemaphorePermit>,
    mut exchange: HttpExchange,
) -> Answered {
    let (certificate, language, version) = (status.thumbprint(), exchange.language(), exchange.version());
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
