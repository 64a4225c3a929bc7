//! What credit offices and source departments say of records, and which answers are others since: repairs, decisions of
//! objections, corrections. Each call is an act of the institution's own, with a leaf and a receipt; what is refused is refused
//! like a query.

mod asker;
mod body;
mod corrections;
mod notices;
mod right;

use std::{sync::Arc, time::Duration};

use credit_policy::{Code, Duty, Language};
use hyper::{
    Response,
    header::{self, HeaderValue},
    http::request::Parts,
};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{
    exchange::{BodyKind, HttpExchange, check_head},
    reply::reply,
};
use crate::{
    callers::{flood::Unrecorded, trust::CertificateStatus},
    changes::{self, ChangeError},
    doors::problems::{closing, fixed},
    gateway::Gateway,
    journey::{Dropped, caller::Caller, detail::Detail, journey, refusal::Refusal},
    transport::{
        Body,
        aborts::Aborted,
        body::{ReadError, RequestBody},
        incoming::Incoming,
        whole,
    },
};
use asker::{Asker, Undone};
use body::Act;
pub(super) use right::Right;

/// Largest body: an order or a reason of 2,000 characters, each of which JSON may write with twelve.
const BODY_BYTES: usize = 32 * 1024;

/// Beside the time to read its body, so long a caller waits at most.
const LATEST: Duration = Duration::from_secs(10);

/// Answers it.
///
/// # Errors
/// When the connection is to be closed instead.
pub(super) async fn answer(
    gateway: Arc<Gateway>,
    status: Arc<CertificateStatus>,
    (head, sound): (Parts, bool),
    body: Incoming,
    right: Right,
    language: Language,
) -> Result<Response<Body>, Aborted> {
    let certificate = status.thumbprint();
    let Some(institution) = gateway.register.by_certificate(certificate) else {
        gateway.metrics.unregistered();
        return Ok(fixed(Code::CertificateUnknown, language));
    };
    let Some(caller) = Caller::pace(Arc::clone(&institution), Arc::clone(&status)).await else {
        gateway.count_unrecorded(certificate, Unrecorded::CutOff);
        return Err(Aborted);
    };
    let places = [&institution.journeys, &gateway.journeys].map(|places| Arc::clone(places).try_acquire_owned());
    let [Ok(own), Ok(place)] = places else {
        let code = gateway.no_room();
        gateway.count_unrecorded(certificate, Unrecorded::Refused(code));
        return Ok(fixed(code, language));
    };
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let asker = Asker { gateway, institution, status, language };
    let mut body = RequestBody::new(body, time);
    // Whoever may not ask at all is refused by the journey, whatever is asked.
    let done = match caller.is_within() && asker.is_in_order() {
        true => tokio::time::timeout(2 * time + LATEST, asker.done(right, &head, sound, &mut body)).await,
        false => Ok(Err(Undone::Refused(Code::RateLimited.into()))),
    };
    match done.unwrap_or(Err(Undone::NotRecordable)) {
        Ok(answer) => Ok(json(answer)),
        Err(Undone::Refused(refusal)) => {
            asker.refuse(caller, vec![own, place], HttpExchange::refused(head, body, refusal)).await
        }
        Err(Undone::NotRecordable) => {
            asker.gateway.metrics.unrecorded();
            asker.gateway.count_unrecorded(certificate, Unrecorded::Refused(Code::NotRecordable));
            Ok(fixed(Code::NotRecordable, language))
        }
    }
}

impl Asker {
    /// Does it: the body of the answer.
    async fn done(&self, right: Right, head: &Parts, sound: bool, body: &mut RequestBody) -> Result<Vec<u8>, Undone> {
        match right {
            Right::Corrections => return corrections::fetch(self, self.after(head, sound)?).await,
            Right::Notices => {
                let after = self.after(head, sound)?;
                self.must_be(Duty::Notifier)?;
                return notices::fetch(self, after).await;
            }
            Right::Repair | Right::RepairRevocation | Right::Decision | Right::Acknowledgement => {}
        }
        check_head(head, sound, head.uri.path(), BodyKind::Json)?;
        let bytes = body.read(BODY_BYTES).await.map_err(|error| match error {
            ReadError::TooLarge => Refusal::from(Code::PayloadTooLarge),
            ReadError::Unusable => Refusal::from(Code::MalformedRequest).with(Detail::AmbiguousHead),
        })?;
        let act = Act::read(&self.gateway, right, &bytes)?;
        let (id, durable) = match act {
            Act::Repair(notice) => {
                self.must_be(Duty::CreditOffice)?;
                changes::repair(&self.gateway, self.by(), *notice).await?
            }
            Act::Notices(given) => {
                self.must_be(Duty::Notifier)?;
                return notices::acknowledge(self, given).await;
            }
            Act::Decision { objection, upheld, reason } => {
                self.may_decide(objection)?;
                changes::decide(&self.gateway, self.by(), objection, upheld, reason).await?
            }
        };
        Ok(self.recorded(&Recorded { query: id, recorded: true }, id, &durable))
    }

    fn must_be(&self, duty: Duty) -> Result<(), Undone> {
        let refusal = || Refusal::from(Code::ScenarioNotAllowed).with(Detail::NotOfYourKind);
        if self.is(duty) { Ok(()) } else { Err(refusal().into()) }
    }

    /// Whether the institution decides the objection: an officer, or the department that made the record.
    fn may_decide(&self, objection: Uuid) -> Result<(), Undone> {
        let class = self.gateway.standing.objection(objection).map(|(_, objection)| objection.class);
        let sources = &self.gateway.settings.source_departments;
        let is_source = |class: String| {
            let own = sources.iter().filter(|source| source.institution.as_str() == self.institution.id());
            own.flat_map(|source| &source.classes).any(|known| *known == class)
        };
        match class.is_some_and(|class| self.is(Duty::Officer) || is_source(class)) {
            true => Ok(()),
            false => Err(ChangeError::UnknownObjection(objection).into()),
        }
    }

    /// Refuses it like a query, with a leaf.
    async fn refuse(
        self,
        caller: Caller,
        permits: Vec<OwnedSemaphorePermit>,
        mut exchange: HttpExchange,
    ) -> Result<Response<Body>, Aborted> {
        let (gateway, language, version) = (&self.gateway, self.language, exchange.version());
        let origin = &gateway.settings.log.origin;
        let reply = |recorded, ended| reply(recorded, ended, origin, language, version);
        journey(gateway, caller, permits, &mut exchange, reply).await.or_else(|dropped| {
            let code = match dropped {
                Dropped::BrokenOff => Code::RequestTimeout,
                Dropped::NotRecordable => Code::NotRecordable,
            };
            gateway.count_unrecorded(self.status.thumbprint(), Unrecorded::Refused(code));
            Ok(closing(fixed(code, language)))
        })
    }
}

/// What is answered to an act: the same whatever it was about.
#[derive(Serialize)]
struct Recorded {
    query: Uuid,
    recorded: bool,
}

fn json(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(whole(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
