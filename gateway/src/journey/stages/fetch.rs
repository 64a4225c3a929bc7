//! The only caller of the stores: asks for the classes, lists and fields of the permit, and no more.

use std::sync::Arc;

use credit_policy::{Code, History};

use super::admit::Admitted;
use crate::{
    gateway::Gateway,
    journey::refusal::Refusal,
    stores::{StoreError, StoreFault},
};

/// PROOF: what the stores returned, for one admitted look-up.
#[must_use]
pub struct Fetched<'e> {
    admitted: Admitted<'e>,
    history: History,
}

impl<'e> Fetched<'e> {
    pub(super) fn into_parts(self) -> (Admitted<'e>, History) {
        (self.admitted, self.history)
    }
}

/// Looks up. The deadline is awaited in here: no proof is ever left in a branch that loses a race.
///
/// # Errors
/// `store-failed`, `store-timeout`.
pub async fn fetch<'e>(gateway: &Gateway, admitted: Admitted<'e>) -> Result<Fetched<'e>, Refusal> {
    let person = Arc::clone(admitted.person());
    match gateway.look_up(admitted.reservation(), person, admitted.permit()).await {
        Ok(history) => match gateway.catalogue.outside_domain(&history) {
            None => Ok(Fetched { admitted, history }),
            Some(class) => {
                gateway.metrics.outside_domain(class);
                let fault = StoreError::Failed(StoreFault::Domain(class.clone()));
                Err(Refusal::because(Code::StoreFailed, fault))
            }
        },
        Err(error @ StoreError::Timeout) => Err(Refusal::because(Code::StoreTimeout, error)),
        Err(error @ StoreError::Failed(_)) => Err(Refusal::because(Code::StoreFailed, error)),
    }
}
