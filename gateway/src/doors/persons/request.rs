//! What a browser brings: cookies, a query, a form, a language, and which of page and JSON it wants.

use credit_policy::Language;
use hyper::{
    header::{self, HeaderMap},
    http::request::Parts,
};
use openidconnect::url::form_urlencoded;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use crate::{
    doors::problems::accepted,
    transport::{body::RequestBody, incoming::Incoming},
};

/// Largest form: a statement of 2,000 characters, each of them four bytes that are written as three characters.
const FORM_BYTES: usize = 32 * 1024;

/// Characters of a name, and names, that are told to who sent them.
const TOLD: usize = 40;
const TOLD_NAMES: usize = 4;

/// The value of a cookie; nothing where it is there twice, as then somebody else has set one of the two.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    values.next().filter(|value| !value.is_empty()).filter(|_| values.next().is_none())
}

/// Members of a query or form, each at most once.
pub(in crate::doors) struct Members(Vec<(String, String)>);

impl Members {
    /// Reads a query or form; nothing where a member is there twice.
    pub(in crate::doors) fn read(text: &[u8]) -> Option<Self> {
        let all: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        let is_twice =
            |(at, (name, _)): (usize, &(String, String))| all.iter().take(at).any(|(before, _)| before == name);
        if all.iter().enumerate().any(is_twice) { None } else { Some(Self(all)) }
    }

    /// Those of the request's query.
    pub(super) fn of_query(head: &Parts) -> Option<Self> {
        Self::read(head.uri.query().unwrap_or_default().as_bytes())
    }

    /// Those of a form that was sent; nothing where it is none, too long or breaks off.
    pub(super) async fn of_form(head: &Parts, body: Incoming, time: std::time::Duration) -> Option<Self> {
        let mut kinds = head.headers.get_all(header::CONTENT_TYPE).iter();
        let kind = kinds.next()?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        if kind != "application/x-www-form-urlencoded" || kinds.next().is_some() {
            return None;
        }
        let bytes = RequestBody::new(body, time).read(FORM_BYTES).await.ok()?;
        Self::read(&bytes)
    }

    /// Those of a JSON object of texts, truth values and nothing else; nothing where it is none, too long or breaks off.
    pub(in crate::doors) async fn of_json(body: Incoming, time: std::time::Duration) -> Option<Self> {
        let bytes = RequestBody::new(body, time).read(FORM_BYTES).await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// All of them.
    pub(in crate::doors) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of those that are none of these, as they may be told again; nothing where all are.
    pub(in crate::doors) fn unknown(&self, known: &[&str]) -> Option<String> {
        let name = |name: &str| format!("`{}`", name.chars().take(TOLD).collect::<String>());
        let others = self.0.iter().filter(|(one, _)| !known.contains(&one.as_str()));
        let all: Vec<_> = others.take(TOLD_NAMES).map(|(one, _)| name(one)).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// One of them.
    pub(in crate::doors) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The language that is asked for by `lang`.
    pub(in crate::doors) fn language(&self) -> Option<Language> {
        match self.get("lang") {
            Some("zh") => Some(Language::Zh),
            Some("en") => Some(Language::En),
            Some(_) | None => None,
        }
    }

    /// The same, where nothing else is asked for.
    pub(super) fn language_alone(&self) -> Option<Language> {
        self.language().filter(|_| self.0.len() == 1)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads the members of an object, each at most once.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut all: Vec<(String, String)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = match map.next_value::<serde_json::Value>()? {
                serde_json::Value::String(text) => text,
                serde_json::Value::Bool(value) => value.to_string(),
                _ => return Err(A::Error::custom("a member is no text")),
            };
            if all.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a member is there twice"));
            }
            all.push((name, value));
        }
        Ok(Members(all))
    }
}

/// Whether the body is JSON.
pub(in crate::doors) fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    kinds.next().is_none() && media.eq_ignore_ascii_case("application/json")
}

/// The language of a browser for which nothing was chosen.
pub(super) fn browser_language(headers: &HeaderMap) -> Language {
    accepted(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// Whether JSON is asked for rather than a page: by a program, which names it and no HTML.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// Whether a form can have come from a page of ours: a browser says so in `Origin` or `Sec-Fetch-Site`.
pub(in crate::doors) fn is_from_here(headers: &HeaderMap, address: &str) -> bool {
    let origin = headers.get(header::ORIGIN);
    let site = headers.get("sec-fetch-site");
    origin.is_none_or(|origin| origin == address) && site.is_none_or(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut all = HeaderMap::new();
        for (name, value) in lines {
            all.append(*name, HeaderValue::from_static(value));
        }
        all
    }

    #[test]
    fn a_cookie_that_is_there_twice_is_none() {
        for (lines, value) in [
            (&[("cookie", "a=1; __Host-session=x; b=2")][..], Some("x")),
            (&[("cookie", "a=1"), ("cookie", "__Host-session=x")][..], Some("x")),
            (&[("cookie", "__Host-session=x; __Host-session=y")][..], None),
            (&[("cookie", "__Host-session=x"), ("cookie", "__Host-session=x")][..], None),
            (&[("cookie", "__Host-session=")][..], None),
            (&[("cookie", "x__Host-session=x")][..], None),
            (&[("cookie", "__host-session=x")][..], None),
            (&[][..], None),
        ] {
            assert_eq!(cookie(&headers(lines), "__Host-session"), value, "{lines:?}");
        }
    }

    #[test]
    fn a_member_that_is_there_twice_makes_no_query() {
        assert!(Members::read(b"code=a&state=b&code=a").is_none());
        let read = Members::read(b"code=a%20b&state=").unwrap();
        assert_eq!((read.get("code"), read.get("state"), read.get("iss")), (Some("a b"), Some(""), None));
    }

    #[test]
    fn an_object_of_texts_is_read_once_each() {
        let read = |text: &str| serde_json::from_str::<Members>(text).ok();
        for wrong in [r#"{"a":"1","a":"1"}"#, r#"{"a":1}"#, r#"{"a":{}}"#, r#"["a"]"#, "", r#"{"a":"1"} {}"#] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
        let members = read(r#"{"a":"1","b":true}"#).unwrap();
        assert_eq!((members.get("a"), members.get("b"), members.get("c")), (Some("1"), Some("true"), None));
        assert!(is_json(&headers(&[("content-type", "application/json; charset=utf-8")])));
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/json-x", ""] {
            assert!(!is_json(&headers(&[("content-type", other)])), "{other}");
        }
    }

    #[test]
    fn forms_of_other_places_are_told_from_ours() {
        let ours = "https://credit.example";
        assert!(is_from_here(&headers(&[]), ours));
        assert!(is_from_here(&headers(&[("origin", ours), ("sec-fetch-site", "same-origin")]), ours));
        for (name, value) in [
            ("origin", "https://credit.example.evil"),
            ("origin", "null"),
            ("origin", "http://credit.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!is_from_here(&headers(&[(name, value)]), ours), "{name}: {value}");
        }
    }

    #[test]
    fn a_browser_gets_pages_and_a_program_json() {
        for (accept, json) in [
            ("text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", false),
            ("application/json", true),
            ("*/*", false),
        ] {
            assert_eq!(wants_json(&headers(&[("accept", accept)])), json, "{accept}");
        }
    }
}
