//! Forms of single values, and of the few leaves whose members must agree with each other.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credit_policy::{CaseNumber, Code, InstitutionId, InstitutionKind, StaffId};
use serde_json::Value;
use uuid::Uuid;

use crate::leaf::peek::is_institution;
use crate::note::VerifierKey;

/// Bytes of a sealed part beside what is inside: nonce, locator and tag.
const SEAL_BYTES: usize = 12 + 5 + 16;
/// Longest text that somebody wrote, in bytes.
const LONGEST: usize = 4_096;
/// Queries that one notice may tell of.
const MOST_IDS: u64 = 50;
/// Elements of a list that is carried.
const MOST_CARRIED: usize = 100;

fn text(value: &Value, is: impl FnOnce(&str) -> bool) -> bool {
    value.as_str().is_some_and(is)
}

fn each(value: &Value, is: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(is))
}

fn members(value: &Value, is: impl Fn(&str, &Value) -> bool) -> bool {
    value.as_object().is_some_and(|all| all.iter().all(|(name, value)| is(name, value)))
}

pub(super) fn is_one_of(value: &Value, words: &[&str]) -> bool {
    text(value, |text| words.contains(&text))
}

pub(super) fn institution(value: &Value) -> bool {
    text(value, |text| InstitutionId::parse(text).is_ok())
}

pub(super) fn institution_kind(value: &Value) -> bool {
    text(value, |text| InstitutionKind::of_form(text).is_ok())
}

pub(super) fn staff(value: &Value) -> bool {
    text(value, |text| StaffId::parse(text).is_ok())
}

pub(super) fn case(value: &Value) -> bool {
    text(value, |text| CaseNumber::parse(text).is_ok())
}

/// A name of the catalogue: a scenario, a class, a measure.
pub(super) fn word(value: &Value) -> bool {
    let is_of_a_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    text(value, |text| (1..=64).contains(&text.len()) && text.bytes().all(is_of_a_word))
}

pub(super) fn key_id(value: &Value) -> bool {
    text(value, |text| text.len() <= 32 && is_institution(text.as_bytes()))
}

pub(super) fn line(value: &Value) -> bool {
    text(value, |text| (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control))
}

pub(super) fn lines(value: &Value) -> bool {
    text(value, |text| (1..=LONGEST).contains(&text.len()))
}

pub(super) fn texts(value: &Value) -> bool {
    each(value, line)
}

/// A place that was read: of a path in a URL.
pub(super) fn path(value: &Value) -> bool {
    line(value) && text(value, |text| !text.contains(char::is_whitespace))
}

/// The name of a log.
pub(super) fn origin(value: &Value) -> bool {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    text(value, |text| (1..=256).contains(&text.len()) && !text.ends_with('/') && !text.contains(is_odd))
}

pub(super) fn verifier_key(value: &Value) -> bool {
    text(value, |text| !text.ends_with('\n') && VerifierKey::parse(text).is_ok())
}

fn id(value: &Value, is: impl FnOnce(&Uuid) -> bool) -> bool {
    text(value, |text| Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text && is(&id)))
}

pub(super) fn uuid(value: &Value) -> bool {
    id(value, |_| true)
}

pub(super) fn uuid7(value: &Value) -> bool {
    id(value, |id| id.get_version_num() == 7)
}

fn base64(value: &Value, bytes: &[usize]) -> bool {
    text(value, |text| STANDARD.decode(text).is_ok_and(|found| bytes.contains(&found.len())))
}

fn base64url(value: &Value, bytes: usize) -> bool {
    text(value, |text| URL_SAFE_NO_PAD.decode(text).is_ok_and(|found| found.len() == bytes))
}

pub(super) fn b32(value: &Value) -> bool {
    base64(value, &[32])
}

/// Two digests of 16 bytes: of the key, and of everything that was asked under it.
pub(super) fn idempotency(value: &Value) -> bool {
    base64(value, &[32])
}

pub(super) fn base64url_16(value: &Value) -> bool {
    base64url(value, 16)
}

/// x5t#S256.
pub(super) fn thumbprint(value: &Value) -> bool {
    base64url(value, 32)
}

pub(super) fn thumbprints(value: &Value) -> bool {
    each(value, thumbprint)
}

/// The sealed part of a query.
pub(super) fn sealed(value: &Value) -> bool {
    base64(value, &[SEAL_BYTES + 1_024, SEAL_BYTES + 2_048])
}

/// A commitment and a sealed part.
pub(super) fn sealed_member(value: &Value) -> bool {
    base64(value, &[1_024, 2_048, 4_096, 8_192].map(|inside| 32 + SEAL_BYTES + inside))
}

/// The signed part of a token: three parts of base64url.
pub(super) fn token(value: &Value) -> bool {
    let is_part = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| !bytes.is_empty());
    text(value, |text| text.split('.').count() == 3 && text.split('.').all(is_part))
}

pub(super) fn number(value: &Value) -> bool {
    value.is_u64()
}

pub(super) fn positive(value: &Value) -> bool {
    value.as_u64().is_some_and(|number| number > 0)
}

pub(super) fn multiple_of_256(value: &Value) -> bool {
    value.as_u64().is_some_and(|number| number % 256 == 0)
}

pub(super) fn count_of_ids(value: &Value) -> bool {
    value.as_u64().is_some_and(|count| (1..=MOST_IDS).contains(&count))
}

