//! Stored text as text: decoded by the encoding that the map names, without the white space around it.

use std::borrow::Cow;

use encoding_rs::GB18030;
use serde::Deserialize;

use super::unfit::What;

/// How a source's text is stored, where the engine does not decode it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// GB 18030, of which GBK and GB 2312 (EUC-CN) are parts.
    Gb18030,
}

impl Encoding {
    /// The text, or nothing: what does not decode is never replaced by another character.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, What> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
        };
        text.ok_or(What::Encoding)
    }
}

/// Without the blanks that fixed-width columns and typists leave around a value, the ideographic one too.
pub(super) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{3000}' || c == '\u{a0}' || c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_decode_is_no_text() {
        for (encoding, bytes) in [
            (Encoding::Utf8, b"\xd5\xc5".as_slice()),
            (Encoding::Utf8, b"a\xff"),
            (Encoding::Utf8, b"\xed\xa0\x80"),
            (Encoding::Gb18030, b"\xd5"),
            (Encoding::Gb18030, b"\xff\xff"),
            (Encoding::Gb18030, b"\x81\x30\x81"),
        ] {
            assert_eq!(encoding.decode(bytes), Err(What::Encoding), "{encoding:?} {bytes:?}");
        }
    }

    #[test]
    fn bytes_of_gbk_that_are_well_formed_utf_8_are_read_as_the_map_says() {
        // The same four bytes are two other characters in UTF-8.
        let bytes = b"\xcc\xb7\xce\xb0";
        assert_eq!(Encoding::Gb18030.decode(bytes).unwrap(), "谭伟");
        assert_eq!(Encoding::Utf8.decode(bytes).unwrap(), "\u{337}\u{3b0}");
        // Outside GB 2312: one of GBK's, and one of four bytes.
        assert_eq!(Encoding::Gb18030.decode(b"\xe9F").unwrap(), "镕");
        assert_eq!(Encoding::Gb18030.decode(b"\x81\x39\xef\x31").unwrap(), "㐂");
    }

    #[test]
    fn blanks_around_a_value_are_no_part_of_it() {
        assert_eq!(bare("\u{3000} 01 \t\u{a0}"), "01");
        assert_eq!(bare(" \u{3000}"), "");
        assert_eq!(bare("长 期"), "长 期");
    }
}
