//! The names of the catalogue: scenarios, fields, classes of data, rules.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// A text that is no name. It does not carry the text, which may be a caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: use {form}, at most 64 characters")]
pub struct NameError {
    what: &'static str,
    form: &'static str,
}

/// Declares a name: an immutable text that is cheap to clone, with one parser.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $what:literal, $form:literal, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            ///
            /// [`NameError`] if the text does not have the form of such a name.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let fits = text.len() <= LONGEST && $check(text);
                if fits { Ok(Self(text.into())) } else { Err(NameError { what: $what, form: $form }) }
            }

            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// The name of a scenario, e.g. `public-rental-housing`.
    ScenarioName, "scenario name", "lower-case words joined by `-`", |text| words_joined_by(text, b'-')
);
name!(
    /// The name of a field of the data list, e.g. `clean_three_years`.
    FieldName, "field name", "lower-case words joined by `_`", |text| words_joined_by(text, b'_')
);
name!(
    /// The name of a class of data, e.g. `administrative-penalty`.
    ClassName, "class name", "lower-case words joined by `-`", |text| words_joined_by(text, b'-')
);
name!(
    /// The id of a rule of the catalogue, e.g. `scenario/public-rental-housing` or `statute/adults-only`: where the row
    /// stands that has its source ([`crate::Catalogue::rule`]).
    RuleId, "rule id", "a name, or a folder, `/` and a name", |text: &str| {
        text.split('/').count() <= 2 && text.split('/').all(|part| words_joined_by(part, b'-'))
    }
);

impl RuleId {
    /// The id of a rule with a row in a folder of its own.
    pub(crate) fn of(folder: &str, name: &str) -> Self {
        Self(format!("{folder}/{name}").into())
    }

    /// The id of a rule that applies to every query.
    pub(crate) fn general(name: &str) -> Self {
        Self(name.into())
    }
}

/// A letter first, then lower-case ASCII letters and digits in words that one separator joins.
pub(crate) fn words_joined_by(text: &str, separator: u8) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .as_bytes()
            .split(|byte| *byte == separator)
            .all(|word| !word.is_empty() && word.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_no_names() {
        let long = "a".repeat(65);
        for text in ["", "-", "a-", "-a", "a--b", "A", "a_b", "a b", "a/b", "1a", "é", "名", "a\n", "a\0", &long] {
            assert!(ScenarioName::parse(text).is_err(), "{text:?}");
            assert!(ClassName::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "_", "a_", "a-b", "a__b", "A", "九"] {
            assert!(FieldName::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "/", "a/", "/a", "a/b/c", "a//b", "../a", "scenario/A"] {
            assert!(RuleId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_come_back_as_they_were() {
        let longest = "a".repeat(64);
        for text in ["a", "public-rental-housing", "national-2026", &longest] {
            assert_eq!(ScenarioName::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(FieldName::parse("clean_three_years").unwrap().to_string(), "clean_three_years");
        assert_eq!(RuleId::parse("statute/adults-only").unwrap().as_str(), "statute/adults-only");
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        let error = FieldName::parse("990101199003070011").unwrap_err().to_string();
        assert!(!error.contains("9901"), "{error}");
    }
}
