//! Digests for the gateway's own state, such as the identity of an idempotent ask.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::mac::{MacKey, first};

const RECORD_ID_BYTES: usize = 16;

/// What names one record of a store.
#[derive(Debug, Clone, Copy)]
pub struct RecordName<'a> {
    /// Name of the store in the configuration.
    pub store: &'a str,
    /// Class of the data list.
    pub class: &'a str,
    /// Number of the document that made the record.
    pub document: &'a str,
    /// The day of its determination, `2026-03-01`.
    pub determination: &'a str,
}

/// The id of a record in answers and leaves, and during an overlap the one that the key before gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordId {
    /// Under the key in force: 22 characters of base64url.
    pub current: String,
    /// Under the key before: what somebody may still have.
    pub previous: Option<String>,
}

/// Makes keyed digests under the state key in force: a cheap snapshot, like
/// [`Pseudonyms`](crate::Pseudonyms).
#[derive(Clone)]
pub struct StateKey(Arc<StateKeys>);

struct StateKeys {
    current: MacKey,
    previous: Option<MacKey>,
    /// Whose time comes within minutes.
    next: Option<MacKey>,
    /// Those that are retired and not destroyed.
    former: Vec<MacKey>,
}

/// A keyed digest, and during an overlap the one that the key before gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateDigest {
    /// Under the key in force: what is written down.
    pub current: [u8; 32],
    /// Under the key before: what may still be found written down.
    pub previous: Option<[u8; 32]>,
    /// Under the key whose time comes within minutes: what another gateway may have written down already.
    pub next: Option<[u8; 32]>,
}

impl StateDigest {
    /// All of them, the one that is written down first.
    pub fn all(self) -> impl Iterator<Item = [u8; 32]> {
        std::iter::once(self.current).chain(self.previous).chain(self.next)
    }
}

impl StateKey {
    #[cfg(test)]
    pub(crate) fn new(current: MacKey, previous: Option<MacKey>) -> Self {
        Self::with_former(current, (previous, None), Vec::new())
    }

    /// With the keys before and after it, where these are used beside it.
    pub(crate) fn with_former(
        current: MacKey,
        (previous, next): (Option<MacKey>, Option<MacKey>),
        former: Vec<MacKey>,
    ) -> Self {
        Self(Arc::new(StateKeys { current, previous, next, former }))
    }

    pub(crate) fn in_force(&self) -> &MacKey {
        &self.0.current
    }

    /// The key in force, and those that are used beside it.
    pub(crate) fn beside(&self) -> impl Iterator<Item = &MacKey> {
        let StateKeys { current, previous, next, former: _ } = &*self.0;
        std::iter::once(current).chain(previous).chain(next)
    }

    /// HMAC-SHA-256 of the framed parts; the label names the use.
    #[must_use]
    pub fn digest(&self, label: &str, parts: &[&[u8]]) -> StateDigest {
        let StateKeys { current, previous, next, former: _ } = &*self.0;
        StateDigest {
            current: current.framed(label, parts),
            previous: previous.as_ref().map(|key| key.framed(label, parts)),
            next: next.as_ref().map(|key| key.framed(label, parts)),
        }
    }

    /// The person in memory, snapshot, index and shared state, for what outlives a data key. It stands in no leaf.
    #[must_use]
    pub fn standing(&self, number: &str) -> StateDigest {
        self.digest("credit/standing", &[number.as_bytes()])
    }

    /// The id under which a record is known outside.
    #[must_use]
    pub fn record_id(&self, name: RecordName<'_>) -> RecordId {
        let RecordName { store, class, document, determination } = name;
        let parts = [store.as_bytes(), class.as_bytes(), document.as_bytes(), determination.as_bytes()];
        let StateDigest { current, previous, .. } = self.digest("credit/record", &parts);
        let text = |digest| URL_SAFE_NO_PAD.encode(first::<RECORD_ID_BYTES>(digest));
        RecordId { current: text(current), previous: previous.map(text) }
    }

    /// The ids of a record under every key that is not destroyed, the one in force first: what was said of a record
    /// outlives the key under which it was named.
    #[must_use]
    pub fn record_ids(&self, name: RecordName<'_>) -> Vec<String> {
        let RecordName { store, class, document, determination } = name;
        let parts = [store.as_bytes(), class.as_bytes(), document.as_bytes(), determination.as_bytes()];
        let StateKeys { current, previous, former, next: _ } = &*self.0;
        let keys = std::iter::once(current).chain(previous).chain(former);
        let text = |key: &MacKey| URL_SAFE_NO_PAD.encode(first::<RECORD_ID_BYTES>(key.framed("credit/record", &parts)));
        keys.map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `hmac.new(bytes(range(32)), framed(b"credit/idempotency", b"bank-1", b"key-1"),
    /// hashlib.sha256).hexdigest()`, `framed` as in the vectors of pseudonyms.
    const EXPECTED: &str = "c4a84345122ad778fa7cfc3a697afe0acd32e4d6fa3796995bdfe52fbd573208";

    /// Made with Python, `framed` and the key as above: `hmac.new(key, framed(b"credit/standing", number), sha256)`, and of
    /// `framed(b"credit/record", b"demo", b"administrative-penalty", b"HZ-2026-1", b"2026-03-01")` the first 16 bytes.
    #[test]
    fn persons_and_records_have_names_that_outlive_a_data_key() {
        let material = std::array::from_fn(|place| u8::try_from(place).expect("small"));
        let key = StateKey::new(MacKey::new(&material), None);
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(key.standing("990001199003071012").current),
            "a00ffdaa62a91780b576aff7f3c7e588861f929a8db24d6fde548b3f0dc27099"
        );
        let name = RecordName {
            store: "demo",
            class: "administrative-penalty",
            document: "HZ-2026-1",
            determination: "2026-03-01",
        };
        assert_eq!(key.record_id(name), RecordId { current: "pHnnobLeP_5F-vScfXJAXQ".to_owned(), previous: None });
        let later = key.record_id(RecordName { determination: "2026-03-02", ..name });
        assert_ne!(later.current, "pHnnobLeP_5F-vScfXJAXQ");
        let turned = StateKey::new(MacKey::new(&[1; 32]), Some(MacKey::new(&material)));
        assert_eq!(turned.record_id(name).previous.as_deref(), Some("pHnnobLeP_5F-vScfXJAXQ"));
        let RecordId { current, previous } = turned.record_id(name);
        assert_eq!(turned.record_ids(name), [Some(current), previous].map(Option::unwrap_or_default));
        let later = StateKey::with_former(MacKey::new(&[2; 32]), (None, None), vec![MacKey::new(&material)]);
        assert_eq!(later.record_ids(name)[1..], ["pHnnobLeP_5F-vScfXJAXQ"]);
    }

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
