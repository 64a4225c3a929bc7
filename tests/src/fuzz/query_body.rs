//! The body of a query. The bytes are a body.
//!
//! Held against a second reading of formats.md §2, over `serde_json`'s own values:
//! 1. A body is taken exactly when the second reading finds no fault in it, and else refused with one of the codes that
//!    a body can have.
//! 2. What is read is what the body says.
//! 3. What is told to the operator of a refusal holds no citizen number.

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use credit_gateway::for_tests::{Reading, Refusal, question, read_alone};
use credit_policy::{
    Catalogue, Code, Facts, Ground, InstitutionKind, catalogue::shipped, holds_citizen_number, normal_case,
};
use jiff::civil::{Date, date};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

const ON: Date = date(2026, 11, 22);

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(&shipped()).expect("the shipped catalogue"));

pub(super) fn feed(bytes: &[u8]) -> bool {
    let body = Body::read(bytes);
    let facts = Facts::new(InstitutionKind::of_form("housing-department").unwrap(), ON);
    let reading = match question(bytes) {
        Ok(question) => read_alone(&CATALOGUE, &question, facts),
        Err(refusal) => {
            refused(&refusal, body.as_ref());
            return false;
        }
    };
    match &reading.refusal {
        None => {
            let body = body.as_ref().expect("taken although it is no object of texts");
            assert_eq!(body.fault(), None, "taken although it has a fault");
            taken(body, &reading);
            true
        }
        Some(refusal) => {
            refused(refusal, body.as_ref());
            false
        }
    }
}

fn refused(refusal: &Refusal, body: Option<&Body>) {
    let fault = body.map_or(Some(Code::MalformedRequest), Body::fault);
    assert_eq!(Some(refusal.code), fault, "refused otherwise than formats.md says");
    let cause = refusal.cause.clone().unwrap_or_default();
    assert!(!holds_citizen_number(&cause), "a citizen number in the operator's log");
}

fn taken(body: &Body, reading: &Reading) {
    let scenario = reading.scenario.as_ref().expect("a scenario");
    assert_eq!(body.text("scenario"), Some(scenario.name().as_str()));
    assert_eq!(body.text("operator"), reading.staff.as_ref().map(|staff| staff.as_str()));
    assert!(reading.facts.operator);
    assert_eq!(reading.case.as_ref().map(|case| case.as_str()), body.text("case"));
    assert_eq!(reading.facts.case, reading.case.is_some());
    let (person, claimed) = (&reading.person, &reading.claimed);
    let person = person.as_ref().map(|person| person.disclose(|number| number.as_str().to_owned()));
    let claimed = claimed.as_ref().map(|claimed| claimed.disclose(|number| number.as_str().to_owned()));
    let subject = body.text("subject").map(str::to_owned);
    if scenario.ground() == Ground::Consent {
        assert_eq!((person, claimed), (None, subject));
    } else {
        let born = subject.as_ref().map(|number| number[6..14].to_owned()).expect("a subject");
        assert_eq!((person, claimed), (subject, None));
        let minor = reading.facts.minor.expect("an age");
        assert_eq!(minor, born.as_str() > "20081122", "18 years before the day of the query");
    }
    let known: Option<Vec<&str>> =
        reading.facts.fields.as_ref().map(|names| names.iter().map(|n| n.as_str()).collect());
    match (body.names(), known, reading.facts.observed) {
        (None, None, None) => {}
        (Some(asked), Some(known), None) => {
            assert_eq!(
                asked.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
                known
            );
        }
        (Some(asked), None, Some(Code::UnknownField)) => {
            assert!(asked.iter().any(|name| CATALOGUE.field(name).is_none()));
        }
        (asked, known, observed) => panic!("fields {asked:?} became {known:?}, {observed:?}"),
    }
}

/// The second reading: the members of one object, in their order.
struct Body(Vec<(String, Value)>);

