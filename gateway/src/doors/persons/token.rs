//! Words that nobody can guess: names of sessions, tokens of forms, states of logins.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_keys::{Entropy, EntropyError};

const BYTES: usize = 32;

/// 32 random bytes in base64url.
///
/// # Errors
/// When the system gives no randomness.
pub(super) fn draw(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let mut bytes = [0; BYTES];
    entropy.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Characters that nobody mistakes for one another, and how many of them make a code that is said at a counter.
const SAID: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE: usize = 10;

/// A code that a person reads out: 50 random bits.
///
/// # Errors
/// When the system gives no randomness.
pub(super) fn draw_code(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let mut bytes = [0; CODE];
    entropy.fill(&mut bytes)?;
    Ok(bytes.iter().filter_map(|byte| SAID.get(usize::from(byte & 31))).map(|byte| char::from(*byte)).collect())
}

/// Whether two words are the same, in a time that does not tell where they differ.
#[must_use]
pub(super) fn is_same(one: &str, other: &str) -> bool {
    // Digests of the same length are compared byte for byte, whatever differs.
    let digest = |word: &str| ring::digest::digest(&ring::digest::SHA256, word.as_bytes());
    let (one, other) = (digest(one), digest(other));
    one.as_ref().iter().zip(other.as_ref()).fold(0, |all, (one, other)| all | (one ^ other)) == 0
}
