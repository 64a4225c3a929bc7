//! Review of queries (R3): the supervisor commits to a nonce before a period and shows it after, what is drawn by it is put before
//! reviewers, who open and judge each query; a second officer of another unit closes it. Each step is a leaf (`audit/FORMAT.md` §16).

mod draw;
mod fault;
pub(super) mod step;

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, Base64, Entry, Review, ReviewState, Sampling, SamplingState},
    review::{Period, Stage, Word, commitment, known_commitment},
};
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::{account::Account, error::ChangeError, objection::is_text};
use crate::{gateway::Gateway, index::leaf_at};
use step::{ReviewStep, StepMade};

pub(crate) use draw::{drawn, is_latest, put_before_reviewers, watch_reviews};
pub(crate) use fault::ReviewFault;

/// Takes a step.
pub(super) async fn step(gateway: &Arc<Gateway>, step: ReviewStep, account: &Account) -> Result<StepMade, ChangeError> {
    // What was recorded a moment ago counts: two who judge at once are one after the other.
    if !is_latest(gateway).await {
        return Err(ChangeError::NotMade);
    }
    let shared = Arc::clone(gateway);
    let read = tokio::task::spawn_blocking(move || drawn(&shared, |_| ()).map_err(ChangeError::from)).await;
    read.unwrap_or(Err(ChangeError::BrokenOff))?;
    match step {
        ReviewStep::Committed { period, digest } => commit(gateway, period, digest, account).await,
        ReviewStep::Shown { period, nonce } => show(gateway, period, nonce, account).await,
        ReviewStep::Planted { period, digest } => plant(gateway, period, digest, account).await,
        ReviewStep::Known { query, verdict, nonce } => know(gateway, query, verdict, nonce, account).await,
        ReviewStep::Opened { query } => open(gateway, query, account).await,
        ReviewStep::Judged { query, verdict, reason } => judge(gateway, query, verdict, reason, account).await,
        ReviewStep::Closed { query } => close(gateway, query, account).await,
    }
}

/// Only the supervisor: who knows the nonce knows what is looked at.
fn supervisor(account: &Account) -> Result<Actor, ReviewFault> {
    let actor = account.actor();
    if let Actor::Institution { .. } = actor { Ok(actor) } else { Err(ReviewFault::SupervisorOnly) }
}

fn officer(account: &Account) -> Result<(Actor, String), ReviewFault> {
    let actor = account.actor();
    let Actor::Officer { officer, .. } = &actor else { return Err(ReviewFault::OfficersOnly) };
    let name = officer.clone();
    Ok((actor, name))
}

fn blank(state: SamplingState, period: String, digest: Base64<[u8; 32]>) -> Sampling {
    Sampling {
        state,
        period,
        digest,
        nonce: None,
        size: None,
        per_mille: None,
        within_days: None,
        policy: None,
        query: None,
        verdict: None,
    }
}

async fn recorded(gateway: &Gateway, entry: Entry) -> Result<StepMade, ChangeError> {
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Ok(StepMade { index: durable.index, leaf: None })
}

