//! Labels: no change of what a row says of itself brings an evaluation, or the banks' information, where a statute keeps
//! it out. Each change alone and each two together, with the field in the row; of the pairs some, and all with
//! `CREDIT_TESTS_FULL=1`.

use credit_policy::{Catalogue, catalogue::shipped};

use crate::support::{faults, lines};

/// A change of a file: path, what is replaced, by what.
type Edit = (&'static str, &'static str, &'static str);

/// Scenario and the field that is taken for another.
const EVALUATED: &[(&str, &str, &str)] = &[
    ("scenarios/joint-restraint.toml", "\"black_listed\"", "\"score\""),
    ("scenarios/clinic-visit.toml", "\"eligible_for_clinic_visit\"", "\"score_at_least_600\""),
];

/// The same, each label alone.
const ALONE: &[(&str, &str, &str)] = &[
    ("scenarios/joint-restraint.toml", "\"black_listed\"", "\"creditability\""),
    ("scenarios/joint-restraint.toml", "\"black_listed\"", "\"loan_overdue_exists\""),
    ("scenarios/restricted-consumption.toml", "\"consumption_restriction_exists\"", "\"score_at_least_550\""),
    ("scenarios/student-admission.toml", "\"clean_three_years\"", "\"score_at_least_600\""),
    ("scenarios/scholarship-award.toml", "\"clean_three_years\"", "\"score_band\""),
    ("scenarios/household-registration.toml", "\"black_listed\"", "\"score_at_least_600\""),
    ("scenarios/points-based-settlement.toml", "\"black_listed\"", "\"score\""),
    ("scenarios/tax-relief.toml", "\"wage_arrears_exists\"", "\"score_band\""),
    ("scenarios/supervision-inspection.toml", "\"black_listed\"", "\"credit_history\""),
    ("scenarios/joint-incentive.toml", "\"red_listed\"", "\"tax_paid_band\""),
];

/// What a row of a scenario says of itself; a change of what it does not say changes nothing.
const OF_SCENARIOS: &[(&str, &str)] = &[
    ("restraint = true", "restraint = false"),
    ("basic_public_service = true", "basic_public_service = false"),
    ("yes_no_only = true", "yes_no_only = false"),
    ("disclosure = \"pseudonym\"", "disclosure = \"masked\""),
    ("kinds = [\"measures-department\"]", "kinds = [\"bank\"]"),
    ("kinds = [\"service-operator\"]", "kinds = [\"bank\"]"),
    ("ground = \"statute\"", "ground = \"self\""),
    ("ground = \"consent\"", "ground = \"statute\""),
];

/// What rows of the data list say of their classes.
const OF_CLASSES: &[Edit] = &[
    ("data-list/personal-credit-score.toml", "sensitivity = \"evaluation\"", "sensitivity = \"neutral\""),
    ("data-list/personal-credit-score.toml", "sensitivity = \"evaluation\"", "sensitivity = \"positive\""),
    ("data-list/personal-credit-score.toml", "sensitivity = \"evaluation\"", "sensitivity = \"adverse\""),
    ("data-list/personal-credit-score.toml", "sensitivity = \"evaluation\"", "sensitivity = \"identity\""),
    ("data-list/credit-evaluation.toml", "sensitivity = \"evaluation\"", "sensitivity = \"neutral\""),
    ("data-list/loan-overdue.toml", "clock = \"credit-reporting\"", "clock = \"public-credit\""),
    ("data-list/loan-overdue.toml", "sensitivity = \"adverse\"", "sensitivity = \"neutral\""),
    ("data-list/loan-overdue.toml", "clock = \"credit-reporting\"\n", ""),
    ("data-list/tax-amount.toml", "tier = \"second\"", "tier = \"first\""),
    ("data-list/tax-amount.toml", "sensitivity = \"neutral\"", "sensitivity = \"positive\""),
];

/// Applies what stands in the files; what does not stand there changes nothing.
fn edited(edits: &[Edit]) -> Vec<(String, String)> {
    let mut files = shipped();
    for (path, old, new) in edits {
        let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap();
        *text = text.replacen(old, new, 1);
    }
    files
}

fn labels(scenario: &'static str) -> Vec<Edit> {
    let own = OF_SCENARIOS.iter().map(|(old, new)| (scenario, *old, *new));
    let texts = shipped();
    let stands = |(path, old, _): &Edit| texts.iter().any(|(at, text)| at == path && text.contains(old));
    own.filter(stands).chain(OF_CLASSES.iter().copied()).collect()
}

#[test]
fn no_label_and_no_two_open_a_scenario_to_what_a_statute_keeps_out() {
    let mut tried = 0;
    for field in ALONE.iter().chain(EVALUATED) {
        for label in labels(field.0) {
            let found = faults(&edited(&[*field, label]));
            assert!(!found.is_empty(), "{field:?} {label:?}");
            tried += 1;
        }
    }
    let whole = std::env::var_os("CREDIT_TESTS_FULL").is_some();
    for field in EVALUATED.iter().take(if whole { EVALUATED.len() } else { 1 }) {
        let labels = labels(field.0);
        for (at, one) in labels.iter().enumerate() {
            // All pairs, or every third of them.
            for two in labels.iter().skip(at + 1).step_by(if whole { 1 } else { 3 }) {
                assert!(Catalogue::load(&edited(&[*field, *one, *two])).is_err(), "{field:?} {one:?} {two:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 120, "{tried}");
}

/// A scenario that no statute names is taken for the strictest: restraint, a basic public service, yes or no alone.
#[test]
fn a_scenario_that_is_named_nowhere_is_the_strictest() {
    let named = |restraint: bool, basic: bool, yes_no: bool, fields: &str| {
        let mut files = shipped();
        let (_, row) = files.iter().find(|(path, _)| path == "scenarios/matchmaking.toml").unwrap().clone();
        let begin = row.find("fields = ").unwrap();
        let end = begin + row[begin..].find(']').unwrap() + 1;
        let text = row
            .replace(&row[begin..end], &format!("fields = [{fields}]"))
            .replace("\"matchmaking\"", "\"pet-adoption\"")
            .replace("purpose_group = \"pet-adoption\"", "purpose_group = \"matchmaking\"")
            .replace("zh = \"婚恋\"", "zh = \"领养\"")
            .replace("en = \"Matchmaking\"", "en = \"Adoption\"")
            .replace("restraint = false", &format!("restraint = {restraint}"))
            .replace("basic_public_service = false", &format!("basic_public_service = {basic}"))
            .replace("yes_no_only = false", &format!("yes_no_only = {yes_no}"));
        files.push(("scenarios/pet-adoption.toml".into(), text));
        lines(&faults(&files))
    };
    for (restraint, basic, yes_no) in [(false, true, true), (true, false, true), (true, true, false)] {
        let found = named(restraint, basic, yes_no, "\"black_listed\"");
        assert!(found.contains("rule `statute/rows-only-stricter` forbids it"), "{found}");
    }
    assert_eq!(named(true, true, true, "\"black_listed\""), "");
    for field in ["score_at_least_600", "card_overdue_band", "job"] {
        assert!(named(true, true, true, &format!("\"{field}\"")).contains("rule `statute/"), "{field}");
    }
}
