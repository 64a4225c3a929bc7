//! The withdrawal of a consent (PIPL art. 15): `POST /v1/revocations` by the institution that acts for its issuer.

use credit_policy::{
    Code, InstitutionKind,
    consent::{ConsentId, TokenId},
};
use serde::Deserialize;

use crate::{
    gateway::Gateway,
    journey::{
        evidence::Draft,
        refusal::Refusal,
        stages::{
            accept::{BODY_BYTES, Head, check_head, object},
            identify::Identified,
        },
    },
    transport::body::RequestBody,
};

/// The path of a withdrawal.
pub const PATH: &str = "/v1/revocations";

/// PROOF: the institution may withdraw this consent.
#[must_use]
pub struct Withdrawal {
    consent: ConsentId,
}

impl Withdrawal {
    pub(super) fn into_consent(self) -> ConsentId {
        self.consent
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    jti: String,
}

/// Parses and authorises a withdrawal. Whether the token was ever seen here makes no difference.
///
/// # Errors
/// As for a query's head and body; `scenario-not-allowed` for an institution that acts for no issuer.
pub async fn withdraw(
    gateway: &Gateway,
    _identified: Identified,
    head: Head<'_>,
    body: &mut RequestBody,
    draft: &mut Draft,
) -> Result<Withdrawal, Refusal> {
    check_head(head, PATH)?;
    let bytes = body.read(BODY_BYTES).await?;
    let wire: Wire = object(&bytes)?;
    let jti =
        TokenId::parse(&wire.jti).ok_or_else(|| Refusal::because(Code::MalformedRequest, "`jti` is no token id"))?;
    let is_authority = draft.institution.record.kind == InstitutionKind::ConsentAuthority;
    let issuer = gateway.issuers.of(draft.institution.id()).next().filter(|_| is_authority);
    let iss = issuer.ok_or(Code::ScenarioNotAllowed)?.to_owned();
    Ok(Withdrawal { consent: ConsentId { iss, jti } })
}
