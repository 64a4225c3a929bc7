//! The journey of a query, from a verified certificate to an answer that is on the record. Names and order only: each
//! stage is a file under `stages/`, and each proof can be made by its stage alone.
//!
//! The journey runs in a task of its own: a caller who hangs up does not stop the record. It holds its permits until it
//! is recorded. A panic is caught here and recorded as `internal-error`.

pub mod evidence;
pub mod refusal;
pub mod sealed;
pub mod stages;

use std::{panic::AssertUnwindSafe, sync::Arc};

use credit_policy::{Code, Language};
use futures_util::FutureExt;
use hyper::{
    Response, Version,
    header::{self, HeaderValue},
    http::request::Parts,
};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::{
    callers::{
        flood::Unrecorded,
        trust::CertificateStatus,
    },
    gateway::Gateway,
    journey::{
        evidence::Draft,
        refusal::{Refusal, accepted},
        stages::{
            accept::{Head, accept},
            admit::admit,
            authorise::authorise,
            fetch::fetch,
            ground::ground,
            identify::{Paced, caller, identify, pace},
            minimise::minimise,
            record::{Passed, record},
            reply::{fixed, reply},
            withdraw::{self, withdraw},
        },
    },
    telemetry::{
        self,
        metrics::{Stage, StageTimer},
    },
    transport::{
        Body,
        body::{Finished, RequestBody},
    },
};

/// A request as it comes from the connection.
pub struct Arrival {
    /// The certificate that TLS verified, and how it stands now.
    pub standing: Arc<CertificateStatus>,
    /// The head.
    pub head: Parts,
    /// False where two parties might read the head differently.
    pub sound: bool,
    /// The body, not yet read.
    pub body: RequestBody,
    /// Of the connection, the institution and the process.
    pub permits: Vec<OwnedSemaphorePermit>,
}

/// Why a request was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It never became complete: there was no query, and there is nobody to answer.
    BrokenOff,
    /// Its institution floods: the connection is closed.
    CutOff,
}

/// Makes the whole journey.
///
/// # Errors
/// Why nothing is answered. What has no record is counted for the institution's next `flood` leaf.
pub async fn journey(gateway: Arc<Gateway>, arrival: Arrival) -> Result<Response<Body>, Unanswered> {
    let Arrival { standing, head, sound, mut body, permits } = arrival;
    let certificate = standing.thumbprint();
    let language = language(&head);
    let Some(institution) = caller(&gateway, certificate) else {
        gateway.metrics.unregistered();
        return Ok(fixed(Code::CertificateUnknown, language));
    };
    let Some(paced) = pace(&institution) else {
        gateway.count_unrecorded(certificate, Unrecorded::CutOff);
        return Err(Unanswered::CutOff);
    };
    let mut draft = Draft::begin(gateway.new_id(), certificate, Arc::clone(&institution), gateway.today());
    (draft.language, draft.wants_proof) = (language, wants_proof(&head));
    (draft.standing, draft.permits) = (Some(standing), permits);
    let span = telemetry::span(draft.id, institution.id());
    let mut timer = StageTimer::begin(&gateway.clock, span.clone());
    let walk = walk(&gateway, paced, Head { parts: &head, sound }, &mut body, &mut draft, &mut timer);
    let walk = walk.instrument(span.clone());
    let walked = AssertUnwindSafe(walk).catch_unwind().await;
    let outcome = walked.unwrap_or_else(|_| Err(Refusal::because(Code::InternalError, "a stage panicked")));
    let finished = body.finish().await;
    if finished == Finished::Broken {
        gateway.metrics.broken_off();
        gateway.count_unrecorded(certificate, Unrecorded::Refused(Code::RequestTimeout));
        return Err(Unanswered::BrokenOff);
    }
    let scenario = draft.scenario.clone();
    timer.enter(Stage::Record);
    let Ok(recorded) = record(&gateway, draft, outcome).instrument(span.clone()).await else {
        gateway.metrics.unrecorded();
        gateway.count_unrecorded(certificate, Unrecorded::Refused(Code::NotRecordable));
        return Ok(fixed(Code::NotRecordable, language));
    };
    timer.enter(Stage::Reply);
    gateway.metrics.query(institution.id(), scenario.as_deref(), recorded.code(), timer.elapsed());
    span.record("scenario", scenario.as_deref().map(|scenario| scenario.name().as_str()));
    span.record("outcome", recorded.code().map_or("answered", Code::as_str));
    let close = finished == Finished::TooLong || recorded.closes();
    let mut response = span.in_scope(|| reply(recorded, language));
    if close && head.version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    timer.end();
    gateway.metrics.stages(&timer);
    Ok(response)
}

/// The stages that can refuse, in order.
async fn walk(
    gateway: &Gateway,
    paced: Paced,
    head: Head<'_>,
    body: &mut RequestBody,
    draft: &mut Draft,
    timer: &mut StageTimer,
) -> Result<Passed, Refusal> {
    let identified = identify(paced, draft)?;
    timer.enter(Stage::Accept);
    if head.parts.uri.path() == withdraw::PATH {
        return withdraw(gateway, identified, head, body, draft).await.map(Passed::Withdrawal);
    }
    let asked = accept(gateway, identified, head, body, draft).await?;
    timer.enter(Stage::Ground);
    let grounded = ground(gateway, asked, head.parts, draft)?;
    timer.enter(Stage::Authorise);
    let permitted = authorise(gateway, grounded, draft)?;
    timer.enter(Stage::Admit);
    let admitted = admit(gateway, permitted, draft)?;
    timer.enter(Stage::Fetch);
    let fetched = fetch(gateway, admitted, draft).await?;
    timer.enter(Stage::Minimise);
    minimise(gateway, fetched, draft).map(Box::new).map(Passed::Answer)
}

fn language(head: &Parts) -> Language {
    accepted(head.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// `Prefer: receipt=proof` (RFC 7240).
fn wants_proof(head: &Parts) -> bool {
    head.headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("receipt=proof"))
}
