//! The text of a body: UTF-8 or GB 18030, of which GBK and GB 2312 are parts.

use std::borrow::Cow;

use encoding_rs::GB18030;

use super::fault::HttpFault;

/// How bytes are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Gb18030,
}

impl Charset {
    /// What the header `Content-Type` says; UTF-8 where it says nothing (RFC 8259 §8.1).
    ///
    /// # Errors
    /// [`HttpFault::Charset`].
    pub(super) fn of(content_type: &str) -> Result<Self, HttpFault> {
        let mut named = content_type.split(';').skip(1).filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        match (named.next().as_deref(), named.next()) {
            (None | Some("utf-8" | "utf8"), None) => Ok(Self::Utf8),
            (Some("gb18030" | "gbk" | "gb2312"), None) => Ok(Self::Gb18030),
            _ => Err(HttpFault::Charset),
        }
    }

    /// The text. What does not decode is never replaced by another character. A byte order mark is passed over
    /// (RFC 8259 §8.1).
    ///
    /// # Errors
    /// [`HttpFault::Undecodable`].
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, HttpFault> {
        let text = match self {
            Self::Utf8 => {
                let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
                std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
            }
            Self::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
        };
        text.ok_or(HttpFault::Undecodable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_charsets_two_of_them_and_bytes_that_are_no_text_are_refused() {
        for named in [
            "application/json; charset=utf-16",
            "application/json;charset=",
            "application/json; charset=utf-8; charset=gbk",
            "text/plain; charset=iso-8859-1",
        ] {
            assert!(matches!(Charset::of(named), Err(HttpFault::Charset)), "{named}");
        }
        assert!(matches!(Charset::Utf8.decode(b"\xd5\xc5"), Err(HttpFault::Undecodable)));
        assert!(matches!(Charset::Gb18030.decode(b"\xd5"), Err(HttpFault::Undecodable)));
    }

    #[test]
    fn text_is_read_in_the_charset_that_is_named() {
        for named in ["application/json", "", "application/json; charset=UTF-8", "a/b;x=1; Charset=\"utf-8\""] {
            assert_eq!(Charset::of(named).unwrap(), Charset::Utf8, "{named}");
        }
        for named in ["application/json;charset=GB18030", "text/html; charset=gbk", "text/plain; charset=GB2312"] {
            assert_eq!(Charset::of(named).unwrap(), Charset::Gb18030, "{named}");
        }
        assert_eq!(Charset::Gb18030.decode(b"\xd5\xc5").unwrap(), "张");
        assert_eq!(Charset::Utf8.decode(b"\xef\xbb\xbf{}").unwrap(), "{}");
    }
}
