//! A consent withdrawn by an administrator, on behalf of the authority that issued it.

use std::sync::Arc;

use credit_audit::leaf::{Act, Revocation};
use credit_policy::consent::TokenId;

use super::{account::Account, error::ChangeError, request::Made};
use crate::{gateway::Gateway, recorder::Order, state::consent_key};

pub(super) async fn revoke(
    gateway: &Arc<Gateway>,
    iss: String,
    jti: String,
    account: &Account,
) -> Result<Made, ChangeError> {
    let jti = TokenId::parse(&jti).ok_or(ChangeError::TokenId)?;
    if !gateway.issuers.names().any(|known| known == iss) {
        return Err(ChangeError::Issuer { iss, known: gateway.issuers.names().map(str::to_owned).collect() });
    }
    let leaf = Revocation { issuer: iss.clone(), jti: jti.as_str().to_owned() };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let (state, key, now) = (gateway.state.clone(), consent_key(&iss, jti.as_str()), gateway.clock.now());
    let recorded =
        gateway.recorder.put_in_force(Order::EffectFirst, entry, false, move || state.revoke(key, now)).await;
    let unrecorded = || ChangeError::NotOnRecord(format!("the consent `{}` is withdrawn", jti.as_str()));
    let (durable, ()) = recorded.map_err(|_| unrecorded())?;
    Ok(Made::Revoked { index: durable.index, jti: jti.as_str().to_owned() })
}
