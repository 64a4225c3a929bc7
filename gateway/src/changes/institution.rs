//! Institutions: one is registered, gets or loses a certificate, is suspended, or may ask again. What is in force and on the
//! record already is left as it is, without a second leaf.

use std::{collections::HashSet, sync::Arc};

use credit_audit::leaf::{Act, RegisterChange, Suspension};
use credit_policy::InstitutionId;

use super::{
    account::Account,
    error::ChangeError,
    request::{Fingerprint, InstitutionStatus, LeafMade, Made},
};
use crate::{
    callers::{chain::Chain, expiry, institution::InstitutionRecord, kept, thumbprint::Thumbprint},
    gateway::Gateway,
    recorder::{InForceOnly, Order},
};

pub(super) fn list(gateway: &Gateway) -> Vec<InstitutionStatus> {
    let expiries = expiry::known(&gateway.settings);
    let fingerprint = |certificate: &Thumbprint| {
        let sha256 = certificate.hex();
        Fingerprint { expires: expiries.get(&sha256).copied(), sha256 }
    };
    let all = gateway.register.all().into_iter();
    all.map(|known| InstitutionStatus {
        institution: known.record.clone(),
        suspended: known.is_suspended(),
        fingerprints: known.record.certificates.iter().map(fingerprint).collect(),
    })
    .collect()
}

/// Knows certificates, also after a restart. Where they cannot be kept, `institution list` does not know when they end, and
/// after a restart a consent for one of them is refused to the others until its holder calls.
pub(super) fn keep(gateway: &Gateway, chains: &[Chain]) {
    chains.iter().for_each(|chain| gateway.certificates.register(chain.clone()));
    if !chains.is_empty()
        && let Err(error) = kept::keep(&gateway.settings, chains)
    {
        tracing::warn!(%error, "a certificate that was registered could not be kept");
    }
}

/// The certificate may call once it is on the record.
pub(super) async fn add_certificate(
    gateway: &Arc<Gateway>,
    id: &InstitutionId,
    certificate: Thumbprint,
    account: &Account,
) -> Result<Made, ChangeError> {
    let record = gateway.register.with_one_more(id.as_str(), certificate)?;
    certify(gateway, record, Order::RecordFirst, account).await
}

/// The certificate may not call any more, then that is recorded.
pub(super) async fn remove_certificate(
    gateway: &Arc<Gateway>,
    id: &InstitutionId,
    certificate: Thumbprint,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    let removal = InForceOnly::Removal(id.clone(), certificate);
    let record = match gateway.register.without(id.as_str(), certificate) {
        // Made again, since it did not get on the record: the register is as it shall be.
        Err(_) if off_record.contains(&removal) => gateway.register.by_id(id.as_str())?.record.clone(),
        record => record?,
    };
    // The certificates before stand on the record too: one that the configuration names still stays removed by that.
    let before = gateway.register.by_id(id.as_str())?.record.leaf(RegisterChange::Changed);
    let before = before.entry(gateway.new_id(), account.actor())?;
    gateway.recorder.record(before).await.map_err(|_| ChangeError::NotMade)?;
    let made = certify(gateway, record, Order::EffectFirst, account).await;
    match made {
        Ok(_) => off_record.remove(&removal),
        Err(ChangeError::NotOnRecord(_)) => off_record.insert(removal),
        Err(_) => false,
    };
    made
}

async fn certify(
    gateway: &Arc<Gateway>,
    record: InstitutionRecord,
    order: Order,
    account: &Account,
) -> Result<Made, ChangeError> {
    let entry = record.leaf(RegisterChange::Changed).entry(gateway.new_id(), account.actor())?;
    let (shared, institution) = (Arc::clone(gateway), record.id.clone());
    let hex: Vec<_> = record.certificates.iter().map(Thumbprint::hex).collect();
    gateway.register.remember(record.certificates.iter().copied());
    let effect = move || shared.register.set_certificates(record.id.as_str(), &record.certificates);
    let recorded = gateway.recorder.put_in_force(order, entry, false, effect).await;
    let (durable, done) = recorded.map_err(|_| match order {
        Order::RecordFirst => ChangeError::NotMade,
        Order::EffectFirst => {
            ChangeError::NotOnRecord(format!("the certificate of `{}` is removed", institution.as_str()))
        }
    })?;
    done?;
    Ok(Made::Certified { index: durable.index, institution, certificates: hex })
}

pub(super) async fn add(
    gateway: &Arc<Gateway>,
    record: InstitutionRecord,
    account: &Account,
) -> Result<Made, ChangeError> {
    record.has_known_kinds(&gateway.catalogue)?;
    gateway.register.check(&record)?;
    let institution = record.id.clone();
    let entry = record.leaf(RegisterChange::Added).entry(gateway.new_id(), account.actor())?;
    // Before its leaf: no query for somebody else with one of them is answered after that.
    gateway.register.remember(record.certificates.iter().copied());
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
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    let suspension = InForceOnly::Suspension(id.clone());
    if gateway.register.by_id(id.as_str())?.is_suspended() && !off_record.contains(&suspension) {
        return Ok(Made::Suspension { leaf: LeafMade::Already(true), institution: id, suspended: true });
    }
    let made = set_suspended(gateway, id, reason, account, Order::EffectFirst).await;
    match made {
        Ok(_) => off_record.remove(&suspension),
        Err(ChangeError::NotOnRecord(_)) => off_record.insert(suspension),
        Err(_) => false,
    };
    made
}

pub(super) async fn resume(
    gateway: &Arc<Gateway>,
    id: InstitutionId,
    reason: Option<String>,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    if !gateway.register.by_id(id.as_str())?.is_suspended() {
        return Ok(Made::Suspension { leaf: LeafMade::Already(true), institution: id, suspended: false });
    }
    let suspension = InForceOnly::Suspension(id.clone());
    let made = set_suspended(gateway, id, reason, account, Order::RecordFirst).await;
    if made.is_ok() {
        off_record.remove(&suspension);
    }
    made
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
        Ok((durable, ())) => Ok(Made::Suspension { leaf: LeafMade::Index(durable.index), institution: id, suspended }),
        Err(_) if suspended => Err(ChangeError::NotOnRecord(format!("institution `{}` is suspended", id.as_str()))),
        Err(_) => Err(ChangeError::NotMade),
    }
}
