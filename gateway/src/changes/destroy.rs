//! Destruction of data keys (R18; PIPL art. 47): all of a month's, or one person's part of them, by two officers and never in an
//! emergency. What a destroyed key sealed opens never again; the leaves stay, and the log verifies as before.

use std::{collections::BTreeSet, sync::Arc};

use credit_audit::leaf::{Act, Base64, Body, KeyEvent, KeyState, parse};
use credit_keys::{KeyId, KeyStatus, KeyUse, frame::framed};
use uuid::Uuid;

use super::{
    account::Account,
    approval,
    by_two::{Warrant, approvals, permit},
    destroyable::keys_of,
    destruction::{Destruction, Month},
    error::ChangeError,
    request::Made,
    said_before::SaidBefore,
    sealing::Number,
};
use crate::{
    gateway::Gateway,
    index::IndexError,
    journey::record::case_again::say_again,
    recorder::Order,
    state::{
        about::About,
        approvals::{DESTROY, Digest, of_destruction},
        bundles,
    },
};

/// The digest of a destruction now, then those that it had under data keys before: of a person it is keyed (audit/FORMAT.md §5).
fn digests(gateway: &Gateway, destruction: &Destruction) -> Vec<Digest> {
    let month = destruction.month().map(Month::as_str).unwrap_or_default();
    let Some(number) = destruction.number() else { return vec![of_destruction(month)] };
    keyed(gateway, number, &framed("credit/destroy", &[month.as_bytes()]))
}

/// The digests of what is proposed about a person: now, then under data keys before.
pub(super) fn keyed(gateway: &Gateway, number: &Number, what: &[u8]) -> Vec<Digest> {
    let keys = gateway.current_keys();
    number.disclose(|number| {
        let now = keys.sealer.person(number.as_str()).proposal_digest(what);
        let before = keys.earlier().filter_map(|key| key.proposal_digest(what, number.as_str()));
        std::iter::once(now).chain(before).collect()
    })
}

fn digest(gateway: &Gateway, destruction: &Destruction, proposal: Option<Uuid>) -> Digest {
    of_proposal(gateway, &digests(gateway, destruction), proposal)
}

/// Of its digests that of the proposal; the present one where it is none of them.
pub(super) fn of_proposal(gateway: &Gateway, digests: &[Digest], proposal: Option<Uuid>) -> Digest {
    let proposed = proposal.and_then(|proposal| approvals(gateway).digest_of(proposal));
    let it = digests.iter().find(|digest| proposed.as_ref() == Some(digest)).or(digests.first());
    it.copied().unwrap_or_default()
}

/// Records the proposal.
pub(super) async fn propose(
    gateway: &Arc<Gateway>,
    destruction: &Destruction,
    account: &Account,
) -> Result<Made, ChangeError> {
    if let (None, Some(month)) = (destruction.number(), destruction.month()) {
        let about = About::Destroy { month: month.as_str().to_owned() };
        return approval::propose_in_words(gateway, about, account).await;
    }
    keys_of(gateway, destruction)?;
    approval::propose(gateway, DESTROY.to_owned(), Base64(digest(gateway, destruction, None)), account).await
}

/// Records the approval, if it is of the same.
pub(super) async fn approve(
    gateway: &Arc<Gateway>,
    proposal: Uuid,
    destruction: &Destruction,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = Base64(digest(gateway, destruction, Some(proposal)));
    approval::approve(gateway, proposal, digest, account).await
}

