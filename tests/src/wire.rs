//! JSON as it stands on the wire: the order of members and their raw texts, which a parsed value does not tell.

use std::fmt;

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of a JSON object in their order, each with its raw text.
#[must_use]
pub fn members(object: &[u8]) -> Vec<(String, String)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                members.push((key, value.get().to_owned()));
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(object);
    let members = reader.deserialize_map(Members).expect("a JSON object");
    reader.end().expect("nothing after the object");
    members
}

/// The keys of a JSON object in their order.
#[must_use]
pub fn keys(object: &[u8]) -> Vec<String> {
    members(object).into_iter().map(|(key, _)| key).collect()
}
