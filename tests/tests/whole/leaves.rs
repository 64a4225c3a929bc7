//! The leaves of a mixed run: their form, their order, and every decision made again from leaf and catalogue alone.

use std::collections::{BTreeMap, BTreeSet};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use credit_audit::{leaf::QueryLeaf, replay::decide_again};
use credit_policy::Catalogue;
use credit_tests::{Leaf, audit, each};
use jiff::Timestamp;
use uuid::Uuid;

use crate::mixed_load::mixed;

/// The keys of a leaf of kind `query`, in their order (formats.md §4).
const KEYS: [&str; 24] = [
    "v",
    "kind",
    "id",
    "at",
    "institution",
    "seq",
    "operator",
    "certificate",
    "scenario",
    "ground",
    "repeats",
    "idempotency",
    "catalogue",
    "rules",
    "inputs",
    "outcome",
    "code",
    "fields",
    "notice",
    "answer",
    "subject",
    "key",
    "sealed",
    "commit",
];

fn leaves() -> Vec<Leaf> {
    mixed().folder.leaves()
}

/// The queries of institutions; a person's own have fewer members (`persons::`).
fn queries() -> Vec<Leaf> {
    leaves().into_iter().filter(|leaf| leaf.text("kind") == "query" && !is_own(leaf)).collect()
}

fn is_own(leaf: &Leaf) -> bool {
    leaf.json["ground"]["self"] == true
}

#[test]
fn a_query_leaf_has_the_keys_of_the_format_in_its_order() {
    let queries = queries();
    assert!(queries.len() > 150, "{}", queries.len());
    each(queries, |leaf| {
        let mut order = KEYS.iter();
        for key in leaf.keys() {
            assert!(order.any(|expected| *expected == key), "`{key}` is unknown or out of order");
        }
        let json = &leaf.json;
        for key in ["institution", "certificate", "catalogue", "rules", "inputs", "outcome", "answer"] {
            assert!(json.get(key).is_some(), "`{key}` is missing");
        }
        let there: Vec<bool> =
            ["subject", "key", "sealed", "commit"].iter().map(|key| json.get(key).is_some()).collect();
        assert!(there.iter().all(|one| *one == there[0]), "of the personal part there is a half");
        match leaf.text("outcome") {
            "answered" => {
                for key in ["operator", "scenario", "ground", "fields", "notice", "subject"] {
                    assert!(json.get(key).is_some(), "`{key}` is missing");
                }
                assert!(json.get("code").is_none());
            }
            "refused" => {
                assert!(json.get("code").is_some() && json.get("fields").is_none() && json.get("notice").is_none())
            }
            other => panic!("outcome `{other}`"),
        }
    });
}

#[test]
fn binary_values_are_of_their_lengths_and_encodings() {
    each(queries(), |leaf| {
        let length =
            |key: &str| leaf.json.get(key).map(|value| STANDARD.decode(value.as_str().unwrap()).unwrap().len());
        assert_eq!(length("answer"), Some(32));
        assert_eq!(URL_SAFE_NO_PAD.decode(leaf.text("certificate")).unwrap().len(), 32);
        if leaf.json.get("sealed").is_some() {
            assert_eq!((length("subject"), length("commit")), (Some(32), Some(32)));
            // Nonce, locator, 1,024 bytes whoever the person is, tag.
            assert_eq!(length("sealed"), Some(12 + 5 + 1024 + 16));
            assert!(leaf.text("key").starts_with("data-"));
        }
    });
}

#[test]
fn leaves_are_one_line_of_json_without_spaces_and_not_too_long() {
    each(leaves(), |leaf| {
        assert!(leaf.bytes.len() <= 16 * 1024);
        let (mut within, mut escaped) = (false, false);
        for byte in std::str::from_utf8(&leaf.bytes).unwrap().bytes() {
            match (byte, within, escaped) {
                (_, true, true) => escaped = false,
                (b'\\', true, _) => escaped = true,
                (b'"', ..) => within = !within,
                (byte, within, _) => assert!(within || !byte.is_ascii_whitespace(), "a space outside a text"),
            }
            assert!(byte != b'\n' && byte != b'\r');
        }
    });
}

#[test]
fn the_first_keys_of_every_leaf_are_the_same_and_the_first_leaf_opens_the_log() {
    let leaves = leaves();
    assert_eq!(leaves[0].text("kind"), "open");
    assert_eq!(leaves[1].text("kind"), "catalogue");
    let mut ids = BTreeSet::new();
    each(&leaves, |leaf| {
        assert_eq!(leaf.keys()[..4], ["v", "kind", "id", "at"]);
        assert_eq!(leaf.json["v"], 1);
        let id = Uuid::parse_str(leaf.text("id")).unwrap();
        assert_eq!((id.get_version_num(), id.to_string()), (7, leaf.text("id").to_owned()));
    });
    assert!(leaves.iter().all(|leaf| ids.insert(leaf.text("id").to_owned())), "an id came twice");
}

