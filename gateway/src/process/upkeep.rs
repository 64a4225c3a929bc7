//! What is due every second: keys that turn and their leaves, floods, staff that need not be remembered, the snapshot, and
//! whether the store answers.

use std::{sync::Arc, time::Duration};

use credit_audit::leaf::{Actor, Event, Flood};
use jiff::{SignedDuration, Timestamp};

use crate::{
    changes::record_key,
    gateway::Gateway,
    process::snapshots::{self, Due},
};

/// Runs as long as the process does.
pub(super) async fn each_second(gateway: Arc<Gateway>) {
    let mut each_second = tokio::time::interval(Duration::from_secs(1));
    let mut covered = None;
    loop {
        each_second.tick().await;
        renew_keys(&gateway).await;
        record_floods(&gateway, false).await;
        for institution in gateway.register.all() {
            institution.rates.forget_idle_staff();
        }
        let shared = Arc::clone(&gateway);
        let advanced = tokio::task::spawn_blocking(move || snapshots::advance(&shared, covered, Due::Behind)).await;
        covered = advanced.ok().flatten();
    }
}

/// Apart from the rest of the upkeep: a store that hangs makes only this wait.
pub(super) async fn watch_store(gateway: Arc<Gateway>) {
    let mut each_second = tokio::time::interval(Duration::from_secs(1));
    each_second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        each_second.tick().await;
        gateway.store.probe().await;
    }
}

/// Turns the keys a second before their time, so that no query meets a period without a key, and turns them back where the
/// time that the log accepts goes back. A new data key is used once the log names it.
async fn renew_keys(gateway: &Gateway) {
    let now = gateway.log.accepted_now();
    let next = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    if gateway.keys.is_due(now)
        && let Err(error) = gateway.keys.renew(next, &gateway.entropy)
    {
        tracing::error!(%error, "keys could not be renewed");
    }
    if !gateway.log.recordable() {
        return;
    }
    // A turn that is being made records its own leaves.
    let Ok(_turn) = gateway.changes.try_lock() else { return };
    for key in gateway.keys.unrecorded(next) {
        if let Err(error) = record_key(&gateway.recorder, &gateway.keys, &key, next, Actor::gateway()).await {
            tracing::error!(%error, key = key.as_str(), "a new key could not be recorded");
        }
    }
}

/// Writes the `flood` leaves that are due; `all` where the gateway goes down. What cannot be recorded now stays counted.
pub(super) async fn record_floods(gateway: &Gateway, all: bool) {
    let now = gateway.clock.monotonic();
    let wait = Duration::from_secs(gateway.settings.floods.leaf_every_s);
    let Some(until) = (if all { Some(now) } else { now.checked_sub(wait) }) else { return };
    if !gateway.log.recordable() {
        return;
    }
    for institution in gateway.register.all() {
        let Some(taken) = institution.floods.take(until) else { continue };
        let leaf = Flood { institution: institution.id().to_owned(), since: taken.since, counts: taken.counts.clone() };
        let recorded = match leaf.entry(gateway.new_id()) {
            Ok(entry) => gateway.recorder.record(entry).await.is_ok(),
            Err(error) => {
                tracing::error!(%error, "a flood could not be recorded");
                false
            }
        };
        if !recorded {
            institution.floods.give_back(taken);
        }
    }
}
