//! The domain of each value: what lies outside fails the look-up, and is never passed on.

use credit_policy::{Attribute, History, Value};

use crate::support::{catalogue, date, facts_for, fields, number, permit_for};

fn outside(field: &str, value: Value) -> Option<String> {
    let attributes = vec![Attribute { field: fields(&[field])[0].clone(), value }];
    let history = History { attributes, ..History::default() };
    catalogue().outside_domain(&history).map(ToString::to_string)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn what_lies_outside_its_domain_is_found() {
    let citizen = number("19900307", 7);
    for (field, value) in [
        ("score", Value::Int(1_001)),
        ("score", Value::Int(-1)),
        ("score", Value::Bool(true)),
        ("score", text("700")),
        ("score", Value::List(vec![Value::Int(700)])),
        ("credit_history", text("HIV阳性；举报人李四")),
        ("credit_history", text("all credits at this bank paid back duly ")),
        ("housing", text(&citizen)),
        ("objection_open", Value::Int(1)),
        ("objection_open", text("false")),
        ("subject_statement", text(&"长".repeat(2_001))),
        ("subject_statement", text(&format!("本人{citizen}有异议"))),
        ("subject_statement", text("line\nbreak")),
        ("name", text(&"甲".repeat(65))),
        ("name", text(&citizen)),
        ("citizen_number", text("990101199003070012")),
        ("tax_paid_last_year", Value::Int(i64::MAX)),
        // Not a fact of a store: whoever says it says more than the data list.
        ("score_band", text("A")),
    ] {
        assert!(outside(field, value).is_some(), "{field}");
    }
    assert_eq!(outside("score", Value::Int(1_001)).as_deref(), Some("personal-credit-score"));
}

#[test]
fn what_lies_in_its_domain_passes_to_the_edges() {
    for (field, value) in [
        ("score", Value::Int(0)),
        ("score", Value::Int(1_000)),
        ("score", Value::Null),
        ("housing", text("own")),
        ("objection_open", Value::Bool(false)),
        ("subject_statement", text(&"长".repeat(2_000))),
        ("name", text("欧阳")),
        ("citizen_number", text(&number("19900307", 7))),
    ] {
        assert_eq!(outside(field, value), None, "{field}");
    }
    // A field that no data list has is nobody's: it is dropped, and fails nothing.
    assert_eq!(outside("favourite_colour", text("red")), None);
}

/// What another gateway says of a field is within the field's domain, whatever it is made of; of a field that is not
/// released nothing is taken.
#[test]
fn a_value_that_another_gateway_says_is_one_of_the_field() {
    let row = catalogue().scenario("commercial-loan").unwrap();
    let permit = permit_for(catalogue(), "commercial-loan", &facts_for(row, date("2026-11-22")));
    let admits = |field: &str, value: Value| permit.admits(&fields(&[field])[0], &value);
    for (field, value) in [
        ("clean_three_years", Value::Bool(true)),
        ("clean_three_years", Value::Null),
        ("black_listed", Value::Bool(false)),
        ("score_band", text("A")),
        ("number_of_existing_credits_at_this_bank", Value::Int(1)),
    ] {
        assert!(admits(field, value), "{field}");
    }
    for (field, value) in [
        ("clean_three_years", text("true")),
        ("clean_three_years", Value::Int(1)),
        ("black_listed", Value::List(vec![Value::Bool(true)])),
        ("score_band", text("张三")),
        ("score_band", Value::Int(700)),
        ("number_of_existing_credits_at_this_bank", Value::Int(-1)),
        ("grey_listed", Value::Bool(true)),
    ] {
        assert!(!admits(field, value), "{field}");
    }
    // Each field goes where all that it rests on is, and the rest is asked here.
    let lists = |plan: &credit_policy::FetchPlan| plan.classes().is_empty() && plan.attributes().is_empty();
    let (theirs, ours) = permit.split(lists);
    assert_eq!(theirs, fields(&["black_listed"]));
    assert!(!ours.classes().is_empty() && !ours.attributes().is_empty());
    assert_eq!(permit.split(|_| true).1.len(), 0);
    assert_eq!(permit.split(|_| false).0, fields(&[]));
}
