//! Opening the sealed part of one record, for officers: two of them, or one in an emergency. That it was opened is on the
//! record before anything is shown.

use std::{collections::BTreeMap, sync::Arc};

use credit_audit::leaf::{Act, Kind, Unseal};
use credit_keys::KeyId;
use serde_json::Value;

use super::{
    account::Account,
    by_two::{Warrant, approvals, keep, permit},
    error::ChangeError,
    request::Made,
};
use crate::{
    gateway::Gateway,
    index::leaf_at,
    recorder::Order,
    state::{
        about::About,
        approvals::{UNSEAL, of_unsealing},
    },
};

/// Members that are sealed, by kind (`audit/FORMAT.md` §4). Of a query, a case and an appointment it is `sealed`, with `commit` beside it.
fn sealed_members(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Query | Kind::Case | Kind::Appointment => &["sealed"],
        Kind::Notice | Kind::Statement => &["ids"],
        Kind::Block | Kind::Binding => &["person"],
        Kind::Objection => &["record", "text", "reason"],
        Kind::Repair => &["record", "order"],
        Kind::Catalogue
        | Kind::Definitions
        | Kind::Key
        | Kind::Institution
        | Kind::Suspension
        | Kind::Revocation
        | Kind::Flood
        | Kind::Refusals
        | Kind::Read
        | Kind::Unseal
        | Kind::Stop
        | Kind::IssuerKey
        | Kind::Correction
        | Kind::Feedback
        | Kind::Proposal
        | Kind::Approval
        | Kind::Review
        | Kind::Sampling
        | Kind::Figures
        | Kind::Prune
        | Kind::Log
        | Kind::Carried
        | Kind::Open
        | Kind::Seal => &[],
    }
}

/// Opens the sealed part of the leaf at `entry`.
pub(super) async fn unseal(
    gateway: &Arc<Gateway>,
    entry: u64,
    reason: String,
    warrant: Warrant,
    account: &Account,
) -> Result<Made, ChangeError> {
    is_there(gateway, entry).await?;
    let digest = of_unsealing(entry, &reason);
    let about = About::Unseal { entry, reason: reason.clone() };
    let leaf = Unseal { entry, reason, proposal: warrant.proposal };
    let made = leaf.entry(gateway.new_id(), account.actor())?;
    if let Some(emergency) = permit(gateway, (UNSEAL, digest), warrant, account).await? {
        keep(gateway, emergency, about).await;
    }
    // An approval is not spent on what cannot be opened.
    let opened = opened(gateway, entry).await?;
    let (shared, actor) = (Arc::clone(gateway), account.actor());
    let now = gateway.clock.now();
    let by = warrant.proposal;
    let effect = move || approvals(&shared).done((UNSEAL, &digest), by, Some(&actor), now);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, made, false, effect).await;
    let (durable, ()) = recorded.map_err(|_| ChangeError::NotMade)?;
    Ok(Made::Unsealed { index: durable.index, entry, opened })
}

async fn is_there(gateway: &Arc<Gateway>, entry: u64) -> Result<(), ChangeError> {
    let is_there = entry < gateway.log.size() && gateway.is_published(entry).await;
    if is_there { Ok(()) } else { Err(ChangeError::UnknownEntry(entry)) }
}

/// That a record has a sealed part, which nobody opens for it.
pub(super) async fn sealed_at(gateway: &Arc<Gateway>, entry: u64) -> Result<(), ChangeError> {
    is_there(gateway, entry).await?;
    let folder = gateway.log_folder();
    let read = tokio::task::spawn_blocking(move || leaf_at(&folder, entry).ok()).await.ok().flatten();
    let leaf: Option<Value> = read.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
    let kind = read.as_deref().and_then(|bytes| Some(credit_audit::leaf::parse(bytes).ok()??.body.kind()));
    let is_sealed =
        leaf.zip(kind).is_some_and(|(leaf, kind)| sealed_members(kind).iter().any(|of| leaf.get(of).is_some()));
    if is_sealed { Ok(()) } else { Err(ChangeError::NothingSealed(entry)) }
}

/// What is sealed in a leaf, by the name of the member.
async fn opened(gateway: &Arc<Gateway>, entry: u64) -> Result<BTreeMap<String, Value>, ChangeError> {
    let shared = Arc::clone(gateway);
    let opened = tokio::task::spawn_blocking(move || open(&shared, entry)).await.ok().flatten();
    opened.filter(|opened| !opened.is_empty()).ok_or(ChangeError::NothingSealed(entry))
}

/// Blocks. Nothing where a sealed member does not open.
fn open(gateway: &Gateway, entry: u64) -> Option<BTreeMap<String, Value>> {
    let bytes = leaf_at(&gateway.log_folder(), entry).ok()?;
    let parsed = credit_audit::leaf::parse(&bytes).ok()??;
    let (id, kind) = (parsed.head.id, parsed.body.kind());
    let leaf: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |name: &str| leaf.get(name).and_then(Value::as_str);
    let decoded =
        |name: &str| serde_json::from_value::<credit_audit::leaf::Base64<Vec<u8>>>(leaf.get(name)?.clone()).ok();
    let mut all = BTreeMap::new();
    for name in sealed_members(kind) {
        let Some(bytes) = decoded(name) else { continue };
        let key = KeyId::parse(text("key")?).ok()?;
        let (commit, sealed, of) = match decoded("commit") {
            Some(commit) => (commit.0, bytes.0, id.to_string()),
            None => {
                let (commit, sealed) = bytes.0.split_at_checked(32)?;
                (commit.to_vec(), sealed.to_vec(), format!("{id}/{name}"))
            }
        };
        let commit: [u8; 32] = commit.try_into().ok()?;
        let origin = &gateway.settings.log.origin;
        let secret = gateway.keys.with(|ring| ring.unseal(&key, origin, &of, &sealed, &commit)).ok()?;
        let plain: Value = secret.disclose(|plain| serde_json::from_slice(plain).ok())?;
        all.insert((*name).to_owned(), plain);
    }
    Some(all)
}
