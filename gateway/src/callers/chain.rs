//! A certificate and those between it and its authority: as a file has them, and as they are kept and sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::thumbprint::Thumbprint;

/// Certificates, the holder's own first; as text each is base64 of its DER form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub(crate) struct Chain {
    thumbprint: Thumbprint,
    certificates: Vec<CertificateDer<'static>>,
}

impl Chain {
    /// Of certificates, the holder's own first; nothing where there is none.
    #[must_use]
    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Option<Self> {
        Some(Self { thumbprint: Thumbprint::of(certificates.first()?), certificates })
    }

    /// Of the holder's own certificate.
    #[must_use]
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The certificates.
    #[must_use]
    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// When the holder's own certificate ends.
    #[must_use]
    pub(crate) fn ends(&self) -> Option<Timestamp> {
        end_of(self.certificates.first()?)
    }
}

/// When a certificate in DER ends.
#[must_use]
pub(crate) fn end_of(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

impl From<Chain> for Vec<String> {
    fn from(chain: Chain) -> Self {
        chain.certificates.iter().map(|certificate| STANDARD.encode(certificate)).collect()
    }
}

impl TryFrom<Vec<String>> for Chain {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, Self::Error> {
        let decode = |text: &String| STANDARD.decode(text).map(CertificateDer::from);
        let certificates: Result<Vec<_>, _> = texts.iter().map(decode).collect();
        let certificates = certificates.map_err(|error| format!("a certificate is no base64: {error}"))?;
        Self::new(certificates).ok_or_else(|| "a chain without a certificate".to_owned())
    }
}
