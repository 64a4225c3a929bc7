//! Who asks: an institution of the register whose certificate is valid now, not suspended, and within its rate; or a person
//! who has logged in.

use credit_policy::Code;

use crate::{
    callers::suspension::Part,
    journey::{
        caller::{Caller, Who},
        record::evidence::Evidence,
        refusal::Refusal,
    },
};

/// For the operator alone; the caller is not told why its certificate is not known.
pub(in crate::journey) const REVOKED: &str =
    "the certificate was revoked, removed or ended while its connection was open";

/// PROOF: the caller is an institution that is registered, not suspended, and within its rate; or a person who has logged in.
#[must_use]
pub struct Identified<'e> {
    who: Who,
    evidence: &'e mut Evidence,
}

impl<'e> Identified<'e> {
    pub(super) fn into_parts(self) -> (Who, &'e mut Evidence) {
        (self.who, self.evidence)
    }
}

/// Checks certificate, suspension and rate.
///
/// # Errors
/// `certificate-unknown`, `institution-suspended`, `rate-limited`.
pub fn identify(caller: Caller, evidence: &mut Evidence) -> Result<Identified<'_>, Refusal> {
    let Caller { who, over } = caller;
    if let Who::Institution(institution, certificate) = &who {
        if !certificate.is_valid() || !institution.has_certificate(certificate.thumbprint()) {
            return Err(Refusal::because(Code::CertificateUnknown, REVOKED));
        }
        if institution.is_suspended() {
            evidence.suspended();
            return Err(Refusal::suspended(&Part::Whole));
        }
    }
    match over {
        Some(reached) => Err(Refusal::limited(Code::RateLimited, reached)),
        None => Ok(Identified { who, evidence }),
    }
}
