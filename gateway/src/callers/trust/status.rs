//! How a caller's certificate stands: it was verified when the connection was made, and connections live long.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
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

    /// When the caller's own certificate ends.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.chain.ends()
    }

    /// Whether another certificate that is known is trusted by the list in force.
    #[must_use]
    pub fn trusts_also(&self, other: Thumbprint) -> bool {
        self.trust.trusts_known(other)
    }

    /// How another certificate stands, which is named and was not presented.
    #[must_use]
    pub fn named(&self, other: Thumbprint) -> NamedStatus {
        NamedStatus { trust: Arc::clone(&self.trust), thumbprint: other, passed_by: AtomicU64::new(0) }
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

/// Of a certificate that is named by somebody else, for as long as the query that names it.
pub struct NamedStatus {
    trust: Arc<Trust>,
    thumbprint: Thumbprint,
    /// One more than the generation of the list by which it was last let pass; 0 = not yet.
    passed_by: AtomicU64,
}

impl NamedStatus {
    /// Of the certificate.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether the list in force lets it pass: it is trusted, or not known here, so that nothing can be said of it. Not for
    /// the queue of the log, which has [`passes_still`](Self::passes_still).
    #[must_use]
    pub fn passes(&self) -> bool {
        let generation = self.trust.generation();
        let passes = self.trust.known().get(self.thumbprint).is_none() || self.trust.trusts_known(self.thumbprint);
        if passes {
            self.passed_by.fetch_max(generation + 1, Ordering::SeqCst);
        }
        passes
    }

    /// Whether the list by which [`passes`](Self::passes) last said yes is still the one in force: two atomic loads.
    #[must_use]
    pub fn passes_still(&self) -> bool {
        self.passed_by.load(Ordering::SeqCst) == self.trust.generation() + 1
    }
}
