//! The issuer's side: a token from a private JWK and terms. For the demo's authority and for tests; the gateway itself
//! has no issuer's key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::SecureRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::keys::Algorithm;
use super::terms::{AUDIENCE, Terms, TokenId};
use crate::person::CitizenNumber;
use crate::personal::Personal;

/// Why no token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Not a private key of the profile.
    #[error("not a private JWK with `kid`, of `OKP` with `Ed25519` or `EC` with `P-256`: see RFC 7517 and RFC 8037")]
    Key,
    /// The machine gave no random bytes.
    #[error("no random bytes: try again")]
    Random,
}

/// What an issuer puts its name to.
pub struct Grant {
    /// The issuer, claim `iss`.
    pub iss: String,
    /// The issuer's id of the token.
    pub jti: TokenId,
    /// When it is issued; whole seconds are used, as for the other two.
    pub issued_at: Timestamp,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// From when on it is expired.
    pub expires_at: Timestamp,
    /// Thumbprint (`x5t#S256`) of the certificate for whose holder it is.
    pub certificate: [u8; 32],
    /// What the person agreed to.
    pub terms: Terms,
}

/// An issuer's private key.
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

/// A private JWK. Members that are not needed are ignored: the file is the issuer's own.
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    #[serde(default)]
    y: String,
    d: Zeroizing<String>,
}

impl SigningKey {
    /// Reads a private JWK (RFC 7517; RFC 8037 for Ed25519) whose public part must fit its private one.
    ///
    /// # Errors
    ///
    /// [`IssueError::Key`].
    pub fn from_jwk(jwk: &str, random: &dyn SecureRandom) -> Result<Self, IssueError> {
        let jwk: PrivateJwk = serde_json::from_str(jwk).map_err(|_| IssueError::Key)?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| IssueError::Key);
        let private = Zeroizing::new(bytes(&jwk.d)?);
        let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
        let pair = match (jwk.kty.as_str(), jwk.crv.as_str()) {
            ("OKP", "Ed25519") => Ed25519KeyPair::from_seed_and_public_key(&private, &x).map(Pair::EdDsa),
            ("EC", "P-256") => {
                let (algorithm, point) = (&ECDSA_P256_SHA256_FIXED_SIGNING, [&[4], &x[..], &y].concat());
                EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &point, random).map(Pair::Es256)
            }
            _ => return Err(IssueError::Key),
        };
        Ok(Self { kid: jwk.kid, pair: pair.map_err(|_| IssueError::Key)? })
    }

    /// By which tokens are signed with it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::EdDsa(_) => Algorithm::EdDsa,
            Pair::Es256(_) => Algorithm::Es256,
        }
    }

    /// The public part, as a JWK: what the gateway and the regulator are given.
    #[must_use]
    pub fn public_jwk(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = match &self.pair {
            Pair::EdDsa(pair) => {
                let x = text(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x })
            }
            Pair::Es256(pair) => {
                // After the byte that says that the point is not compressed.
                let (x, y) = pair.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
                let (x, y) = (text(x), text(y));
                json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y })
            }
        };
        jwk.to_string()
    }

    fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<String, IssueError> {
        Ok(match &self.pair {
            Pair::EdDsa(pair) => URL_SAFE_NO_PAD.encode(pair.sign(message)),
            Pair::Es256(pair) => URL_SAFE_NO_PAD.encode(pair.sign(random, message).map_err(|_| IssueError::Random)?),
        })
    }
}

/// Issues a token: issuer-signed JWT, `~`, the disclosure of the person's citizen number, `~`. It names a person, so it
/// is zeroed on drop. That the terms are within the catalogue's maxima is not looked at here.
///
/// # Errors
///
/// [`IssueError::Random`].
pub fn issue(
    key: &SigningKey,
    grant: &Grant,
    person: &Personal<CitizenNumber>,
    random: &dyn SecureRandom,
) -> Result<Zeroizing<String>, IssueError> {
    let mut salt = [0; 16];
    random.fill(&mut salt).map_err(|_| IssueError::Random)?;
    let salt = URL_SAFE_NO_PAD.encode(salt);
    let array =
        person.disclose(|number| Zeroizing::new(format!(r#"["{salt}","citizen_number","{}"]"#, number.as_str())));
    let disclosure = Zeroizing::new(URL_SAFE_NO_PAD.encode(array.as_bytes()));

    let header = json!({ "alg": key.algorithm(), "typ": "consent+sd-jwt", "kid": key.kid });
    let claims = claims(grant, &URL_SAFE_NO_PAD.encode(digest(&SHA256, disclosure.as_bytes())));
    let input =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = key.sign(input.as_bytes(), random)?;
    Ok(Zeroizing::new(format!("{input}.{signature}~{}~", *disclosure)))
}

fn claims(grant: &Grant, digest: &str) -> Value {
    let terms = &grant.terms;
    let mut detail = json!({
        "type": "credit-query",
        "scenario": terms.scenario,
        "look_back": terms.look_back.to_string(),
        "uses": terms.uses,
        "frequency": terms.frequency.to_string(),
        "data_life": terms.data_life.to_string(),
    });
    if let (Some(fields), Some(members)) = (&terms.fields, detail.as_object_mut()) {
        members.insert("fields".to_owned(), json!(fields));
    }
    json!({
        "iss": grant.iss,
        "aud": AUDIENCE,
        "jti": grant.jti,
        "iat": grant.issued_at.as_second(),
        "nbf": grant.not_before.as_second(),
        "exp": grant.expires_at.as_second(),
        "cnf": { "x5t#S256": URL_SAFE_NO_PAD.encode(grant.certificate) },
        "_sd_alg": "sha-256",
        "_sd": [digest],
        "authorization_details": [detail],
    })
}
