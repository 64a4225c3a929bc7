//! The only caller of the stores: asks for the classes, lists and fields of the permit, and no more.

use std::sync::Arc;

use credit_policy::{Code, History, Permit};

use crate::{
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal, stages::admit::Admitted},
    state::Reservation,
    stores::StoreError,
};

/// PROOF: what the stores told, for one admitted look-up.
#[must_use]
pub struct Fetched {
    permit: Permit,
    reservation: Reservation,
    history: History,
}

impl Fetched {
    pub(super) fn into_parts(self) -> (Permit, Reservation, History) {
        (self.permit, self.reservation, self.history)
    }
}

/// Looks up. The deadline is awaited in here: no proof is ever left in a branch that loses a race.
///
/// # Errors
/// `store-failed`, `store-timeout`.
pub async fn fetch(gateway: &Gateway, admitted: Admitted, draft: &mut Draft) -> Result<Fetched, Refusal> {
    let person = draft.person.as_ref().ok_or(Code::InternalError)?;
    let plan = Arc::clone(admitted.permit().plan());
    let found = gateway.store.fetch(Arc::clone(person), plan).await;
    match found {
        Ok(history) => {
            let (permit, reservation) = admitted.into_parts();
            Ok(Fetched { permit, reservation, history })
        }
        Err(error @ StoreError::Timeout) => Err(Refusal::because(Code::StoreTimeout, error)),
        Err(error @ StoreError::Failed(_)) => Err(Refusal::because(Code::StoreFailed, error)),
    }
}
