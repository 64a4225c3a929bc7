//! `credit-audit show`: which records it lists, and what of them.

use std::process::Command;

use credit_audit::leaf::{self, Entry, Event as _, Kind, Open};
use serde_json::{Value, json};

use crate::logs::{Log, ORIGIN, at, id};

/// `open`, then a query answered, a query refused and a flood, with everything that a reader might be misled by.
fn log() -> Log {
    let open = Open { origin: ORIGIN.to_owned(), previous: None, software: "test".to_owned() };
    let long = "A".repeat(1_500);
    let tails = [
        (
            Kind::Query,
            Some("housing"),
            1,
            json!({"operator": "staff-1", "scenario": "housing-eligibility",
            "ground": {"statute": "x", "case": "H-1"}, "outcome": "answered", "sealed": long, "commit": "AA=="}),
        ),
        (
            Kind::Query,
            Some("bank"),
            1,
            json!({"operator": "a\u{1b}[8m\u{202e}b", "ground": {"consent": long, "use": 1},
            "outcome": "refused", "code": "rate-limited"}),
        ),
        (Kind::Flood, None, 0, json!({"institution": "bank", "counts": {"cut-off": 7}})),
    ];
    let mut leaves = vec![leaf::render(&open.entry(id(0)).unwrap(), at(0), 0)];
    for (number, (kind, institution, seq, body)) in (1..).zip(tails) {
        let entry = Entry::new(kind, id(number), institution, &body).unwrap();
        leaves.push(leaf::render(&entry, at(number), seq));
    }
    Log::of_leaves(leaves)
}

/// Exit code, what it wrote to standard output and to standard error.
fn show(log: &Log, more: &[&str], lang: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-audit"));
    command.arg("show").arg(&log.folder).args(more).env_remove("LC_ALL").env("LANG", lang);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The indices that are listed.
fn listed(log: &Log, more: &[&str]) -> Vec<u64> {
    let (code, out, err) = show(log, &[more, &["--json"]].concat(), "en");
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap()).collect()
}

#[test]
fn what_cannot_be_shown_or_is_not_true_is_not_shown_as_if_it_were() {
    let log = log();
    assert_eq!(show(&log, &["--since", "yesterday"], "en").0, 64);
    let url = Command::new(env!("CARGO_BIN_EXE_credit-audit")).args(["show", "https://localhost:1"]).output().unwrap();
    assert_eq!(url.status.code(), Some(64));
    let mut bundle = log.read("tile/entries/000.p/4");
    let last = bundle.len() - 3;
    bundle[last] ^= 1;
    log.write("tile/entries/000.p/4", &bundle);
    let (code, _, err) = show(&log, &[], "en");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("tile/0/000.p/4"), "{err}");
}

#[test]
fn records_are_chosen_by_institution_time_case_and_code() {
    let log = log();
    assert_eq!(listed(&log, &[]), [0, 1, 2, 3]);
    assert_eq!(listed(&log, &["--institution", "bank"]), [2, 3]);
    assert_eq!(listed(&log, &["--case", "H-1"]), [1]);
    assert_eq!(listed(&log, &["--case", "H"]), [0; 0]);
    assert_eq!(listed(&log, &["--code", "rate-limited"]), [2]);
    assert_eq!(listed(&log, &["--code", "cut-off"]), [3]);
    assert_eq!(listed(&log, &["--institution", "bank", "--code", "cut-off"]), [3]);
    let (since, until) = (at(1).to_string(), at(3).to_string());
    assert_eq!(listed(&log, &["--since", &since, "--until", &until]), [1, 2]);
}

#[test]
fn what_stands_in_clear_is_listed_and_the_rest_is_named() {
    let log = log();
    let (code, out, _) = show(&log, &["--json", "--institution", "housing"], "en");
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &line["left_out"]), (0, &json!(["commit", "sealed"])));
    assert_eq!(line["leaf"]["ground"]["case"], "H-1");
    assert!(!out.contains("AAAA"), "{out}");
    let (_, out, _) = show(&log, &["--json", "--code", "rate-limited"], "en");
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(line["left_out"], json!(["ground.consent"]));
    assert_eq!(line["leaf"]["operator"], "a\u{1b}[8m\u{202e}b", "JSON keeps the value");
    assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out:?}");
    let (_, table, _) = show(&log, &[], "en");
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(lines[0].contains("institution") && lines[2].contains("housing  1  staff-1"), "{table}");
    assert!(lines[3].contains(r"a\u001b[8m\u202eb") && lines[3].ends_with("refused  rate-limited"), "{table}");
    assert!(lines[4].ends_with("-  cut-off:7"), "{table}");
    assert!(show(&log, &[], "zh_CN.UTF-8").1.lines().next().unwrap().contains("机构"));
}
