//! New signing keys of an issuer, as private JWKs (RFC 7517; RFC 8037 for Ed25519).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    error::Unspecified,
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use zeroize::Zeroizing;

use super::issue::IssueError;
use super::keys::Algorithm;

/// A new private JWK with this `kid`.
///
/// # Errors
///
/// [`IssueError::Random`].
pub fn new_jwk(algorithm: Algorithm, kid: &str) -> Result<Zeroizing<String>, IssueError> {
    let kid = serde_json::Value::from(kid);
    match algorithm {
        Algorithm::EdDsa => eddsa(&kid),
        Algorithm::Es256 => es256(&kid),
    }
    .map_err(|_unspecified| IssueError::Random)
}

fn eddsa(kid: &serde_json::Value) -> Result<Zeroizing<String>, Unspecified> {
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *seed)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_rejected| Unspecified)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let d = Zeroizing::new(URL_SAFE_NO_PAD.encode(seed.as_slice()));
    Ok(Zeroizing::new(format!(
        concat!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":{},"x":"{}","d":"{}"}}"#, "\n"),
        kid, x, *d
    )))
}

fn es256(kid: &serde_json::Value) -> Result<Zeroizing<String>, Unspecified> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let (d, point) = parts(document.as_ref()).ok_or(Unspecified)?;
    // That the parts were cut in the right places: a wrong scalar does not fit the point.
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, d, point, &random)
        .map_err(|_rejected| Unspecified)?;
    let (_, coordinates) = point.split_first().ok_or(Unspecified)?;
    let (x, y) = coordinates.split_at(32);
    Ok(Zeroizing::new(format!(
        concat!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":{},"x":"{}","y":"{}","d":"{}"}}"#, "\n"),
        kid,
        URL_SAFE_NO_PAD.encode(x),
        URL_SAFE_NO_PAD.encode(y),
        *Zeroizing::new(URL_SAFE_NO_PAD.encode(d)),
    )))
}

/// Scalar and uncompressed point of ring's PKCS #8 document, which ends with them: the scalar, five bytes of tags, the
/// point (RFC 5915 §3, without `parameters`).
fn parts(document: &[u8]) -> Option<(&[u8; 32], &[u8; 65])> {
    let (head, point) = document.split_last_chunk::<65>()?;
    let (head, _tags) = head.split_last_chunk::<5>()?;
    let (_, scalar) = head.split_last_chunk::<32>()?;
    Some((scalar, point))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn bytes(jwk: &Value, member: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
    }

    const KID: &str = r#"a "quoted" one"#;

    #[test]
    fn the_public_part_of_the_ed25519_key_belongs_to_the_private_one() {
        let jwk: Value = serde_json::from_str(&new_jwk(Algorithm::EdDsa, KID).unwrap()).unwrap();
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&"OKP".into(), &"Ed25519".into()));
        assert_eq!((&jwk["alg"], &jwk["use"]), (&"EdDSA".into(), &"sig".into()));
        assert_eq!(jwk["kid"], KID);
        Ed25519KeyPair::from_seed_and_public_key(&bytes(&jwk, "d"), &bytes(&jwk, "x")).unwrap();
    }

    #[test]
    fn the_public_part_of_the_p256_key_belongs_to_the_private_one() {
        let jwk: Value = serde_json::from_str(&new_jwk(Algorithm::Es256, KID).unwrap()).unwrap();
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&"EC".into(), &"P-256".into()));
        assert_eq!((&jwk["alg"], &jwk["use"]), (&"ES256".into(), &"sig".into()));
        assert_eq!(jwk["kid"], KID);
        let point = [&[4], &*bytes(&jwk, "x"), &*bytes(&jwk, "y")].concat();
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let d = bytes(&jwk, "d");
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, &d, &point, &random).unwrap();
    }

    #[test]
    fn no_two_keys_are_the_same() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            assert!(*new_jwk(algorithm, KID).unwrap() != *new_jwk(algorithm, KID).unwrap());
        }
    }
}
