//! Who makes a change that an institution may make as well as somebody at the machine.

use credit_audit::leaf::{Act, Entry, LeafError};
use uuid::Uuid;

use super::account::Account;

/// Who makes it.
#[derive(Clone)]
pub(crate) enum By {
    /// Somebody at the machine.
    Account(Account),
    /// An institution, by its certificate (x5t#S256): then the leaf is its own act, with a receipt.
    Institution {
        /// Its id.
        institution: String,
        /// The certificate.
        certificate: String,
    },
}

impl By {
    /// The entry of an act of theirs.
    pub(crate) fn entry(&self, act: &impl Act, id: Uuid) -> Result<Entry, LeafError> {
        match self {
            Self::Account(account) => act.entry(id, account.actor()),
            Self::Institution { institution, certificate } => act.own_entry(id, institution, certificate),
        }
    }
}
