//! jsonwebtoken, over ed25519-dalek and p256, as the outside library: it verifies what we issue, and we accept what it
//! issues.

use std::collections::HashMap;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::Value;

use super::draft::{Draft, ISS, ed25519, encode as base64url, p256, verify};
use super::issuing::{grant, issued, private_jwks};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Key { algorithm: *algorithm, bytes: key.as_bytes().to_vec() })),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Key { algorithm: *algorithm, bytes: key.try_get_as_bytes()?.to_vec() }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// A private key to sign with, a public one to verify with.
struct Key {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Signer<Vec<u8>> for Key {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let seed = || self.bytes.as_slice().try_into().expect("32 bytes");
        Ok(if self.algorithm == Algorithm::EdDSA {
            ed25519_dalek::SigningKey::from_bytes(seed()).sign(message).to_vec()
        } else {
            let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from_slice(&self.bytes)?.sign(message);
            signature.to_vec()
        })
    }
}

impl Verifier<Vec<u8>> for Key {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        if self.algorithm == Algorithm::EdDSA {
            let key = self.bytes.as_slice().try_into().expect("32 bytes");
            let signature = ed25519_dalek::Signature::from_slice(signature)?;
            ed25519_dalek::VerifyingKey::from_bytes(key)?.verify(message, &signature)
        } else {
            let signature = p256::ecdsa::Signature::from_slice(signature)?;
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.bytes)?.verify(message, &signature)
        }
    }
}

impl JwtSigner for Key {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl JwtVerifier for Key {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn install() {
    // Both tests do; the first one wins.
    PROVIDER.install_default().ok();
}

#[test]
fn the_library_verifies_what_we_issue() {
    install();
    for jwk in private_jwks() {
        let token = issued(&jwk, &grant());
        let jwt = token.split('~').next().unwrap();
        let (algorithm, key) = if jwk["kty"] == "OKP" {
            (Algorithm::EdDSA, DecodingKey::from_ed_components(jwk["x"].as_str().unwrap()))
        } else {
            let coordinate = |name: &str| jwk[name].as_str().unwrap().to_owned();
            (Algorithm::ES256, DecodingKey::from_ec_components(&coordinate("x"), &coordinate("y")))
        };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&["credit-gateway"]);
        validation.set_issuer(&[ISS]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss"]);
        // It would ask the machine's clock; ours is fixed.
        validation.validate_exp = false;
        let decoded = decode::<HashMap<String, Value>>(jwt, &key.unwrap(), &validation).unwrap();
        assert_eq!(decoded.header.typ.as_deref(), Some("consent+sd-jwt"));
        assert_eq!(decoded.header.kid.as_deref(), jwk["kid"].as_str());
        assert_eq!(decoded.claims["authorization_details"][0]["scenario"], "employment");
        assert_eq!(decoded.claims.len(), 10);
    }
}

#[test]
fn we_accept_what_the_library_issues() {
    install();
    let keys = [("EdDSA", Algorithm::EdDSA, "ed"), ("ES256", Algorithm::ES256, "p256")];
    for (alg, algorithm, kid) in keys {
        let draft = Draft::good(alg);
        let mut header = Header::new(algorithm);
        header.typ = Some("consent+sd-jwt".to_owned());
        header.kid = Some(kid.to_owned());
        let key = match algorithm {
            Algorithm::EdDSA => EncodingKey::from_ed_der(ed25519().as_bytes()),
            _ => EncodingKey::from_ec_der(&p256().to_bytes()),
        };
        let jwt = encode(&header, &draft.claims_with_digest(), &key).unwrap();
        let token = format!("{jwt}~{}~", base64url(&draft.disclosure));
        assert!(verify(&token).is_ok(), "{alg}: {:?}", verify(&token).err());
    }
}
