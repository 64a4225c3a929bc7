//! Where a list of several logs goes on: a place in each of them, as one word that this operator's gateways alone make. It is of one
//! officer and of the conditions of one search.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_keys::StateKey;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// Bytes of what proves it.
const TAG_BYTES: usize = 32;
/// Bytes of a cursor at most, decoded: names of a few logs.
const MOST_BYTES: usize = 16 * 1024;

/// Where each log goes on, by its name. A log that is not in it did not come with an earlier page.
pub(super) type Places = BTreeMap<String, Left>;

/// What is left of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Left {
    /// The leaf before which it goes on; nothing where its list is over.
    pub(super) before: Option<u64>,
    /// Leaves of the log that the pages so far cover.
    pub(super) covers: u64,
}

/// Where the list of one log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before a leaf; with its newest entry where none is named.
    Before(Option<u64>),
    /// Nowhere: all of it was shown.
    Over,
    /// Nowhere: it did not come with an earlier page.
    LeftOut,
}

impl Place {
    /// Of a list that began with a cursor, or without one.
    pub(super) fn of(begun: Option<&Places>, log: &str) -> Self {
        match begun.map(|places| places.get(log)) {
            None => Self::Before(None),
            Some(Some(Left { before: Some(leaf), .. })) => Self::Before(Some(*leaf)),
            Some(Some(Left { before: None, .. })) => Self::Over,
            Some(None) => Self::LeftOut,
        }
    }

    /// The leaf before which it goes on.
    pub(super) fn before(self) -> Option<u64> {
        match self {
            Self::Before(leaf) => leaf,
            Self::Over | Self::LeftOut => None,
        }
    }
}

/// Of what a cursor is: one officer, and the conditions of one search.
pub(super) struct ListOf {
    /// The one in force first; those beside it in the ring are taken too.
    keys: Vec<hmac::Key>,
}

impl ListOf {
    /// `conditions` are those of the search, in one text.
    pub(super) fn new(key: &StateKey, officer: &str, conditions: &str) -> Self {
        let digest = key.digest("credit/officers-cursor", &[officer.as_bytes(), conditions.as_bytes()]);
        Self { keys: digest.all().map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key)).collect() }
    }

    /// The word for these places; nothing where every list is over.
    pub(super) fn cursor(&self, places: &Places) -> Option<String> {
        if places.values().all(|left| left.before.is_none()) {
            return None;
        }
        let text = serde_json::to_vec(places).ok()?;
        let tag = hmac::sign(self.keys.first()?, &text);
        Some(URL_SAFE_NO_PAD.encode([tag.as_ref(), &text].concat()))
    }

    /// The places of a word; nothing where it is not of this list.
    pub(super) fn places(&self, cursor: &str) -> Option<Places> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() <= MOST_BYTES)?;
        let (tag, text) = bytes.split_at_checked(TAG_BYTES)?;
        let is_ours = self.keys.iter().any(|key| hmac::verify(key, text, tag).is_ok());
        is_ours.then(|| serde_json::from_slice(text).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(keys: &[u8]) -> ListOf {
        ListOf { keys: keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, &[*key; 32])).collect() }
    }

    #[test]
    fn a_cursor_is_of_its_list_alone_and_has_a_place_in_each_log() {
        let left = |before| Left { before, covers: 9 };
        let places = Places::from([("r0".to_owned(), left(Some(7))), ("r1".to_owned(), left(None))]);
        let cursor = list(&[1]).cursor(&places).unwrap();
        let read = list(&[1]).places(&cursor).unwrap();
        let place = |log: &str| Place::of(Some(&read), log);
        assert_eq!([place("r0"), place("r1"), place("r2")], [Place::Before(Some(7)), Place::Over, Place::LeftOut]);
        assert_eq!(Place::of(None, "r0"), Place::Before(None));
        // The key before is beside the one in force; no other is.
        assert_eq!(list(&[2, 1]).places(&cursor), Some(places.clone()));
        assert_eq!(list(&[2]).places(&cursor), None);
        for at in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(list(&[1]).places(&String::from_utf8(altered).unwrap()), None, "{at}");
        }
        for wrong in ["", "A", "AAAA", "%00", "../.."] {
            assert_eq!(list(&[1]).places(wrong), None, "{wrong}");
        }
        let over = Places::from([("r0".to_owned(), left(None))]);
        assert_eq!(list(&[1]).cursor(&over), None);
    }
}
