//! A consent as a record has it: what the issuer signed, without the disclosure that names the person.

use jiff::{SignedDuration, Timestamp};

use super::claims::{Claims, Header};
use super::fault::ConsentFault;
use super::keys::IssuerKeys;
use super::terms::{AUDIENCE, ConsentId, Terms};
use super::token::decode;

/// The issuer-signed part of a consent, read again from a record. Nothing of it is proved before
/// [`RecordedConsent::verify`]; then it is what the gateway could have verified, but for the person.
#[must_use]
pub struct RecordedConsent {
    header: Header,
    signing_input: String,
    signature: Vec<u8>,
    id: ConsentId,
    issued_at: Timestamp,
    not_before: Timestamp,
    expires_at: Timestamp,
    certificate: [u8; 32],
    terms: Terms,
}

impl RecordedConsent {
    /// Reads `<header>.<payload>.<signature>`.
    ///
    /// # Errors
    ///
    /// The fault that would have made the gateway refuse it.
    pub fn parse(issuer_signed: &str) -> Result<Self, ConsentFault> {
        let (signing_input, signature) = issuer_signed.rsplit_once('.').ok_or(ConsentFault::Parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or(ConsentFault::Parts)?;
        if payload.contains('.') || issuer_signed.contains('~') {
            return Err(ConsentFault::Parts);
        }
        let header = Header::read(&decode(header)?).ok_or(ConsentFault::Header)?;
        let claims = Claims::read(&decode(payload)?)?;
        if claims.aud != AUDIENCE {
            return Err(ConsentFault::Audience);
        }
        if claims.nbf >= claims.exp {
            return Err(ConsentFault::Lifetime);
        }
        Ok(Self {
            header,
            signing_input: signing_input.to_owned(),
            signature: decode(signature)?.to_vec(),
            id: ConsentId { iss: claims.iss, jti: claims.jti },
            issued_at: claims.iat,
            not_before: claims.nbf,
            expires_at: claims.exp,
            certificate: claims.certificate,
            terms: claims.terms,
        })
    }

    /// Verifies the signature by the issuer's key.
    ///
    /// # Errors
    ///
    /// [`ConsentFault::UnknownKey`], [`ConsentFault::Algorithm`], [`ConsentFault::Signature`] or [`ConsentFault::Issuer`].
    pub fn verify(&self, keys: &IssuerKeys) -> Result<(), ConsentFault> {
        let mut signers = keys.named_by(&self.header.kid, self.header.algorithm)?;
        signers.retain(|key| key.verifies(self.signing_input.as_bytes(), &self.signature));
        if signers.is_empty() {
            return Err(ConsentFault::Signature);
        }
        let is_issuers = signers.iter().any(|key| key.iss() == self.id.iss);
        if is_issuers { Ok(()) } else { Err(ConsentFault::Issuer) }
    }

    /// Whether it was in force at some instant of `from` to `to`, as the gateway takes times: `iat` and `nbf` may lie
    /// ahead by what clocks may differ, `exp` may not be reached.
    #[must_use]
    pub fn is_in_force(&self, from: Timestamp, to: Timestamp, ahead: SignedDuration) -> bool {
        let latest = to.saturating_add(ahead).unwrap_or(Timestamp::MAX);
        self.issued_at <= latest && self.not_before <= latest && from < self.expires_at
    }

    /// What it is revoked and counted under.
    #[must_use]
    pub fn id(&self) -> &ConsentId {
        &self.id
    }

    /// By which key of its issuer it says to be signed.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// When it was issued, `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// From when on it is expired, `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The certificate for whose holder it was issued: SHA-256 of its DER form.
    #[must_use]
    pub fn certificate(&self) -> &[u8; 32] {
        &self.certificate
    }

    /// What the person agreed to.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }
}
