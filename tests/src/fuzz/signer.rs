//! The log's key of the targets: of nobody, the same every time.

use std::sync::LazyLock;

use credit_audit::note::{self, VerifierKey};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The name of the key, the origin of the log.
pub const KEY_NAME: &str = "credit-gateway.example/2026/r1";

static PAIR: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[0x11; 32]).expect("a seed"));

static KEY: LazyLock<VerifierKey> = LazyLock::new(|| {
    let public = PAIR.public_key().as_ref().try_into().expect("32 bytes");
    VerifierKey::new(KEY_NAME, public).expect("a name")
});

pub(super) fn key() -> &'static VerifierKey {
    &KEY
}

/// Signs bytes. Ed25519 has one signature for each text (RFC 8032).
pub(super) fn sign(bytes: &[u8]) -> [u8; 64] {
    PAIR.sign(bytes).as_ref().try_into().expect("64 bytes")
}

/// A text as a note with the key's signature.
#[must_use]
pub fn signed(text: &str) -> String {
    note::sign(KEY_NAME, KEY.id(), text, sign)
}

/// The key as `log.vkey` has it.
#[must_use]
pub fn log_key() -> String {
    format!("{}\n", *KEY)
}
