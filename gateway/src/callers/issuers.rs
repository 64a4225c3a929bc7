//! Who may issue consents: issuers of the configuration with their public keys, and which institution acts for each.
//!
//! Issuers turn their keys, so the files are read again when they change. What is in force is for whoever records it to
//! put: no key is used that is not on the record.

use std::{
    fs,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use credit_policy::consent::IssuerKeys;

use super::file_stamp::FileStamp;
use crate::settings::ConsentIssuer;

/// The issuers of the configuration.
pub struct Issuers {
    configured: Vec<ConsentIssuer>,
    in_force: ArcSwap<IssuerKeys>,
    stamps: Mutex<Vec<Option<FileStamp>>>,
    refused: AtomicBool,
}

/// An issuer that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("consent issuer `{iss}`: `{path}` {why}")]
pub struct IssuerError {
    iss: String,
    path: String,
    why: String,
}

impl Issuers {
    /// Reads the key files.
    ///
    /// # Errors
    /// The first that cannot be read or holds no public key set.
    pub fn read(issuers: &[ConsentIssuer]) -> Result<Self, IssuerError> {
        // Before the files themselves: what is written in between is looked at again.
        let stamps = Mutex::new(stamps(issuers));
        let mut keys = IssuerKeys::default();
        for issuer in issuers {
            add(&mut keys, issuer)?;
        }
        Ok(Self {
            configured: issuers.to_vec(),
            in_force: ArcSwap::from_pointee(keys),
            stamps,
            refused: AtomicBool::new(false),
        })
    }

    /// The keys in force.
    #[must_use]
    pub fn keys(&self) -> Arc<IssuerKeys> {
        self.in_force.load_full()
    }

    /// From here on these are in force.
    pub(crate) fn put(&self, keys: IssuerKeys) {
        self.in_force.store(Arc::new(keys));
    }

    /// Reads the files again, if one changed since the last look, or in any case with `force`: what they contain, and what
    /// is wrong with them. An issuer of whom a file cannot be used keeps the keys of `before`.
    pub(crate) fn look(&self, before: &IssuerKeys, force: bool) -> Option<(IssuerKeys, Vec<IssuerError>)> {
        let now = stamps(&self.configured);
        let last = std::mem::replace(&mut *self.stamps.lock().unwrap_or_else(PoisonError::into_inner), now.clone());
        if now == last && !force {
            return None;
        }
        let (mut keys, mut faults) = (IssuerKeys::default(), Vec::new());
        for issuer in &self.configured {
            let mut own = IssuerKeys::default();
            match add(&mut own, issuer) {
                Ok(()) => keys.take_over(&own, &issuer.iss),
                Err(fault) => {
                    keys.take_over(before, &issuer.iss);
                    faults.push(fault);
                }
            }
        }
        self.refused.store(!faults.is_empty(), Ordering::Relaxed);
        Some((keys, faults))
    }

    /// Whether a file of theirs cannot be used, so that the keys before stay in force.
    #[must_use]
    pub fn are_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// The `iss` of each.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.configured.iter().map(|issuer| issuer.iss.as_str())
    }

    /// The issuers for which an institution acts.
    pub fn of<'a>(&'a self, institution: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.configured.iter().filter(move |issuer| issuer.institution.as_str() == institution);
        own.map(|issuer| issuer.iss.as_str())
    }
}

fn stamps(issuers: &[ConsentIssuer]) -> Vec<Option<FileStamp>> {
    issuers.iter().flat_map(|issuer| &issuer.keys).map(|path| FileStamp::of(path).ok()).collect()
}

fn add(keys: &mut IssuerKeys, issuer: &ConsentIssuer) -> Result<(), IssuerError> {
    for path in &issuer.keys {
        let fault = |why: String| IssuerError { iss: issuer.iss.clone(), path: path.display().to_string(), why };
        let text = fs::read_to_string(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        keys.add(&issuer.iss, &text).map_err(|error| fault(format!("is not usable: {error}")))?;
    }
    Ok(())
}