/// Says again what is in force and would be lost, records the destruction, and destroys.
pub(super) async fn destroy(
    gateway: &Arc<Gateway>,
    destruction: &Destruction,
    proposal: Option<Uuid>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let digest = digest(gateway, destruction, proposal);
    permit(gateway, (DESTROY, digest), Warrant { proposal, emergency: false }, account).await?;
    let keys = keys_of(gateway, destruction)?;
    let said_again = say_before(gateway, destruction, &keys).await?;
    let part = destruction.number().and(proposal).map(|proposal| Base64(proposal.into_bytes()));
    let mut indices = Vec::new();
    for key in &keys {
        let leaf = KeyEvent {
            key: key.id.as_str().to_owned(),
            use_: KeyUse::Data.as_str().to_owned(),
            state: KeyState::Destroyed,
            fingerprint: Some(key.fingerprint.clone()),
            activates: None,
            part,
        };
        let entry = leaf.entry(gateway.new_id(), account.actor())?;
        let (shared, id, part) = (Arc::clone(gateway), key.id.clone(), part.map(|part| part.0));
        let effect = move || {
            approvals(&shared).destroyed(id.as_str(), part);
            if part.is_none() {
                shared.keys.mark_destroyed(id);
            }
        };
        let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
        indices.push(recorded.map_err(|_| ChangeError::NotMade)?.0.index);
    }
    let (shared, number) = (Arc::clone(gateway), destruction.number().map(Arc::clone));
    let ids: Vec<_> = keys.into_iter().map(|key| key.id).collect();
    let gone = ids.clone();
    // The ring is a file: whatever asks for it may wait for a disk.
    let done = tokio::task::spawn_blocking(move || remove(&shared, &gone, number.as_ref())).await;
    done.map_err(|_| ChangeError::BrokenOff)??;
    // From here on the ring has it no more; whoever lacks it must not be given it by the shared state either.
    if let Some(cluster) = &gateway.cluster
        && !cluster.shares_keys().await
    {
        return Err(ChangeError::NotOutOfState);
    }
    Ok(Made::Destroyed { indices, keys: ids, said_again })
}

fn remove(gateway: &Gateway, keys: &[KeyId], number: Option<&Number>) -> Result<(), ChangeError> {
    let now = gateway.log.accepted_now();
    let Some(number) = number else {
        return gateway.keys.finish_destructions(now, &gateway.entropy).map_err(ChangeError::NotOutOfRing);
    };
    let removed = number.disclose(|number| gateway.keys.destroy_person(keys, number.as_str(), now, &gateway.entropy));
    removed.map_err(ChangeError::NotOutOfRing)?;
    if let Some(index) = &gateway.index {
        let person = number.disclose(|number| index.person(number.as_str()));
        index.forget(&person, keys).map_err(|error| ChangeError::Index(error.to_string()))?;
    }
    Ok(())
}

/// How many leaves said again, under the present key, what these keys seal and is in force.
async fn say_before(gateway: &Arc<Gateway>, destruction: &Destruction, keys: &[KeyStatus]) -> Result<u64, ChangeError> {
    say_again(gateway, None).await.map_err(|_| ChangeError::NotMade)?;
    let size = gateway.log.size();
    if let Some(last) = size.checked_sub(1)
        && !gateway.is_published(last).await
    {
        return Err(ChangeError::NotMade);
    }
    let keys: BTreeSet<_> = keys.iter().map(|key| key.id.as_str().to_owned()).collect();
    let (shared, number) = (Arc::clone(gateway), destruction.number().map(Arc::clone));
    let said = tokio::task::spawn_blocking(move || {
        let said = said_in(&shared, size)?;
        Ok::<_, IndexError>(match &number {
            Some(number) => number.disclose(|number| said.under(&keys, Some(number.as_str()))),
            None => said.under(&keys, None),
        })
    });
    let said = said.await.map_err(|_| ChangeError::BrokenOff)?;
    let said = said.map_err(|error| ChangeError::Index(error.to_string()))?;
    let leaves = said.len();
    said.say(gateway).await?;
    Ok(u64::try_from(leaves).unwrap_or(u64::MAX))
}

/// What persons said in this log and is in force. Blocks.
fn said_in(gateway: &Gateway, size: u64) -> Result<SaidBefore, IndexError> {
    let folder = gateway.log_folder();
    let mut leaves = Vec::new();
    let read = bundles::each(&folder, 0, size, |index, leaf| {
        let outlives =
            |body: &Body<'_>| matches!(body, Body::Block(_) | Body::Objection(_) | Body::Repair(_) | Body::Binding(_));
        if parse(leaf).ok().flatten().is_some_and(|leaf| outlives(&leaf.body)) {
            leaves.push(index);
        }
        Ok(())
    });
    read.map_err(|_| IndexError::Leaf(size))?;
    SaidBefore::read(&folder, &gateway.settings.log.origin, &leaves, &gateway.keys)
}

/// The keys that the log says are destroyed and the ring still has: the process ended in between.
pub(crate) fn unfinished<'a>(recorded: impl Iterator<Item = &'a KeyEvent>, status: &[KeyStatus]) -> Vec<KeyId> {
    let gone = recorded.filter(|event| event.state == KeyState::Destroyed && event.part.is_none());
    let in_ring = |event: &KeyEvent| status.iter().find(|key| key.id.as_str() == event.key && key.destroyed.is_none());
    gone.filter_map(|event| Some(in_ring(event)?.id.clone())).collect()
}
