//! What a catalogue may not say. Each case breaks the shipped one in one place, and the fault names file and line.

use credit_policy::Catalogue;
use credit_policy::catalogue::shipped;

use crate::fault_cases::{ADULTS, CASES, DERIVED, ELSEWHERE, FORBIDDEN, HOUSING, MAIN, PACK, SCHEMA, TAX};
use crate::support::{faults, lines, shipped_with};

const CONSENT: &str =
    "[consent]\nlifetime = \"P1M\"\nuses = 1\nfrequency = \"1/P1M\"\nlook_back = \"P5Y\"\ndata_life = \"P1M\"\n";

fn assert_fault(files: &[(String, String)], message: &str, path: &str, line_begin: usize) {
    let found = faults(files);
    let fault = found.iter().find(|fault| fault.message.contains(message));
    let fault = fault.unwrap_or_else(|| panic!("no fault `{message}` among:\n{}", lines(&found)));
    let (_, text) = files.iter().find(|(at, _)| at == path).unwrap();
    let line = text[..line_begin].matches('\n').count() + 1;
    assert_eq!((fault.path.as_str(), fault.line), (path, line), "{fault}");
}

#[test]
fn each_fault_has_its_file_and_line() {
    for (path, old, new, message) in CASES {
        let files = shipped_with(path, old, new);
        let (_, text) = files.iter().find(|(at, _)| at == path).unwrap();
        assert_fault(&files, message, path, text.rfind(new).unwrap());
    }
    for (path, old, new, message, at, line) in ELSEWHERE {
        let files = shipped_with(path, old, new);
        let (_, text) = files.iter().find(|(path, _)| path == at).unwrap();
        assert_fault(&files, message, at, text.find(&format!("\n{line}")).map_or(0, |end| end + 1));
    }
}

#[test]
fn missing_keys_are_told_with_their_name() {
    for (path, line, key) in [
        (HOUSING, "citation = ", "citation"),
        (HOUSING, "sources = ", "sources"),
        (HOUSING, "kinds = ", "kinds"),
        (HOUSING, "notice = ", "notice"),
        (HOUSING, "data_life = ", "data_life"),
        (HOUSING, "automated_decision_notice = ", "automated_decision_notice"),
        (TAX, "citation = ", "citation"),
        (TAX, "sensitivity = ", "sensitivity"),
        (TAX, "tier = ", "tier"),
        (PACK, "citation = ", "citation"),
        (MAIN, "utc_offset = ", "utc_offset"),
    ] {
        let files = shipped();
        let (_, text) = files.iter().find(|(at, _)| at == path).unwrap();
        let whole = text.lines().find(|text| text.starts_with(line)).unwrap();
        let found = faults(&shipped_with(path, whole, ""));
        let missing = format!("missing field `{key}`");
        assert!(found.iter().any(|fault| fault.path == path && fault.message.contains(&missing)), "{}", lines(&found));
    }
    let found = faults(&shipped_with(PACK, "general = \"P1Y\", serious = \"P3Y\"", "general = \"P1Y\""));
    assert!(lines(&found).contains("missing field `serious`"), "{}", lines(&found));
}

#[test]
fn a_missing_file_is_a_fault() {
    for path in
        [MAIN, PACK, TAX, DERIVED, FORBIDDEN, ADULTS, SCHEMA, "statutes/tables.cedar", "data-list/black-list.toml"]
    {
        let files: Vec<_> = shipped().into_iter().filter(|(at, _)| at != path).collect();
        assert!(!faults(&files).is_empty(), "{path}");
    }
    assert!(lines(&faults(&[])).contains("catalogue.toml:1: the file is missing"));
}

#[test]
fn a_file_in_another_place_or_twice_is_a_fault() {
    for path in [
        "notes.md",
        "scenarios/public-rental-housing.yaml",
        "scenarios/old/public-rental-housing.toml",
        "tax.toml",
        "derived.toml",
        "../catalogue.toml",
    ] {
        let mut files = shipped();
        files.push((path.into(), String::new()));
        assert!(lines(&faults(&files)).contains(&format!("{path}:1: no file of a catalogue")), "{path}");
    }
    let mut files = shipped();
    files.push(files[0].clone());
    assert!(lines(&faults(&files)).contains("stands twice among the files"));
}