#[test]
fn times_are_microseconds_of_utc_and_never_decrease() {
    let mut last = String::new();
    for leaf in leaves() {
        let at = leaf.text("at").to_owned();
        let form: String = at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(form, "0000-00-00T00:00:00.000000Z");
        assert!(at.parse::<Timestamp>().is_ok());
        assert!(at >= last, "leaf {} is before the one before it", leaf.index);
        last = at;
    }
}

#[test]
fn each_institution_s_queries_are_numbered_without_a_gap() {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for leaf in leaves() {
        let Some(seq) = leaf.json.get("seq") else {
            assert!(leaf.text("kind") != "query" || is_own(&leaf));
            continue;
        };
        let seen = last.entry(leaf.text("institution").to_owned()).or_default();
        assert_eq!(seq.as_u64(), Some(*seen + 1), "leaf {}", leaf.index);
        *seen += 1;
    }
    assert!(last["housing"] > 100 && last["bank"] >= 2 && last["employer"] >= 10, "{last:?}");
}

#[test]
fn every_decision_is_made_again_from_leaf_and_catalogue_alone() {
    let catalogue = Catalogue::load(&credit_policy::catalogue::shipped()).unwrap();
    let mut codes = BTreeSet::new();
    each(queries(), |leaf| {
        let query = QueryLeaf::parse(&leaf.bytes).unwrap();
        decide_again(&catalogue, &query).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    });
    codes.extend(queries().iter().map(|leaf| leaf.text("code").to_owned()));
    // An answer has no code.
    for code in [
        "",
        "malformed-request",
        "unknown-scenario",
        "invalid-citizen-number",
        "case-required",
        "operator-required",
        "unknown-field",
        "field-not-allowed",
        "scenario-not-allowed",
        "subject-minor",
        "case-already-used",
        "not-found",
        "method-not-allowed",
        "unsupported-media-type",
        "rate-limited",
        "store-failed",
        "consent-required",
        "consent-invalid",
        "consent-used-up",
    ] {
        assert!(codes.contains(code), "the run has no `{code}`: {codes:?}");
    }
}

#[test]
fn a_leaf_that_tells_another_outcome_is_not_decided_again() {
    let catalogue = Catalogue::load(&credit_policy::catalogue::shipped()).unwrap();
    let queries = queries();
    let answered = queries.iter().find(|leaf| leaf.text("outcome") == "answered").unwrap();
    let text = String::from_utf8(answered.bytes.clone()).unwrap();
    for (from, to) in [
        (r#""outcome":"answered""#, r#""outcome":"refused","code":"subject-minor""#),
        (r#""minor":false"#, r#""minor":true"#),
        (r#""kind":"housing-department""#, r#""kind":"bank""#),
        (r#""black_listed","#, r#""black_listed","red_listed","#),
        (r#""notice":"owed""#, r#""notice":"exempt by me""#),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        let parsed = QueryLeaf::parse(altered.as_bytes());
        assert!(parsed.is_err() || decide_again(&catalogue, &parsed.unwrap()).is_err(), "{to} was not noticed");
    }
}

#[test]
fn the_audit_s_own_commands_say_the_same() {
    let folder = &mixed().folder;
    let vkey = folder.log().join("log.vkey");
    let (data, vkey) = (folder.join("data"), vkey.to_str().unwrap());
    let said = audit(&["verify", data.to_str().unwrap(), "--vkey", vkey, "--json"]).held();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["holds"], true, "{said}");
    let catalogue = folder.join("catalogue");
    for (path, text) in credit_policy::catalogue::shipped() {
        let path = catalogue.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let arguments = ["replay", data.to_str().unwrap(), "--catalogue", catalogue.to_str().unwrap(), "--vkey", vkey];
    drop(audit(&arguments).held());
}

#[test]
fn what_changed_the_gateway_is_a_leaf_that_names_who() {
    let leaves = leaves();
    let of = |kind: &str| leaves.iter().filter(|leaf| leaf.text("kind") == kind).collect::<Vec<_>>();
    let suspensions = of("suspension");
    assert_eq!(suspensions.len(), 2);
    assert_eq!((&suspensions[0].json["suspended"], suspensions[0].text("reason")), (&true.into(), "a drill"));
    assert_eq!(suspensions[1].json["suspended"], false);
    let by_hand: Vec<_> = of("key").into_iter().filter(|leaf| !leaf.account().is_empty()).collect();
    assert!(by_hand.len() >= 2, "{by_hand:?}");
    let uid = rustix::process::getuid().as_raw();
    for leaf in suspensions.iter().chain(&by_hand) {
        assert!(leaf.account().starts_with(&format!("uid {uid}")), "{}", leaf.account());
    }
}
