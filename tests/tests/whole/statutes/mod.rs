//! The statutes by an evaluator of others: Cedar's Python package, over rows that a script reads from their files
//! (`evaluate.py`). What the product decides about every request of the walk, and about random ones, is what it says.

mod edits;
mod questions;
mod random;

use credit_policy::catalogue::shipped;
use credit_tests::{command_reading, scratch, tools::python};
use serde_json::{Value, json};

use questions::{by_field, random_requests, records, requests};
use random::{Random, is_full};

/// What disagrees, and the number of Cedar's answers.
fn evaluated(lines: impl Iterator<Item = Value>) -> (Vec<String>, u64) {
    let script = scratch::folder("evaluate").join("evaluate.py");
    std::fs::write(&script, include_str!("evaluate.py")).unwrap();
    let files: serde_json::Map<_, _> = shipped().into_iter().map(|(path, text)| (path, text.into())).collect();
    let first = json!({"files": files});
    let input: String = std::iter::once(first).chain(lines).map(|line| format!("{line}\n")).collect();
    let said = command_reading(python(), &[script], &input).held();
    let mut wrong: Vec<_> = said.lines().map(str::to_owned).collect();
    let answers = wrong.pop().expect("a last line").parse().expect("a number");
    (wrong, answers)
}

/// The shipped rows, without any edit.
fn unedited() -> Value {
    json!({"edited": {}})
}

#[test]
fn an_evaluator_of_others_agrees_with_every_decision_about_the_shipped_catalogue() {
    let rules = credit_policy::Catalogue::load(&shipped()).expect("the shipped catalogue");
    let mut random = Random(20_261_122);
    let mut lines = vec![unedited()];
    lines.extend(requests(&rules, is_full()));
    lines.extend(by_field(&rules, is_full()));
    lines.extend(records(&rules));
    lines.extend(random_requests(&rules, &mut random, if is_full() { 1_000 } else { 200 }));
    let asked = lines.len();
    let (wrong, answers) = evaluated(lines.into_iter());
    assert!(wrong.is_empty(), "{} of {asked}: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(answers > 4_000, "{answers}");
}

/// What the product did is taken from it here and altered: each kind of disagreement is seen.
#[test]
fn the_evaluator_sees_what_is_wrong() {
    let asked = |scenario: &str, asker: &str, released: &[&str]| {
        json!({
            "scenario": scenario, "asker": asker, "suspended": false, "adult": true, "case": true, "consent": null,
            "named": null, "fields": null, "released": released, "exactly": true
        })
    };
    let record = json!({"asker": "court", "class": "tax", "state": "expired", "shows": true});
    let restraint = asked("joint-restraint", "measures-department", &["score_band"]);
    let minor = {
        let mut asked = asked("joint-restraint", "measures-department", &["black_listed"]);
        asked["adult"] = json!(false);
        asked
    };
    let neutral = |path: &str| shipped().into_iter().find(|(at, _)| at == path).unwrap().1;
    let evaluation = "data-list/personal-credit-score.toml";
    let relabelled = json!({"edited": {evaluation: neutral(evaluation).replace("evaluation", "neutral")}});
    let lines = [
        unedited(),
        restraint.clone(),
        asked("joint-restraint", "measures-department", &[]),
        asked("joint-restraint", "bank", &["black_listed"]),
        minor,
        record,
        relabelled,
        restraint,
    ];
    let (wrong, _) = evaluated(lines.into_iter());
    let starts = [
        "releases ['score_band']",
        "withholds ['black_listed'",
        "releases behind a closed door",
        "releases behind a closed door",
        "shows a record that is kept back",
        "collects personal-credit-score",
        "releases ['score_band']",
    ];
    assert_eq!(wrong.len(), starts.len(), "{wrong:#?}");
    for (line, start) in wrong.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}
