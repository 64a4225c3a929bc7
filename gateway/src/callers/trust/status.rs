//! How a caller's certificate stands: it was verified when the connection was made, and connections live long.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rustls::pki_types::CertificateDer;

use super::Trust;
use crate::callers::register::Thumbprint;

/// Of a verified certificate, for as long as its connection and the queries that came over it.
pub struct CertificateStatus {
    trust: Arc<Trust>,
    thumbprint: Thumbprint,
    chain: Vec<CertificateDer<'static>>,
    /// One more than the generation of the list by which it was last found to be trusted; 0 = not yet.
    trusted_by: AtomicU64,
}

impl CertificateStatus {
    /// Of the certificate chain that a caller showed, its own first; nothing where there is none.
    #[must_use]
    pub fn new(trust: &Arc<Trust>, chain: &[CertificateDer<'_>]) -> Option<Arc<Self>> {
        let thumbprint = Thumbprint::of(chain.first()?);
        let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        Some(Arc::new(Self { trust: Arc::clone(trust), thumbprint, chain, trusted_by: AtomicU64::new(0) }))
    }

    /// Of the caller's own certificate.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether the certificate is trusted by the list that is in force now.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let held = self.trust.held.load();
        let now = held.generation + 1;
        if self.trusted_by.load(Ordering::Acquire) == now {
            return true;
        }
        let valid = self.trust.trusts(&held, self.thumbprint, &self.chain);
        if valid {
            self.trusted_by.store(now, Ordering::Release);
        }
        valid
    }

    /// Waits until the certificate is trusted no more.
    pub async fn revoked(&self) {
        // Before the first look, so that no change is missed between the two.
        let mut changed = self.trust.changed.subscribe();
        while self.is_valid() {
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
