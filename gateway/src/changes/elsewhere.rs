//! What was recorded by another gateway that counts together with this one, put in force here.

use credit_audit::leaf::{Body, Leaf, parse};
use jiff::Timestamp;

use super::{by_two::approvals, standing::restore};
use crate::{
    callers::suspension::{Part, SuspendedSince},
    cluster::Act,
    gateway::Gateway,
    state::{Key, approvals::Approvals, carried::withdrawn, consent_key, open_cases::OpenCases, other_logs::place_of},
};

/// What is in force by the order of all acts alone begins anew: all of them follow, of this gateway's own log too, of which the
/// leaves below `own_until` were there at the start; or those after some that left these cases undecided, and these consents withdrawn.
pub(crate) fn begin_anew(gateway: &Gateway, own_until: u64, cases: OpenCases, revoked: Vec<(Key, Timestamp)>) {
    *gateway.open_cases() = cases;
    approvals(gateway).begin_anew(own_until);
    revoked.into_iter().for_each(|(consent, at)| gateway.state.revoke(consent, at));
}

/// Takes in an act of a log, this gateway's own too: of two that contradict each other the later one holds, wherever it was made.
/// False where its sealed part does not open.
pub(crate) fn take_in(gateway: &Gateway, act: &Act) -> bool {
    match parse(&act.leaf) {
        Ok(Some(leaf)) => {
            let is_own = act.origin == gateway.settings.log.origin;
            put_in_force(gateway, act, if is_own { act.index } else { place_of(act.seq) }, &leaf)
        }
        // A kind of a later release.
        Ok(None) => true,
        Err(_) => false,
    }
}

fn put_in_force(gateway: &Gateway, act: &Act, place: u64, leaf: &Leaf<'_>) -> bool {
    match &leaf.body {
        Body::Proposal(_) | Body::Approval(_) | Body::Read(_) | Body::Unseal(_) => {
            decided(gateway, act, leaf);
            true
        }
        Body::Suspension(said) => {
            if let Ok(institution) = gateway.register.by_id(&said.institution) {
                let part = Part::new(said.operator.as_deref(), said.scenario.as_deref());
                institution.suspensions.set(&part, said.suspended);
                institution.suspensions.said(part, SuspendedSince { at: leaf.head.at, reason: said.reason.clone() });
            }
            decided(gateway, act, leaf);
            true
        }
        Body::Stop(said) => {
            gateway.stops.set(said.scenario.as_deref(), said.stopped);
            decided(gateway, act, leaf);
            true
        }
        Body::Revocation(said) => {
            gateway.state.revoke(consent_key(&said.issuer, &said.jti), leaf.head.at);
            true
        }
        Body::Carried(said) => {
            withdrawn(said).for_each(|consent| gateway.state.revoke(consent, leaf.head.at));
            true
        }
        Body::Case(said) => {
            gateway.cases.hear(leaf.head.at);
            if let Some(institution) = leaf.head.institution {
                gateway.open_cases().apply(institution, place, said, leaf.actor.as_ref());
            }
            true
        }
        _ => restore(&gateway.standing, &gateway.keys, &act.origin, place, leaf),
    }
}

fn decided(gateway: &Gateway, act: &Act, leaf: &Leaf<'_>) {
    decided_at(&mut approvals(gateway), &gateway.settings.log.origin, act, leaf);
    gateway.compare_rules();
}

/// Takes in what officers decided at any gateway: for a start, which loads by it.
pub(crate) fn take_in_decided(approvals: &mut Approvals, own: &str, acts: &[Act]) {
    for act in acts {
        if let Ok(Some(leaf)) = parse(&act.leaf) {
            decided_at(approvals, own, act, &leaf);
        }
    }
}

fn decided_at(approvals: &mut Approvals, own: &str, act: &Act, leaf: &Leaf<'_>) {
    let log = (act.origin != own).then_some(act.origin.as_str());
    approvals.take_in(log, act.index, leaf);
}
