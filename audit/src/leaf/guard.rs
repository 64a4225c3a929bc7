//! The one gate before a leaf: no citizen number stands in clear in what becomes one, whoever wrote it. Every entry is
//! made behind it, so a free text that a later kind adds is behind it too.

use credit_policy::holds_citizen_number;
use serde_json::Value;
use uuid::Uuid;

/// Members that have an id of our own, in which nobody writes.
const IDS: [&str; 4] = ["repeats", "query", "proposal", "idempotency"];

/// Whether a JSON object names a person by number: in a text, a number or a member's name.
pub(super) fn names_somebody(json: &[u8]) -> bool {
    !has_no_number(json) && serde_json::from_slice(json).map_or(true, |value| is_in(&value, ""))
}

/// Whether a leaf that was read names a person by number, in other members than these of its beginning.
pub(super) fn names_somebody_beside(leaf: &Value, beside: &[&str]) -> bool {
    let members = leaf.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !beside.contains(&name.as_str()))
        .any(|(name, value)| holds_citizen_number(name) || is_in(value, name))
}

/// Whether JSON has no number for sure. An escape can hide digits from this look, and what it finds can be two texts.
pub(super) fn has_no_number(json: &[u8]) -> bool {
    std::str::from_utf8(json).is_ok_and(|text| !text.contains('\\') && !holds_citizen_number(text))
}

fn is_in(value: &Value, member: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| holds_citizen_number(name) || is_in(value, name)),
        Value::Array(values) => values.iter().any(|value| is_in(value, member)),
        Value::Number(number) => holds_citizen_number(&number.to_string()),
        Value::String(text) => holds_citizen_number(written(text, member)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// The part of a text that somebody wrote. Digests and ids have so many digits that one of them looks like a number now
/// and then; they are left out where they stand in their member and have their form.
fn written<'a>(text: &'a str, member: &str) -> &'a str {
    let is_digest =
        |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    match member {
        "label" | "catalogue" => {
            text.split_once("@sha256:").filter(|(_, digest)| is_digest(digest)).map_or(text, |(version, _)| version)
        }
        "sha256" if is_digest(text) => "",
        _ if IDS.contains(&member) && Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text) => "",
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::leaf::{Act as _, Actor, Entry, Kind, LeafError, Suspension, samples};

    const NUMBER: &str = "990101199003070015";

    /// Takes a place, and what makes the value with another text there.
    type Put<'a> = dyn FnMut(&str, &dyn Fn(&str) -> Value) + 'a;

    /// Every text of a value, and the value with a number in the place of each.
    fn each_text(value: &Value, path: &str, put: &mut Put<'_>) {
        match value {
            Value::Object(members) => {
                for (name, below) in members {
                    each_text(below, &format!("{path}.{name}"), &mut |path, with| {
                        put(path, &|text| {
                            let mut changed = members.clone();
                            changed.insert(name.clone(), with(text));
                            Value::Object(changed)
                        });
                    });
                }
            }
            Value::Array(values) => {
                for (at, below) in values.iter().enumerate() {
                    each_text(below, path, &mut |path, with| {
                        put(path, &|text| {
                            let mut changed = values.clone();
                            changed[at] = with(text);
                            Value::Array(changed)
                        });
                    });
                }
            }
            Value::String(_) => put(path, &|text| Value::String(text.to_owned())),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    #[test]
    fn a_number_is_found_in_every_text_of_every_kind_and_a_leaf_without_one_passes() {
        let mut kinds = BTreeSet::new();
        let mut places = BTreeSet::new();
        for leaf in (0..12).flat_map(|seed| samples::log(seed, 60)) {
            let value: Value = serde_json::from_slice(&leaf).unwrap();
            assert!(!names_somebody(&leaf), "{value}");
            kinds.insert(value["kind"].as_str().unwrap().to_owned());
            each_text(&value, "", &mut |path, with| {
                for written in
                    [NUMBER, "案 990101 19900307 0015 号", "９９０１０１９００３０７００１", "a\t990101-900307-001"]
                {
                    let changed = with(written);
                    assert!(names_somebody(changed.to_string().as_bytes()), "{path}: {changed}");
                }
                places.insert(path.to_owned());
            });
        }
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert!(
            places.contains(".reason") && places.contains(".ground.case") && places.contains(".name"),
            "{places:?}"
        );
    }

    #[test]
    fn nothing_is_left_out_of_a_place_for_digests_but_a_digest() {
        let digest = format!("{NUMBER}{}", "a".repeat(46));
        let json = |member: &str, text: &str| serde_json::json!({ member: text }).to_string();
        for (member, text) in [("label", format!("1@sha256:{digest}")), ("sha256", digest.clone())] {
            assert!(!names_somebody(json(member, &text).as_bytes()), "{member}");
        }
        for (member, text) in [
            ("label", format!("{NUMBER}@sha256:{digest}")),
            ("reason", digest),
            ("query", NUMBER.to_owned()),
            ("sha256", NUMBER.to_owned()),
        ] {
            assert!(names_somebody(json(member, &text).as_bytes()), "{member}: {text}");
        }
        assert!(names_somebody(format!("{{\"{NUMBER}\":1}}").as_bytes()));
        assert!(names_somebody(format!("{{\"count\":{NUMBER}}}").as_bytes()));
    }

    #[test]
    fn no_entry_is_made_of_it() {
        let id = Uuid::parse_str("01939f3c-0000-7000-8000-000000000001").unwrap();
        let suspension = |reason: &str| Suspension {
            institution: "bank".to_owned(),
            operator: None,
            scenario: None,
            suspended: true,
            reason: Some(reason.to_owned()),
        };
        let refused = |entry: Result<Entry, LeafError>| matches!(entry, Err(LeafError::CitizenNumber));
        let account = |name: &str| Actor::Account(name.to_owned());
        assert!(suspension("asked about too many").entry(id, account("uid 0 (root)")).is_ok());
        assert!(refused(suspension(&format!("asked about {NUMBER}")).entry(id, account("uid 0 (root)"))));
        assert!(refused(suspension("ok").entry(id, account(&format!("uid 0 ({NUMBER})")))));
        assert!(refused(Entry::new(Kind::Query, id, Some("a990101900307001"), &serde_json::json!({}))));
    }
}
