//! The only caller of the stores: asks for the classes, lists and fields of the permit, and no more.

use std::sync::Arc;

use credit_policy::Code;

use super::admit::Admitted;
use crate::{
    gateway::Gateway,
    journey::refusal::Refusal,
    stores::{StoreError, StoreFault, all::Found, http::gateway::Refused},
};

/// PROOF: what the stores returned, for one admitted look-up.
#[must_use]
pub struct Fetched<'e> {
    admitted: Admitted<'e>,
    found: Found,
}

impl<'e> Fetched<'e> {
    pub(super) fn into_parts(self) -> (Admitted<'e>, Found) {
        (self.admitted, self.found)
    }
}

/// Looks up. The deadline is awaited in here: no proof is ever left in a branch that loses a race.
///
/// # Errors
/// `store-failed`, `store-timeout`; and the code of another gateway that refused, where the institution can act upon it.
pub async fn fetch<'e>(gateway: &Gateway, admitted: Admitted<'e>) -> Result<Fetched<'e>, Refusal> {
    let person = Arc::clone(admitted.person());
    let end = gateway.stores.have_gateway().then(|| admitted.end_query(&gateway.settings.log.origin)).flatten();
    match gateway.look_up(admitted.reservation(), person, admitted.permit(), end.as_ref()).await {
        Ok(found) => match gateway.catalogue.outside_domain(&found.history) {
            None => Ok(Fetched { admitted, found }),
            Some(class) => {
                gateway.metrics.outside_domain(class);
                let fault = StoreError::Failed(StoreFault::Domain(class.clone()));
                Err(Refusal::because(Code::StoreFailed, fault))
            }
        },
        Err(error @ StoreError::Timeout) => Err(Refusal::because(Code::StoreTimeout, error)),
        Err(StoreError::Failed(fault @ StoreFault::Refused(refused))) => {
            let Refused { code, retry_after_s, limit, bound } = refused;
            Err(Refusal { retry_after_s, limit, bound, ..Refusal::because(code, fault) })
        }
        Err(error @ StoreError::Failed(_)) => Err(Refusal::because(Code::StoreFailed, error)),
    }
}
