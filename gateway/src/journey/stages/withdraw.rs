//! The withdrawal of a consent (PIPL art. 15) by the institution that acts for its issuer.

use credit_policy::{
    Code, InstitutionKind,
    consent::{ConsentId, TokenId},
};

use super::identify::Identified;
use crate::{
    callers::issuers::Issuers,
    journey::{record::evidence::Evidence, refusal::Refusal},
};

/// PROOF: the institution may withdraw this consent.
#[must_use]
pub(crate) struct Withdrawal<'e> {
    consent: ConsentId,
    evidence: &'e mut Evidence,
}

impl<'e> Withdrawal<'e> {
    pub(in crate::journey) fn into_parts(self) -> (ConsentId, &'e mut Evidence) {
        (self.consent, self.evidence)
    }
}

/// Authorises a withdrawal. Whether the token was ever seen here makes no difference.
///
/// # Errors
/// `scenario-not-allowed` for an institution that acts for no issuer.
pub(crate) fn withdraw<'e>(
    issuers: &Issuers,
    identified: Identified<'e>,
    jti: TokenId,
) -> Result<Withdrawal<'e>, Refusal> {
    let (institution, evidence) = identified.into_parts();
    let is_authority = institution.record.kind == InstitutionKind::ConsentAuthority;
    let issuer = issuers.of(institution.id()).next().filter(|_| is_authority);
    let iss = issuer.ok_or(Code::ScenarioNotAllowed)?.to_owned();
    Ok(Withdrawal { consent: ConsentId { iss, jti }, evidence })
}
