//! Institutions: one is registered, suspended, or may ask again.

use std::sync::Arc;

use credit_audit::leaf::{Act, RegisterChange, Suspension};
use credit_policy::InstitutionId;

use super::{
    account::Account,
    error::ChangeError,
    request::{InstitutionStatus, Made},
};
use crate::{callers::institution::InstitutionRecord, gateway::Gateway, recorder::Order};

pub(super) fn list(gateway: &Gateway) -> Vec<InstitutionStatus> {
    let all = gateway.register.all().into_iter();
    all.map(|known| InstitutionStatus { institution: known.record.clone(), suspended: known.is_suspended() }).collect()
}

pub(super) async fn add(
    gateway: &Arc<Gateway>,
    record: InstitutionRecord,
    account: &Account,
) -> Result<Made, ChangeError> {
    gateway.register.check(&record)?;
    let institution = record.id.clone();
    let entry = record.leaf(RegisterChange::Added).entry(gateway.new_id(), account.actor())?;
    let shared = Arc::clone(gateway);
    let register = move || shared.register.add(&record);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, register).await;
    let (durable, registered) = recorded.map_err(|_| ChangeError::NotMade)?;
    registered?;
    Ok(Made::Registered { index: durable.index, institution })
}

pub(super) async fn suspend(
    gateway: &Arc<Gateway>,
    id: InstitutionId,
    reason: Option<String>,
    account: &Account,
) -> Result<Made, ChangeError> {
    set_suspended(gateway, id, reason, account, Order::EffectFirst).await
}

pub(super) async fn resume(
    gateway: &Arc<Gateway>,
    id: InstitutionId,
    reason: Option<String>,
    account: &Account,
) -> Result<Made, ChangeError> {
    set_suspended(gateway, id, reason, account, Order::RecordFirst).await
}

/// A suspension comes into force before its leaf, a resumption after it.
async fn set_suspended(
    gateway: &Arc<Gateway>,
    id: InstitutionId,
    reason: Option<String>,
    account: &Account,
    order: Order,
) -> Result<Made, ChangeError> {
    let institution = gateway.register.by_id(id.as_str())?;
    let suspended = order == Order::EffectFirst;
    let leaf = Suspension { institution: id.as_str().to_owned(), operator: None, scenario: None, suspended, reason };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let shared = Arc::clone(gateway);
    let effect = move || shared.register.set_suspended(&institution, suspended);
    match gateway.recorder.put_in_force(order, entry, false, effect).await {
        Ok((durable, ())) => Ok(Made::Suspension { index: durable.index, institution: id, suspended }),
        Err(_) if suspended => Err(ChangeError::NotOnRecord(format!("institution `{}` is suspended", id.as_str()))),
        Err(_) => Err(ChangeError::NotMade),
    }
}
