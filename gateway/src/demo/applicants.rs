//! The attributes of the demo's people: 1,000 real loan applicants of 1994, nameless from the start (see
//! `gateway/demo/ATTRIBUTION.md`), committed with codes in place of labels.

use serde_json::Value;

use super::attributes::Attribute;

const TABLE: &str = include_str!("../../demo/applicants.csv");

const AGE: &str = "age_in_years";

/// One line of the table.
pub(super) struct Applicant {
    /// Age in years, as the people of the demo have it in 2026.
    pub(super) age: i16,
    /// Labels or whole numbers, in the order of the table's columns.
    pub(super) attributes: Vec<Attribute>,
}

/// A column: its name, and its labels in the order of their codes; none = a whole number.
type Column = (&'static str, &'static [&'static str]);

const COLUMNS: [Column; 19] = [
    (
        "status_of_existing_checking_account",
        &[
            "... < 0 DM",
            "0 <= ... < 200 DM",
            "... >= 200 DM / salary assignments for at least 1 year",
            "no checking account",
        ],
    ),
    ("duration_in_month", &[]),
    (
        "credit_history",
        &[
            "no credits taken/ all credits paid back duly",
            "all credits at this bank paid back duly",
            "existing credits paid back duly till now",
            "delay in paying off in the past",
            "critical account/ other credits existing (not at this bank)",
        ],
    ),
    (
        "purpose",
        &[
            "car (new)",
            "car (used)",
            "furniture/equipment",
            "radio/television",
            "domestic appliances",
            "repairs",
            "education",
            "retraining",
            "business",
            "others",
        ],
    ),
    ("credit_amount", &[]),
    (
        "savings_account_and_bonds",
        &[
            "... < 100 DM",
            "100 <= ... < 500 DM",
            "500 <= ... < 1000 DM",
            "... >= 1000 DM",
            "unknown/ no savings account",
        ],
    ),
    (
        "present_employment_since",
        &["unemployed", "... < 1 year", "1 <= ... < 4 years", "4 <= ... < 7 years", "... >= 7 years"],
    ),
    ("installment_rate_in_percentage_of_disposable_income", &[]),
    ("other_debtors_or_guarantors", &["none", "co-applicant", "guarantor"]),
    ("present_residence_since", &[]),
    (
        "property",
        &[
            "real estate",
            "building society savings agreement/ life insurance",
            "car or other, not in attribute Savings account/bonds",
            "unknown / no property",
        ],
    ),
    (AGE, &[]),
    ("other_installment_plans", &["bank", "stores", "none"]),
    ("housing", &["rent", "own", "for free"]),
    ("number_of_existing_credits_at_this_bank", &[]),
    (
        "job",
        &[
            "unemployed/ unskilled - non-resident",
            "unskilled - resident",
            "skilled employee / official",
            "management/ self-employed/ highly qualified employee/ officer",
        ],
    ),
    ("number_of_people_being_liable_to_provide_maintenance_for", &[]),
    ("telephone", &["none", "yes, registered under the customers name"]),
    ("creditability", &["good", "bad"]),
];

/// All applicants, in the table's order. The table is part of the program: that each of its lines decodes is held by a
/// test, not by an error that nobody could act on.
pub(super) fn all() -> impl Iterator<Item = Applicant> {
    TABLE.lines().skip(1).filter_map(decode)
}

fn decode(line: &str) -> Option<Applicant> {
    let codes: Vec<u16> = line.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    if codes.len() != COLUMNS.len() {
        return None;
    }
    let mut age = None;
    let mut attributes = Vec::with_capacity(COLUMNS.len());
    for ((name, labels), code) in COLUMNS.iter().zip(codes) {
        let value = if labels.is_empty() {
            Value::from(code)
        } else {
            Value::from(*labels.get(usize::from(code).checked_sub(1)?)?)
        };
        if *name == AGE {
            age = i16::try_from(code).ok();
        }
        attributes.push((*name, value));
    }
    Some(Applicant { age: age?, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_missing_column_or_an_unknown_code_does_not_decode() {
        let good = TABLE.lines().nth(1).unwrap();
        assert!(decode(good).is_some());
        assert!(decode(good.rsplit_once(',').unwrap().0).is_none());
        assert!(decode(&format!("9{good}")).is_none());
        assert!(decode(&format!("0,{}", good.split_once(',').unwrap().1)).is_none());
        assert!(decode(&good.replace(',', ";")).is_none());
    }

    #[test]
    fn every_line_of_the_table_decodes_under_the_names_of_its_header() {
        let header: Vec<_> = TABLE.lines().next().unwrap().split(',').collect();
        assert_eq!(header, COLUMNS.map(|(name, _)| name));
        assert_eq!(all().count(), 1_000);
        assert!(all().all(|applicant| applicant.attributes.len() == 19 && (19..=75).contains(&applicant.age)));
    }

    #[test]
    fn the_first_applicant_is_the_first_of_the_source() {
        let first = all().next().unwrap();
        let value = |name| {
            let mut found = first.attributes.iter().filter(|(field, _)| *field == name);
            found.next().unwrap().1.clone()
        };
        assert_eq!(first.age, 67);
        assert_eq!(value("credit_amount"), 1169);
        assert_eq!(value("purpose"), "radio/television");
        assert_eq!(value("credit_history"), "critical account/ other credits existing (not at this bank)");
        assert_eq!(value("creditability"), "good");
    }

    #[test]
    fn no_column_tells_sex_marital_status_or_nationality() {
        for (name, labels) in COLUMNS {
            for word in ["sex", "personal_status", "foreign", "male", "married"] {
                assert!(!name.contains(word) && labels.iter().all(|label| !label.contains(word)));
            }
        }
    }
}
