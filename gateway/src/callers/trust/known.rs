//! Certificates of institutions that were seen: whoever presents one certificate may have a consent for the holder of
//! another, and then it must be told whether that other one is trusted still.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use rustls::pki_types::CertificateDer;

use crate::callers::thumbprint::Thumbprint;

/// Far more than the certificates of all institutions; beyond it no new one is remembered.
const MOST: usize = 10_000;

/// A certificate and what leads from it to an authority.
type Chain = Vec<CertificateDer<'static>>;

/// Chains by the thumbprints of their first certificates.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Thumbprint, Chain>>);

impl Known {
    /// Remembers a chain; the one that its holder showed last is the one that leads to an authority.
    pub(super) fn put(&self, chain: Chain) {
        let Some(thumbprint) = chain.first().map(|certificate| Thumbprint::of(certificate)) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST || known.contains_key(&thumbprint) {
            known.insert(thumbprint, chain);
        }
    }

    pub(super) fn get(&self, thumbprint: Thumbprint) -> Option<Chain> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&thumbprint).cloned()
    }
}
