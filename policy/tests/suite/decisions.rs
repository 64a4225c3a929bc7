//! Decisions: refusals first, then what a permit holds, then the facts as they stand in a leaf.

use credit_policy::{Catalogue, CitizenNumber, Code, Decision, Facts, FieldName, List, decide};
use serde_json::json;

use crate::support::{HOUSING, catalogue, date, facts, kind, loaded, number, permit, scenario, shipped_with};

const SCENARIO_FILE: &str = "scenarios/public-rental-housing.toml";

fn on_the_day() -> Facts {
    facts(date("2026-11-22"))
}

fn fields(names: &[&str]) -> Option<Vec<FieldName>> {
    Some(names.iter().map(|name| FieldName::parse(name).unwrap()).collect())
}

/// The code and the rules of a query that must be refused.
fn refusal(catalogue: &Catalogue, name: Option<&str>, facts: &Facts) -> (Code, Vec<String>) {
    match decide(catalogue, name.map(scenario).as_ref(), facts) {
        Decision::Permit(permit) => panic!("permitted: {:?}", permit.fields()),
        Decision::Refuse { code, rules, bound } => {
            assert_eq!(bound, None, "nothing but a consent has bounds");
            for rule in &rules {
                assert!(catalogue.rule(rule).is_some(), "no row for `{rule}`");
            }
            (code, rules.iter().map(ToString::to_string).collect())
        }
    }
}

#[test]
fn each_fault_alone_is_refused_by_its_rule() {
    let catalogue = catalogue();
    let base = on_the_day;
    let housing = Some(HOUSING);
    let row = "scenario/public-rental-housing";
    let cases = [
        (housing, Facts { suspended: true, ..base() }, Code::InstitutionSuspended, Some("statute/suspended-never")),
        (None, base(), Code::UnknownScenario, Some("application-list")),
        (Some("no-such-scenario"), base(), Code::UnknownScenario, Some("application-list")),
        (housing, Facts { operator: false, ..base() }, Code::OperatorRequired, Some("query-register")),
        (
            housing,
            Facts { case: false, ..base() },
            Code::CaseRequired,
            Some("scenario/public-rental-housing statute/statute-only-to-listed-organs"),
        ),
        (housing, Facts { kind: kind("bank").into(), ..base() }, Code::ScenarioNotAllowed, Some(row)),
        (housing, Facts { fields: fields(&["no_such_field"]), ..base() }, Code::UnknownField, Some("data-list")),
        (housing, Facts { fields: fields(&["property"]), ..base() }, Code::FieldNotAllowed, Some(row)),
        (housing, Facts { fields: fields(&["score_band"]), ..base() }, Code::FieldNotAllowed, Some(row)),
        (housing, Facts { fields: fields(&["red_listed"]), ..base() }, Code::FieldNotAllowed, Some(row)),
        (housing, Facts { minor: Some(true), ..base() }, Code::SubjectMinor, Some("statute/adults-only")),
        // Nobody is taken for an adult.
        (housing, Facts { minor: None, ..base() }, Code::SubjectMinor, Some("statute/adults-only")),
        (housing, Facts { observed: Some(Code::CaseAlreadyUsed), ..base() }, Code::CaseAlreadyUsed, Some(row)),
        (housing, Facts { observed: Some(Code::StoreTimeout), ..base() }, Code::StoreTimeout, None),
        (housing, Facts { observed: Some(Code::MalformedRequest), ..base() }, Code::MalformedRequest, None),
        (housing, Facts { observed: Some(Code::InvalidCitizenNumber), ..base() }, Code::InvalidCitizenNumber, None),
    ];
    for (name, facts, code, rule) in cases {
        let rules: Vec<_> = rule.into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
        assert_eq!(refusal(catalogue, name, &facts), (code, rules), "{facts:?}");
    }
}

#[test]
fn every_kind_but_the_housing_department_is_refused() {
    let catalogue = catalogue();
    for asker in catalogue.kinds() {
        let facts = Facts { kind: asker.into(), ..on_the_day() };
        let permitted = matches!(decide(catalogue, Some(&scenario(HOUSING)), &facts), Decision::Permit(_));
        assert_eq!(permitted, asker == kind("housing-department"), "{asker}");
    }
}

#[test]
fn every_fault_that_can_be_observed_refuses() {
    let catalogue = catalogue();
    for code in Code::ALL {
        let facts = Facts { observed: Some(*code), ..on_the_day() };
        assert_eq!(refusal(catalogue, Some(HOUSING), &facts).0, *code);
    }
}

