//! Certificates of institutions with what leads from them to an authority: whoever presents one certificate may have a
//! consent for the holder of another, and then it must be told whether that other one is trusted still.
//!
//! Whether a certificate is an institution's is for the register alone to say; this only knows the bytes of those that it
//! was given: by the configuration, by command, and by connections.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::callers::{chain::Chain, thumbprint::Thumbprint};

/// Far more than the certificates of all institutions; beyond it no new one is remembered of connections.
const MOST: usize = 10_000;

/// Chains by the thumbprints of their first certificates.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Thumbprint, Chain>>);

impl Known {
    /// Remembers the chain of a certificate that somebody registered.
    pub(crate) fn register(&self, chain: Chain) {
        self.put(chain, usize::MAX);
    }

    /// Remembers the chain that a caller showed; the last one that its holder showed is the one that leads to an authority.
    pub(super) fn show(&self, chain: Chain) {
        self.put(chain, MOST);
    }

    fn put(&self, chain: Chain, most: usize) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < most || known.contains_key(&chain.thumbprint()) {
            known.insert(chain.thumbprint(), chain);
        }
    }

    pub(in crate::callers) fn get(&self, thumbprint: Thumbprint) -> Option<Chain> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&thumbprint).cloned()
    }
}
