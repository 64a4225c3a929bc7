//! Keys turned by an administrator, and the leaf of each key.
//!
//! A turn is in the ring before its leaves are in the log, since the ring is a file of its own. So a turn whose record
//! failed is finished when it is asked for again: no other keys are made, and none that institutions hold is retired
//! before its time.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, KeyEvent, KeyState},
    log::Durable,
};
use credit_keys::{KeyId, KeyStatus, SystemEntropy};
use jiff::Timestamp;

use super::{account::Account, error::ChangeError, request::Made, turning::TurningUse};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::{NotRecorded, Order, Recorder},
};

pub(super) async fn rotate(
    gateway: &Arc<Gateway>,
    turning: TurningUse,
    overlap_days: u16,
    end_overlap: bool,
    account: &Account,
) -> Result<Made, ChangeError> {
    let now = gateway.log.accepted_now();
    let ring = Arc::clone(&gateway.keys);
    // The ring is a file: whatever asks for it may wait for a disk.
    let turned = tokio::task::spawn_blocking(move || {
        ring.rotate(turning.into(), now, overlap_days, end_overlap, &SystemEntropy::new())
    });
    let keys = turned.await.map_err(|_| ChangeError::BrokenOff)??;
    let mut indices = Vec::new();
    for key in &keys {
        let recorded = record_key(&gateway.recorder, &gateway.keys, key, now, account.actor()).await;
        let durable = recorded.map_err(|_| ChangeError::KeysNotOnRecord(keys.clone()))?;
        indices.push(durable.index);
    }
    Ok(Made::Rotated { indices, keys })
}

/// Records that a key is in use at `now`; only then do leaves name it.
///
/// # Errors
/// When it is not on the record.
pub(crate) async fn record_key(
    recorder: &Recorder,
    keys: &Arc<Keyring>,
    key: &KeyId,
    now: Timestamp,
    actor: Actor,
) -> Result<Durable, NotRecorded> {
    let status = keys.with(|ring| ring.status(now)).into_iter().find(|status| status.id == *key);
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
        credit_keys::KeyState::Active => KeyState::Active,
        credit_keys::KeyState::Accepted => KeyState::Accepted,
        credit_keys::KeyState::Pending | credit_keys::KeyState::Retired | credit_keys::KeyState::Destroyed => {
            return None;
        }
    };
    Some(KeyEvent {
        key: status.id.as_str().to_owned(),
        use_: status.key_use.as_str().to_owned(),
        state,
        fingerprint: Some(status.fingerprint.clone()),
        activates: None,
        part: None,
    })
}
