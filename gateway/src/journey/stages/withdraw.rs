//! The withdrawal of a consent (PIPL art. 15) by the institution that acts for its issuer.

use credit_policy::{
    Code, Duty,
    consent::{ConsentId, TokenId},
};

use super::identify::Identified;
use crate::{
    callers::issuers::Issuers,
    journey::{detail::Detail, record::evidence::Evidence, refusal::Refusal},
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
/// `scenario-not-allowed` for an institution that acts for no issuer, or not for this one; `malformed-request` where it
/// acts for several and names none.
pub(crate) fn withdraw<'e>(
    issuers: &Issuers,
    identified: Identified<'e>,
    jti: TokenId,
    iss: Option<String>,
) -> Result<Withdrawal<'e>, Refusal> {
    let (who, evidence) = identified.into_parts();
    let refuse = |detail| Refusal::from(Code::ScenarioNotAllowed).with(detail);
    let institution = who.institution().ok_or_else(|| refuse(Detail::NotOfYourKind))?;
    let is_authority = institution.record.kind.duty() == Some(Duty::ConsentAuthority);
    let mut acting = issuers.of(institution.id()).filter(|_| is_authority);
    let iss = match iss {
        Some(iss) => {
            let detail = if is_authority { Detail::WithdrawalOfAnotherIssuer } else { Detail::NotOfYourKind };
            acting.any(|known| known == iss).then_some(iss).ok_or_else(|| refuse(detail))?
        }
        None => {
            let only = acting.next().ok_or_else(|| refuse(Detail::NotOfYourKind))?.to_owned();
            if acting.next().is_some() {
                let refusal =
                    Refusal::because(Code::MalformedRequest, "it acts for several issuers and named no `iss`");
                return Err(refusal.with(Detail::WithdrawalIssuer));
            }
            only
        }
    };
    Ok(Withdrawal { consent: ConsentId { iss, jti }, evidence })
}
