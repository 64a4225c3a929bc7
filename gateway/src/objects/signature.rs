//! Signing requests to S3: AWS Signature Version 4, with the whole body signed ("Authenticating Requests", Amazon S3 API
//! Reference).

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use ring::{digest, hmac};

use super::credentials::Credentials;

/// A request that is to be signed.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    /// The path, encoded as it is sent.
    pub(super) path: &'a str,
    /// The query string, encoded and in order, without the question mark.
    pub(super) query: &'a str,
    /// Headers by their names in small letters; `host` is among them.
    pub(super) headers: BTreeMap<&'static str, String>,
    pub(super) body: &'a [u8],
}

impl Unsigned<'_> {
    /// All headers, signed: what must be sent.
    pub(super) fn sign(
        self,
        credentials: &Credentials,
        region: &str,
        now: Timestamp,
    ) -> BTreeMap<&'static str, String> {
        let Self { method, path, query, mut headers, body } = self;
        let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = now.strftime("%Y%m%d").to_string();
        let hash = hex(digest::digest(&digest::SHA256, body).as_ref());
        headers.insert("x-amz-content-sha256", hash.clone());
        headers.insert("x-amz-date", at.clone());
        if let Some(token) = &credentials.token {
            headers.insert("x-amz-security-token", token.to_string());
        }
        let names: Vec<_> = headers.keys().copied().collect();
        let names = names.join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
        let scope = format!("{day}/{region}/s3/aws4_request");
        let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
        let signature = hex(tag(&key(credentials, [&day, region, "s3", "aws4_request"]), &text).as_ref());
        let id = &credentials.id;
        let said = format!("AWS4-HMAC-SHA256 Credential={id}/{scope},SignedHeaders={names},Signature={signature}");
        headers.insert("authorization", said);
        headers
    }
}

fn key(credentials: &Credentials, parts: [&str; 4]) -> hmac::Key {
    let first = zeroize::Zeroizing::new(format!("AWS4{}", *credentials.secret));
    let first = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
    parts.iter().fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, tag(&key, part).as_ref()))
}

fn tag(key: &hmac::Key, text: &str) -> hmac::Tag {
    hmac::sign(key, text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path with everything encoded but unreserved characters (RFC 3986 §2.3) and slashes.
pub(super) fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            write!(text, "%{byte:02X}").unwrap_or_default();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
    #[test]
    fn the_examples_of_the_reference_are_signed_as_it_says() {
        let credentials = Credentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            token: None,
        };
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        let signed = |method, path, query, more: &[(&'static str, &str)], body: &str| {
            let mut headers = BTreeMap::from([("host", "examplebucket.s3.amazonaws.com".to_owned())]);
            headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            let unsigned = Unsigned { method, path, query, headers, body: body.as_bytes() };
            let said = unsigned.sign(&credentials, "us-east-1", now).remove("authorization").unwrap();
            said.rsplit('=').next().unwrap().to_owned()
        };
        let range = signed("GET", "/test.txt", "", &[("range", "bytes=0-9")], "");
        assert_eq!(range, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let class = ("x-amz-storage-class", "REDUCED_REDUNDANCY");
        let date = ("date", "Fri, 24 May 2013 00:00:00 GMT");
        let path = encoded("/test$file.text");
        let put = signed("PUT", &path, "", &[date, class], "Welcome to Amazon S3.");
        assert_eq!(put, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        let queried = signed("GET", "/", "lifecycle=", &[], "");
        assert_eq!(queried, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    }

    #[test]
    fn a_path_is_encoded_once() {
        assert_eq!(encoded("/log/a b/r~1.p/ü%"), "/log/a%20b/r~1.p/%C3%BC%25");
    }
}
