//! The only caller of the stores: asks for the classes, lists and fields of the permit, and no more; or, by a route, for the
//! one answer that its interface gives.

use std::sync::Arc;

use credit_policy::Code;

use super::admit::Admitted;
use crate::{
    gateway::Gateway,
    journey::refusal::Refusal,
    rules::Reports,
    stores::{StoreError, StoreFault, all::Found, http::gateway::Refused, together::Seat},
};

/// PROOF: what the stores returned, for one admitted look-up.
#[must_use]
pub struct Fetched<'e> {
    admitted: Admitted<'e>,
    brought: Brought,
}

/// What the stores returned.
pub(super) enum Brought {
    /// What they have of the permit's classes, lists and fields.
    Found(Found),
    /// The own answers of the store of a route.
    Report(Reports),
}

impl<'e> Fetched<'e> {
    pub(super) fn into_parts(self) -> (Admitted<'e>, Brought) {
        (self.admitted, self.brought)
    }
}

/// Looks up, together with others where it has a seat among them. The deadline is awaited in here: no proof is ever left in a branch that loses a race.
///
/// # Errors
/// `store-failed`, `store-timeout`; and the code of another gateway that refused, where the institution can act upon it.
pub async fn fetch<'e>(gateway: &Gateway, admitted: Admitted<'e>, seat: Option<Seat>) -> Result<Fetched<'e>, Refusal> {
    let (person, rules) = (Arc::clone(admitted.person()), Arc::clone(admitted.rules()));
    if let Some(route) = admitted.route() {
        let reports = Box::pin(rules.pass(admitted.reservation(), &person, route)).await.map_err(failed)?;
        return Ok(Fetched { admitted, brought: Brought::Report(reports) });
    }
    let end = rules.stores.have_gateway().then(|| admitted.end_query(&gateway.settings.log.origin)).flatten();
    let (reserved, permit, on) = (admitted.reservation(), admitted.permit(), admitted.on());
    let found = rules.look_up(reserved, person, permit, on, end.as_ref(), seat).await;
    let found = found.map_err(failed)?;
    match rules.catalogue.outside_domain(&found.history) {
        None => Ok(Fetched { admitted, brought: Brought::Found(found) }),
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
        StoreError::Failed(fault @ StoreFault::Refused(refused)) => {
            let Refused { code, retry_after_s, limit, bound } = refused;
            Refusal { retry_after_s, limit, bound, ..Refusal::because(code, fault) }
        }
        StoreError::Failed(_) => Refusal::because(Code::StoreFailed, error),
    }
}
