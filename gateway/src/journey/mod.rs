//! The journey of a query, from a known caller to an answer that is on the record. Names and order only: each stage is a
//! file under `stages/`, and each proof can be made by its stage alone. It knows no HTTP: a door lends an [`Exchange`].
//!
//! A door lets the journey go on in a task of its own where its caller hangs up, so that this does not stop the record. A panic of
//! a stage is caught here and recorded as `internal-error`.

pub(crate) mod caller;
pub(crate) mod detail;
pub(crate) mod exchange;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod stages;

use std::panic::AssertUnwindSafe;

use credit_policy::Code;
use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::{
    gateway::{Gateway, Moment},
    telemetry::{
        self,
        metrics::{Stage, StageTimer},
    },
};
use caller::Caller;
use exchange::{Ended, Exchange, Request};
use record::{
    Recorded, case::record_case, evidence::Evidence, feedback::record_feedback, record_answer, record_refusal,
    record_withdrawal,
};
use refusal::Refusal;
use stages::{
    accept::accept,
    admit::admit,
    authorise::{Permitted, authorise},
    fetch::fetch,
    ground::ground,
    identify::identify,
    minimise::{Answer, minimise},
    report_case::{ReportedCase, report_case},
    report_feedback::{ReportedFeedback, report_feedback},
    withdraw::{Withdrawal, withdraw},
};

/// Why nothing that was recorded can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The request never became complete: there was no query, and there is nobody to answer.
    BrokenOff,
    /// The log takes no record now.
    NotRecordable,
}

/// What the stages came to where none refused.
enum Outcome<'e> {
    Answer(Box<Answer<'e>>),
    Withdrawal(Withdrawal<'e>),
    Case(Box<ReportedCase<'e>>),
    Feedback(Box<ReportedFeedback<'e>>),
}

/// Makes the whole journey. `permits` (of the connection, the institution and the process) are kept until it is recorded.
///
/// # Errors
/// Why there is no record: nothing may be sent then but a fixed body without data.
pub(crate) async fn journey<R>(
    gateway: &Gateway,
    caller: Caller,
    permits: Vec<OwnedSemaphorePermit>,
    exchange: &mut impl Exchange,
    reply: impl FnOnce(Recorded, Ended) -> R,
) -> Result<R, Dropped> {
    let (id, moment) = (gateway.new_id(), gateway.moment());
    let who = caller.who.clone();
    let span = telemetry::span(id, who.institution_id());
    let mut timer = StageTimer::begin(&gateway.clock, span.clone());
    let mut evidence = Evidence::begin(id, moment.clone(), &caller, permits);
    // Boxed, as what records is: a future is moved whole into each that it is put into.
    let stages = Box::pin(run_stages(gateway, &moment, caller, exchange, &mut evidence, &mut timer));
    let outcome = AssertUnwindSafe(stages.instrument(span.clone())).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Refusal::because(Code::InternalError, "a stage panicked")));
    let ended = exchange.ended().await;
    if ended == Ended::Broken {
        return Err(Dropped::BrokenOff);
    }
    timer.enter(Stage::Record);
    let recorded = match outcome {
        Ok(Outcome::Answer(answer)) => {
            Box::pin(record_answer(gateway, answer, exchange)).instrument(span.clone()).await
        }
        Ok(Outcome::Withdrawal(withdrawal)) => {
            Box::pin(record_withdrawal(gateway, withdrawal, exchange)).instrument(span.clone()).await
        }
        Ok(Outcome::Case(reported)) => {
            Box::pin(record_case(gateway, *reported, exchange)).instrument(span.clone()).await
        }
        Ok(Outcome::Feedback(reported)) => {
            Box::pin(record_feedback(gateway, *reported, exchange)).instrument(span.clone()).await
        }
        Err(refusal) => {
            Box::pin(record_refusal(gateway, &mut evidence, refusal, exchange)).instrument(span.clone()).await
        }
    };
    let recorded = recorded.map_err(|_| Dropped::NotRecordable)?;
    timer.enter(Stage::Reply);
    gateway.metrics.query(who.institution_id(), recorded.scenario(), recorded.code(), timer.elapsed());
    span.record("scenario", recorded.scenario().map(|scenario| scenario.name().as_str()));
    span.record("outcome", recorded.code().map_or("answered", Code::as_str));
    let reply = span.in_scope(|| reply(recorded, ended));
    timer.end();
    gateway.metrics.stages(&timer);
    Ok(reply)
}

/// The stages that can refuse, in order.
async fn run_stages<'e>(
    gateway: &Gateway,
    moment: &Moment,
    caller: Caller,
    exchange: &mut impl Exchange,
    evidence: &'e mut Evidence,
    timer: &mut StageTimer,
) -> Result<Outcome<'e>, Refusal> {
    let identified = identify(caller, evidence)?;
    timer.enter(Stage::Accept);
    let question = match exchange.request().await? {
        Request::Query(question) => question,
        Request::Withdrawal { jti, iss } => {
            return withdraw(&gateway.issuers, identified, jti, iss).map(Outcome::Withdrawal);
        }
        Request::Case(report) => {
            // So that what another gateway was told of the case before is known here.
            if !gateway.reaches_others().await {
                return Err(Refusal::unavailable());
            }
            return report_case(gateway, moment, identified, &report).map(Box::new).map(Outcome::Case);
        }
        Request::Feedback(report) => {
            let reported = Box::pin(report_feedback(gateway, moment, identified, &report)).await;
            return reported.map(Box::new).map(Outcome::Feedback);
        }
    };
    let asked = accept(gateway, moment, identified, question)?;
    timer.enter(Stage::Ground);
    let grounded = ground(gateway, moment, asked, exchange.consent())?;
    timer.enter(Stage::Authorise);
    let permitted = authorise(&moment.rules.catalogue, grounded)?;
    // Boxed: it needs much room, and a request that is refused or still read has none of it.
    Box::pin(look_up(gateway, moment, permitted, exchange, timer)).await.map(Outcome::Answer)
}

/// The stages from the reservation of a look-up to its answer.
async fn look_up<'e>(
    gateway: &Gateway,
    moment: &Moment,
    permitted: Permitted<'e>,
    exchange: &mut impl Exchange,
    timer: &mut StageTimer,
) -> Result<Box<Answer<'e>>, Refusal> {
    timer.enter(Stage::Admit);
    let admitted = admit(gateway, moment, permitted).await?;
    timer.enter(Stage::Fetch);
    let fetched = fetch(gateway, admitted, exchange.seat()).await?;
    timer.enter(Stage::Minimise);
    minimise(gateway, moment, fetched, exchange).await.map(Box::new)
}
