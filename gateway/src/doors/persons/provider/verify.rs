//! Who an ID token is of, and that it is of this login: signature, issuer, audience, authorised party, times, nonce,
//! strength and access token (OpenID Connect Core 1.0 §3.1.3.7); then the citizen number from the userinfo (§5.3.2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use credit_policy::{CitizenNumber, Personal};
use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AsyncHttpClient, ClaimsVerificationError, Nonce, OAuth2TokenResponse,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{CoreGenderClaim, CoreJwsSigningAlgorithm as Algorithm, CoreTokenResponse},
};
use serde::{Deserialize, Serialize};

use super::published::OpenId;
use crate::{doors::persons::fault::LoginFault, settings::Persons};

/// Signatures that are taken: none with a shared secret, and none that is missing.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// So old may a token be when it comes, and so far ahead may the service's clock be.
const OLDEST: SignedDuration = SignedDuration::from_secs(300);
const AHEAD: SignedDuration = SignedDuration::from_secs(30);

/// What a token is compared with.
pub(super) struct Check<'a> {
    pub(super) settings: &'a Persons,
    pub(super) nonce: &'a Nonce,
    pub(super) now: Timestamp,
}

impl Check<'_> {
    /// The subject of the ID token.
    ///
    /// # Errors
    /// [`LoginFault`]; [`LoginFault::Signature`] where no key of the service fits.
    pub(super) fn subject(
        &self,
        openid: &OpenId,
        redeemed: &CoreTokenResponse,
    ) -> Result<SubjectIdentifier, LoginFault> {
        let token = redeemed.id_token().ok_or(LoginFault::NoToken)?;
        let now = self.now;
        let verifier = openid
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || instant(now))
            .set_issue_time_verifier_fn(move |issued| is_recent(issued, now))
            .set_auth_context_verifier_fn(|acr| {
                let wanted = &self.settings.acr;
                let is_met = wanted.is_empty() || acr.is_some_and(|acr| wanted.contains(&**acr));
                if is_met { Ok(()) } else { Err(String::new()) }
            });
        let claims = token.claims(&verifier, self.nonce).map_err(|error| fault(&error))?;
        if claims.authorized_party().is_some_and(|party| **party != self.settings.client_id) {
            return Err(LoginFault::Party);
        }
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|_| LoginFault::Signature)?;
            let key = token.signing_key(&verifier).map_err(|_| LoginFault::Signature)?;
            let made = AccessTokenHash::from_token(redeemed.access_token(), algorithm, key);
            if made.ok().as_ref() != Some(expected) {
                return Err(LoginFault::AccessToken);
            }
        }
        Ok(claims.subject().clone())
    }
}

fn instant(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(at.as_second(), 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn is_recent(issued: DateTime<Utc>, now: Timestamp) -> Result<(), String> {
    let age = now.as_second().saturating_sub(issued.timestamp());
    let is_recent = (-AHEAD.as_secs()..=OLDEST.as_secs()).contains(&age);
    if is_recent { Ok(()) } else { Err(String::new()) }
}

/// Which check failed; the verifier's own words may name subject, nonce and audience, and are dropped.
fn fault(error: &ClaimsVerificationError) -> LoginFault {
    match error {
        ClaimsVerificationError::Expired(_) | ClaimsVerificationError::InvalidAuthTime(_) => LoginFault::Time,
        ClaimsVerificationError::InvalidAudience(_)
        | ClaimsVerificationError::InvalidIssuer(_)
        | ClaimsVerificationError::InvalidSubject(_) => LoginFault::Party,
        ClaimsVerificationError::InvalidNonce(_) => LoginFault::Nonce,
        ClaimsVerificationError::InvalidAuthContext(_) => LoginFault::Strength,
        // It is marked as one that may grow.
        _ => LoginFault::Signature,
    }
}

/// The claims that are not the specification's own.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Others {
    #[serde(flatten)]
    all: BTreeMap<String, serde_json::Value>,
}

impl AdditionalClaims for Others {}

/// The citizen number that the userinfo of this subject has.
///
/// # Errors
/// [`LoginFault::Userinfo`], [`LoginFault::Number`].
pub(super) async fn number<'c, C: AsyncHttpClient<'c>>(
    openid: &'c OpenId,
    redeemed: &CoreTokenResponse,
    subject: SubjectIdentifier,
    claim: &str,
    http: &'c C,
) -> Result<Personal<CitizenNumber>, LoginFault> {
    let request = openid.user_info(redeemed.access_token().clone(), Some(subject));
    let request = request.map_err(|_| LoginFault::Userinfo)?;
    let read = request.request_async::<Others, C, CoreGenderClaim>(http).await;
    let claims: UserInfoClaims<Others, CoreGenderClaim> = read.map_err(|_| LoginFault::Userinfo)?;
    let value = claims.additional_claims().all.get(claim).and_then(serde_json::Value::as_str);
    value.and_then(|number| CitizenNumber::parse(number).ok()).ok_or(LoginFault::Number)
}
