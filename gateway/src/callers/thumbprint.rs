//! The thumbprint by which a certificate is known everywhere behind TLS.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls::pki_types::{
    CertificateDer,
    pem::{self, PemObject},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// `x5t#S256` of a certificate (RFC 8705 §3.1): SHA-256 of its DER form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

/// A certificate file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the certificate `{}`: {source}", path.display())]
pub struct CertificateError {
    path: PathBuf,
    source: pem::Error,
}

impl Thumbprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref());
        Self(bytes)
    }

    /// Of the first certificate in a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn of_file(path: &Path) -> Result<Self, CertificateError> {
        CertificateDer::from_pem_file(path)
            .map(|certificate| Self::of(&certificate))
            .map_err(|source| CertificateError { path: path.to_owned(), source })
    }

    /// Of a certificate whose digest is known.
    #[must_use]
    pub fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    #[must_use]
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Reads the text form: base64url without padding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format_args!("`{text}` is no SHA-256 thumbprint")))
    }
}
