//! A body that must be one JSON object.

use credit_policy::Code;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::journey::{detail::Detail, refusal::Refusal};

/// A member that is present has a value: `null` is not another way to leave it out.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a body that must be one object. A derived reader alone would take an array for one, its values in the order
/// of the members.
pub(super) fn object<T: DeserializeOwned>(body: &[u8], fault: impl Fn(&[u8]) -> Detail) -> Result<T, Refusal> {
    if body.starts_with(b"\xef\xbb\xbf") {
        let cause = "the body starts with a byte order mark";
        return Err(Refusal::because(Code::MalformedRequest, cause).with(Detail::ByteOrderMark));
    }
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::because(Code::MalformedRequest, "the body is no JSON object").with(Detail::NoObject));
    }
    // The parser's own words may quote the caller, so only the place is kept.
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("the body does not have its form: line {}, column {}", error.line(), error.column());
        Refusal::because(Code::MalformedRequest, place).with(fault(body))
    })
}
