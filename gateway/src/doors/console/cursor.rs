//! Where a list of several logs goes on: a place in each of them, as one word that this operator's gateways alone make. It is of one
//! officer and of the conditions of one search.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_keys::StateKey;
use ring::hmac;

/// Bytes of what proves it.
const TAG_BYTES: usize = 32;
/// Bytes of a cursor at most, decoded: names of a few logs.
const MOST_BYTES: usize = 16 * 1024;

/// The leaf before which each log goes on, by the name of the log; nothing where its list is over. A log that is not in it did not come
/// with an earlier page.
pub(super) type Places = BTreeMap<String, Option<u64>>;

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
            Some(Some(Some(leaf))) => Self::Before(Some(*leaf)),
            Some(Some(None)) => Self::Over,
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

/// Of what a cursor is.
pub(super) struct ListOf<'a> {
    pub(super) key: &'a StateKey,
    pub(super) officer: &'a str,
    /// The conditions, in one text.
    pub(super) conditions: &'a str,
}

impl ListOf<'_> {
    /// The word for these places; nothing where every list is over.
    pub(super) fn cursor(&self, places: &Places) -> Option<String> {
        if places.values().all(Option::is_none) {
            return None;
        }
        let text = serde_json::to_vec(places).ok()?;
        let tag = hmac::sign(&self.keys().next()?, &text);
        Some(URL_SAFE_NO_PAD.encode([tag.as_ref(), &text].concat()))
    }

    /// The places of a word; nothing where it is not of this list.
    pub(super) fn places(&self, cursor: &str) -> Option<Places> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() <= MOST_BYTES)?;
        let (tag, text) = bytes.split_at_checked(TAG_BYTES)?;
        let is_ours = self.keys().any(|key| hmac::verify(&key, text, tag).is_ok());
        is_ours.then(|| serde_json::from_slice(text).ok()).flatten()
    }

    fn keys(&self) -> impl Iterator<Item = hmac::Key> {
        let parts = [self.officer.as_bytes(), self.conditions.as_bytes()];
        let digest = self.key.digest("credit/officers-cursor", &parts);
        digest.all().map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key))
    }
}