impl Body {
    /// `None` unless it is one object whose members are known, there once, and of their type.
    fn read(bytes: &[u8]) -> Option<Self> {
        let body: Self = serde_json::from_slice(bytes).ok()?;
        let mut seen = BTreeSet::new();
        let typed = body.0.iter().all(|(key, value)| {
            let known = match key.as_str() {
                "scenario" | "subject" | "operator" | "case" => value.is_string(),
                "fields" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
                _ => false,
            };
            known && seen.insert(key.clone())
        });
        (typed && body.text("scenario").is_some()).then_some(body)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_str())
    }

    fn names(&self) -> Option<Vec<String>> {
        let (_, names) = self.0.iter().find(|(name, _)| name == "fields")?;
        // An empty list counts as left out.
        let names = names.as_array().filter(|names| !names.is_empty())?;
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// The first fault, in the order of formats.md §2.
    fn fault(&self) -> Option<Code> {
        let Some(scenario) = self.text("scenario").and_then(|name| CATALOGUE.scenario(name)) else {
            return Some(Code::UnknownScenario);
        };
        match self.text("operator") {
            None => return Some(Code::OperatorRequired),
            Some(text) if !is_operator(text) => return Some(Code::MalformedRequest),
            Some(_) => {}
        }
        match self.text("case") {
            None if scenario.ground() == Ground::Statute => return Some(Code::CaseRequired),
            Some(text) if !is_case(text) => return Some(Code::MalformedRequest),
            None | Some(_) => {}
        }
        match self.text("subject") {
            None if scenario.ground() != Ground::Consent => return Some(Code::MalformedRequest),
            Some(text) if !is_citizen_number(text.as_bytes()) => return Some(Code::InvalidCitizenNumber),
            None | Some(_) => {}
        }
        let names = self.names()?;
        let known = names.iter().all(|name| CATALOGUE.field(name).is_some());
        let twice = names.iter().collect::<BTreeSet<_>>().len() < names.len();
        (known && twice).then_some(Code::MalformedRequest)
    }
}

fn is_operator(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte))
        && !names_somebody(text)
}

fn is_case(text: &str) -> bool {
    let word =
        |c: char| c.is_alphabetic() || c.is_ascii_digit() || is_combining_mark(c) || "\u{f0b}\u{f0c}".contains(c);
    let wide = |c: char| "　－＿．／（）［］０１２３４５６７８９".contains(c);
    (1..=64).contains(&text.chars().count())
        && text.chars().all(|c| word(c) || wide(c) || " -_./()〔〕【】[]".contains(c))
        && normal_case(text).contains(char::is_alphanumeric)
        && !names_somebody(text)
}

/// 15 digits with a date, or 18 characters that are a citizen number, read as `docs/formats.md` §2 says.
fn names_somebody(text: &str) -> bool {
    let digits = "〇一二三四五六七八九零壹贰叁肆伍陆柒捌玖○\0貳參\0\0陸\0\0\0";
    let read: String = text
        .nfkc()
        .map(|c| match c {
            '0'..='9' => c,
            'x' | 'X' => 'X',
            'a'..='f' | 'A'..='F' => 'h',
            ':' | ';' | ',' | '<' | '>' | '=' | '"' | '\'' | '|' | '&' | '%' | '$' | '#' | '@' | '!' | '?' | '+'
            | '~' | '^' | '`' | '*' | '\\' | '、' => '|',
            _ => match digits.chars().position(|digit| digit == c && c != '\0').or_else(|| of_other_script(c)) {
                Some(at) => char::from(b'0' + (at % 10) as u8),
                None if c.is_alphanumeric() => 'l',
                None => ' ',
            },
        })
        .collect();
    let closed: String = read.chars().filter(|c| !" |".contains(*c)).collect();
    closed.as_bytes().windows(18).any(is_citizen_number) || has_old_form(&read)
}

/// Decimal digits that NFKC leaves as they are, as far as the corpus has them.
fn of_other_script(c: char) -> Option<usize> {
    [0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xF20]
        .into_iter()
        .find_map(|zero| (u32::from(c)).checked_sub(zero).filter(|value| *value < 10))
        .map(|value| value as usize)
}

fn has_old_form(read: &str) -> bool {
    let letter = |c: char| "Xhl|".contains(c);
    let mut at = 0;
    for part in read.split(letter) {
        let before = read[..at].ends_with('h') && !part.starts_with(' ');
        let after = read[at + part.len()..].starts_with('h') && !part.ends_with(' ');
        let runs: Vec<&str> = part.split(' ').filter(|run| !run.is_empty()).collect();
        for first in 0..runs.len() {
            for last in first..runs.len() {
                let joined = runs[first..=last].concat();
                let touched = first < last && (before && first == 0 || after && last + 1 == runs.len());
                let date = |text: &str| jiff::civil::Date::strptime("%Y%m%d", format!("19{text}")).is_ok();
                if joined.len() == 15 && !touched && date(&joined[6..12]) {
                    return true;
                }
            }
        }
        at += part.len() + 1;
    }
    false
}

/// GB 11643 by the weights of its annex A.
fn is_citizen_number(bytes: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if text.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let day = format!("{}-{}-{}", &text[6..10], &text[10..12], &text[12..14]);
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    day.parse::<Date>().is_ok_and(|day| day.year() >= 1900)
        && b"10X98765432"[usize::try_from(sum % 11).expect("small")] == bytes[17]
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Body, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Body(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
