//! Digests for the gateway's own state, such as the identity of an idempotent ask.

use std::sync::Arc;

use crate::mac::MacKey;

/// Makes keyed digests under the state key in force: a cheap snapshot, like
/// [`Pseudonyms`](crate::Pseudonyms).
#[derive(Clone)]
pub struct StateKey(Arc<(MacKey, Option<MacKey>)>);

/// A keyed digest, and during an overlap the one that the key before gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateDigest {
    /// Under the key in force: what is written down.
    pub current: [u8; 32],
    /// Under the key before: what may still be found written down.
    pub previous: Option<[u8; 32]>,
}

impl StateKey {
    pub(crate) fn new(current: MacKey, previous: Option<MacKey>) -> Self {
        Self(Arc::new((current, previous)))
    }

    /// HMAC-SHA-256 of the framed parts; the label names the use.
    #[must_use]
    pub fn digest(&self, label: &str, parts: &[&[u8]]) -> StateDigest {
        let (current, previous) = &*self.0;
        StateDigest {
            current: current.framed(label, parts),
            previous: previous.as_ref().map(|key| key.framed(label, parts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `hmac.new(bytes(range(32)), framed(b"credit/idempotency", b"bank-1", b"key-1"),
    /// hashlib.sha256).hexdigest()`, `framed` as in the vectors of pseudonyms.
    const EXPECTED: &str = "c4a84345122ad778fa7cfc3a697afe0acd32e4d6fa3796995bdfe52fbd573208";

    #[test]
    fn digests_are_keyed_and_framed() {
        let key = |from: u8| MacKey::new(&std::array::from_fn(|place| from + u8::try_from(place).expect("small")));
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let parts: [&[u8]; 2] = [b"bank-1", b"key-1"];

        let alone = StateKey::new(key(0), None).digest("credit/idempotency", &parts);
        assert_eq!((hex(alone.current).as_str(), alone.previous), (EXPECTED, None));

        let turned = StateKey::new(key(1), Some(key(0))).digest("credit/idempotency", &parts);
        assert_ne!(turned.current, alone.current);
        assert_eq!(turned.previous, Some(alone.current));
    }
}
