//! What two officers decide: one proposes, another approves. An approval that is none is refused, and that it was tried is on
//! the record.

use std::sync::Arc;

use credit_audit::leaf::{Act, Actor, Approval, Base64, Proposal, Read, Stop, Unseal};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    account::Account,
    by_two::{approvals, is_once, keep},
    destroyable::keys_of,
    destruction::{Destruction, Month},
    error::ChangeError,
    left::looked,
    listed::{AtHand, Emergencies, ListedProposal, Proposals},
    request::Made,
    unseal::sealed_at,
};
use crate::{
    callers::{kept, thumbprint::Thumbprint},
    gateway::Gateway,
    recorder::Order,
    rules::Differs,
    state::{
        about::About,
        approvals::{
            Approver, DESTROY, EXPORT, IN_WORDS, LOADED, NotApproved, PRUNE, Proposed, REINSTATE, RESUME, UNSEAL,
            of_destruction, of_reinstatement,
        },
    },
};

/// What two officers decide.
const ACTS: [&str; 10] =
    [LOADED[0], LOADED[1], LOADED[2], LOADED[3], RESUME, UNSEAL, DESTROY, EXPORT, PRUNE, REINSTATE];

/// So long a proposal may be approved.
const DAYS: i64 = 7;

pub(super) fn is_by_two(gateway: &Gateway) -> bool {
    approvals(gateway).is_by_two()
}

pub(super) fn list(gateway: &Gateway) -> Proposals {
    let approvals = approvals(gateway);
    let loadable = |act: &&str| Some(((*act).to_owned(), Base64(*approvals.loadable(act)?)));
    let follow = gateway.in_force.follow();
    let of = |act: &str, digest: &[u8; 32]| follow.iter().find(|follows| follows.digests.get(act) == Some(digest));
    let listed = approvals.proposals().map(|(id, proposed)| ListedProposal {
        proposal: *id,
        act: proposed.act.clone(),
        digest: Base64(proposed.digest),
        expires: proposed.expires,
        officer: proposed.officer.clone(),
        approved_by: proposed.approved_by.clone(),
        done: proposed.is_done,
        log: proposed.log.clone(),
        about: about(gateway, *id, proposed),
        differs: of(&proposed.act, &proposed.digest).and_then(|it| it.differs.get(proposed.act.as_str()).cloned()),
        holds_from: of(&proposed.act, &proposed.digest).and_then(|it| it.holds_from),
    });
    let (waiting, alone) = approvals.emergencies().count(gateway.clock.now());
    let is_proposed = |act: &str, digest: &[u8; 32]| {
        let is_open = |one: &Proposed| one.approved_by.is_some() || one.expires >= gateway.clock.now();
        approvals.proposals().any(|(_, one)| one.act == act && one.digest == *digest && is_open(one))
    };
    let at_hand = follow.iter().filter(|follows| follows.is_ready).flat_map(|follows| {
        let of = |(act, differs): (&&'static str, &Differs)| {
            let digest = *follows.digests.get(act)?;
            (!is_proposed(act, &digest)).then(|| AtHand {
                act: (*act).to_owned(),
                digest: Base64(digest),
                differs: differs.clone(),
            })
        };
        follows.differs.iter().filter_map(of).collect::<Vec<_>>()
    });
    Proposals {
        by_two: approvals.is_by_two(),
        approved: LOADED.iter().filter_map(loadable).collect(),
        proposals: listed.collect(),
        emergencies: Emergencies { waiting, alone },
        at_hand: at_hand.collect(),
    }
}

/// What a proposal is about, where that is kept or follows from its digest.
fn about(gateway: &Gateway, id: Uuid, proposed: &Proposed) -> Option<About> {
    let kept = gateway.abouts.of(id, &proposed.digest);
    kept.or_else(|| reinstated(gateway, proposed)).or_else(|| destroyed(gateway, proposed))
}

/// The month whose keys a proposal destroys: the ring has every month that it could be.
fn destroyed(gateway: &Gateway, proposed: &Proposed) -> Option<About> {
    if proposed.act != DESTROY {
        return None;
    }
    let status = gateway.keys.with(|ring| ring.status(gateway.log.accepted_now()));
    let mut months = status.iter().filter_map(|key| Month::of(&key.id));
    let month = months.find(|month| of_destruction(month.as_str()) == proposed.digest)?;
    Some(About::Destroy { month: month.as_str().to_owned() })
}

/// Whom a proposal lets act again: the register has everybody whom it could be.
fn reinstated(gateway: &Gateway, proposed: &Proposed) -> Option<About> {
    let all = gateway.register.all();
    let is_it = |id: &&str| proposed.act == REINSTATE && of_reinstatement(id) == proposed.digest;
    let institution = all.iter().map(|one| one.id()).find(is_it)?.to_owned();
    Some(About::Reinstate { institution })
}

/// As [`propose`], by a digest that the officer made.
pub(super) async fn propose_digest(
    gateway: &Arc<Gateway>,
    act: String,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let (actor, _) = officer(account)?;
    if IN_WORDS.contains(&act.as_str()) {
        return refused(gateway, "officers/proposals/none", NotApproved::InWords, actor).await;
    }
    propose(gateway, act, digest, account).await
}

/// As [`approve`], by a digest that the officer made or saw.
pub(super) async fn approve_digest(
    gateway: &Arc<Gateway>,
    proposal: Uuid,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let (actor, _) = officer(account)?;
    let is_said = approvals(gateway).act_of(proposal).is_some_and(|act| IN_WORDS.contains(&act));
    if is_said {
        return refused(gateway, &format!("officers/approvals/{proposal}"), NotApproved::InWords, actor).await;
    }
    approve(gateway, proposal, digest, account).await
}

