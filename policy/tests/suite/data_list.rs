//! The data list: the classes of the sources, their tiers, and names that no row can use.

use std::collections::HashSet;

use credit_policy::{Language, Sensitivity, Shape, Tier};

use crate::support::catalogue;

#[test]
fn every_class_of_the_sources_is_there() {
    let classes = "identity administrative-licence administrative-penalty court-judgment tax social-insurance \
        traffic-violation safety wage-arrears exam-cheating academic-misconduct student-loan loan-performance \
        credit-card-performance contract-fraud qualification commendation volunteer-service charity-donation \
        credit-commitment red-list grey-list black-list personal-credit-score objection-and-repair \
        confidential-source religion genes fingerprints blood-type disease medical-history";
    for class in classes.split_whitespace() {
        assert!(catalogue().class(class).is_some(), "{class}");
    }
    let usable = catalogue().classes().filter(|class| {
        !matches!(class.sensitivity(), Sensitivity::Forbidden | Sensitivity::ConfidentialSource | Sensitivity::Sealed)
    });
    assert!(usable.count() >= 25);
    assert!(catalogue().fields().len() >= 80);
}

#[test]
fn names_that_no_row_can_use_hold_nothing() {
    let mut names = Vec::new();
    for class in catalogue().classes() {
        if matches!(class.sensitivity(), Sensitivity::Forbidden | Sensitivity::ConfidentialSource | Sensitivity::Sealed)
        {
            assert!(
                !class.holds_records() && class.list().is_none() && class.attributes().is_empty(),
                "{}",
                class.name()
            );
            names.push(class.name());
        }
    }
    assert_eq!(names.len(), 9);
    for field in catalogue().fields() {
        assert!(!field.classes().iter().any(|class| names.contains(&class)), "{}", field.name());
    }
}

#[test]
fn income_deposits_securities_insurance_property_and_tax_amounts_are_second_tier() {
    let second: HashSet<_> = catalogue()
        .fields()
        .into_iter()
        .filter(|field| field.tier() == Tier::Second)
        .map(|field| field.name().as_str())
        .collect();
    let expected = "housing installment_rate_in_percentage_of_disposable_income property savings_account_and_bonds \
        status_of_existing_checking_account tax_paid_band tax_paid_last_year securities_held insurance_policies";
    assert_eq!(second, expected.split_whitespace().collect());
}

#[test]
fn every_row_says_whence_it_comes_in_both_languages() {
    let fields = catalogue().fields();
    let bases = fields.iter().map(|field| (field.name().to_string(), field.legal_source()));
    let classes = catalogue().classes().map(|class| (class.name().to_string(), class.legal_source()));
    for (name, source) in bases.chain(classes) {
        let zh = source.title(Language::Zh);
        assert!(zh.chars().any(|c| ('\u{4e00}'..'\u{a000}').contains(&c)), "{name}: {zh}");
        assert!(source.title(Language::En).is_ascii(), "{name}");
        assert!(
            source.sources().count() > 0 && source.citation().contains(['《', '惠']),
            "{name}: {}",
            source.citation()
        );
    }
}

#[test]
fn a_field_rests_on_classes_and_tells_no_more_than_its_shape() {
    for field in catalogue().fields() {
        assert!(!field.classes().is_empty(), "{}", field.name());
        for class in field.classes() {
            let class = catalogue().class(class.as_str()).unwrap();
            assert!(field.tier() >= class.tier(), "{}", field.name());
        }
    }
    for (name, shape) in [
        ("score", Shape::Whole),
        ("score_band", Shape::Band),
        ("score_at_least_600", Shape::YesNo),
        ("tax_offence_exists", Shape::YesNo),
        ("tax_offence_count", Shape::Count),
        ("tax_offence_latest", Shape::Day),
        ("black_listed", Shape::YesNo),
        ("clean_three_years", Shape::YesNo),
        ("volunteer_at_least_five", Shape::YesNo),
        ("card_overdue_band", Shape::Band),
        ("name", Shape::Whole),
        ("masked_name", Shape::Masked),
    ] {
        assert_eq!(catalogue().field(name).expect(name).shape(), shape, "{name}");
    }
}
