//! What needs two officers is done here by one of them once both stand behind it; or, in an emergency, by one alone, and then
//! another has an hour to approve it. A try that is refused is on the record.

use std::sync::{Arc, MutexGuard, PoisonError};

use credit_audit::leaf::{Act, Actor, Base64, Proposal, Read};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{account::Account, error::ChangeError};
use crate::{
    gateway::Gateway,
    recorder::Order,
    state::{
        about::About,
        approvals::{Approvals, Digest, NotApproved, once_key},
        emergencies::WITHIN,
    },
};

/// By what an officer does something that needs two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Warrant {
    /// The proposal that another officer approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proposal: Option<Uuid>,
    /// Alone, in an emergency.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) emergency: bool,
}

/// Lets an officer do what the digest says. In an emergency the proposal that another officer has an hour to approve is on the
/// record then, and is given.
///
/// # Errors
/// What is missing; that it was tried is on the record.
pub(super) async fn permit(
    gateway: &Arc<Gateway>,
    (act, digest): (&str, Digest),
    warrant: Warrant,
    account: &Account,
) -> Result<Option<Uuid>, ChangeError> {
    let actor = account.actor();
    let Actor::Officer { officer, .. } = &actor else { return Err(ChangeError::OfficersDo) };
    let now = gateway.clock.now();
    let fault = match account.decides(act) {
        true => fault(&approvals(gateway), (act, &digest), warrant, officer, now),
        false => Some(NotApproved::Role),
    };
    if let Some(fault) = fault {
        let by = warrant.proposal.map_or_else(|| "none".to_owned(), |proposal| proposal.to_string());
        return refuse(gateway, &format!("officers/{act}/{by}"), fault, account).await.map(|()| None);
    }
    match warrant.emergency {
        true => propose_at_once(gateway, act, digest, actor, now).await.map(Some),
        false => Ok(None),
    }
}

/// Takes upon this gateway what is done once by all of them, so that no other one does it at the same time: false where another one
/// has.
///
/// # Errors
/// Where that cannot be told.
pub(super) async fn is_once(gateway: &Gateway, what: &str, proposal: Uuid) -> Result<bool, ChangeError> {
    match &gateway.cluster {
        Some(cluster) => cluster.once(once_key(what, proposal)).await.ok_or(ChangeError::NotMade),
        None => Ok(true),
    }
}

/// As [`is_once`], of an act by a proposal: it is done then.
///
/// # Errors
/// Where another gateway has done it, and then that it was tried is on the record; or that cannot be told.
pub(super) async fn once(
    gateway: &Gateway,
    act: &str,
    proposal: Option<Uuid>,
    account: &Account,
) -> Result<(), ChangeError> {
    match proposal {
        Some(proposal) if !is_once(gateway, act, proposal).await? => {
            refuse(gateway, &format!("officers/{act}/{proposal}"), NotApproved::Done, account).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Puts on the record that it was tried, and says why it is refused.
pub(super) async fn refuse(
    gateway: &Gateway,
    of: &str,
    fault: NotApproved,
    account: &Account,
) -> Result<(), ChangeError> {
    let path = format!("{of}/refused/{}", fault.as_str());
    let entry = Read { path }.entry(gateway.new_id(), account.actor())?;
    gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Err(fault.into())
}

/// Puts on the record that an officer tried what the role does not do.
///
/// # Errors
/// When it is not on the record.
pub(crate) async fn refused_by_role(gateway: &Gateway, what: &str, account: &Account) -> Result<(), ChangeError> {
    let path = format!("officers/{what}/none/refused/{}", NotApproved::Role.as_str());
    let entry = Read { path }.entry(gateway.new_id(), account.actor())?;
    gateway.recorder.record(entry).await.map(drop).map_err(|_| ChangeError::NotMade)
}

fn fault(
    approvals: &Approvals,
    of: (&str, &Digest),
    warrant: Warrant,
    officer: &str,
    now: Timestamp,
) -> Option<NotApproved> {
    match warrant {
        _ if !approvals.is_by_two() => Some(NotApproved::NoTwo),
        Warrant { proposal: Some(_), emergency: true } | Warrant { proposal: None, emergency: false } => {
            Some(NotApproved::Alone)
        }
        Warrant { proposal: Some(proposal), emergency: false } => approvals.fault_of_doing(of, proposal, officer, now),
        Warrant { proposal: None, emergency: true } => approvals.emergencies().fault(officer, now),
    }
}

/// If we crash after it, a proposal is left that nobody needs to approve.
async fn propose_at_once(
    gateway: &Arc<Gateway>,
    act: &str,
    digest: Digest,
    actor: Actor,
    now: Timestamp,
) -> Result<Uuid, ChangeError> {
    let expires = now.saturating_add(WITHIN).unwrap_or(Timestamp::MAX);
    let (id, leaf) = (gateway.new_id(), Proposal { act: act.to_owned(), digest: Base64(digest), expires });
    let entry = leaf.entry(id, actor.clone())?;
    let shared = Arc::clone(gateway);
    let effect = move || approvals(&shared).propose(id, Some(&actor), leaf);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
    recorded.map(|_| id).map_err(|_| ChangeError::NotMade)
}

/// Keeps what is proposed. It is proposed all the same where that fails: officers then say by command what they approve.
pub(super) async fn keep(gateway: &Arc<Gateway>, proposal: Uuid, about: About) {
    let shared = Arc::clone(gateway);
    let kept = tokio::task::spawn_blocking(move || shared.abouts.put(proposal, about)).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, "what was proposed is known until this process ends: its words cannot be kept");
    }
}

/// What two officers decided. For a moment: nothing waits while it has them.
pub(super) fn approvals(gateway: &Gateway) -> MutexGuard<'_, Approvals> {
    gateway.approvals.lock().unwrap_or_else(PoisonError::into_inner)
}
