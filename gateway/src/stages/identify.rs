//! Who asks: a verified certificate → an institution of the register, active now, within its coarse rate.

use std::sync::Arc;

use credit_policy::Code;
use governor::clock::{Clock, DefaultClock};

use crate::{
    draft::Draft,
    gateway::Gateway,
    refusal::Refusal,
    register::{Institution, Thumbprint},
};

/// PROOF: the caller's certificate is that of an institution that is registered, not suspended, and within its rate.
#[must_use]
pub struct Identified {
    _proof: (),
}

/// Looks the certificate up. TLS verified it when the connection was made; whether it still counts is asked now, since
/// connections live long.
#[must_use]
pub fn caller(gateway: &Gateway, thumbprint: Thumbprint) -> Option<Arc<Institution>> {
    gateway.register.by_certificate(thumbprint)
}

/// For the operator, who alone is told that it is not the register.
pub(super) const REVOKED: &str = "the certificate was revoked, or ended, while its connection was open";

/// Holds certificate, suspension and coarse rate, before a byte of the body is read.
///
/// # Errors
/// `certificate-unknown`, `institution-suspended`, `rate-limited`.
pub fn identify(draft: &mut Draft) -> Result<Identified, Refusal> {
    if !draft.standing.holds() {
        return Err(Refusal::because(Code::CertificateUnknown, REVOKED));
    }
    let institution = &draft.institution;
    if institution.is_suspended() {
        draft.facts.suspended = true;
        return Err(Code::InstitutionSuspended.into());
    }
    if let Err(not_until) = institution.rate.check() {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        return Err(Refusal::limited(Code::RateLimited, institution.particulars.burst, wait.as_secs() + 1));
    }
    Ok(Identified { _proof: () })
}
