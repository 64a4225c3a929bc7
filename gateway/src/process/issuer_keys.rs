//! The watch over the issuers' key files: they are looked at every second, and at once on SIGHUP. A key is on the record
//! before it is in force, and out of force before the record says so.

use std::sync::Arc;

use credit_audit::leaf::{Act, Actor, IssuerKey, IssuerKeyState, LeafError};
use credit_policy::consent::{IssuerJwk, IssuerKeys};
use tokio::signal::unix::Signal;

use super::upkeep::every_second;
use crate::{
    gateway::Gateway,
    recorder::{NotRecorded, Order},
    telemetry::metrics::Duty,
};

/// Why a key is not in force, or not out of it on the record.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    /// The log.
    #[error("the key `{0}` of an issuer could not be recorded: {1}")]
    NotRecorded(String, NotRecorded),
    /// Its leaf.
    #[error("the key `{0}` of an issuer cannot be recorded: {1}")]
    Leaf(String, LeafError),
    /// A defect.
    #[error("it panicked")]
    Panicked,
}

/// The leaf that says where a key stands.
pub(super) fn leaf(key: &IssuerJwk, state: IssuerKeyState) -> IssuerKey {
    IssuerKey { iss: key.iss.clone(), kid: key.kid.clone(), jwk: key.jwk.clone(), state }
}

/// As long as the process runs. What is in force when it begins is on the record.
pub(crate) async fn watch(gateway: Arc<Gateway>, mut hangup: Signal) {
    let mut each_second = every_second();
    let mut wanted = IssuerKeys::clone(&gateway.issuers.keys());
    let mut recorded = wanted.published();
    loop {
        let force = tokio::select! {
            _ = each_second.tick() => false,
            Some(()) = hangup.recv() => true,
        };
        let done = match look(&gateway, wanted.clone(), force).await {
            Ok(keys) => {
                wanted = keys;
                bring_in_force(&gateway, &wanted, &mut recorded).await
            }
            Err(error) => Err(error),
        };
        gateway.metrics.duty(Duty::IssuerKeys, done, gateway.clock.now());
    }
}

async fn look(gateway: &Arc<Gateway>, before: IssuerKeys, force: bool) -> Result<IssuerKeys, NotDone> {
    let shared = Arc::clone(gateway);
    let looked = tokio::task::spawn_blocking(move || shared.issuers.look(&before, force).ok_or(before));
    let (keys, faults) = match looked.await.map_err(|_| NotDone::Panicked)? {
        Ok(looked) => looked,
        Err(same) => return Ok(same),
    };
    gateway.metrics.issuer_keys_refused(!faults.is_empty());
    for error in &faults {
        tracing::error!(%error, "the keys of an issuer were not taken; those before stay in force");
    }
    if faults.is_empty() {
        tracing::info!("the keys of the issuers were read again");
    }
    Ok(keys)
}

/// Until `recorded`, which is what the record has as accepted, is what is wanted. What fails is tried again a second later.
async fn bring_in_force(
    gateway: &Arc<Gateway>,
    wanted: &IssuerKeys,
    recorded: &mut Vec<IssuerJwk>,
) -> Result<(), NotDone> {
    let published = wanted.published();
    for key in recorded.clone().iter().filter(|key| !published.contains(key)) {
        let without = wanted.only(recorded);
        let retired = leaf(key, IssuerKeyState::Retired);
        record(gateway, retired, Order::EffectFirst, without).await?;
        recorded.retain(|known| known != key);
        tracing::info!(key = key.kid, "a key of an issuer is accepted no longer");
    }
    for key in &published {
        if recorded.contains(key) {
            continue;
        }
        let with = [&recorded[..], std::slice::from_ref(key)].concat();
        record(gateway, leaf(key, IssuerKeyState::Active), Order::RecordFirst, wanted.only(&with)).await?;
        *recorded = with;
        tracing::info!(key = key.kid, "a key of an issuer is accepted from here on");
    }
    Ok(())
}

async fn record(gateway: &Arc<Gateway>, leaf: IssuerKey, order: Order, keys: IssuerKeys) -> Result<(), NotDone> {
    let kid = leaf.kid.clone();
    let entry = leaf.entry(gateway.new_id(), Actor::gateway()).map_err(|error| NotDone::Leaf(kid.clone(), error))?;
    let shared = Arc::clone(gateway);
    let put = move || shared.issuers.put(keys);
    let recorded = gateway.recorder.put_in_force(order, entry, false, put).await;
    recorded.map(drop).map_err(|error| NotDone::NotRecorded(kid, error))
}
