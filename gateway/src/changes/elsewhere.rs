//! What was recorded by another gateway that counts together with this one, put in force here.

use credit_audit::leaf::{Body, Leaf};

use super::standing::restore;
use crate::{
    callers::suspension::{Part, SuspendedSince},
    gateway::Gateway,
    state::{consent_key, standing::ELSEWHERE},
};

/// Takes in an act of a log, this gateway's own too: of two that contradict each other the later one holds, wherever it was made.
/// False where its sealed part does not open.
pub(crate) fn take_in(gateway: &Gateway, origin: &str, index: u64, leaf: &Leaf<'_>) -> bool {
    match &leaf.body {
        Body::Suspension(said) => {
            if let Ok(institution) = gateway.register.by_id(&said.institution) {
                let part = Part::new(said.operator.as_deref(), said.scenario.as_deref());
                institution.suspensions.set(&part, said.suspended);
                institution.suspensions.said(part, SuspendedSince { at: leaf.head.at, reason: said.reason.clone() });
            }
            true
        }
        Body::Stop(said) => {
            gateway.stops.set(said.scenario.as_deref(), said.stopped);
            true
        }
        Body::Revocation(said) => {
            gateway.state.revoke(consent_key(&said.issuer, &said.jti), leaf.head.at);
            true
        }
        _ => {
            // An index is one of a log: what was said elsewhere has none here.
            let index = if origin == gateway.settings.log.origin { index } else { ELSEWHERE };
            restore(&gateway.standing, &gateway.keys, origin, index, leaf)
        }
    }
}
