//! A good token in its parts, for a test to change one of them and sign anew. Signed by other crates than the gateway's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::consent::{Consent, ConsentFault, IssuerKeys, Unverified};
use ed25519_dalek::Signer;
use jiff::Timestamp;
use p256::ecdsa::Signature;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::number;

/// The instant of the tests' queries, in seconds.
pub(crate) const NOW: i64 = 1_795_309_200;
pub(crate) const ISS: &str = "https://consent.example";
pub(crate) const OTHER_ISS: &str = "https://other.example";
/// The thumbprint of the certificate for whose holder the tokens are.
pub(crate) const CERTIFICATE: [u8; 32] = [0xA5; 32];

const SALT: &str = "_26bc4LT-ac6q2KI6cBW5e";
/// Where the digest of the disclosure comes to stand.
const DIGEST: &str = "(digest)";

/// The signing keys of the tests, by `kid`.
pub(crate) fn ed25519() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn p256() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap()
}

pub(crate) fn other() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[8; 32])
}

pub(crate) fn ed25519_jwk(kid: &str, key: &ed25519_dalek::SigningKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": encode(key.verifying_key().as_bytes())})
}

pub(crate) fn p256_jwk(kid: &str, key: &p256::ecdsa::SigningKey) -> Value {
    let point = key.verifying_key().to_encoded_point(false);
    json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap())})
}

/// The keys of two issuers: `ed` and `p256` of one, `other` of another.
pub(crate) fn issuers() -> IssuerKeys {
    let mut keys = IssuerKeys::default();
    let set = json!({"keys": [ed25519_jwk("ed", &ed25519()), p256_jwk("p256", &p256())]});
    keys.add(ISS, &set.to_string()).unwrap();
    keys.add(OTHER_ISS, &ed25519_jwk("other", &other()).to_string()).unwrap();
    keys
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The person of the tests' tokens.
pub(crate) fn person() -> String {
    number("19900307", 1)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// What the gateway makes of a token at that instant.
pub(crate) fn verify_at(token: &str, now: Timestamp) -> Result<Consent, ConsentFault> {
    Unverified::parse(token)?.verify(&issuers(), now)
}

pub(crate) fn verify(token: &str) -> Result<Consent, ConsentFault> {
    verify_at(token, at(NOW))
}

/// The parts of a token before they are signed; header, claims and disclosure as texts of JSON.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) header: String,
    pub(crate) claims: String,
    pub(crate) disclosure: String,
}

impl Draft {
    /// A good one, by the algorithm's key.
    pub(crate) fn good(alg: &str) -> Self {
        let kid = if alg == "EdDSA" { "ed" } else { "p256" };
        let claims = json!({
            "iss": ISS, "aud": "credit-gateway", "jti": "0b9c6c2e-3f52-4d43-9d0e-6f4b1e0f9a11",
            "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 3540,
            "cnf": {"x5t#S256": encode(CERTIFICATE)},
            "_sd_alg": "sha-256", "_sd": [DIGEST],
            "authorization_details": [{
                "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "clean_three_years"],
                "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M"
            }]
        });
        Self {
            header: json!({"alg": alg, "typ": "consent+sd-jwt", "kid": kid}).to_string(),
            claims: claims.to_string(),
            disclosure: disclosure(SALT, "citizen_number", &person()),
        }
    }

    pub(crate) fn with_header(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut header = serde_json::from_str(&self.header).unwrap();
        change(&mut header);
        self.header = header.to_string();
        self
    }

    pub(crate) fn with_claims(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut claims = serde_json::from_str(&self.claims).unwrap();
        change(&mut claims);
        self.claims = claims.to_string();
        self
    }

    /// The claims, with the digest in its place.
    fn text_of_claims(&self) -> String {
        self.claims.replace(DIGEST, &encode(digest(&SHA256, encode(&self.disclosure).as_bytes())))
    }

    /// The same, parsed.
    pub(crate) fn claims_with_digest(&self) -> Value {
        serde_json::from_str(&self.text_of_claims()).unwrap()
    }

    /// Header and claims, encoded.
    pub(crate) fn signing_input(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(self.text_of_claims()))
    }

    /// The token, with that signature.
    pub(crate) fn signed(&self, signature: &[u8]) -> String {
        format!("{}.{}~{}~", self.signing_input(), encode(signature), encode(&self.disclosure))
    }

    /// The token, signed by the key of the header's algorithm, Ed25519 for all but ES256.
    pub(crate) fn token(&self) -> String {
        if self.header.contains("ES256") { self.signed(&self.p256_signature().to_bytes()) } else { self.by(&ed25519()) }
    }

    /// The token, signed by that key.
    pub(crate) fn by(&self, key: &ed25519_dalek::SigningKey) -> String {
        self.signed(&key.sign(self.signing_input().as_bytes()).to_bytes())
    }

    pub(crate) fn p256_signature(&self) -> Signature {
        p256().sign(self.signing_input().as_bytes())
    }
}

pub(crate) fn disclosure(salt: &str, name: &str, value: &str) -> String {
    json!([salt, name, value]).to_string()
}

/// A good token.
pub(crate) fn good(alg: &str) -> String {
    Draft::good(alg).token()
}
