//! JSON as a token may hold it: bounded in depth, no key twice at any depth, no citizen number in clear.
//!
//! Derived readers would be shorter and are not used: they take an array where a struct is meant, an object where a
//! word is meant, `null` where something is left out, and look into nothing that they ignore.

use std::collections::BTreeMap;
use std::{fmt, mem};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::number_guard::holds_citizen_number;

/// How many arrays and objects may stand in one another.
const DEEPEST: usize = 16;

/// A value of JSON, as far as the profile distinguishes values.
pub(super) enum Json {
    /// `null`, `true`, `false`, a fraction, a negative number: the profile has no use for them.
    Other,
    Number(u64),
    Text(String),
    Array(Vec<Json>),
    Object(Object),
}

/// The members of an object, to be taken one by one; what is left at the end was not known.
pub(super) struct Object(BTreeMap<String, Json>);

impl Object {
    /// Reads a text that must be one object; `None` if it is anything else.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Within(DEEPEST).deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        value.object()
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Json> {
        self.0.remove(key)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.take(key)?.text()
    }

    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        match self.take(key)? {
            Json::Number(number) => Some(number),
            Json::Other | Json::Text(_) | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Whole seconds since 1970 (RFC 7519 §2 allows fractions; the profile does not).
    pub(super) fn instant(&mut self, key: &str) -> Option<Timestamp> {
        Timestamp::from_second(self.number(key)?.try_into().ok()?).ok()
    }

    /// Takes out, at any depth, what may stand beside claims (RFC 9901 §4.2.4): `_sd` of objects, and `{"...": digest}`
    /// among the elements of arrays. `None` where such a member is no digest.
    pub(super) fn take_decoys(&mut self, found: &mut Vec<String>) -> Option<()> {
        if let Some(digests) = self.take("_sd") {
            found.extend(digests.digests()?);
        }
        self.0.values_mut().try_for_each(|value| value.take_decoys(found))
    }

    /// Whether it stands in an array for an element that is not disclosed.
    fn is_decoy(&self) -> bool {
        self.0.len() == 1 && self.0.contains_key("...")
    }

    /// Nothing if no member is left: the object was closed.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

impl Json {
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    pub(super) fn object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::Other | Self::Number(_) | Self::Array(_) | Self::Text(_) => None,
        }
    }

    pub(super) fn array(self) -> Option<Vec<Self>> {
        match self {
            Self::Array(values) => Some(values),
            Self::Other | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// An array of texts only.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        self.array()?.into_iter().map(Self::text).collect()
    }

    /// An array of digests only.
    pub(super) fn digests(self) -> Option<Vec<String>> {
        self.texts().filter(|texts| texts.iter().all(|text| is_digest(text)))
    }

    fn take_decoys(&mut self, found: &mut Vec<String>) -> Option<()> {
        match self {
            Self::Object(object) => object.take_decoys(found),
            Self::Array(values) => {
                for mut value in mem::take(values) {
                    if let Self::Object(object) = &mut value
                        && object.is_decoy()
                    {
                        found.push(object.text("...").filter(|digest| is_digest(digest))?);
                    } else {
                        value.take_decoys(found)?;
                        values.push(value);
                    }
                }
                Some(())
            }
            Self::Other | Self::Number(_) | Self::Text(_) => Some(()),
        }
    }
}

/// SHA-256 as the one base64url text of its 32 bytes: nothing else can hide among digests.
fn is_digest(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|digest| digest.len() == 32)
}

/// Reads a value with so many levels left.
struct Within(usize);

impl Within {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        self.0.checked_sub(1).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        self.visit_u64(number.unsigned_abs()).map(|_| Json::Other)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        names_nobody(&number.to_string()).map(|()| Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        names_nobody(text).map(|()| Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Json, A::Error> {
        let levels = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = array.next_element_seed(Within(levels))? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let levels = self.deeper()?;
        let mut members = BTreeMap::new();
        while let Some(key) = object.next_key::<String>()? {
            names_nobody(&key)?;
            let value = object.next_value_seed(Within(levels))?;
            if key == "citizen_number" || members.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice, or the claim that may only be disclosed"));
            }
        }
        Ok(Json::Object(Object(members)))
    }
}

/// What an issuer signed stands in records, unknown claims too, so a citizen number may stand nowhere in it.
fn names_nobody<E: Error>(text: &str) -> Result<(), E> {
    if holds_citizen_number(text) {
        return Err(E::custom("a citizen number in clear"));
    }
    Ok(())
}
