//! Keys turned by an administrator, and the leaf of each key.
//!
//! A turn is in the ring before its leaves are in the log, since the ring is a file of its own. So a turn whose record
//! failed is finished when it is asked for again: no other keys are made, and none that institutions hold is retired
//! before its time. Keys of gateways that count together are handed out, and recorded by each of them once its ring has them.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, KeyEvent, KeyState},
    log::Durable,
};
use credit_keys::{Ahead, KeyId, KeyStatus, SystemEntropy};
use jiff::{SignedDuration, Timestamp};

use super::{account::Account, error::ChangeError, request::Made, turning::TurningUse};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::{NotRecorded, Order, Recorder},
};

pub(super) async fn rotate(
    gateway: &Arc<Gateway>,
    turning: TurningUse,
    (overlap_days, end_overlap): (u16, bool),
    at: Option<Timestamp>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let (now, key_use) = (gateway.log.accepted_now(), turning.into());
    if let Some(cluster) = gateway.cluster.as_ref().filter(|_| turning != TurningUse::Ring) {
        let at = at.map_or_else(|| later(now, UNLESS_ASKED), Ok)?;
        if at < later(now, EARLIEST)? || at > later(now, LATEST)? {
            return Err(ChangeError::NotAhead);
        }
        let handed_out = cluster.hand_out(Ahead { key_use, at, overlap_days, end_overlap }).await?;
        let indices = record_keys(gateway, &handed_out.keys, now, account).await?;
        return Ok(Made::Rotated { indices, keys: handed_out.keys, activates: Some(handed_out.activates) });
    }
    if at.is_some() {
        return Err(ChangeError::Alone);
    }
    if let Some(cluster) = &gateway.cluster {
        cluster.may_turn_ring().await?;
    }
    let ring = Arc::clone(&gateway.keys);
    // The ring is a file: whatever asks for it may wait for a disk.
    let turned = tokio::task::spawn_blocking(move || {
        ring.rotate(key_use, now, overlap_days, end_overlap, &SystemEntropy::new())
    });
    let keys = turned.await.map_err(|_| ChangeError::BrokenOff)??;
    if let Some(cluster) = &gateway.cluster {
        // What is in the shared state is sealed under the new one before anybody hands out more; where that fails, each second again.
        cluster.shares_keys().await;
    }
    let indices = record_keys(gateway, &keys, now, account).await?;
    Ok(Made::Rotated { indices, keys, activates: None })
}

/// How far ahead keys of all come in force: each gateway takes them once a second, and who has taken them says so five times a second.
const UNLESS_ASKED: SignedDuration = SignedDuration::from_secs(30);
const EARLIEST: SignedDuration = SignedDuration::from_secs(5);
/// While one is on its way no other is handed out, also if it has to be.
const LATEST: SignedDuration = SignedDuration::from_hours(24);

/// The next whole second after so long.
fn later(now: Timestamp, by: SignedDuration) -> Result<Timestamp, ChangeError> {
    let second = now.as_second().checked_add(by.as_secs() + 1).and_then(|second| Timestamp::from_second(second).ok());
    second.ok_or(ChangeError::NotAhead)
}

async fn record_keys(
    gateway: &Arc<Gateway>,
    keys: &[KeyId],
    now: Timestamp,
    account: &Account,
) -> Result<Vec<u64>, ChangeError> {
    let mut indices = Vec::new();
    for key in keys {
        let recorded = record_key(&gateway.recorder, &gateway.keys, key, (now, now), account.actor()).await;
        let durable = recorded.map_err(|_| ChangeError::KeysNotOnRecord(keys.to_vec()))?;
        indices.push(durable.index);
    }
    Ok(indices)
}

/// Records that a key is in use at an instant, now or soon, or that it was handed out for later; only then do leaves name it.
///
/// # Errors
/// When it is not on the record.
pub(crate) async fn record_key(
    recorder: &Recorder,
    keys: &Arc<Keyring>,
    key: &KeyId,
    (now, at): (Timestamp, Timestamp),
    actor: Actor,
) -> Result<Durable, NotRecorded> {
    let status = keys.with(|ring| ring.status(at)).into_iter().find(|status| status.id == *key);
    let entry = status.as_ref().and_then(leaf).map(|leaf| leaf.entry(recorder.new_id(), actor));
    let Some(Ok(entry)) = entry else {
        tracing::error!(key = key.as_str(), "no leaf of a key can be made");
        return Err(NotRecorded::NotRecordable);
    };
    let (shared, introduced) = (Arc::clone(keys), key.clone());
    let take = move || shared.mark_introduced(&introduced, now);
    let (durable, taken) = recorder.put_in_force(Order::RecordFirst, entry, false, take).await?;
    if let Err(error) = taken {
        tracing::error!(%error, key = key.as_str(), "a key that is on the record cannot be used yet");
    }
    Ok(durable)
}

/// The leaf that introduces a key; nothing for one that is not in use.
fn leaf(status: &KeyStatus) -> Option<KeyEvent> {
    let state = match status.state {
        credit_keys::KeyState::Active | credit_keys::KeyState::Pending => KeyState::Active,
        credit_keys::KeyState::Accepted => KeyState::Accepted,
        credit_keys::KeyState::Retired | credit_keys::KeyState::Destroyed => return None,
    };
    Some(KeyEvent {
        key: status.id.as_str().to_owned(),
        use_: status.key_use.as_str().to_owned(),
        state,
        fingerprint: Some(status.fingerprint.clone()),
        activates: (status.state == credit_keys::KeyState::Pending).then_some(status.activates),
        part: None,
    })
}
