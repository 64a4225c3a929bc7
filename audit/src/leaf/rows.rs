//! What each member of a leaf may hold: a line a member, as its row says (`FORMAT.md` §3 and §4). That they are there, of
//! their types and in their order is checked before ([`check_form`](super::check_form)); what rests on other leaves, after.

mod forms;

use serde_json::Value;

use super::guard::names_somebody_beside;
use super::peek::Peek;
use forms::{
    b32, base64url_16, case, code_counts, count_of_ids, day_or_longer, decimal, digests, ends, file_list, idempotency,
    institution, institution_kind, is_one_of, key_id, label, line, lines, multiple_of_256, number, origin, path,
    positive, sealed, sealed_member, staff, thumbprint, thumbprints, token, uuid, uuid7, verifier_key, word,
};

/// Whether a value has its form.
type Form = fn(&Value) -> bool;

/// The members of a kind that have a form of their own. A dot goes into an object. One that is absent is not looked at.
type Row = (&'static str, &'static [(&'static str, Form)]);

const ROWS: [Row; 33] = [
    (
        "query",
        &[
            ("operator", staff),
            ("certificate", thumbprint),
            ("on_behalf.institution", institution),
            ("on_behalf.kind", institution_kind),
            ("on_behalf.certificate", thumbprint),
            ("on_behalf.origin", origin),
            ("on_behalf.query", uuid),
            ("ground.statute", line),
            ("ground.case", case),
            ("ground.consent", token),
            ("ground.use", positive),
            ("repeats", uuid7),
            ("idempotency", idempotency),
            ("catalogue", label),
            ("remote.origin", origin),
            ("key", key_id),
            ("sealed", sealed),
            ("", forms::all_or_nothing_of_a_person),
        ],
    ),
    ("open", &[("origin", origin), ("previous.origin", origin), ("previous.checkpoint", lines), ("software", line)]),
    ("seal", &[("institutions", forms::last_numbers), ("next", origin)]),
    ("catalogue", &[("label", label), ("files", file_list)]),
    ("definitions", &[("catalogue", label), ("fields", digests)]),
    ("carried", &[("", forms::one_list)]),
    ("log", &[("origin", origin), ("vkey", verifier_key)]),
    (
        "prune",
        &[("from", multiple_of_256), ("until", multiple_of_256), ("proposal", uuid7), ("", forms::from_below_until)],
    ),
    (
        "key",
        &[
            ("key", key_id),
            ("use", |it| is_one_of(it, &["pseudonym", "tag", "state", "data", "log", "ring"])),
            ("fingerprint", base64url_16),
            ("", forms::part_of_a_destroyed_data_key),
        ],
    ),
    (
        "institution",
        &[
            ("institution", institution),
            ("institution_kind", institution_kind),
            ("certificates", thumbprints),
            ("name", line),
            ("issuers", forms::texts),
            ("on_behalf_of", ends),
        ],
    ),
    ("suspension", &[("institution", institution), ("operator", staff), ("scenario", word), ("reason", line)]),
    ("stop", &[("scenario", word), ("reason", line)]),
    ("revocation", &[("issuer", line), ("jti", line)]),
    ("issuer-key", &[("iss", line), ("kid", line), ("jwk", forms::public_key)]),
    ("flood", &[("institution", institution), ("counts", code_counts)]),
    ("refusals", &[("counts", code_counts)]),
    ("read", &[("path", path)]),
    ("unseal", &[("entry", number), ("reason", line), ("proposal", uuid7)]),
    ("notice", &[("count", count_of_ids), ("key", key_id), ("ids", sealed_member), ("", forms::way_of_actor)]),
    ("statement", &[("size", positive), ("key", key_id), ("ids", sealed_member), ("", forms::shown_to_a_person)]),
    ("block", &[("scenario", word), ("key", key_id), ("person", sealed_member)]),
    (
        "objection",
        &[
            ("class", word),
            ("key", key_id),
            ("record", sealed_member),
            ("text", sealed_member),
            ("reason", sealed_member),
        ],
    ),
    ("repair", &[("class", word), ("key", key_id), ("record", sealed_member), ("order", sealed_member)]),
    ("correction", &[("query", uuid7)]),
    (
        "case",
        &[
            ("scenario", word),
            ("case", case),
            ("operator", staff),
            ("key", key_id),
            ("sealed", sealed),
            ("", forms::all_or_nothing_of_a_person),
        ],
    ),
    ("appointment", &[("scenario", word), ("operator", staff), ("key", key_id), ("sealed", sealed)]),
    ("feedback", &[("query", uuid7), ("operator", staff), ("measure", word)]),
    ("binding", &[("key", key_id), ("person", sealed_member)]),
    (
        "proposal",
        &[
            ("act", |it| {
                let acts =
                    ["catalogue", "register", "limits", "resume", "unseal", "destroy", "prune", "export", "officer"];
                is_one_of(it, &acts) || is_one_of(it, &["sampling", "reinstate"])
            }),
            ("digest", b32),
        ],
    ),
    ("approval", &[("proposal", uuid7), ("digest", b32)]),
    (
        "review",
        &[
            ("query", uuid7),
            ("verdict", |it| is_one_of(it, &["explained", "unexplained", "suspicious"])),
            ("reason", line),
        ],
    ),
    (
        "sampling",
        &[
            ("period", day_or_longer),
            ("digest", b32),
            ("nonce", b32),
            ("size", positive),
            ("per_mille", positive),
            ("within_days", positive),
            ("policy", b32),
            ("query", uuid7),
            ("verdict", |it| is_one_of(it, &["explained", "unexplained", "suspicious"])),
            ("", forms::members_of_its_state),
        ],
    ),
    ("figures", &[("period", day_or_longer), ("epsilon", decimal)]),
];

/// The first member that is not of its form; `person` where a citizen number stands in the leaf in clear. Nothing is known
/// of a kind of a later release.
pub(super) fn fault(peek: &Peek<'_>) -> Option<&'static str> {
    match serde_json::from_str(peek.text) {
        Ok(leaf) => fault_in(peek.kind, &leaf),
        Err(_) => Some("leaf"),
    }
}

fn fault_in(kind: &str, leaf: &Value) -> Option<&'static str> {
    let (_, row) = ROWS.iter().find(|(known, _)| *known == kind)?;
    let wrong = row.iter().find(|(member, form)| {
        let place =
            if member.is_empty() { Some(leaf) } else { member.split('.').try_fold(leaf, |at, name| at.get(name)) };
        place.is_some_and(|value| !form(value))
    });
    let named = || names_somebody_beside(leaf, &["id", "at", "actor", "seq"]).then_some("person");
    wrong.map(|(member, _)| if member.is_empty() { "leaf" } else { *member }).or_else(named)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::leaf::{Kind, peek, samples};

    const NUMBER: &str = "990101199003070015";

    /// A leaf of this kind that has this member.
    fn sample(kind: &str, member: &str) -> Value {
        let name = member.split('.').next().unwrap();
        let leaves = (0..80).flat_map(|seed| samples::log(seed, 300));
        let mut read = leaves.map(|leaf| serde_json::from_slice::<Value>(&leaf).unwrap());
        let has =
            |leaf: &Value| leaf["kind"] == kind && member.split('.').try_fold(leaf, |at, name| at.get(name)).is_some();
        read.find(has).unwrap_or_else(|| panic!("no {kind} with {name}"))
    }

    fn with(mut leaf: Value, member: &str, value: Value) -> Value {
        let mut place = &mut leaf;
        for name in member.split('.') {
            place = &mut place[name];
        }
        *place = value;
        leaf
    }

    type Wrong = (&'static str, &'static str, Vec<Value>);

    fn bytes(count: usize) -> Value {
        json!(STANDARD.encode(vec![7; count]))
    }

    fn wrong() -> Vec<Wrong> {
        vec![
            ("query", "operator", vec![json!("a b"), json!(""), json!("a".repeat(65)), json!(NUMBER), json!("é")]),
            ("query", "certificate", vec![json!("AAAA"), json!("A".repeat(44)), json!("")]),
            ("query", "ground.case", vec![json!(""), json!("a".repeat(65)), json!("a;b"), json!(NUMBER), json!("---")]),
            ("query", "ground.statute", vec![json!(""), json!("a\nb")]),
            ("query", "ground.consent", vec![json!("a.b"), json!("e30.e30.e30.e30"), json!("e30..e30")]),
            ("query", "ground.use", vec![json!(0)]),
            ("query", "repeats", vec![json!("b6b3f5a4-6f0f-4a6e-9d3f-0a3c2c9f1a11"), json!("x")]),
            ("query", "idempotency", vec![bytes(1), bytes(16), bytes(33), bytes(0)]),
            ("query", "catalogue", vec![json!("2026.11"), json!("2026.11@sha256:00"), json!("")]),
            ("query", "key", vec![json!(""), json!("Data-1"), json!("d".repeat(33))]),
            ("query", "sealed", vec![bytes(3), bytes(600), bytes(1_056), bytes(1_058), bytes(2_080)]),
            ("key", "use", vec![json!("foo"), json!("index"), json!("")]),
            ("key", "fingerprint", vec![json!("AAAA"), json!("")]),
            ("key", "key", vec![json!(""), json!("a b")]),
            ("institution", "institution_kind", vec![json!("Pawn shop")]),
            ("institution", "certificates", vec![json!(["AAAA"])]),
            ("institution", "name", vec![json!(""), json!(NUMBER)]),
            ("suspension", "operator", vec![json!("a b")]),
            ("suspension", "reason", vec![json!(""), json!(format!("of {NUMBER}")), json!("a\nb")]),
            ("suspension", "scenario", vec![json!("A b"), json!("")]),
            ("revocation", "jti", vec![json!(""), json!(NUMBER)]),
            ("issuer-key", "jwk", vec![json!({"d": "AA"}), json!({"x": ""})]),
            ("flood", "counts", vec![json!({"foo": 1}), json!({"overloaded": 0}), json!({})]),
            ("refusals", "counts", vec![json!({"foo": 1}), json!({"rate-limited": 0})]),
            ("read", "path", vec![json!(""), json!("a b")]),
            ("notice", "count", vec![json!(0), json!(1_000_000_000), json!(51)]),
            ("notice", "ids", vec![bytes(3), bytes(600), bytes(1_057)]),
        ]
    }

    fn wrong_of_persons_and_officers() -> Vec<Wrong> {
        vec![
            ("statement", "size", vec![json!(0)]),
            ("statement", "ids", vec![bytes(3), bytes(600)]),
            ("statement", "from", vec![json!("2027-12-01")]),
            (
                "statement",
                "actor",
                vec![json!({"account": "root"}), json!({"system": "x"}), json!({"institution": "bank"})],
            ),
            ("block", "person", vec![bytes(3)]),
            ("objection", "record", vec![bytes(3)]),
            ("objection", "reason", vec![bytes(3)]),
            ("repair", "order", vec![bytes(3)]),
            ("case", "case", vec![json!(""), json!("a;b"), json!(NUMBER)]),
            ("case", "operator", vec![json!("a b")]),
            ("appointment", "operator", vec![json!("a b")]),
            ("appointment", "sealed", vec![bytes(3), bytes(600)]),
            ("case", "sealed", vec![bytes(3), Value::Null]),
            ("feedback", "operator", vec![json!(NUMBER)]),
            ("feedback", "measure", vec![json!("A B")]),
            ("binding", "person", vec![bytes(3)]),
            ("proposal", "act", vec![json!("anything")]),
            ("review", "verdict", vec![json!("good")]),
            ("review", "reason", vec![json!(NUMBER)]),
            ("sampling", "period", vec![json!("2026-13"), json!("x")]),
            ("sampling", "digest", vec![bytes(31), bytes(33)]),
            ("sampling", "per_mille", vec![json!(0), Value::Null]),
            ("sampling", "verdict", vec![json!("good"), Value::Null]),
            ("sampling", "nonce", vec![Value::Null]),
            ("figures", "period", vec![json!("2026-13"), json!("2026-1"), json!("x")]),
            ("figures", "epsilon", vec![json!("much"), json!("01"), json!("1e3"), json!("")]),
            ("prune", "from", vec![json!(1), json!(1 << 20)]),
            ("log", "vkey", vec![json!("a+00000000+AAAA")]),
            ("log", "origin", vec![json!(""), json!("a b")]),
            ("carried", "revoked", vec![json!([]), bytes(16), json!(["AAAA"])]),
            ("carried", "uses", vec![json!([["AAAA", 1, "x", 1]])]),
            ("catalogue", "label", vec![json!("x")]),
            ("catalogue", "files", vec![json!([{"path": "b", "sha256": "0"}])]),
            ("definitions", "fields", vec![json!({"score": "AAAA"}), json!({"A b": "AAAAAAAAAAAAAAAAAAAAAA"})]),
            ("open", "origin", vec![json!("")]),
            ("seal", "institutions", vec![json!({"bank": 0}), json!({"A": 1})]),
        ]
    }

    #[test]
    fn a_member_of_another_form_is_found() {
        for (kind, member, values) in wrong().into_iter().chain(wrong_of_persons_and_officers()) {
            let leaf = sample(kind, member);
            assert_eq!(fault_in(kind, &leaf), None, "{kind}.{member}");
            for value in values {
                let altered = with(leaf.clone(), member, value.clone());
                assert!(fault_in(kind, &altered).is_some(), "{kind}.{member}: {value}");
            }
        }
        let mut counter = sample("notice", "way");
        counter["way"] = json!(if counter["way"] == "portal" { "counter" } else { "portal" });
        assert_eq!(fault_in("notice", &counter), Some("leaf"));
        let mut part = sample("key", "key");
        (part["part"], part["state"]) = (json!("AAAAAAAAAAAAAAAAAAAAAA=="), json!("active"));
        assert_eq!(fault_in("key", &part), Some("leaf"));
    }

    #[test]
    fn every_kind_has_its_row() {
        let rows: std::collections::BTreeSet<_> = ROWS.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(rows, Kind::ALL.into_iter().map(Kind::as_str).collect());
    }

    #[test]
    fn what_a_writer_makes_has_its_form() {
        for leaf in (0..40).flat_map(|seed| samples::log(seed, 60)) {
            let peek = peek(&leaf).unwrap();
            assert_eq!(fault(&peek), None, "{}", peek.text);
        }
    }
}