async fn commit(
    gateway: &Gateway,
    period: String,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<StepMade, ChangeError> {
    let actor = supervisor(account)?;
    let bounds = Period::parse(&period, gateway.catalogue().offset()).ok_or(ReviewFault::Period)?;
    if bounds.from <= gateway.clock.now() {
        return Err(ReviewFault::Period.into());
    }
    if drawn(gateway, |reviews| reviews.committed(&period).is_some())? {
        return Err(ReviewFault::CommittedBefore.into());
    }
    recorded(gateway, blank(SamplingState::Committed, period, digest).entry(gateway.new_id(), actor)?).await
}

/// If we crash after it, what is drawn is put before reviewers when somebody looks at the queue.
async fn show(
    gateway: &Arc<Gateway>,
    period: String,
    nonce: Base64<[u8; 32]>,
    account: &Account,
) -> Result<StepMade, ChangeError> {
    let actor = supervisor(account)?;
    let bounds = Period::parse(&period, gateway.catalogue().offset()).ok_or(ReviewFault::Period)?;
    let known = drawn(gateway, |reviews| {
        let committed = reviews.committed(&period);
        let known = committed.map(|(digest, checkpoint)| (digest, checkpoint.map(|checkpoint| checkpoint.size)));
        (known, reviews.draw(&period).is_some())
    })?;
    let (Some((digest, size)), is_shown) = known else { return Err(ReviewFault::NotCommitted.into()) };
    if commitment(&period, &nonce.0) != digest {
        return Err(ReviewFault::OtherNonce.into());
    }
    if is_shown {
        return Err(ReviewFault::ShownBefore.into());
    }
    let policy = gateway.rules().beside.review.policy();
    let hours = i64::try_from(policy.acted_within_days).unwrap_or_default().saturating_mul(24);
    let earliest = bounds.until.checked_add(hours.hours()).unwrap_or(Timestamp::MAX);
    let Some(size) = size.filter(|_| earliest <= gateway.clock.now()) else {
        return Err(ReviewFault::TooEarly(earliest).into());
    };
    let sampling = Sampling {
        nonce: Some(nonce),
        size: Some(size),
        per_mille: Some(policy.per_mille),
        within_days: Some(policy.within_days),
        policy: Some(Base64(policy.digest())),
        ..blank(SamplingState::Shown, period, Base64(digest))
    };
    let made = recorded(gateway, sampling.entry(gateway.new_id(), actor)?).await?;
    put_before_reviewers(gateway);
    Ok(made)
}

async fn plant(
    gateway: &Gateway,
    period: String,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<StepMade, ChangeError> {
    let actor = supervisor(account)?;
    // Not once it is known what is reviewed: else what reviewers found could be called known.
    let may_be = drawn(gateway, |reviews| reviews.committed(&period).is_some() && reviews.draw(&period).is_none())?;
    if !may_be {
        return Err(ReviewFault::NotCommitted.into());
    }
    recorded(gateway, blank(SamplingState::Planted, period, digest).entry(gateway.new_id(), actor)?).await
}

async fn know(
    gateway: &Gateway,
    query: Uuid,
    verdict: String,
    nonce: Base64<[u8; 32]>,
    account: &Account,
) -> Result<StepMade, ChangeError> {
    let actor = supervisor(account)?;
    let digest = known_commitment(query, &verdict, &nonce.0);
    let planted = drawn(gateway, |reviews| {
        let is_over = reviews.stage(query, "") == Stage::Closed;
        reviews.is_planted(&digest).filter(|_| is_over).map(str::to_owned)
    })?;
    let Some(period) = planted else { return Err(ReviewFault::NotPlanted.into()) };
    let sampling = Sampling {
        nonce: Some(nonce),
        query: Some(query),
        verdict: Some(verdict),
        ..blank(SamplingState::Known, period, Base64(digest))
    };
    recorded(gateway, sampling.entry(gateway.new_id(), actor)?).await
}

async fn open(gateway: &Arc<Gateway>, query: Uuid, account: &Account) -> Result<StepMade, ChangeError> {
    let (actor, name) = officer(account)?;
    let (stage, place) = drawn(gateway, |reviews| (reviews.stage(query, &name), reviews.index_of(query)))?;
    let (Stage::Queued | Stage::Opened | Stage::Judged { .. } | Stage::Closed, Some(place)) = (stage, place) else {
        return Err(ReviewFault::NotUnderReview.into());
    };
    let review = Review { query, state: ReviewState::Opened, verdict: None, reason: None };
    let made = recorded(gateway, review.entry(gateway.new_id(), actor)?).await?;
    let shared = Arc::clone(gateway);
    let read = tokio::task::spawn_blocking(move || leaf_at(&shared.log_folder(), place).ok());
    let leaf = read.await.ok().flatten().and_then(|leaf| serde_json::from_slice(&leaf).ok());
    Ok(StepMade { leaf, ..made })
}

async fn judge(
    gateway: &Gateway,
    query: Uuid,
    verdict: String,
    reason: String,
    account: &Account,
) -> Result<StepMade, ChangeError> {
    let (actor, name) = officer(account)?;
    if Word::parse(&verdict).is_none() || !is_text(&reason) || reason.contains('\n') {
        return Err(ReviewFault::Verdict.into());
    }
    match drawn(gateway, |reviews| reviews.stage(query, &name))? {
        Stage::NotQueued => return Err(ReviewFault::NotUnderReview.into()),
        Stage::Queued => return Err(ReviewFault::NotOpened.into()),
        Stage::Opened => {}
        Stage::Judged { by } if by == name => {}
        Stage::Judged { .. } | Stage::Closed => return Err(ReviewFault::JudgedBefore.into()),
    }
    let review = Review { query, state: ReviewState::Judged, verdict: Some(verdict), reason: Some(reason) };
    recorded(gateway, review.entry(gateway.new_id(), actor)?).await
}

async fn close(gateway: &Gateway, query: Uuid, account: &Account) -> Result<StepMade, ChangeError> {
    let (actor, name) = officer(account)?;
    match drawn(gateway, |reviews| reviews.stage(query, &name))? {
        Stage::NotQueued => return Err(ReviewFault::NotUnderReview.into()),
        Stage::Queued | Stage::Opened => return Err(ReviewFault::NotJudged.into()),
        Stage::Closed => return Err(ReviewFault::ClosedBefore.into()),
        Stage::Judged { by } if closes(gateway, &by, &name) => {}
        Stage::Judged { .. } => return Err(ReviewFault::SameUnit.into()),
    }
    let review = Review { query, state: ReviewState::Closed, verdict: None, reason: None };
    recorded(gateway, review.entry(gateway.new_id(), actor)?).await
}

/// Whether an officer closes what another one judged: both have a unit, and not the same one.
pub(crate) fn closes(gateway: &Gateway, judge: &str, second: &str) -> bool {
    let (of_judge, of_second) = (unit(gateway, judge), unit(gateway, second));
    judge != second && of_judge.is_some() && of_second.is_some() && of_judge != of_second
}

/// The unit of an officer, as the register says that two officers approved.
fn unit(gateway: &Gateway, officer: &str) -> Option<String> {
    gateway.rules().beside.units.get(officer).cloned()
}
