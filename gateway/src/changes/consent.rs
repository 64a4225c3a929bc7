//! A consent withdrawn by an administrator, on behalf of the authority that issued it. What is withdrawn already stays so,
//! without a second leaf.

use std::{collections::HashSet, sync::Arc};

use credit_audit::{
    leaf::{Act, Actor, Revocation},
    log::Durable,
};
use credit_policy::consent::TokenId;

use super::{
    account::Account,
    error::ChangeError,
    request::{LeafMade, Made},
};
use crate::{
    gateway::Gateway,
    recorder::{InForceOnly, NotRecorded, Order},
    state::consent_key,
};

pub(super) async fn revoke(
    gateway: &Arc<Gateway>,
    iss: String,
    jti: String,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    let jti = TokenId::parse(&jti).ok_or(ChangeError::TokenId)?;
    if !gateway.issuers.names().any(|known| known == iss) {
        return Err(ChangeError::Issuer { iss, known: gateway.issuers.names().map(str::to_owned).collect() });
    }
    let durable = withdraw(gateway, iss, &jti, account.actor(), off_record).await?;
    let leaf = durable.map_or(LeafMade::Already(true), |durable| LeafMade::Index(durable.index));
    Ok(Made::Revoked { leaf, jti: jti.as_str().to_owned() })
}

/// Withdraws a consent for whoever may. Nothing where it was withdrawn already.
pub(super) async fn withdraw(
    gateway: &Arc<Gateway>,
    iss: String,
    jti: &TokenId,
    actor: Actor,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Option<Durable>, ChangeError> {
    let key = consent_key(&iss, jti.as_str());
    let withdrawal = InForceOnly::Withdrawal(key);
    if gateway.state.is_revoked(&key) && !off_record.contains(&withdrawal) {
        return Ok(None);
    }
    let leaf = Revocation { issuer: iss, jti: jti.as_str().to_owned() };
    let entry = leaf.entry(gateway.new_id(), actor)?;
    let (state, now) = (gateway.state.clone(), gateway.clock.now());
    let recorded =
        gateway.recorder.put_in_force(Order::EffectFirst, entry, false, move || state.revoke(key, now)).await;
    let (durable, ()) = match recorded {
        Ok(recorded) => recorded,
        Err(NotRecorded::NotShared) => return Err(ChangeError::NotShared),
        Err(_) => {
            off_record.insert(withdrawal);
            return Err(ChangeError::NotOnRecord(format!("the consent `{}` is withdrawn", jti.as_str())));
        }
    };
    off_record.remove(&withdrawal);
    Ok(Some(durable))
}
