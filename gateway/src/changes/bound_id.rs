//! Who logs in by an account of an identity service that gives no citizen number: an officer binds the account to the number of
//! the person who is present, once for each, and frees it again. Both are leaves `binding`.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, Binding, BindingState, Leaf},
    log::Durable,
};
use credit_policy::{CitizenNumber, Personal};

use super::{
    binding::{Bound, LoginMember, open},
    error::ChangeError,
    sealing::{Number, Sealing},
};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::Order,
    state::{
        bound_ids::{BoundId, LoginId},
        standing::{Standing, StandingKey},
    },
};

/// What stands for an account.
pub(crate) fn key_of(standing: &Standing, id: &LoginId) -> StandingKey {
    standing.login(&id.iss, &id.sub)
}

/// Binds the account that waits under `code` to this person: from then on who logs in by it is the person.
///
/// # Errors
/// [`ChangeError::UnknownCode`]; [`ChangeError::Bound`] where the account or the person is bound.
pub(crate) async fn bind(
    gateway: &Arc<Gateway>,
    number: &Number,
    code: &str,
    by: Actor,
) -> Result<Durable, ChangeError> {
    let (gateway, number, code) = (Arc::clone(gateway), Arc::clone(number), code.to_owned());
    let task = tokio::spawn(async move {
        let _in_a_row = gateway.changes.lock().await;
        let ids = &gateway.standing.bound_ids;
        let id = ids.waiting(&code, gateway.clock.monotonic()).ok_or(ChangeError::UnknownCode)?;
        let is_bound = ids.of_id(&key_of(&gateway.standing, &id)).is_some();
        if is_bound || ids.of_person(&gateway.standing.person(&number)).is_some() {
            return Err(ChangeError::Bound);
        }
        let durable = say(&gateway, &number, &id, by).await?;
        ids.forget(&code);
        Ok(durable)
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Says a binding.
pub(super) async fn say(
    gateway: &Gateway,
    number: &Personal<CitizenNumber>,
    id: &LoginId,
    by: Actor,
) -> Result<Durable, ChangeError> {
    let sealing = Sealing::begin(gateway, number);
    let member = sealing.member("person", |number| Bound::of_login(number, id.into()))?;
    let leaf = Binding { state: BindingState::Bound, key: sealing.key(), person: member };
    let entry = leaf.entry(sealing.id(), by)?;
    let durable = gateway.recorder.record(entry).await.map_err(ChangeError::from)?;
    let (key, person) = (key_of(&gateway.standing, id), gateway.standing.person(number));
    gateway.standing.bound_ids.bind(BoundId { id: key, person, leaf: durable.index });
    Ok(durable)
}

/// Frees the account of this person: from this call on nobody logs in by it, and its sessions end.
///
/// # Errors
/// [`ChangeError::Unbound`] where the person has none.
pub(crate) async fn unbind(gateway: &Arc<Gateway>, number: &Number, by: Actor) -> Result<Durable, ChangeError> {
    let (gateway, number) = (Arc::clone(gateway), Arc::clone(number));
    let task = tokio::spawn(async move {
        let _in_a_row = gateway.changes.lock().await;
        let person = gateway.standing.person(&number);
        let bound = gateway.standing.bound_ids.of_person(&person).ok_or(ChangeError::Unbound)?;
        let (_, id) = said(&gateway, bound.leaf).await.ok_or(ChangeError::Unsealed)?;
        let sealing = Sealing::begin(&gateway, &number);
        let member = sealing.member("person", |number| Bound::of_login(number, (&id).into()))?;
        let leaf = Binding { state: BindingState::Unbound, key: sealing.key(), person: member };
        let entry = leaf.entry(sealing.id(), by)?;
        let standing = Arc::clone(&gateway.standing);
        let effect = move || standing.bound_ids.unbind(&person);
        let ended = gateway.recorder.put_in_force(Order::EffectFirst, entry, false, effect);
        let ended = ended.await.map_err(|why| ChangeError::of_in_force("the account is bound to nobody", why))?;
        Ok(ended.0)
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Whose number an account is bound to; nothing where it is bound to nobody, or the leaf does not open any more.
pub(crate) async fn number_of(gateway: &Gateway, id: &LoginId) -> Option<Personal<CitizenNumber>> {
    let bound = gateway.standing.bound_ids.of_id(&key_of(&gateway.standing, id))?;
    said(gateway, bound.leaf).await.map(|(number, _)| number)
}

async fn said(gateway: &Gateway, place: u64) -> Option<(Personal<CitizenNumber>, LoginId)> {
    let (origin, bytes) = gateway.leaf(place).await?;
    let leaf = credit_audit::leaf::parse(&bytes).ok()??;
    both(&gateway.keys, &origin, &leaf)
}

/// Whom a leaf binds to which account, or frees from it.
pub(super) fn both(keys: &Keyring, origin: &str, leaf: &Leaf<'_>) -> Option<(Personal<CitizenNumber>, LoginId)> {
    let (_, bound) = open(keys, origin, leaf)?;
    of_login(&bound)
}

fn of_login(bound: &Bound) -> Option<(Personal<CitizenNumber>, LoginId)> {
    let LoginMember { iss, sub } = bound.login.as_ref()?;
    let number = CitizenNumber::parse(&bound.number).ok()?;
    Some((number, LoginId { iss: iss.clone(), sub: sub.clone() }))
}

/// Takes in such a leaf. False where it is of something else.
pub(super) fn restore(standing: &Standing, keys: &Keyring, origin: &str, index: u64, leaf: &Leaf<'_>) -> bool {
    let Some((binding, bound)) = open(keys, origin, leaf) else { return false };
    let Some((number, id)) = of_login(&bound) else { return false };
    let person = standing.person(&number);
    match binding.state {
        BindingState::Bound => {
            standing.bound_ids.bind(BoundId { id: key_of(standing, &id), person, leaf: index });
        }
        BindingState::Unbound => {
            standing.bound_ids.unbind(&person);
        }
    }
    true
}
