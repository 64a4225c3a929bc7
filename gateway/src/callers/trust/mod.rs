//! Whose certificates are trusted now: those of the authorities, but for what the revocation list in force has revoked.
//!
//! The list is read again when its file changes and on SIGHUP, and a new one is in force at once: for handshakes, since
//! [`Trust`] is the verifier that rustls asks; for open connections, which are dropped; and for queries under way, which
//! are checked once more in the queue of the log (like a suspension). What cannot be decided is refused: once the list in
//! force is past its next update, nobody is trusted.

mod anchors;
mod authorities;
mod cause;
mod in_force;
mod known;
mod list;
mod lists;
mod remembered;
mod shown;
mod status;
mod verifier;

pub use cause::Cause;
pub(crate) use in_force::{Reload, Trust, TrustError};
pub(crate) use shown::with_shown;
pub use status::CertificateStatus;
pub use verifier::callers_verifier;
