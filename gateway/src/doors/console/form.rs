//! Forms of the console's pages: each has a token that only a page for this certificate has, so that no other site can make a browser
//! act with the officer's certificate.

use std::sync::OnceLock;

use credit_keys::{Entropy, SystemEntropy};
use credit_policy::Language;
use hyper::header::HeaderMap;
use ring::hmac;
use serde_json::{Map, Value};

use crate::{
    changes::Made,
    doors::persons::request::{Members, is_from_here},
};

/// Members that are numbers, and that are true or false, in the JSON of the same act.
const NUMBERS: [&str; 2] = ["entry", "until"];
const TRUTHS: [&str; 3] = ["suspended", "emergency", "confirmed"];
/// Members of the form itself.
const OWN: [&str; 3] = ["form", "lang", "next"];

/// The token of the pages for this certificate, as long as the process runs; nothing without randomness.
pub(in crate::doors) fn token(certificate: &str) -> Option<String> {
    static KEY: OnceLock<Option<hmac::Key>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut bytes = [0; 32];
        SystemEntropy::new().fill(&mut bytes).ok()?;
        Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    });
    let tag = hmac::sign(key.as_ref()?, certificate.as_bytes());
    Some(tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a page says after an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// The entry of the log; nothing where it needed none.
    pub(super) entry: Option<u64>,
    /// What is said beside it.
    pub(super) beside: Option<Beside>,
}

/// What is said beside that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// What is stopped or suspended still.
    Still,
    /// That no query of the member of staff can be shown.
    Unseen,
}

impl Beside {
    const ALL: [(Self, char); 2] = [(Self::Still, 's'), (Self::Unseen, 'u')];

    fn of(made: &Made) -> Option<Self> {
        match made {
            Made::Stop { stopped: false, .. } | Made::Suspension { suspended: false, .. } => Some(Self::Still),
            Made::Suspension { unseen: true, .. } => Some(Self::Unseen),
            _ => None,
        }
    }
}

impl Done {
    fn text(self) -> String {
        let entry = self.entry.map(|entry| entry.to_string()).unwrap_or_default();
        let letter = self.beside.and_then(|beside| Beside::ALL.iter().find(|(known, _)| *known == beside));
        entry + &letter.map(|(_, letter)| letter.to_string()).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        let known = Beside::ALL.iter().find(|(_, letter)| text.ends_with(*letter));
        let entry = known.map_or(Some(text), |(_, letter)| text.strip_suffix(*letter))?;
        let entry = if entry.is_empty() { None } else { Some(entry.parse().ok()?) };
        Some(Self { entry, beside: known.map(|(beside, _)| *beside) })
    }
}

/// What an address has under `done` after an act of this certificate, and by what a page knows that no other site made the address.
fn mark(certificate: &str, done: Done) -> Option<String> {
    let text = done.text();
    let mark = token(&format!("done {text} {certificate}"))?;
    Some(format!("{text}-{}", mark.get(..16)?))
}

/// Where a browser goes after an act: to `next`, which says that it is done.
pub(in crate::doors) fn after(certificate: &str, next: &str, made: &Made) -> String {
    marked(certificate, next, Done { entry: made.index(), beside: Beside::of(made) })
}

fn marked(certificate: &str, next: &str, done: Done) -> String {
    let Some(mark) = mark(certificate, done) else { return next.to_owned() };
    let (page, part) = next.split_once('#').map_or((next, String::new()), |(page, part)| (page, format!("#{part}")));
    let sign = if page.contains('?') { '&' } else { '?' };
    format!("{page}{sign}done={mark}{part}")
}

/// After which act a page is shown, if any; nothing where the address does not come from an act of this certificate.
pub(super) fn done(certificate: &str, text: &str) -> Option<Done> {
    let done = Done::parse(text.split_once('-')?.0)?;
    (mark(certificate, done).as_deref() == Some(text)).then_some(done)
}

/// The page from which a form came knows its reader's language; the browser may prefer another.
pub(super) fn of_form(language: Language, from: &str) -> Language {
    let chosen = from.rsplit_once("lang=").and_then(|(_, chosen)| chosen.get(..2));
    match chosen {
        Some("zh") => Language::Zh,
        Some("en") => Language::En,
        Some(_) | None => language,
    }
}

