//! What the fuzz targets of `tests/fuzz` hold, as plain functions: the fuzzer calls them with what it makes up, and the
//! tests of the whole with every seed and every past finding. A property that does not hold is a panic.
//!
//! Begin with [`TARGETS`]; `tests/fuzz/README.md` says how to run them. Each module says how it reads its bytes and what
//! it asserts. Where a parser guards something by a signature or checksum, the target can put the right one itself, so
//! that the fuzzer comes behind it. Keys, clocks and trees are fixed: the same bytes do the same every time.
//!
//! Only what outsiders write is fed: callers, issuers, whoever holds a log or a receipt, whoever edits a catalogue.

mod bundle;
mod catalogue;
mod certificate;
mod checkpoint;
mod consent_token;
mod frame;
mod head;
mod note;
mod proof;
mod query_body;
mod signer;

pub use certificate::{authority, certificates, revocation_list, thumbprint};
pub use consent_token::issuer_signed;
pub use frame::segment;
pub use proof::receipt;
pub use signer::{KEY_NAME, log_key, signed};

/// A target: what the fuzzer feeds, and what must hold of it. Says whether anything of it was taken, so that a test can
/// see that the seeds get as far as they are meant to.
pub type Target = fn(&[u8]) -> bool;

/// Every target by its name, which is that of its folder of seeds and of its binary.
pub const TARGETS: [(&str, Target); 10] = [
    ("bundle", bundle::feed),
    ("catalogue", catalogue::feed),
    ("certificate", certificate::feed),
    ("checkpoint", checkpoint::feed),
    ("consent_token", consent_token::feed),
    ("frame", frame::feed),
    ("head", head::feed),
    ("note", note::feed),
    ("proof", proof::feed),
    ("query_body", query_body::feed),
];

/// Feeds a target by its name; says whether anything of it was taken.
///
/// # Panics
/// When a property does not hold, or there is no such target.
pub fn feed(name: &str, bytes: &[u8]) -> bool {
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).expect(name);
    target(bytes)
}
