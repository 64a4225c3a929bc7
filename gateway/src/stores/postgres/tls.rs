//! TLS to the server: its certificate and its name are verified, always.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{fault::PostgresFault, secret};
use crate::{settings::Store, stores::reread::Reread};

/// How connections to the server of a store are encrypted.
///
/// # Errors
/// When one of its files cannot be used.
pub(super) fn connector(store: &Store) -> Result<Reread<MakeRustlsConnect>, PostgresFault> {
    encrypted(&store.name, store.authorities.clone(), store.certificate.clone().zip(store.key.clone()))
}

/// How connections to a server are encrypted: by whom its certificate must be issued, and the own certificate with its key. `name` is
/// for messages.
///
/// # Errors
/// When one of the files cannot be used.
pub(crate) fn encrypted(
    name: &str,
    authorities: Option<PathBuf>,
    own: Option<(PathBuf, PathBuf)>,
) -> Result<Reread<MakeRustlsConnect>, PostgresFault> {
    let files = Files { authorities, own };
    let shown = files.own.iter().flat_map(|(certificate, key)| [certificate.clone(), key.clone()]);
    let paths: Vec<_> = shown.chain(files.authorities.clone()).collect();
    Reread::of(name, paths, move || files.read())
}

/// Whom to trust, and what to show.
struct Files {
    authorities: Option<PathBuf>,
    own: Option<(PathBuf, PathBuf)>,
}

impl Files {
    fn read(&self) -> Result<MakeRustlsConnect, PostgresFault> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.authorities {
            let file = |why: String| PostgresFault::File { path: path.clone(), why };
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| file(error.to_string()))?;
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| PostgresFault::Tls(error.to_string()))?
            .with_root_certificates(roots);
        let config = match &self.own {
            Some((certificate, key)) => {
                secret::refuse_open(key)?;
                let file =
                    |error: &dyn std::fmt::Display| PostgresFault::File { path: key.clone(), why: error.to_string() };
                let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(&error))?;
                builder.with_client_auth_cert(certificates(certificate)?, private).map_err(|error| file(&error))?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, PostgresFault> {
    let file = |why: String| PostgresFault::File { path: path.to_owned(), why };
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error: rustls::pki_types::pem::Error| file(error.to_string()))?;
    if all.is_empty() { Err(file("it contains no certificate".to_owned())) } else { Ok(all) }
}
