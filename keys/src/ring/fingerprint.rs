//! Fingerprints: what a `key` leaf of the log says of a key, so that ring and log can be compared.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    id::{KeyId, KeyUse},
    mac::{MacKey, first},
    secret::Material,
    signer::LogSigner,
};

const FINGERPRINT_BYTES: usize = 16;

/// Of a log key the beginning of SHA-256 over its public key, so that anyone can compare it with the verifier key; of
/// others a MAC under the key over its id.
pub(super) fn fingerprint(key_use: KeyUse, id: &KeyId, material: &Material) -> String {
    let signer = if key_use == KeyUse::Log { LogSigner::new(material) } else { None };
    let whole: [u8; 32] = match signer {
        Some(signer) => Sha256::digest(signer.public_key()).into(),
        None => material.disclose(|key| MacKey::new(key).framed("credit/fingerprint", &[id.as_str().as_bytes()])),
    };
    URL_SAFE_NO_PAD.encode(first::<FINGERPRINT_BYTES>(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `base64.urlsafe_b64encode(…[:16])` of `hmac.new(bytes([5]) * 32, framed(b"credit/fingerprint",
    /// b"data-2026-11"), sha256).digest()` and of `sha256(public key of the seed bytes([5]) * 32).digest()`.
    #[test]
    fn a_fingerprint_is_that_of_the_vector() {
        let key = Material::new([5; 32]);
        let of = |key_use, id| fingerprint(key_use, &KeyId::parse(id).expect("an id"), &key);
        assert_eq!(of(KeyUse::Data, "data-2026-11"), "3vQ37FDwjXkIalAMawwxZw");
        assert_ne!(of(KeyUse::Data, "data-2026-12"), "3vQ37FDwjXkIalAMawwxZw");
        assert_eq!(of(KeyUse::Log, "log-1"), "dZl3bDCF4_naDRMHHrC0qw");
        assert_eq!(of(KeyUse::Log, "log-2"), "dZl3bDCF4_naDRMHHrC0qw");
    }
}