#[test]
fn some_fields_may_be_asked_for() {
    let catalogue = catalogue();
    let released = |asked: &[&str]| {
        let permit = permit(catalogue, &Facts { fields: fields(asked), ..on_the_day() });
        let names: Vec<_> = permit.fields().iter().map(ToString::to_string).collect();
        (names, permit.plan().clone())
    };
    let (names, plan) = released(&["grey_listed", "black_listed", "grey_listed"]);
    assert_eq!(names, ["black_listed", "grey_listed"]);
    assert_eq!((plan.classes().len(), plan.lists().to_vec()), (0, vec![List::Grey, List::Black]));

    let (names, plan) = released(&["clean_three_years"]);
    assert_eq!(names, ["clean_three_years"]);
    assert_eq!((plan.classes().len(), plan.lists().len()), (14, 2));

    assert_eq!(released(&[]).0, [""; 0]);

    // One that is not allowed spoils all; one that is unknown goes before it.
    let mixed = Facts { fields: fields(&["black_listed", "property"]), ..on_the_day() };
    assert_eq!(refusal(catalogue, Some(HOUSING), &mixed).0, Code::FieldNotAllowed);
    let unknown = Facts { fields: fields(&["property", "no_such_field"]), ..on_the_day() };
    assert_eq!(refusal(catalogue, Some(HOUSING), &unknown).0, Code::UnknownField);
}

#[test]
fn a_permit_names_its_fields_and_its_rule() {
    let catalogue = catalogue();
    let permit = permit(catalogue, &on_the_day());
    let names: Vec<_> = permit.fields().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["black_listed", "clean_three_years", "grey_listed"]);
    let rules: Vec<_> = permit.rules().iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["scenario/public-rental-housing"]);
}

#[test]
fn a_row_may_allow_several_kinds() {
    let kinds = "kinds = [\"police\", \"housing-department\", \"court\"]";
    let catalogue = loaded(&shipped_with(SCENARIO_FILE, "kinds = [\"housing-department\"]", kinds));
    let expected = [kind("court"), kind("housing-department"), kind("police")];
    assert_eq!(catalogue.scenario(HOUSING).unwrap().kinds(), expected);
    for kind in expected {
        assert_eq!(permit(&catalogue, &Facts { kind: kind.into(), ..on_the_day() }).fields().len(), 3);
    }
}

#[test]
fn the_case_limit_is_three_where_the_row_is_silent() {
    let silent = loaded(&shipped_with(SCENARIO_FILE, "case_limit = 3\n", ""));
    assert_eq!(silent.scenario(HOUSING).unwrap().case_limit(), 3);
    let five = loaded(&shipped_with(SCENARIO_FILE, "case_limit = 3", "case_limit = 5"));
    assert_eq!(five.scenario(HOUSING).unwrap().case_limit(), 5);
}

#[test]
fn facts_of_another_form_are_refused() {
    let good = json!(on_the_day());
    for (key, value) in [
        ("colour", json!(1)),
        ("kind", json!("a spy")),
        ("on", json!("2026-02-29")),
        ("fields", json!(["990101199003070012"])),
        ("observed", json!("no-such-code")),
        ("minor", json!("no")),
    ] {
        let mut wrong = good.clone();
        wrong[key] = value;
        assert!(serde_json::from_value::<Facts>(wrong).is_err(), "{key}");
    }
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("suspended");
    assert!(serde_json::from_value::<Facts>(missing).is_err());
}

#[test]
fn the_facts_of_answered_queries_do_not_tell_persons_apart() {
    let catalogue = catalogue();
    let on = date("2026-11-22");
    let inputs: Vec<_> = ["19050101", "19900307", "20000229", "20081122"]
        .iter()
        .map(|birth| {
            let person = CitizenNumber::parse(&number(birth, 7)).unwrap();
            let minor = person.disclose(|number| !number.is_adult_on(on));
            let facts = Facts { minor: Some(minor), ..facts(on) };
            assert!(!permit(catalogue, &facts).fields().is_empty());
            serde_json::to_string(&facts).unwrap()
        })
        .collect();
    let expected = r#"{"kind":"housing-department","suspended":false,"on":"2026-11-22","operator":true,"case":true,"minor":false}"#;
    assert_eq!(inputs, [expected; 4]);
}
