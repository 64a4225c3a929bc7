//! Who logs in by an account of an identity service that gives no citizen number: an officer binds the account to the number of
//! the person who is present, once for each, and frees it again. Both are leaves `binding`.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, Binding, BindingState, Leaf},
    log::Durable,
};
use credit_keys::StateKey;
use credit_policy::{CitizenNumber, Personal};
use zeroize::Zeroizing;

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
        Key,
        bound_ids::{BoundId, LoginId},
        standing::{Standing, StandingKey},
        visits::{Said, Step, Unreached, Word, keyed},
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
        // Of two officers who say it at once, at whichever gateways, one has it.
        let id = taken(&gateway, &code).await?.ok_or(ChangeError::UnknownCode)?;
        let bound = bind_to(&gateway, &number, &id, by).await;
        if bound.is_err() {
            // Nothing came of it, so the person may be told so and the officer try again. Where it cannot be kept, the person logs in again.
            let _kept = wait(&gateway, &code, &id).await;
        }
        bound
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

async fn bind_to(gateway: &Gateway, number: &Number, id: &LoginId, by: Actor) -> Result<Durable, ChangeError> {
    let ids = &gateway.standing.bound_ids;
    let is_bound = ids.of_id(&key_of(&gateway.standing, id)).is_some();
    if is_bound || ids.of_person(&gateway.standing.person(number)).is_some() {
        return Err(ChangeError::Bound);
    }
    say(gateway, number, id, by).await
}

/// What the content of a code is sealed as.
const CODE: &str = "code";

/// An account logged in that is bound to nobody: `code` stands for it, at whichever gateway. A code that it was given before is over.
///
/// # Errors
/// Where it cannot be kept.
pub(crate) async fn wait(gateway: &Gateway, code: &str, id: &LoginId) -> Result<(), Unreached> {
    let key = gateway.visits_key();
    let content = Zeroizing::new(serde_json::to_vec(&(&id.iss, &id.sub)).unwrap_or_default());
    let sealed = key.seal((CODE, code.as_bytes()), &content, &gateway.entropy).map_err(|_| Unreached)?;
    let Some(written) = coded(&key, code).into_iter().next() else { return Err(Unreached) };
    let instead = keyed(key.digest("credit/code-account", &[id.iss.as_bytes(), id.sub.as_bytes()]));
    let step = Step::Keep { word: Word::Code, key: written, proof: NO_PROOF, instead, sealed };
    gateway.visits.make(step).await.map(drop)
}

/// Whoever says a code has it.
const NO_PROOF: Key = [0; 16];

/// So short a word could be found again from what stands for it, if that were not keyed.
fn coded(key: &StateKey, code: &str) -> Vec<Key> {
    keyed(key.digest("credit/code", &[code.as_bytes()]))
}

/// The account that waits under a code, which is used then.
async fn taken(gateway: &Gateway, code: &str) -> Result<Option<LoginId>, ChangeError> {
    let key = gateway.visits_key();
    let step = Step::Take { word: Word::Code, keys: coded(&key, code), proof: NO_PROOF };
    let said = gateway.visits.make(step).await.map_err(|Unreached| ChangeError::Unreached)?;
    let Said::Taken(sealed) = said else { return Ok(None) };
    let Some(content) = key.open((CODE, code.as_bytes()), &sealed) else { return Ok(None) };
    let id: Option<(String, String)> = serde_json::from_slice(&content).ok();
    Ok(id.map(|(iss, sub)| LoginId { iss, sub }))
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
