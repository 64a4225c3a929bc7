//! How a caller's certificate stands: it was verified when the connection was made, and connections live long.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rustls::pki_types::CertificateDer;

use super::in_force::Trust;
use crate::callers::{chain::Chain, thumbprint::Thumbprint};

/// Of a verified certificate, for as long as its connection and the queries that came over it.
pub struct CertificateStatus {
    trust: Arc<Trust>,
    chain: Chain,
    /// One more than the generation of the list by which it was last found to be trusted; 0 = not yet.
    trusted_by: AtomicU64,
}

impl CertificateStatus {
    /// Of the certificate chain that a caller showed, its own first; nothing where there is none.
    #[must_use]
    pub fn new(trust: &Arc<Trust>, chain: &[CertificateDer<'_>]) -> Option<Arc<Self>> {
        let chain = Chain::new(chain.iter().map(|certificate| certificate.clone().into_owned()).collect())?;
        trust.known().show(chain.clone());
        Some(Arc::new(Self { trust: Arc::clone(trust), chain, trusted_by: AtomicU64::new(0) }))
    }

    /// Of the caller's own certificate.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.chain.thumbprint()
    }

    /// Whether another certificate that is known is trusted by the list in force.
    #[must_use]
    pub fn trusts_also(&self, other: Thumbprint) -> bool {
        self.trust.trusts_known(other)
    }

    /// Whether another certificate is known here and is trusted no more: revoked, or ended. Of one that is not known
    /// nothing can be said.
    #[must_use]
    pub fn knows_as_untrusted(&self, other: Thumbprint) -> bool {
        self.trust.known().get(other).is_some() && !self.trust.trusts_known(other)
    }

    /// Whether the certificate is trusted by the list in force. The first call for each list verifies the whole chain:
    /// not for the queue of the log, which has [`is_still_valid`](Self::is_still_valid).
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let list = self.trust.in_force();
        if self.trusted_by.load(Ordering::SeqCst) == list.generation + 1 {
            return true;
        }
        let valid = self.trust.trusts(&list, &self.chain);
        if valid {
            self.trusted_by.fetch_max(list.generation + 1, Ordering::SeqCst);
        }
        valid
    }

    /// Whether the list by which [`is_valid`](Self::is_valid) last said yes is still the one in force: two atomic loads.
    /// False also where a newer list would say yes; whoever needs to know asks `is_valid` outside of any lock, and then
    /// again here.
    #[must_use]
    pub fn is_still_valid(&self) -> bool {
        self.trusted_by.load(Ordering::SeqCst) == self.trust.generation() + 1
    }

    /// Waits until the certificate is trusted no more.
    pub async fn revoked(&self) {
        // Before the first check, so that no change is missed between the two.
        let mut changed = self.trust.changes();
        while self.is_valid() {
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        self.chain.certificates()
    }
}
