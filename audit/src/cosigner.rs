//! A witness's private keys, from PEM, and the cosignatures that they make.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ml_dsa::{KeyExport as _, MlDsa44, Seed, SigningKey};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::checkpoint::Checkpoint;
use crate::cosignature::{CosignerKey, CosignerPublic, ML_DSA_44_KEY_LEN, ed25519_message, ml_dsa_message};

/// `PrivateKeyInfo` of an ML-DSA-44 key that is its seed alone (RFC 9881 §6), before the 32 bytes.
const ML_DSA_44_SEED: [u8; 22] = [
    0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x04,
    0x22, 0x80, 0x20,
];

/// The object identifier of ML-DSA-44, as it stands in a key of any form.
const ML_DSA_44_OID: [u8; 11] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];

/// A private key with its name.
pub struct Cosigner {
    key: CosignerKey,
    private: Private,
}

enum Private {
    Ed25519(Ed25519KeyPair),
    MlDsa44(Box<SigningKey<MlDsa44>>),
}

/// A private key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CosignerError {
    /// No PKCS#8 in PEM.
    #[error("it is no private key as PEM (`-----BEGIN PRIVATE KEY-----`)")]
    Pem,
    /// ML-DSA-44, but not the seed.
    #[error(
        "it is an ML-DSA-44 key that is not written as its seed alone: make it with `openssl genpkey -algorithm ML-DSA-44 \
         -provparam ml-dsa.output_formats=seed-only`, or write this one again so"
    )]
    NotSeed,
    /// Something else.
    #[error("it is neither an Ed25519 key nor the seed of an ML-DSA-44 key")]
    Algorithm,
    /// The name cannot stand on a signature line.
    #[error("the witness's name is empty, longer than 255 bytes, or contains a space, a control character or `+`")]
    Name,
}

impl Cosigner {
    /// Reads a private key (PKCS#8, PEM): Ed25519, or ML-DSA-44 as its seed.
    ///
    /// # Errors
    /// As [`CosignerError`] says.
    pub fn from_pem(name: &str, pem: &[u8]) -> Result<Self, CosignerError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| CosignerError::Pem)?;
        let der = der.secret_pkcs8_der();
        let (public, private) = if der.windows(ML_DSA_44_OID.len()).take(16).any(|bytes| bytes == ML_DSA_44_OID) {
            let seed = der.strip_prefix(&ML_DSA_44_SEED).and_then(|seed| Seed::try_from(seed).ok());
            let key = Box::new(SigningKey::<MlDsa44>::from_seed(&seed.ok_or(CosignerError::NotSeed)?));
            let mut public = Box::new([0; ML_DSA_44_KEY_LEN]);
            public.copy_from_slice(&key.as_ref().as_ref().to_bytes());
            (CosignerPublic::MlDsa44(public), Private::MlDsa44(key))
        } else {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| CosignerError::Algorithm)?;
            let public = pair.public_key().as_ref().try_into().map_err(|_| CosignerError::Algorithm)?;
            (CosignerPublic::Ed25519(public), Private::Ed25519(pair))
        };
        Ok(Self { key: CosignerKey::new(name, public).map_err(|_| CosignerError::Name)?, private })
    }

    /// The key by which its cosignatures are verified.
    #[must_use]
    pub fn key(&self) -> &CosignerKey {
        &self.key
    }

    /// The signature line for a checkpoint's text, at a time in seconds since 1970. Nothing when the origin is longer
    /// than the message of ML-DSA-44 has room for.
    #[must_use]
    pub fn cosign(&self, text: &str, checkpoint: &Checkpoint, time: u64) -> Option<String> {
        let name = self.key.name();
        let mut line = self.key.id().to_be_bytes().to_vec();
        line.extend_from_slice(&time.to_be_bytes());
        match &self.private {
            Private::Ed25519(pair) => {
                line.extend_from_slice(pair.sign(ed25519_message(text, time).as_bytes()).as_ref())
            }
            Private::MlDsa44(key) => {
                let message = ml_dsa_message(name, time, &checkpoint.origin, checkpoint.size, &checkpoint.root)?;
                let signature = key.expanded_key().sign_deterministic(&message, &[]).ok()?;
                line.extend_from_slice(&signature.encode());
            }
        }
        Some(format!("\u{2014} {name} {}\n", STANDARD.encode(line)))
    }
}
