//! `--peer`: whether the leaves of two logs name each other.

use std::path::{Path, PathBuf};

use credit_audit::links;
use credit_audit::note::VerifierKey;
use credit_audit::verify;

use super::report::Links;
use super::stop::{Stop, read_key};
use super::words::Language;

/// The other log: its folder and its key.
pub(super) struct Peer<'a> {
    folder: &'a Path,
    key: VerifierKey,
}

impl<'a> Peer<'a> {
    /// Of the arguments.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub(super) fn of(folder: &'a Path, vkey: Option<&PathBuf>, language: Language) -> Result<Self, Stop> {
        let beside = || verify::log_directory(folder).join("log.vkey");
        Ok(Self { folder, key: read_key(&vkey.cloned().unwrap_or_else(beside), language)? })
    }

    /// Compares the two.
    ///
    /// # Errors
    /// When one of them does not hold, or they do not fit together.
    pub(super) fn compare(&self, log: &Path, key: &VerifierKey) -> Result<Links, Stop> {
        let report = links::compare(log, key, self.folder, &self.key)?;
        Ok(Links { origin: self.key.name().to_owned(), report })
    }
}
