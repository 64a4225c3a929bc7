//! Keys turned by an administrator, and the leaf of each key.
//!
//! A turn is in the ring before its leaves are in the log, since the ring is a file of its own. So a turn whose record
//! failed is finished when it is asked for again: no other keys are made, and none that institutions hold is retired
//! before its time.

use std::sync::Arc;

use credit_audit::{
    leaf::{Event, KeyEvent},
    log::Durable,
};
use credit_keys::{KeyId, KeyUse, SystemEntropy};
use jiff::Timestamp;

use super::{
    account::Account,
    error::ChangeError,
    request::{Made, TurningUse},
};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::{NotRecorded, Order, Recorder},
};

pub(super) async fn rotate(
    gateway: &Arc<Gateway>,
    turning: TurningUse,
    overlap_days: u16,
    account: &Account,
) -> Result<Made, ChangeError> {
    let now = gateway.log.accepted_now();
    let keys = gateway.keys.rotate(turning.into(), now, overlap_days, &SystemEntropy::new())?;
    let mut indices = Vec::new();
    for key in &keys {
        let recorded = record_key(&gateway.recorder, &gateway.keys, key, now, &account.actor()).await;
        let durable = recorded.map_err(|_| ChangeError::KeysNotOnRecord(keys.clone()))?;
        indices.push(durable.index);
    }
    Ok(Made::Rotated { indices, keys })
}

/// Records that a key is in force at `now`; only then is it used for what leaves name.
///
/// # Errors
/// When it is not on the record.
pub async fn record_key(
    recorder: &Recorder,
    keys: &Arc<Keyring>,
    key: &KeyId,
    now: Timestamp,
    actor: &str,
) -> Result<Durable, NotRecorded> {
    let leaf = KeyEvent {
        key: key.as_str().to_owned(),
        use_: use_of(key).to_owned(),
        state: "active".to_owned(),
        activates: None,
        by: actor.to_owned(),
    };
    let entry = leaf.entry(recorder.new_id()).map_err(|error| {
        tracing::error!(%error, key = key.as_str(), "no leaf of a key can be made");
        NotRecorded::NotRecordable
    })?;
    let (shared, introduced) = (Arc::clone(keys), key.clone());
    let take = move || shared.mark_introduced(&introduced, now);
    let (durable, taken) = recorder.put_in_force(Order::RecordFirst, entry, false, take).await?;
    if let Err(error) = taken {
        tracing::error!(%error, key = key.as_str(), "a key that is on the record cannot be used yet");
    }
    Ok(durable)
}

/// An id begins with its use.
fn use_of(key: &KeyId) -> &'static str {
    let of = |key_use: &KeyUse| key.as_str().split('-').next() == Some(key_use.as_str());
    KeyUse::ALL.into_iter().find(of).map_or("ring", KeyUse::as_str)
}
