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
#[error("cannot read the certificate `{}`: {}", path.display(), plain(source))]
pub struct CertificateError {
    path: PathBuf,
    source: pem::Error,
}

impl CertificateError {
    fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), source: pem::Error::NoItemsFound }
    }
}

/// What is wrong with a PEM file, for somebody who does not know our libraries.
#[must_use]
pub(crate) fn plain(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => {
            "it contains no certificate in PEM; convert DER with `openssl x509 -inform DER -in FILE -out FILE.pem`"
                .to_owned()
        }
        pem::Error::Base64Decode(_) => "its base64 is damaged: copy the file again".to_owned(),
        pem::Error::MissingSectionEnd { .. } => "it ends before its last section does: copy the file again".to_owned(),
        error => format!("it is not valid PEM: {error}"),
    }
}

/// The certificates of a PEM file, in its order: an institution's own first, then those between it and its authority.
///
/// # Errors
/// When the file cannot be read or contains no certificate.
pub(crate) fn certificates_of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let fault = |source| CertificateError { path: path.to_owned(), source };
    let chain: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(fault)?;
    if chain.is_empty() { Err(CertificateError::empty(path)) } else { Ok(chain) }
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
        let chain = certificates_of_file(path)?;
        chain.first().map(|certificate| Self::of(certificate)).ok_or_else(|| CertificateError::empty(path))
    }

    /// Reads a fingerprint as tools print it: 64 hexadecimal digits, colons between them or not (`openssl x509 -fingerprint
    /// -sha256`), or our own text form.
    #[must_use]
    pub fn parse_fingerprint(text: &str) -> Option<Self> {
        let text =
            text.rsplit_once('=').filter(|(name, _)| name.contains(' ')).map_or(text, |(_, digits)| digits).trim();
        let digits: String = text.chars().filter(|digit| *digit != ':').collect();
        if digits.len() != 64 || !digits.is_ascii() {
            return Self::parse(text);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The fingerprint as tools print it: 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
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
        let mut text = [0; 43];
        URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| std::fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
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
