//! Ids and uses of keys.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a key is for. No key serves two uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUse {
    /// Bodies of pseudonyms, one key an epoch.
    Pseudonym,
    /// Tags of pseudonyms, one key an epoch; they turn together with the pseudonym keys.
    Tag,
    /// Digests of the gateway's own state.
    State,
    /// Sealing of personal parts and subject tags, one key a calendar month (UTC).
    Data,
    /// Keys of persons in the index of the log. It stands in no leaf, and neither does what it makes.
    Index,
    /// Signatures of the log, one key an origin.
    Log,
    /// Encryption of the ring at rest; itself wrapped under the key encryption key.
    Ring,
}

impl KeyUse {
    /// Every use.
    pub const ALL: [Self; 7] =
        [Self::Pseudonym, Self::Tag, Self::State, Self::Data, Self::Index, Self::Log, Self::Ring];

    /// The name in key ids, commands and leaves.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pseudonym => "pseudonym",
            Self::Tag => "tag",
            Self::State => "state",
            Self::Data => "data",
            Self::Index => "index",
            Self::Log => "log",
            Self::Ring => "ring",
        }
    }

    /// The use of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The public name of a key, such as `pseudonym-2`, `data-2026-11` or `log-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// A text is no key id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key id: write it as `credit-gateway keys status` does, such as `data-2026-11`")]
pub struct KeyIdError(String);

impl KeyId {
    /// Reads an id: 1 to 32 of lower-case letters, digits and hyphens. Whether a ring has the key is another matter.
    ///
    /// # Errors
    /// [`KeyIdError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyIdError(text.chars().take(64).collect()))
        }
    }

    /// The id as it is written in leaves.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The use of the key, with which its id begins; `None` for an id that no ring gives.
    #[must_use]
    pub fn key_use(&self) -> Option<KeyUse> {
        let (key_use, _) = self.0.split_once('-')?;
        KeyUse::parse(key_use)
    }

    pub(crate) fn of_epoch(key_use: KeyUse, epoch: u32) -> Self {
        Self(format!("{key_use}-{epoch}"))
    }

    /// `data-2026-11` for the first key of a month, `data-2026-11-2` for one made after it.
    pub(crate) fn of_month(month: jiff::civil::Date, ordinal: u32) -> Self {
        let first = format!("{}-{:04}-{:02}", KeyUse::Data, month.year(), month.month());
        Self(if ordinal == 1 { first } else { format!("{first}-{ordinal}") })
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, KeyIdError> {
        Self::parse(&text)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "Data-1", "data 1", "data_1", "data-1\n", "däta", &"a".repeat(33)] {
            assert!(KeyId::parse(text).is_err(), "{text}");
            assert!(serde_json::from_str::<KeyId>(&format!("{text:?}")).is_err(), "{text}");
        }
        assert_eq!(KeyUse::parse("Data"), None);
    }

    #[test]
    fn ids_are_written_as_the_leaves_have_them() {
        let month = jiff::civil::date(2026, 11, 1);
        assert_eq!(KeyId::of_month(month, 1).as_str(), "data-2026-11");
        assert_eq!(KeyId::of_month(month, 2).as_str(), "data-2026-11-2");
        assert_eq!(KeyId::of_month(month, 2).key_use(), Some(KeyUse::Data));
        assert_eq!(KeyId::parse("dates-1").expect("an id").key_use(), None);
        for key_use in KeyUse::ALL {
            let id = KeyId::of_epoch(key_use, 7);
            assert_eq!(KeyId::parse(id.as_str()).as_ref(), Ok(&id));
            assert_eq!(KeyUse::parse(key_use.as_str()), Some(key_use));
            assert_eq!(id.key_use(), Some(key_use));
            assert_eq!(serde_json::to_string(&key_use).expect("JSON"), format!("\"{key_use}\""));
        }
    }
}
