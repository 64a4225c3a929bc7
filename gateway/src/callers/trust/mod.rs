//! Whose certificates are trusted now: those of the authorities, but for what the revocation list in force has revoked.
//!
//! Authorities and list are read again when a file of them changes and on SIGHUP, and new ones are in force at once: for
//! handshakes, since [`Trust`] is the verifier that rustls asks; for open connections, which are dropped; and for queries
//! under way, which are checked once more in the queue of the log (like a suspension). What cannot be decided is refused:
//! once the list in force is past its next update, nobody is trusted.

mod anchors;
mod authorities;
mod cause;
mod files;
mod hints;
mod in_force;
mod known;
mod list;
mod lists;
mod reload;
mod remembered;
mod shown;
mod status;
mod verifier;

pub use cause::Cause;
pub(crate) use in_force::{Trust, TrustError};
pub(crate) use known::Known;
pub(crate) use reload::Reloaded;
pub(crate) use shown::with_shown;
pub use status::CertificateStatus;
pub(crate) use status::NamedStatus;
pub use verifier::callers_verifier;
