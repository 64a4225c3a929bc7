//! TLS: rustls with ring, TLS 1.3 and 1.2, no resumption, no early data. Who checks client certificates is given.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, danger::ClientCertVerifier},
};

use crate::settings::Tls;

/// Why TLS cannot be set up. Each names the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file holds no usable PEM.
    #[error("cannot read `{path}`: {why}")]
    Pem {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The private key is open to others.
    #[error("`{0}` can be read by others: `chmod 600` it")]
    KeyMode(String),
    /// Every caller would refuse the server.
    #[error(
        "a certificate in `{path}` is not valid now: it is valid from {begins} to {expiry}; put a valid one there, or correct the \
         clock"
    )]
    NotValidNow {
        /// The file.
        path: String,
        /// When all of the chain begin.
        begins: Timestamp,
        /// When the first of the chain expires.
        expiry: Timestamp,
    },
    /// The chain has a certificate that TLS does not take.
    #[error("`{0}` contains a certificate that is damaged or not X.509 version 3: put the server's chain there again")]
    Certificate(String),
    /// Every caller would refuse the server.
    #[error(
        "the certificate in `{0}` is for clients alone (its extended key usage has no serverAuth): put the server's chain there"
    )]
    ForClients(String),
    /// The key is none that TLS takes.
    #[error("the private key `{0}` is damaged, or neither RSA, ECDSA (P-256, P-384) nor Ed25519: make another")]
    Key(String),
    /// Certificates and key do not fit together.
    #[error("the private key `{key}` is not that of the certificate `{certificate}`: put both of one pair there")]
    Pair {
        /// The file of the chain.
        certificate: String,
        /// The file of the key.
        key: String,
    },
    /// Anything else.
    #[error("TLS cannot be set up: {0}")]
    Unusable(rustls::Error),
}

/// Whether a listener asks its callers for a certificate.
#[derive(Clone, Debug)]
pub(crate) enum Callers {
    /// A certificate that is trusted when the caller shows it is required.
    Certified(Arc<dyn ClientCertVerifier>),
    /// Anyone (the persons' listener).
    Anyone,
}

/// The server's TLS settings.
///
/// # Errors
/// When a file is missing, open to others, or does not fit the rest.
pub(crate) fn server_config(tls: &Tls, callers: Callers) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let builder = match callers {
        Callers::Certified(verifier) => builder.with_client_cert_verifier(verifier),
        Callers::Anyone => builder.with_no_client_auth(),
    };
    refuse_open_key(&tls.key)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| pem(&tls.key, &error))?;
    let mut config =
        builder.with_single_cert(certificates(&tls.certificate)?, key).map_err(|error| unusable(error, tls))?;
    // `curl --http1.0` offers nothing but `http/1.0`.
    config.alpn_protocols = [&b"h2"[..], b"http/1.1", b"http/1.0"].map(<[u8]>::to_vec).to_vec();
    // The strongest that both have, ours first: a caller's list may be old.
    config.ignore_client_order = true;
    // A resumed session would skip the look at the certificate and its revocation (formats.md §1).
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// What is wrong with chain and key, by which of the two is at fault.
fn unusable(error: rustls::Error, tls: &Tls) -> TlsError {
    let [certificate, key] = [&tls.certificate, &tls.key].map(|path| path.display().to_string());
    match error {
        rustls::Error::InvalidCertificate(_) => TlsError::Certificate(certificate),
        rustls::Error::InconsistentKeys(_) => TlsError::Pair { certificate, key },
        // A key that cannot be read has no kind of error of its own.
        rustls::Error::General(_) => TlsError::Key(key),
        error => TlsError::Unusable(error),
    }
}

/// From when to when all certificates of the server's chain are valid.
///
/// # Errors
/// When the file holds no certificates, or those of a client.
pub(crate) fn validity(tls: &Tls) -> Result<(Timestamp, Timestamp), TlsError> {
    let path = &tls.certificate;
    let (mut begins, mut expiry, mut is_first) = (Timestamp::MIN, Timestamp::MAX, true);
    for certificate in certificates(path)? {
        let damaged = |_| TlsError::Certificate(path.display().to_string());
        let (_, certificate) = x509_parser::parse_x509_certificate(&certificate).map_err(damaged)?;
        let usage = certificate.extended_key_usage().ok().flatten().map(|usage| usage.value);
        if is_first && usage.is_some_and(|usage| !usage.server_auth && !usage.any) {
            return Err(TlsError::ForClients(path.display().to_string()));
        }
        is_first = false;
        let validity = certificate.validity();
        let at = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|error| pem(path, &error))
        };
        begins = begins.max(at(validity.not_before)?);
        expiry = expiry.min(at(validity.not_after)?);
    }
    Ok((begins, expiry))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| pem(path, &error))?;
    if all.is_empty() {
        return Err(pem(path, &"it contains no certificate"));
    }
    Ok(all)
}

fn pem(path: &Path, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::Pem { path: path.display().to_string(), why: why.to_string() }
}

fn refuse_open_key(path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| pem(path, &error))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(TlsError::KeyMode(path.display().to_string())) }
}
