//! The only caller of the stores: asks for the classes, lists and fields of the permit, and no more.

use std::sync::Arc;

use credit_policy::{Code, History};

use super::admit::Admitted;
use crate::{
    gateway::Gateway,
    journey::refusal::Refusal,
    stores::{StoreError, StoreFault, contract::Report},
};

/// PROOF: what the stores returned, for one admitted look-up.
#[must_use]
pub struct Fetched<'e> {
    admitted: Admitted<'e>,
    found: Found,
}

/// What the stores returned.
pub(super) enum Found {
    /// What they have of the permit's classes, lists and fields.
    History(History),
    /// The own answer of the store of a route.
    Report(Report),
}

impl<'e> Fetched<'e> {
    pub(super) fn into_parts(self) -> (Admitted<'e>, Found) {
        (self.admitted, self.found)
    }
}

/// Looks up. The deadline is awaited in here: no proof is ever left in a branch that loses a race.
///
/// # Errors
/// `store-failed`, `store-timeout`.
pub async fn fetch<'e>(gateway: &Gateway, admitted: Admitted<'e>) -> Result<Fetched<'e>, Refusal> {
    let person = Arc::clone(admitted.person());
    if let Some(route) = admitted.route() {
        let report = gateway.pass(admitted.reservation(), &person, route).await.map_err(failed)?;
        return Ok(Fetched { admitted, found: Found::Report(report) });
    }
    let history = gateway.look_up(admitted.reservation(), person, admitted.permit()).await.map_err(failed)?;
    match gateway.catalogue.outside_domain(&history) {
        None => Ok(Fetched { admitted, found: Found::History(history) }),
        Some(class) => {
            gateway.metrics.outside_domain(class);
            Err(failed(StoreError::Failed(StoreFault::Domain(class.clone()))))
        }
    }
}

/// The refusal for a store that brought nothing.
pub(super) fn failed(error: StoreError) -> Refusal {
    match error {
        StoreError::Timeout => Refusal::because(Code::StoreTimeout, error),
        StoreError::Failed(_) => Refusal::because(Code::StoreFailed, error),
    }
}
