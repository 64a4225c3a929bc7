//! Institutions: one is registered, gets or loses a certificate, and what is listed of all of them.

use std::{collections::HashSet, sync::Arc};

use credit_audit::leaf::{Act, RegisterChange};
use credit_policy::{Duty, InstitutionId};

use super::{
    account::Account,
    error::ChangeError,
    listed::{Fingerprint, InstitutionStatus},
    request::Made,
};
use crate::{
    callers::{
        chain::Chain, expiry, institution::InstitutionRecord, kept, register::has_known_kinds, thumbprint::Thumbprint,
    },
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
        suspended_parts: known.suspensions.parts(),
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

/// Whether it acts or looks at the officers' door.
pub(super) fn is_of_officers(gateway: &Gateway, id: &InstitutionId) -> bool {
    let duty = gateway.register.by_id(id.as_str()).ok().and_then(|known| known.record.kind.duty());
    matches!(duty, Some(Duty::Officer | Duty::CreditSupervisor))
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
    has_known_kinds(&record, &gateway.catalogue())?;
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