/// `version@sha256:…`
pub(super) fn label(value: &Value) -> bool {
    let is_version = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    text(value, |text| text.split_once("@sha256:").is_some_and(|(version, hex)| is_version(version) && is_digest(hex)))
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// The files of a catalogue, by path.
pub(super) fn file_list(value: &Value) -> bool {
    let Some(files) = value.as_array() else { return false };
    let paths: Vec<_> = files.iter().map(|file| file.get("path").and_then(Value::as_str).unwrap_or_default()).collect();
    let is_file = |file: &Value| file.get("sha256").is_some_and(|hex| text(hex, is_digest));
    paths.is_sorted_by(|one, next| one < next) && files.iter().all(is_file)
}

/// Digests of definitions by the field's name.
pub(super) fn digests(value: &Value) -> bool {
    members(value, |name, digest| word(&Value::from(name)) && base64url(digest, 16))
}

/// Last numbers by institution.
pub(super) fn last_numbers(value: &Value) -> bool {
    members(value, |name, last| institution(&Value::from(name)) && positive(last))
}

/// Counts by problem code, or of connections cut off.
pub(super) fn code_counts(value: &Value) -> bool {
    let is_code = |name: &str| name == "cut-off" || serde_json::from_value::<Code>(Value::from(name)).is_ok();
    members(value, |name, count| is_code(name) && positive(count))
        && value.as_object().is_some_and(|all| !all.is_empty())
}

/// Institutions for which a gateway may ask: `id:kind`.
pub(super) fn ends(value: &Value) -> bool {
    let is_end = |end: &str| {
        let parts = end.split_once(':').map(|(id, kind)| (Value::from(id), Value::from(kind)));
        parts.is_some_and(|(id, kind)| institution(&id) && institution_kind(&kind))
    };
    value.as_array().is_some_and(|all| all.iter().all(|end| text(end, is_end)))
}

/// A public key: its members are texts, and none of them is secret (RFC 7518 §6).
pub(super) fn public_key(value: &Value) -> bool {
    members(value, |name, part| line(part) && !["d", "p", "q", "dp", "dq", "qi", "k", "oth"].contains(&name))
}

/// A month, a day or a year.
pub(super) fn day_or_longer(value: &Value) -> bool {
    let is_day = |text: &str| text.parse::<jiff::civil::Date>().is_ok_and(|day| day.to_string() == text);
    text(value, |text| match text.len() {
        4 => is_day(&format!("{text}-01-01")),
        7 => is_day(&format!("{text}-01")),
        _ => is_day(text),
    })
}

/// Of a `sampling` leaf: that it has what its state has, and nothing else.
pub(super) fn members_of_its_state(leaf: &Value) -> bool {
    let (shown, known) = (["size", "per_mille", "within_days", "policy"], ["query", "verdict"]);
    let is_state = |states: &[&str]| leaf.get("state").is_some_and(|state| is_one_of(state, states));
    let all = |names: &[&str], there: bool| names.iter().all(|name| leaf.get(name).is_some() == there);
    all(&["nonce"], is_state(&["shown", "known"]))
        && all(&shown, is_state(&["shown"]))
        && all(&known, is_state(&["known"]))
}

/// A decimal as text.
pub(super) fn decimal(value: &Value) -> bool {
    let is_digits = |digits: &str| (1..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    text(value, |text| {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        is_digits(whole) && is_digits(rest) && (whole == "0" || !whole.starts_with('0'))
    })
}

/// Of a `carried`: one list, sorted, with keys of 16 bytes and numbers that count something.
pub(super) fn one_list(leaf: &Value) -> bool {
    let lists: Vec<_> = ["revoked", "uses", "cases", "people", "operators", "idempotency"]
        .into_iter()
        .filter_map(|name| Some((name, leaf.get(name)?.as_array()?)))
        .collect();
    let [(name, rows)] = lists.as_slice() else { return false };
    let key = |row: &Value, at: usize| row.get(at).is_some_and(|key| base64(key, &[16]));
    let is_row = |row: &Value| match *name {
        "revoked" => base64(row, &[16]),
        "uses" => key(row, 0) && row.get(1).is_some_and(positive),
        "cases" => key(row, 1) && row.get(2).is_some_and(positive),
        "people" => key(row, 3) && row.get(4).is_some_and(positive),
        "operators" => key(row, 2) && row.get(3).is_some_and(positive),
        _ => key(row, 0) && key(row, 1) && row.get(2).is_some_and(uuid7),
    };
    (1..=MOST_CARRIED).contains(&rows.len()) && rows.iter().all(is_row)
}

pub(super) fn from_below_until(leaf: &Value) -> bool {
    let at = |name: &str| leaf.get(name).and_then(Value::as_u64);
    at("from") < at("until")
}

/// Only a data key has parts of persons, and only what was destroyed names one.
pub(super) fn part_of_a_destroyed_data_key(leaf: &Value) -> bool {
    let is = |name: &str, word: &str| leaf.get(name).and_then(Value::as_str) == Some(word);
    leaf.get("part").is_none() || is("use", "data") && is("state", "destroyed")
}

fn is_by_person(leaf: &Value) -> bool {
    leaf.get("actor").is_some_and(|actor| actor.get("person").is_some())
}

/// A notice in the portal is read by the person, every other is given by somebody else.
pub(super) fn way_of_actor(leaf: &Value) -> bool {
    is_by_person(leaf) == (leaf.get("way").and_then(Value::as_str) == Some("portal"))
}

/// A list is shown to the person, of days in their order.
pub(super) fn shown_to_a_person(leaf: &Value) -> bool {
    let day = |name: &str| leaf.get(name).and_then(Value::as_str);
    // Days of one form are in the order of their texts.
    is_by_person(leaf) && day("from") <= day("to")
}

/// Whom it is about: all four members, or none.
pub(super) fn all_or_nothing_of_a_person(leaf: &Value) -> bool {
    let there = ["subject", "key", "sealed", "commit"].map(|name| leaf.get(name).is_some());
    there == [true; 4] || there == [false; 4]
}