#[test]
fn the_faults_of_one_step_are_told_at_once_and_by_themselves() {
    let mut files = shipped_with(HOUSING, "ground = \"statute\"", "ground = \"habit\"");
    for (path, text) in &mut files {
        if path == TAX {
            *text = text.replace("\"first\"", "\"third\"");
        }
    }
    let found = faults(&files);
    let paths: Vec<_> = found.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, [TAX, HOUSING], "{}", lines(&found));
}

#[test]
fn a_derived_field_must_rest_on_something() {
    let files = shipped();
    let (_, text) = files.iter().find(|(path, _)| path == DERIVED).unwrap();
    let begin = text.find("classes = [").unwrap();
    let end = begin + text[begin..].find(']').unwrap();
    let found = faults(&shipped_with(DERIVED, &text[begin..end], "classes = ["));
    assert!(lines(&found).contains("what rests on nothing is true of everybody"), "{}", lines(&found));
}

#[test]
fn a_pack_holds_in_its_jurisdiction_and_within_it() {
    for (here, there, holds) in [
        ("CN", "CN", true),
        ("CN-GD", "CN", true),
        ("CN-GD", "CN-GD", true),
        ("CN-GD-13", "CN-GD", true),
        ("CN", "CN-GD", false),
        ("CN-SD", "CN-GD", false),
        ("CNX", "CN", false),
    ] {
        let mut files = shipped_with(MAIN, "jurisdiction = \"CN-99-01\"", &format!("jurisdiction = \"{here}\""));
        for (_, pack) in files.iter_mut().filter(|(path, _)| path.starts_with("packs/national-")) {
            *pack = pack.replace("jurisdiction = \"CN\"", &format!("jurisdiction = \"{there}\""));
        }
        assert_eq!(Catalogue::load(&files).is_ok(), holds, "{there} in {here}");
    }
}

#[test]
fn the_second_tier_opens_only_to_consent() {
    // A field derived from a second-tier class is second-tier.
    let found = faults(&shipped_with(TAX, "tier = \"first\"", "tier = \"second\""));
    assert!(lines(&found).contains("rule `statute/second-tier-by-consent` forbids it"), "{}", lines(&found));

    let named = "\"clean_three_years\", \"property\"";
    let mut files = shipped_with(HOUSING, "\"clean_three_years\"", named);
    assert!(lines(&faults(&files)).contains("field `property` may not go to `housing-department`"));
    let row = files.iter_mut().find(|(path, _)| path == HOUSING).unwrap();
    let (row_alone, _) = row.1.split_once("consent_on_file").unwrap();
    row.1 = row_alone.replace("ground = \"statute\"", "ground = \"consent\"") + CONSENT;
    assert!(lines(&faults(&files)).contains("`statute/yes-no-releases-no-record`"));
    // Nor by saying that the scenario is another than it is.
    let row = files.iter_mut().find(|(path, _)| path == HOUSING).unwrap();
    row.1 = row.1.replace("yes_no_only = true", "yes_no_only = false");
    assert!(lines(&faults(&files)).contains("rule `statute/rows-only-stricter` forbids it"));
}

#[test]
fn hostile_texts_are_faults_and_nothing_worse() {
    let deep = "a = ".to_owned() + &"[".repeat(5_000);
    for text in
        ["\0", "\u{feff}", "=", "[[[[", "[rules]\n[rules]", "version = 2026.11", &deep, "\u{202e}version = \"x\""]
    {
        for at in [MAIN, HOUSING, TAX, PACK, DERIVED, FORBIDDEN] {
            let mut files = shipped();
            for (path, old) in &mut files {
                if path == at {
                    text.clone_into(old);
                }
            }
            assert!(!faults(&files).is_empty(), "{at}: {:.20}", text);
        }
    }
}
