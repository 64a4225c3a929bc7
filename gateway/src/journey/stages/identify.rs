//! Who asks: a verified certificate → an institution of the register, active now, within its coarse rate.

use std::sync::Arc;

use credit_policy::Code;

use crate::{
    callers::{
        limits::{Pace, Reached},
        register::Institution,
        thumbprint::Thumbprint,
    },
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal},
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

/// A request that is within its institution's rate, or so little over it that its refusal is recorded.
#[must_use]
pub struct Paced {
    over: Option<Reached>,
}

/// Takes the request from the institution's rate, before a byte of the body is read. Nothing for a flood: the refusals of
/// a suspended institution count too, so that it cannot fill the log either.
#[must_use]
pub fn pace(institution: &Institution) -> Option<Paced> {
    match institution.rates.take() {
        Pace::Within => Some(Paced { over: None }),
        Pace::Over(reached) => Some(Paced { over: Some(reached) }),
        Pace::Flood => None,
    }
}

/// Holds certificate, suspension and coarse rate.
///
/// # Errors
/// `certificate-unknown`, `institution-suspended`, `rate-limited`.
pub fn identify(paced: Paced, draft: &mut Draft) -> Result<Identified, Refusal> {
    if !draft.is_trusted() {
        return Err(Refusal::because(Code::CertificateUnknown, REVOKED));
    }
    if draft.institution.is_suspended() {
        draft.facts.suspended = true;
        return Err(Code::InstitutionSuspended.into());
    }
    match paced.over {
        Some(reached) => Err(Refusal::limited(Code::RateLimited, reached)),
        None => Ok(Identified { _proof: () }),
    }
}
