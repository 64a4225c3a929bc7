//! Puts before reviewers what the nonce of a period draws, and what is suspicious.

use std::{collections::HashSet, fs, sync::Arc};

use credit_audit::{
    leaf::{Act, Actor, Review, ReviewState},
    review::{Draw, Reviews, Word},
};
use credit_policy::CitizenNumber;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::fault::ReviewFault;
use crate::gateway::Gateway;

/// Leaves that are recorded at once.
const AT_ONCE: usize = 64;

/// Looks at what the log says of reviews. Blocks for what was published since the last look.
pub(crate) fn drawn<T>(gateway: &Gateway, look: impl FnOnce(&Reviews) -> T) -> Result<T, ReviewFault> {
    gateway.reviews.with(gateway.log.published(), look).map_err(|error| ReviewFault::Unreadable(error.to_string()))
}

/// Waits until everything that is durable now can be read again. False where it takes long.
pub(crate) async fn is_latest(gateway: &Gateway) -> bool {
    let size = gateway.log.size();
    size == 0 || gateway.is_published(size - 1).await
}

/// Goes on with every period that is drawn and does not wait whole for its reviewers. It takes a while, and nobody waits for it.
pub(crate) fn put_before_reviewers(gateway: &Arc<Gateway>) {
    let gateway = Arc::clone(gateway);
    drop(tokio::spawn(async move {
        let Ok(_turn) = gateway.reviews.turn.try_lock() else { return };
        if let Err(error) = all(&gateway).await {
            tracing::error!(%error, "what is drawn for review cannot be put before reviewers");
        }
    }));
}

async fn all(gateway: &Arc<Gateway>) -> Result<(), ReviewFault> {
    if !is_latest(gateway).await {
        return Ok(());
    }
    let shared = Arc::clone(gateway);
    let due = tokio::task::spawn_blocking(move || due(&shared)).await;
    let due = due.map_err(|error| ReviewFault::Unreadable(error.to_string()))??;
    for (period, queries) in due {
        for some in queries.chunks(AT_ONCE) {
            let leaves = some.iter().map(|(query, word)| {
                let verdict = Some(word.as_str().to_owned());
                let review = Review { query: *query, state: ReviewState::Queued, verdict, reason: None };
                review.entry(gateway.new_id(), Actor::gateway())
            });
            let leaves = leaves.collect::<Result<Vec<_>, _>>();
            let leaves = leaves.map_err(|error| ReviewFault::Unreadable(error.to_string()))?;
            let recorded = try_join_all(leaves.into_iter().map(|entry| gateway.recorder.record(entry))).await;
            recorded.map_err(|error| ReviewFault::Unreadable(error.to_string()))?;
        }
        gateway.reviews.set_whole(period);
    }
    Ok(())
}

/// A period, and what of it is still to be put before reviewers.
type Due = (String, Vec<(Uuid, Word)>);

/// By period what is still to be put before reviewers. Blocks.
fn due(gateway: &Gateway) -> Result<Vec<Due>, ReviewFault> {
    let draws: Vec<(String, Draw)> = drawn(gateway, |reviews| {
        let open = reviews.shown().filter(|period| !gateway.reviews.is_whole(period));
        open.filter_map(|period| Some((period.to_owned(), reviews.draw(period)?))).collect()
    })?;
    let mut all = Vec::new();
    for (period, draw) in draws {
        let made_up = about_made_up_persons(gateway)?;
        let words = gateway.reviews.words(&draw, &gateway.rules().beside.review.policy(), &made_up);
        let words = words.map_err(|error| ReviewFault::Unreadable(error.to_string()))?;
        let is_due = |id: Uuid, word: Word| word == Word::Suspicious || draw.seed.draws(id, draw.per_mille);
        let due = drawn(gateway, |reviews| {
            let due = words.iter().filter(|(id, word)| is_due(*id, *word) && !reviews.is_queued(*id));
            due.copied().collect::<Vec<_>>()
        })?;
        all.push((period, due));
    }
    Ok(all)
}

/// Queries about persons who do not exist; none where no file names any.
fn about_made_up_persons(gateway: &Gateway) -> Result<HashSet<Uuid>, ReviewFault> {
    let (Some(file), Some(index)) = (&gateway.rules().beside.review.made_up, &gateway.index) else {
        return Ok(HashSet::new());
    };
    let fault = |error: &dyn std::fmt::Display| ReviewFault::Unreadable(error.to_string());
    let text = fs::read_to_string(file).map_err(|error| fault(&error))?;
    let mut all = HashSet::new();
    for number in text.lines().map(str::trim).filter_map(|line| CitizenNumber::parse(line).ok()) {
        let person = number.disclose(|number| index.person(number.as_str()));
        all.extend(index.ids_about(&person).map_err(|error| fault(&error))?);
    }
    Ok(all)
}
