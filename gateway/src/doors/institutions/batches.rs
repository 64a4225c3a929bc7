//! `POST /v1/batches`: many queries in one request (R27). Each line is a journey of its own, with its own leaf; answers are
//! sent in the order of the lines, as fast as the caller takes them. Lines go in groups ([`group`]): one task, one question
//! to each store, one piece of the answer.
//!
//! The lines are read whole before the first is asked: a caller that sends all before it reads anything is never stuck, and
//! the digest of all lines is part of what makes a line the same as one that was asked before.

mod asker;
mod group;
mod line;
mod lines;

use std::{sync::Arc, time::Duration};

use credit_policy::{Code, Language};
use futures_util::{StreamExt, stream};
use http_body_util::Either;
use hyper::{
    Response,
    body::Bytes,
    header::{self, HeaderMap},
    http::request::Parts,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use uuid::Uuid;

use super::exchange::{BATCHES, BodyKind, HttpExchange, check_head};
use crate::{
    callers::{flood::Unrecorded, trust::CertificateStatus},
    doors::problems::{fixed, set},
    gateway::Gateway,
    journey::{Dropped, caller::Caller, detail::Detail, journey, refusal::Refusal},
    transport::{
        Body,
        aborts::Aborted,
        body::{ReadError, RequestBody},
        incoming::Incoming,
        lines::Lines,
        turns::Line,
    },
};
use asker::{Answered, Asker};
use group::{Group, Groups};
use lines::{BATCH_BYTES, Numbered};

/// Answers of groups that wait for the caller to take them.
const WAITING: usize = 2;

/// So long the lines may take to come in, beside the time of any request.
const READ: Duration = Duration::from_mins(2);

/// A batch that was read.
struct Batch {
    id: Uuid,
    /// The last line that is not asked.
    after: usize,
    lines: Arc<Numbered>,
}

/// Answers a batch. What is wrong with it as a whole is refused like a query, with a leaf.
///
/// # Errors
/// When the connection is to be closed instead.
pub(super) async fn answer(
    gateway: Arc<Gateway>,
    status: Arc<CertificateStatus>,
    turns: Line,
    (head, sound): (Parts, bool),
    body: Incoming,
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
    let places = [&institution.batch, &gateway.batches].map(|places| Arc::clone(places).try_acquire_owned());
    let [Ok(own), Ok(place)] = places else {
        gateway.metrics.overloaded();
        gateway.count_unrecorded(certificate, Unrecorded::Refused(Code::Overloaded));
        return Ok(fixed(Code::Overloaded, language));
    };
    let asker = Asker { gateway, institution, status, language, turns };
    let mut body = RequestBody::new(body, Duration::from_millis(asker.gateway.settings.bounds.request_ms) + READ);
    let batch = if caller.is_within() { read(&head, sound, &mut body).await } else { Err(Code::RateLimited.into()) };
    match batch {
        Ok(batch) => Ok(respond(asker, batch, [own, place])),
        Err(refusal) => asker.refuse(caller, HttpExchange::refused(head, body, refusal)).await,
    }
}

/// Reads the lines.
async fn read(head: &Parts, sound: bool, body: &mut RequestBody) -> Result<Batch, Refusal> {
    check_head(head, sound, BATCHES, BodyKind::Lines)?;
    let (id, after) = (batch_id(&head.headers)?, batch_after(&head.headers)?);
    let bytes = body.read(BATCH_BYTES).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::from(Code::PayloadTooLarge).with(Detail::BatchLines),
        ReadError::Unusable => Refusal::from(Code::MalformedRequest).with(Detail::AmbiguousHead),
    })?;
    let lines = Numbered::new(bytes)
        .map_err(|code| Refusal::because(code, "a batch without lines, or with too many").with(Detail::BatchLines))?;
    Ok(Batch { id, after, lines: Arc::new(lines) })
}

/// Begins to answer.
fn respond(asker: Asker, batch: Batch, places: [OwnedSemaphorePermit; 2]) -> Response<Body> {
    let (to, lines) = Lines::new(WAITING);
    tokio::spawn(async move { ask_each(&asker, batch, &to, &Arc::new(places)).await });
    let mut response = Response::new(Either::Right(lines));
    set(response.headers_mut(), header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8");
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// Asks group after group, some at once, until the last one, a caller that is gone, or a log that takes no record. The batch has
/// its places until every line that was begun is over: a caller who was gone and asks again finds none of them under way.
async fn ask_each(asker: &Asker, batch: Batch, to: &mpsc::Sender<Bytes>, places: &Arc<[OwnedSemaphorePermit; 2]>) {
    let Batch { id, after, lines } = batch;
    let groups = Groups::of(&asker.gateway);
    let last = lines.len();
    let next = |from: usize| {
        let asker = asker.clone();
        async move {
            let group = Group::due(&asker, from, last, groups.largest).await?;
            let behind = from + group.len();
            Some((group, behind))
        }
    };
    // In a task each: if the caller hangs up, a line that was begun is recorded all the same.
    let begin = |group: Group| {
        let (first, turns) = (group.first(), &asker.turns);
        let (asked, places) = (group.ask(asker.clone(), id, Arc::clone(&lines)), Arc::clone(places));
        let asked = turns.spawn(async move {
            let answered = asked.await;
            drop(places);
            answered
        });
        async move { asked.await.unwrap_or_else(|_| Answered::none(first, Code::NotRecordable, asker.language)) }
    };
    let groups_due = stream::unfold(after.saturating_add(1), next);
    let mut under_way = std::pin::pin!(groups_due.map(begin).buffered(groups.at_once));
    while let Some(Answered { text, is_last }) = under_way.next().await {
        if to.send(Bytes::from(text)).await.is_err() || is_last {
            return;
        }
    }
}

impl Asker {
    /// Refuses the batch as a whole.
    async fn refuse(self, caller: Caller, mut exchange: HttpExchange) -> Result<Response<Body>, Aborted> {
        let (gateway, language) = (&self.gateway, self.language);
        let origin = &gateway.settings.log.origin;
        let reply = |recorded, ended| super::reply::reply(recorded, ended, origin, language, hyper::Version::HTTP_11);
        journey(gateway, caller, Vec::new(), &mut exchange, reply).await.or_else(|dropped| {
            let code = match dropped {
                Dropped::BrokenOff => Code::RequestTimeout,
                Dropped::NotRecordable => Code::NotRecordable,
            };
            gateway.count_unrecorded(self.status.thumbprint(), Unrecorded::Refused(code));
            Ok(fixed(code, language))
        })
    }
}

/// `Batch-Id`: a UUID of the caller's.
fn batch_id(headers: &HeaderMap) -> Result<Uuid, Refusal> {
    let mut values = headers.get_all("batch-id").iter();
    let (first, second) = (values.next().and_then(|value| value.to_str().ok()), values.next());
    let id = first.and_then(|text| Uuid::try_parse(text).ok().filter(|id| id.to_string() == text));
    id.filter(|_| second.is_none())
        .ok_or_else(|| Refusal::because(Code::MalformedRequest, "no Batch-Id").with(Detail::BatchId))
}

/// `Batch-After`: the last line whose answer the caller has; 0 where it is left out.
fn batch_after(headers: &HeaderMap) -> Result<usize, Refusal> {
    let mut values = headers.get_all("batch-after").iter();
    let (Some(first), second) = (values.next(), values.next()) else { return Ok(0) };
    let number = first.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .and_then(|text| text.parse().ok())
        .filter(|_| second.is_none())
        .ok_or_else(|| Refusal::because(Code::MalformedRequest, "no line in Batch-After").with(Detail::BatchAfter))
}