pub(super) async fn propose(
    gateway: &Arc<Gateway>,
    act: String,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let (actor, _) = officer(account)?;
    if !ACTS.contains(&act.as_str()) {
        return Err(ChangeError::UnknownAct(ACTS.join("`, `")));
    }
    if !account.decides(&act) {
        return refused(gateway, "officers/proposals/none", NotApproved::Role, actor).await;
    }
    let expires = gateway.clock.now().saturating_add(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MAX);
    let (id, leaf) = (gateway.new_id(), Proposal { act, digest, expires });
    let entry = leaf.entry(id, actor.clone())?;
    let shared = Arc::clone(gateway);
    let effect = move || approvals(&shared).propose(id, Some(&actor), leaf);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
    let (durable, ()) = recorded.map_err(|_| ChangeError::NotMade)?;
    Ok(Made::Proposed { index: durable.index, proposal: id, expires })
}

/// As [`propose`], of what can be done: a record that has no sealed part is none to open.
pub(super) async fn propose_in_words(
    gateway: &Arc<Gateway>,
    about: About,
    account: &Account,
) -> Result<Made, ChangeError> {
    let act = match &about {
        About::Unseal { .. } => UNSEAL,
        About::Resume { .. } => RESUME,
        About::Prune { .. } => PRUNE,
        About::Reinstate { .. } => REINSTATE,
        About::Destroy { .. } => DESTROY,
    };
    // Who may not propose it hears of that first, and that it was tried is on the record.
    if account.decides(act) {
        can_be_done(gateway, &about, account).await?;
    }
    let made = propose(gateway, act.to_owned(), Base64(about.digest()), account).await?;
    if let Made::Proposed { proposal, .. } = &made {
        keep(gateway, *proposal, about).await;
    }
    Ok(made)
}

/// Also that it could be recorded then.
async fn can_be_done(gateway: &Arc<Gateway>, about: &About, account: &Account) -> Result<(), ChangeError> {
    let (id, actor) = (gateway.new_id(), account.actor());
    match about.clone() {
        About::Unseal { entry, reason } => {
            sealed_at(gateway, entry).await?;
            Unseal { entry, reason, proposal: None }.entry(id, actor)?;
        }
        About::Resume { scenario, reason } => {
            if scenario.as_deref().is_some_and(|name| gateway.catalogue().scenario(name).is_none()) {
                return Err(ChangeError::UnknownScenario);
            }
            Stop { scenario, stopped: false, reason: Some(reason) }.entry(id, actor)?;
        }
        About::Prune { until } => drop(looked(gateway, until).await?),
        About::Destroy { month } => {
            let month = Month::parse(&month).ok_or(ChangeError::NothingToDestroy)?;
            keys_of(gateway, &Destruction::Month(month))?;
        }
        About::Reinstate { institution } => {
            if !gateway.register.by_id(&institution)?.is_suspended() {
                return Err(ChangeError::NotSuspended);
            }
        }
    }
    Ok(())
}

pub(super) async fn approve(
    gateway: &Arc<Gateway>,
    proposal: Uuid,
    digest: Base64<[u8; 32]>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let (actor, certificate) = officer(account)?;
    let name = match &actor {
        Actor::Officer { officer, .. } => officer.as_str(),
        Actor::Institution { .. } | Actor::Account(_) | Actor::Person(_) | Actor::System(_) => "",
    };
    let key_of = |certificate: &str| {
        Thumbprint::parse(certificate).and_then(|certificate| kept::public_key(&gateway.settings, certificate))
    };
    let own = key_of(&certificate);
    let has_key_of = |other: &str| own.is_none() || key_of(other).is_none_or(|other| Some(other) == own);
    let approver = Approver { officer: name, has_key_of: &has_key_of };
    let fault = {
        let approvals = approvals(gateway);
        let is_theirs = approvals.act_of(proposal).is_none_or(|act| account.decides(act));
        let fault = approvals.fault(proposal, &digest.0, &approver, gateway.clock.now());
        if is_theirs { fault } else { Some(NotApproved::Role) }
    };
    let fault = match fault {
        None if !is_once(gateway, "approve", proposal).await? => Some(NotApproved::Again),
        fault => fault,
    };
    if let Some(fault) = fault {
        return refused(gateway, &format!("officers/approvals/{proposal}"), fault, actor).await;
    }
    let leaf = Approval { proposal, digest };
    let entry = leaf.entry(gateway.new_id(), actor.clone())?;
    let (shared, now) = (Arc::clone(gateway), gateway.clock.now());
    let effect = move || approvals(&shared).approve(Some(&actor), &leaf, now);
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await;
    let (durable, ()) = recorded.map_err(|_| ChangeError::NotMade)?;
    Ok(Made::Approved { index: durable.index, proposal })
}

/// Puts on the record that it was tried.
async fn refused(gateway: &Gateway, of: &str, fault: NotApproved, actor: Actor) -> Result<Made, ChangeError> {
    let path = format!("{of}/refused/{}", fault.as_str());
    let entry = Read { path }.entry(gateway.new_id(), actor)?;
    gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Err(fault.into())
}

/// Only an officer proposes and approves, by certificate: never an account of this machine.
fn officer(account: &Account) -> Result<(Actor, String), ChangeError> {
    match account.actor() {
        Actor::Officer { officer, certificate } => {
            let named = certificate.clone();
            Ok((Actor::Officer { officer, certificate }, named))
        }
        Actor::Institution { .. } | Actor::Account(_) | Actor::Person(_) | Actor::System(_) => {
            Err(ChangeError::OfficersOnly)
        }
    }
}
