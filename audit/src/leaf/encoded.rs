//! Bytes in JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text of digests and keys, which needs no memory of its own.
const SHORT: usize = 64;

/// Bytes that stand in JSON as standard base64 with padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base64<T>(pub T);

impl<T: AsRef<[u8]>> Serialize for Base64<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0.as_ref();
        let mut short = [0; SHORT];
        // Much faster than by `Display`, which writes piece by piece.
        match STANDARD.encode_slice(bytes, &mut short).ok().and_then(|length| short.get(..length)) {
            Some(text) => serializer.serialize_str(str::from_utf8(text).unwrap_or_default()),
            None => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}

impl<'de, T: TryFrom<Vec<u8>>> Deserialize<'de> for Base64<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        T::try_from(bytes).map(Self).map_err(|_| D::Error::custom("wrong number of bytes"))
    }
}
