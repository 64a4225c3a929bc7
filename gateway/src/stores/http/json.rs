//! JSON of a store, read by slices: only members that are asked for are looked at, and the others are passed over without
//! being built. Numbers stay the digits that were sent.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::HttpFault;

/// How deep an answer may be nested.
pub(in crate::stores) const DEPTH: usize = 32;

/// One value without parts.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::stores) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// As it was written.
    Number(&'a str),
    Text(Cow<'a, str>),
}

/// That a text is nested no deeper than is read, whatever of it is.
///
/// # Errors
/// [`HttpFault::NoJson`].
pub(in crate::stores) fn bounded(text: &str) -> Result<(), HttpFault> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match (in_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(HttpFault::NoJson(DEPTH));
        }
    }
    Ok(())
}

/// The wanted members of an object, in the order in which they are wanted, maybe in another case. Its other members are
/// passed over. No name may stand twice, wanted or not: readers would not agree on which one counts.
///
/// # Errors
/// [`HttpFault::Untyped`] of `place` where it is no object, [`HttpFault::Twice`].
pub(super) fn members<'a>(
    text: &'a str,
    wanted: &[&str],
    any_case: bool,
    place: &str,
) -> Result<Vec<Option<&'a RawValue>>, HttpFault> {
    if !text.trim_start().starts_with('{') {
        return Err(HttpFault::Untyped(place.to_owned()));
    }
    let mut is_twice = false;
    let mut read = serde_json::Deserializer::from_str(text);
    let found = Members { wanted, any_case, is_twice: &mut is_twice }.deserialize(&mut read);
    match found.and_then(|found| read.end().map(|()| found)) {
        Ok(found) => Ok(found),
        Err(_) if is_twice => Err(HttpFault::Twice),
        Err(_) => Err(HttpFault::NoJson(DEPTH)),
    }
}

/// The elements of an array.
///
/// # Errors
/// [`HttpFault::Untyped`] of `place` where it is none.
pub(super) fn elements<'a>(raw: &'a RawValue, place: &str) -> Result<Vec<&'a RawValue>, HttpFault> {
    serde_json::from_str(raw.get()).map_err(|_| HttpFault::Untyped(place.to_owned()))
}

/// A value without parts.
///
/// # Errors
/// [`HttpFault::Untyped`] of `place` where it has some, or is a text that is no Unicode.
pub(in crate::stores) fn scalar<'a>(raw: &'a RawValue, place: &str) -> Result<Scalar<'a>, HttpFault> {
    match raw.get() {
        "null" => Ok(Scalar::Null),
        "true" => Ok(Scalar::Bool(true)),
        "false" => Ok(Scalar::Bool(false)),
        text if text.starts_with('"') => {
            let text: Text<'a> = serde_json::from_str(text).map_err(|_| HttpFault::Untyped(place.to_owned()))?;
            Ok(Scalar::Text(text.0))
        }
        text if text.starts_with(['{', '[']) => Err(HttpFault::Untyped(place.to_owned())),
        digits => Ok(Scalar::Number(digits)),
    }
}

/// A text that is lent where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'w> {
    wanted: &'w [&'w str],
    any_case: bool,
    is_twice: &'w mut bool,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.wanted.len()];
        let mut names = HashSet::new();
        while let Some(Text(name)) = map.next_key()? {
            let is = |wanted: &&str| *wanted == name || (self.any_case && wanted.eq_ignore_ascii_case(&name));
            let place = self.wanted.iter().position(is);
            let slot = place.and_then(|place| found.get_mut(place));
            let is_filled = slot.as_ref().is_some_and(|slot| slot.is_some());
            if !names.insert(name) || is_filled {
                *self.is_twice = true;
                return Err(serde::de::Error::custom("twice"));
            }
            match slot {
                Some(slot) => *slot = Some(map.next_value::<&RawValue>()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Option<String>>, String> {
        let found = members(text, &["a", "b"], false, "it").map_err(|fault| format!("{fault:?}"))?;
        Ok(found.into_iter().map(|raw| raw.map(|raw| raw.get().to_owned())).collect())
    }

    #[test]
    fn what_is_no_object_or_has_a_name_twice_is_refused() {
        for text in ["", "[]", "null", "1", r#""a""#] {
            assert_eq!(read(text), Err(r#"Untyped("it")"#.to_owned()), "{text}");
        }
        for text in ["{", r#"{"a":1"#, r#"{"a":1} x"#, r#"{"a":01}"#, "{'a':1}", r#"{"c":tru}"#, r#"{"a":1,}"#] {
            assert_eq!(read(text), Err("NoJson(32)".to_owned()), "{text}");
        }
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"c":1,"c":{}}"#] {
            assert_eq!(read(text), Err("Twice".to_owned()), "{text}");
        }
    }

    #[test]
    fn wanted_members_keep_their_digits_and_the_others_are_passed_over() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read(r#"{"b":1.230e5,"c":{"a":9}}"#), Ok(vec![None, some("1.230e5")]));
        assert_eq!(read(r#" {"\u0061":[1, 2],"b":null} "#), Ok(vec![some("[1, 2]"), some("null")]));
    }

    #[test]
    fn names_in_two_cases_are_one_name_where_the_map_says_so() {
        let read = |text: &str| members(text, &["a"], true, "it").map(|found| found[0].map(|raw| raw.get().to_owned()));
        assert!(matches!(read(r#"{"a":1,"A":2}"#), Err(HttpFault::Twice)));
        assert_eq!(read(r#"{"b":1,"B":1,"A":2}"#).unwrap().as_deref(), Some("2"));
    }

    #[test]
    fn depth_is_counted_outside_of_texts_alone() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(bounded(&nested(DEPTH)).is_ok());
        assert!(bounded(&nested(DEPTH + 1)).is_err());
        assert!(bounded(&format!(r#"["\"{}"]"#, "[".repeat(100))).is_ok());
        assert!(bounded(&format!(r#"["\\",{}]"#, nested(DEPTH))).is_err());
    }

    #[test]
    fn a_value_with_parts_is_none_without() {
        let of = |text: &str| {
            let raw = RawValue::from_string(text.to_owned()).unwrap();
            scalar(&raw, "it").map(|found| format!("{found:?}")).ok()
        };
        for text in ["{}", "[]", r#""\ud800""#] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("1.10").unwrap(), r#"Number("1.10")"#);
        assert_eq!(of(r#""\u5f20""#).unwrap(), r#"Text("张")"#);
        assert_eq!(of("null").unwrap(), "Null");
        assert_eq!(of("true").unwrap(), "Bool(true)");
    }
}
