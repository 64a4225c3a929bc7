//! Evidence of a person, handed over by officers: two decide on it, once, and never in an emergency. Who it is stands in no leaf
//! but as a keyed digest.

use std::sync::Arc;

use credit_audit::leaf::{Act, Base64, Read};
use credit_keys::frame::framed;
use uuid::Uuid;

use super::{
    account::Account,
    approval,
    by_two::{Warrant, approvals, permit},
    destroy::{keyed, of_proposal},
    destruction::Whose,
    error::ChangeError,
    request::Made,
    sealing::Number,
};
use crate::{
    gateway::Gateway,
    recorder::Order,
    state::approvals::{Digest, EXPORT, done_path},
};

/// Its digest now, then those that it had under data keys before.
fn digests(gateway: &Gateway, number: &Number) -> Vec<Digest> {
    keyed(gateway, number, &framed("credit/export", &[]))
}

/// Records the proposal.
pub(super) async fn propose(
    gateway: &Arc<Gateway>,
    Whose(number): &Whose,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = Base64(of_proposal(gateway, &digests(gateway, number), None));
    approval::propose(gateway, EXPORT.to_owned(), digest, account).await
}

/// Records the approval, if it is of the same person.
pub(super) async fn approve(
    gateway: &Arc<Gateway>,
    proposal: Uuid,
    Whose(number): &Whose,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = Base64(of_proposal(gateway, &digests(gateway, number), Some(proposal)));
    approval::approve(gateway, proposal, digest, account).await
}

/// Lets it be made; and once it is made, records that it is handed over: what was approved is spent then.
pub(super) async fn export(
    gateway: &Arc<Gateway>,
    Whose(number): &Whose,
    proposal: Option<Uuid>,
    is_made: bool,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = of_proposal(gateway, &digests(gateway, number), proposal);
    permit(gateway, (EXPORT, digest), Warrant { proposal, emergency: false }, account).await?;
    let (Some(proposal), true) = (proposal, is_made) else { return Ok(Made::Exported { index: None }) };
    let path = done_path(EXPORT, proposal);
    let entry = Read { path: path.clone() }.entry(gateway.new_id(), account.actor())?;
    let (shared, actor) = (Arc::clone(gateway), account.actor());
    let effect = move || approvals(&shared).read(&path, Some(&actor));
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
    let (durable, ()) = recorded.map_err(|_| ChangeError::NotMade)?;
    Ok(Made::Exported { index: Some(durable.index) })
}
