//! TLS towards stores that are reached over a network: the store's certificate is verified against the operator's own
//! authorities, and ours is shown where there is one.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Why TLS towards a store cannot be set up. Each names the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientTlsError {
    /// A file contains no usable PEM.
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
    /// Certificate and key do not fit together.
    #[error("TLS cannot be set up: {0}")]
    Unusable(String),
}

/// The client's TLS settings: whom to trust, and the certificate and key to show.
///
/// # Errors
/// When a file is missing, open to others, or does not fit the rest.
pub(crate) fn client_config(
    authorities: &Path,
    own: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, ClientTlsError> {
    let unusable = |error: &dyn std::fmt::Display| ClientTlsError::Unusable(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate).map_err(|error| pem(authorities, &error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            refuse_open_key(key)?;
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, &error))?;
            builder.with_client_auth_cert(certificates(certificate)?, secret).map_err(|error| unusable(&error))?
        }
    };
    Ok(Arc::new(config))
}

/// The certificates of a file.
///
/// # Errors
/// When there are none.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientTlsError> {
    let all: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| pem(path, &error))?;
    if all.is_empty() { Err(pem(path, &"it contains no certificate")) } else { Ok(all) }
}

fn pem(path: &Path, why: &dyn std::fmt::Display) -> ClientTlsError {
    ClientTlsError::Pem { path: path.display().to_string(), why: why.to_string() }
}

/// That a file cannot be read by others.
///
/// # Errors
/// When it can, or is not there.
pub(crate) fn refuse_open_key(path: &Path) -> Result<(), ClientTlsError> {
    let mode = std::fs::metadata(path).map_err(|error| pem(path, &error))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(ClientTlsError::KeyMode(path.display().to_string())) }
}
