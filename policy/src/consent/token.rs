//! The token: its parts, the steps by which it is verified, and the consent that it then is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::claims::{Claims, Header, person};
use super::fault::ConsentFault;
use super::keys::IssuerKeys;
use super::terms::{AUDIENCE, ConsentId, Terms};
use crate::names::ScenarioName;
use crate::person::CitizenNumber;
use crate::personal::Personal;

/// The longest token: what it takes of a leaf of 16 KiB leaves room for the rest.
const TOKEN_BYTES: usize = 8 * 1024;
/// The longest encoded header: it is read before the signature is checked.
const HEADER_BYTES: usize = 512;
/// The longest encoded disclosure.
const DISCLOSURE_BYTES: usize = 256;
/// How far clocks may differ.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);

/// A token of the right form, of which nothing is proved yet. It borrows the text that was presented.
#[must_use]
pub struct Unverified<'a> {
    header: Header,
    issuer_signed: &'a str,
    signing_input: &'a str,
    payload: &'a str,
    signature: &'a str,
    disclosure: &'a str,
}

impl<'a> Unverified<'a> {
    /// Parses what stands after `Bearer `: `<header>.<payload>.<signature>~<disclosure>~`. Reads the header only.
    ///
    /// # Errors
    ///
    /// [`ConsentFault::Size`], [`ConsentFault::Parts`], [`ConsentFault::Encoding`] or [`ConsentFault::Header`].
    pub fn parse(bearer: &'a str) -> Result<Self, ConsentFault> {
        refuse_if(bearer.len() > TOKEN_BYTES, ConsentFault::Size)?;
        let mut parts = bearer.split('~');
        let (Some(issuer_signed), Some(disclosure), Some(""), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ConsentFault::Parts);
        };
        let (signing_input, signature) = issuer_signed.rsplit_once('.').ok_or(ConsentFault::Parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or(ConsentFault::Parts)?;
        refuse_if(payload.contains('.'), ConsentFault::Parts)?;
        refuse_if(header.len() > HEADER_BYTES || disclosure.len() > DISCLOSURE_BYTES, ConsentFault::Size)?;
        let header = Header::read(&decode(header)?).ok_or(ConsentFault::Header)?;
        Ok(Self { header, issuer_signed, signing_input, payload, signature, disclosure })
    }

    /// Verifies it: signature, then claims, then disclosure, then times, so that nothing unsigned is believed and only
    /// a token that is whole is called expired.
    ///
    /// # Errors
    ///
    /// The first fault: one that makes it invalid, or [`ConsentFault::NotYetValid`] or [`ConsentFault::Expired`].
    pub fn verify(self, keys: &IssuerKeys, now: Timestamp) -> Result<Consent, ConsentFault> {
        let mut signers = keys.named_by(&self.header.kid, self.header.algorithm)?;
        let signature = decode(self.signature)?;
        signers.retain(|key| key.verifies(self.signing_input.as_bytes(), &signature));
        refuse_if(signers.is_empty(), ConsentFault::Signature)?;

        let claims = Claims::read(&decode(self.payload)?)?;
        refuse_if(signers.iter().all(|key| key.iss() != claims.iss), ConsentFault::Issuer)?;
        refuse_if(claims.aud != AUDIENCE, ConsentFault::Audience)?;
        refuse_if(claims.nbf >= claims.exp, ConsentFault::Lifetime)?;

        // RFC 9901 §7.1: the digest is over the disclosure as it was sent, and no digest may stand twice.
        let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, self.disclosure.as_bytes()));
        let there = claims.digests.contains(&expected);
        refuse_if(!there || has_twice([claims.digests, claims.decoys].concat()), ConsentFault::Digest)?;
        let person = person(&decode(self.disclosure)?).ok_or(ConsentFault::Disclosure)?;

        let latest = now.saturating_add(AHEAD).map_err(|_| ConsentFault::NotYetValid)?;
        refuse_if(claims.iat > latest || claims.nbf > latest, ConsentFault::NotYetValid)?;
        refuse_if(claims.exp <= now, ConsentFault::Expired)?;
        Ok(Consent {
            id: ConsentId { iss: claims.iss, jti: claims.jti },
            issued_at: claims.iat,
            expires_at: claims.exp,
            certificate: claims.certificate,
            terms: claims.terms,
            person,
            issuer_signed: self.issuer_signed.to_owned(),
        })
    }
}

/// A verified consent: signed by its issuer for this gateway, whole, and in force at the time of verification. Only
/// [`Unverified::verify`] makes one. What it permits is still to be checked.
#[must_use]
pub struct Consent {
    id: ConsentId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    certificate: [u8; 32],
    terms: Terms,
    person: Personal<CitizenNumber>,
    issuer_signed: String,
}

impl Consent {
    /// What it is revoked and counted under.
    #[must_use]
    pub fn id(&self) -> &ConsentId {
        &self.id
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

    /// The certificate for whose holder it was issued: `x5t#S256` (RFC 8705 §3.1), SHA-256 of its DER form.
    #[must_use]
    pub fn certificate(&self) -> &[u8; 32] {
        &self.certificate
    }

    /// What the person agreed to.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The person, from the disclosure.
    #[must_use]
    pub fn person(&self) -> &Personal<CitizenNumber> {
        &self.person
    }

    /// The issuer-signed JWT without disclosure, byte for byte: what stands in the leaf. It names nobody.
    #[must_use]
    pub fn issuer_signed(&self) -> &str {
        &self.issuer_signed
    }

    /// Checks that it is for this caller and this query: for one of the institution's unrevoked `certificates` (by
    /// thumbprint, SHA-256 of the DER form), for the `scenario`, and for the person whom the body repeats, if it does.
    ///
    /// # Errors
    ///
    /// The first of [`ConsentFault::WrongInstitution`], [`ConsentFault::WrongScenario`] and
    /// [`ConsentFault::WrongSubject`].
    pub fn check_presented(
        &self,
        certificates: &[[u8; 32]],
        scenario: &ScenarioName,
        subject: Option<&Personal<CitizenNumber>>,
    ) -> Result<(), ConsentFault> {
        refuse_if(!certificates.contains(&self.certificate), ConsentFault::WrongInstitution)?;
        refuse_if(self.terms.scenario != *scenario, ConsentFault::WrongScenario)?;
        let another = subject.is_some_and(|subject| {
            subject.disclose(|subject| self.person.disclose(|person| subject.as_str() != person.as_str()))
        });
        refuse_if(another, ConsentFault::WrongSubject)
    }
}

/// An error where the fault is there.
fn refuse_if(fault: bool, error: ConsentFault) -> Result<(), ConsentFault> {
    if fault { Err(error) } else { Ok(()) }
}

/// Base64url without padding; other encodings of the same bytes are refused, trailing bits too. Zeroed on drop, for it
/// may be the disclosure.
pub(super) fn decode(part: &str) -> Result<Zeroizing<Vec<u8>>, ConsentFault> {
    // Room for all, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(part.len() + 3));
    URL_SAFE_NO_PAD.decode_vec(part, &mut bytes).map_err(|_| ConsentFault::Encoding)?;
    Ok(bytes)
}

fn has_twice(mut digests: Vec<String>) -> bool {
    digests.sort_unstable();
    digests.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}
