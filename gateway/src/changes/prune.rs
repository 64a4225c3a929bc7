//! Records that two officers let go, once the law wants them no longer and the keys of what was sealed in them are destroyed. What is
//! in force of them is kept: nothing goes unless what is left amounts to the same state.

use std::{
    fs,
    sync::{Arc, PoisonError},
};

use credit_audit::{
    leaf::{Act, Base64, Prune},
    pruned::{Pruned, PrunedHead, digest},
};
use uuid::Uuid;

use super::{
    account::Account,
    approval,
    by_two::{Warrant, approvals, permit},
    error::ChangeError,
    left::{Left, looked},
    request::Made,
};
use crate::{
    gateway::{Gateway, Unfinished},
    recorder::Order,
    state::approvals::PRUNE,
};

/// Records the approval, if it is of the same.
pub(super) async fn approve(
    gateway: &Arc<Gateway>,
    proposal: Uuid,
    until: u64,
    account: &Account,
) -> Result<Made, ChangeError> {
    approval::approve(gateway, proposal, Base64(digest(until)), account).await
}

/// Records that the records before `until` go, and lets them go.
pub(super) async fn prune(
    gateway: &Arc<Gateway>,
    until: u64,
    proposal: Option<Uuid>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = digest(until);
    permit(gateway, (PRUNE, digest), Warrant { proposal, emergency: false }, account).await?;
    // One after the other: each says up to where the one before went.
    if let Some(waits) = unfinished(gateway) {
        return Err(ChangeError::NotLetGo(format!("those before {} are on their way out", waits.until)));
    }
    // An approval is not spent on what cannot go.
    let left = looked(gateway, until).await?;
    let leaf = Prune { from: gateway.log.pruned(), until, proposal };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let (shared, actor, now) = (Arc::clone(gateway), account.actor(), gateway.clock.now());
    let effect = move || approvals(&shared).done((PRUNE, &digest), proposal, Some(&actor), now);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
    let (durable, ()) = recorded.map_err(|_| ChangeError::NotMade)?;
    // Crash from here on: the next start finds the leaf, and lets go what it says.
    let begun = Unfinished { until, leaf: durable.index };
    *gateway.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    if !gateway.is_published(durable.index).await {
        return Err(ChangeError::NotLetGo("it is not published yet".to_owned()));
    }
    let kept = left.kept.len() as u64;
    // Whoever waits for this answer does not wait for witnesses.
    let waits = !is_witnessed(gateway, durable.index);
    if !waits {
        carry_out(gateway, left, begun).await?;
    }
    Ok(Made::Pruned { index: durable.index, until, kept, waits })
}

fn unfinished(gateway: &Gateway) -> Option<Unfinished> {
    *gateway.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a quorum of witnesses has cosigned the log with this leaf, where a policy names any: what is gone cannot be shown to
/// somebody who doubts what the log said of it.
fn is_witnessed(gateway: &Gateway, leaf: u64) -> bool {
    if gateway.settings.log.trust_policy.is_none() {
        return true;
    }
    let note = fs::read_to_string(gateway.log_folder().join("checkpoint.witnessed")).unwrap_or_default();
    let size = note.lines().nth(1).and_then(|line| line.parse::<u64>().ok());
    size.is_some_and(|size| size > leaf)
}

/// Lets go what the log says is let go, where the process ended or a disk failed in between.
///
/// # Errors
/// Why it cannot be done now: it is to be tried again.
pub(crate) async fn finish_pruning(gateway: &Arc<Gateway>) -> Result<(), ChangeError> {
    if unfinished(gateway).is_none_or(|waits| !is_witnessed(gateway, waits.leaf)) {
        return Ok(());
    }
    let _changes = gateway.changes.lock().await;
    let Some(unfinished) = unfinished(gateway) else { return Ok(()) };
    let left = looked(gateway, unfinished.until).await?;
    carry_out(gateway, left, unfinished).await
}

/// Takes out of the index what was let go, where the process ended before that. Blocks.
///
/// # Errors
/// Why it cannot be done now: it is to be tried again.
pub(crate) fn finish_index(gateway: &Gateway) -> Result<(), ChangeError> {
    let not_done = |error: &dyn std::fmt::Display| ChangeError::NotLetGo(error.to_string());
    let head = PrunedHead::read(&gateway.log_folder(), None).map_err(|error| not_done(&error))?;
    let (Some(index), Some(head)) = (&gateway.index, head) else { return Ok(()) };
    index.let_go(head.until, head.last_at, gateway.catalogue().offset()).map_err(|error| not_done(&error))
}

async fn carry_out(
    gateway: &Arc<Gateway>,
    left: Left,
    Unfinished { until, leaf }: Unfinished,
) -> Result<(), ChangeError> {
    let shared = Arc::clone(gateway);
    let done = tokio::task::spawn_blocking(move || {
        let head = PrunedHead::new(&shared.settings.log.origin, until, leaf, left.last_at, left.numbers);
        let head = PrunedHead { certificates: left.certificates, ..head };
        shared.log.let_go(&Pruned::new(head, left.kept)).map_err(|error| ChangeError::NotLetGo(error.to_string()))?;
        finish_index(&shared)?;
        *shared.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    });
    done.await.unwrap_or(Err(ChangeError::BrokenOff))
}
