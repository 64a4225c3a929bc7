//! What an index is made with, beside the log.

use credit_policy::Catalogue;

use crate::keyring::Keyring;

/// What an index is made with.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// Opens the sealed parts.
    pub(crate) keys: &'a Keyring,
    /// Whether a notice is deferred or exempt, where a leaf does not say so.
    pub(crate) catalogue: &'a Catalogue,
}
