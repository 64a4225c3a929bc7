//! What callers' certificates are checked by: one of the authorities, and revocation lists that are in force.

use std::sync::Arc;

use rustls::{
    RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, CertificateRevocationListDer},
    server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
};

/// Certificates of a chain above the caller's own. A chain is checked again with each new list, so a caller must not make
/// it long; public authorities issue through one or two.
pub(super) const MOST_INTERMEDIATES: usize = 4;

pub(super) fn verifier(
    roots: Arc<RootCertStore>,
    lists: impl IntoIterator<Item = CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    WebPkiClientVerifier::builder_with_provider(roots, Arc::new(default_provider()))
        .with_crls(lists)
        .enforce_revocation_expiration()
        .build()
}

pub(super) fn roots(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone())?;
    }
    Ok(roots)
}

/// A verifier of its parts: for what is checked from outside.
///
/// # Errors
/// When they do not fit together.
#[doc(hidden)]
pub fn callers_verifier(
    authorities: &[CertificateDer<'static>],
    list: CertificateRevocationListDer<'static>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    // One that cannot be added is missing, and then the list is nobody's.
    verifier(Arc::new(roots(authorities).unwrap_or_else(|_| RootCertStore::empty())), [list])
}
