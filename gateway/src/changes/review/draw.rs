//! Puts before reviewers what is suspicious, as soon as it is, and what the nonce of a period draws.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    sync::Arc,
};

use credit_audit::{
    leaf::{Act, Actor, Review, ReviewState, peek},
    review::{Reviews, Word},
};
use credit_policy::CitizenNumber;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::fault::ReviewFault;
use crate::{
    gateway::Gateway,
    index::{Index, IndexError, leaf_at},
};

/// Leaves that are recorded at once.
const AT_ONCE: usize = 64;

/// Looks at what the log says of reviews. Blocks for what was published since the last look.
pub(crate) fn drawn<T>(gateway: &Gateway, look: impl FnOnce(&mut Reviews) -> T) -> Result<T, ReviewFault> {
    gateway.reviews.with(gateway.log.published(), look).map_err(unreadable)
}

/// Waits until everything that is durable now can be read again. False where it takes long.
pub(crate) async fn is_latest(gateway: &Gateway) -> bool {
    let size = gateway.log.size();
    size == 0 || gateway.is_published(size - 1).await
}

/// Goes on with everything that is suspicious or drawn and waits for no reviewer yet. It takes a while, and nobody waits for it.
pub(crate) fn put_before_reviewers(gateway: &Arc<Gateway>) {
    let gateway = Arc::clone(gateway);
    drop(tokio::spawn(async move {
        if let Err(error) = watch_reviews(&gateway).await {
            tracing::error!(%error, "what is to be reviewed cannot be put before reviewers");
        }
    }));
}

/// Puts everything before reviewers that is suspicious or drawn, and counts what waits for them. As long as much of the log is
/// still to be read, it only reads.
///
/// # Errors
/// [`ReviewFault::Unreadable`]; what was put before them stays there.
pub(crate) async fn watch_reviews(gateway: &Arc<Gateway>) -> Result<(), ReviewFault> {
    let Ok(_turn) = gateway.reviews.turn.try_lock() else { return Ok(()) };
    if !is_latest(gateway).await {
        return Ok(());
    }
    let shared = Arc::clone(gateway);
    let due = match tokio::task::spawn_blocking(move || due(&shared)).await.map_err(unreadable)? {
        Ok(due) => due,
        Err(IndexError::Behind(_)) => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    if let Err(error) = put(gateway, &due.queries).await {
        drawn(gateway, Reviews::look_again)?;
        return Err(error);
    }
    due.periods.into_iter().for_each(|period| gateway.reviews.set_whole(period));
    Ok(())
}

async fn put(gateway: &Gateway, queries: &BTreeMap<Uuid, Word>) -> Result<(), ReviewFault> {
    let all: Vec<_> = queries.iter().collect();
    for some in all.chunks(AT_ONCE) {
        let leaves = some.iter().map(|(query, word)| {
            let verdict = Some(word.as_str().to_owned());
            let review = Review { query: **query, state: ReviewState::Queued, verdict, reason: None };
            review.entry(gateway.new_id(), Actor::gateway())
        });
        let leaves = leaves.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        let recorded = leaves.into_iter().map(|entry| gateway.recorder.record(entry));
        try_join_all(recorded).await.map_err(unreadable)?;
    }
    Ok(())
}

fn unreadable(error: impl std::fmt::Display) -> ReviewFault {
    ReviewFault::Unreadable(error.to_string())
}

/// What is to be put before reviewers.
struct Due {
    queries: BTreeMap<Uuid, Word>,
    /// Periods of which all that is drawn waits for them then.
    periods: Vec<String>,
}

/// Blocks.
fn due(gateway: &Gateway) -> Result<Due, IndexError> {
    let (policy, now, published) =
        (gateway.rules().beside.review.policy(), gateway.log.accepted_now(), gateway.log.published());
    let made_up = about_made_up_persons(gateway)?;
    gateway.follow_log_together();
    let (due, placeless) = gateway.reviews.with(published, |reviews| {
        let open: Vec<String> = reviews.shown().map(str::to_owned).collect();
        let periods: Vec<String> = open.into_iter().filter(|period| !gateway.reviews.is_whole(period)).collect();
        let mut queries: BTreeMap<Uuid, Word> =
            periods.iter().flat_map(|period| reviews.drawn(period, &policy)).collect();
        let suspicious: Vec<Uuid> = match policy.at_once {
            true => reviews.suspicious(&policy, now).into_iter().chain(made_up).collect(),
            false => periods.iter().flat_map(|period| reviews.suspicious_of(period, &policy, &made_up)).collect(),
        };
        queries.extend(suspicious.into_iter().map(|id| (id, Word::Suspicious)));
        queries.retain(|id, _| !reviews.is_queued(*id));
        let (open, late) = reviews.waiting(now, policy.within_days);
        gateway.metrics.reviews(open, late);
        (Due { queries, periods }, reviews.without_place().collect::<Vec<_>>())
    })?;
    if let Some(index) = &gateway.index {
        for query in placeless {
            set_place(gateway, index, query, published)?;
        }
    }
    Ok(due)
}

/// Of an explained query about a person who does not exist: where it stands.
fn set_place(gateway: &Gateway, index: &Index, query: Uuid, published: u64) -> Result<(), IndexError> {
    let Some(leaf) = index.leaf_of(query)? else { return Ok(()) };
    let bytes = leaf_at(&gateway.log_folder(), leaf)?;
    let fault = || IndexError::Leaf(leaf);
    let head = peek(&bytes).map_err(|_| fault())?;
    gateway.reviews.with(published, |reviews| reviews.set_place(leaf, head))?.map_err(|_| fault())
}

/// Queries about persons who do not exist; none where no file names any.
fn about_made_up_persons(gateway: &Gateway) -> Result<HashSet<Uuid>, IndexError> {
    let (Some(file), Some(index)) = (&gateway.rules().beside.review.made_up, &gateway.index) else {
        return Ok(HashSet::new());
    };
    let text = fs::read_to_string(file)?;
    let mut all = HashSet::new();
    for number in text.lines().map(str::trim).filter_map(|line| CitizenNumber::parse(line).ok()) {
        let person = number.disclose(|number| index.person(number.as_str()));
        all.extend(index.ids_about(&person)?);
    }
    Ok(all)
}