/// What a form asks for, as the JSON of the same act, and where the browser goes then. Nothing where it is not from a page of ours.
pub(in crate::doors) fn read(
    (headers, host): (&HeaderMap, &str),
    body: &[u8],
    certificate: &str,
) -> Option<(Vec<u8>, String)> {
    let members = Members::read(body)?;
    let is_ours = token(certificate).is_some_and(|token| members.get("form") == Some(&token));
    if !is_ours || !is_from_here(headers, &format!("https://{host}")) {
        return None;
    }
    let mut json = Map::new();
    for (name, value) in members.all().filter(|(name, value)| !OWN.contains(name) && !value.is_empty()) {
        let value = match name {
            // What is no number is told as a fault of the form.
            name if NUMBERS.contains(&name) => value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from),
            name if TRUTHS.contains(&name) => Value::from(value == "true"),
            // A browser ends the lines of a text area as the network does.
            _ => Value::from(value.replace("\r\n", "\n")),
        };
        // A member of a member: `destroy.month`.
        match name.split_once('.') {
            None => drop(json.insert(name.to_owned(), value)),
            Some((of, name)) => {
                let inner = json.entry(of).or_insert_with(|| Value::Object(Map::new()));
                drop(inner.as_object_mut()?.insert(name.to_owned(), value));
            }
        }
    }
    let next = members.get("next").filter(|next| next.starts_with("/officers"));
    Some((serde_json::to_vec(&json).ok()?, next.unwrap_or("/officers").to_owned()))
}

#[cfg(test)]
mod tests {
    use hyper::header::{self, HeaderValue};

    use super::*;

    #[test]
    fn a_page_says_that_something_is_done_only_after_an_act_of_this_certificate() {
        let of = |entry, beside| Done { entry, beside };
        let next = marked("one", "/officers/institutions?lang=en#i-bank", of(Some(17), None));
        let (page, part) = next.split_once('#').unwrap();
        assert_eq!(part, "i-bank");
        let (page, mark) = page.split_once("&done=").unwrap();
        assert_eq!((page, done("one", mark)), ("/officers/institutions?lang=en", Some(of(Some(17), None))));
        assert_eq!((done("other", mark), done("one", &mark.replace("17", "18"))), (None, None));
        for wrong in ["", "-", "17", "17-", "x-0", "-0000000000000000", &mark.replace("17", "17u")] {
            assert_eq!(done("one", wrong), None, "{wrong}");
        }
        for said in [of(None, None), of(None, Some(Beside::Still)), of(Some(9), Some(Beside::Unseen))] {
            let next = marked("one", "/officers", said);
            assert_eq!(done("one", next.split_once("?done=").unwrap().1), Some(said));
        }
    }

    const HOST: &str = "credit.example:8445";

    fn headers(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers
    }

    #[test]
    fn a_form_of_another_site_or_without_the_token_of_this_certificate_is_none() {
        let (ours, token) = (headers("https://credit.example:8445"), token("one").unwrap());
        let body = |token: &str| format!("form={token}&reason=a+b&entry=7&suspended=true&scenario=&next=/officers/x");
        for (headers, token) in [
            (headers("https://evil.example"), token.clone()),
            (headers("null"), token.clone()),
            (ours.clone(), super::token("other").unwrap()),
            (ours.clone(), String::new()),
        ] {
            assert!(read((&headers, HOST), body(&token).as_bytes(), "one").is_none());
        }
        let (json, next) = read((&ours, HOST), body(&token).as_bytes(), "one").unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json, serde_json::json!({"reason": "a b", "entry": 7, "suspended": true}));
        assert_eq!(next, "/officers/x");
        let inner = format!("form={token}&act=destroy&destroy.month=2021-01&destroy.person=");
        let json: Value = serde_json::from_slice(&read((&ours, HOST), inner.as_bytes(), "one").unwrap().0).unwrap();
        assert_eq!(json, serde_json::json!({"act": "destroy", "destroy": {"month": "2021-01"}}));
        let both = format!("form={token}&destroy=1&destroy.month=2021-01");
        assert!(read((&ours, HOST), both.as_bytes(), "one").is_none());
        let away = format!("form={token}&next=https://evil.example/officers");
        assert_eq!(read((&ours, HOST), away.as_bytes(), "one").unwrap().1, "/officers");
    }
}
