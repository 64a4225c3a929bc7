//! Operators, cases and institutions: formats.md §2 to the letter.

use credit_policy::{CaseNumber, IdError, InstitutionId, StaffId};

use crate::support::{number, number_with_x};

#[test]
fn operators_of_another_form_are_refused() {
    let long = "a".repeat(65);
    for text in ["", &long] {
        assert_eq!(StaffId::parse(text).err(), Some(IdError::Length), "{text:?}");
    }
    for text in [" ", "a b", "a/b", "王五", "a\n", "a\0", "a+b", "<a>", "é", "a,b", "１"] {
        assert_eq!(StaffId::parse(text).err(), Some(IdError::Character), "{text:?}");
    }
    let named = format!("staff-{}", number("19900307", 1));
    for text in [named.as_str(), "990101900307001", "u990101900307001@hz"] {
        assert_eq!(StaffId::parse(text).err(), Some(IdError::HoldsCitizenNumber), "{text:?}");
    }
}

#[test]
fn operators_of_the_form_are_taken() {
    let longest = "a".repeat(64);
    for text in ["staff-0017", "a", "0", "A.b_c@hz.example-1", "-", "20261122", &longest] {
        assert_eq!(StaffId::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn cases_of_another_form_are_refused() {
    let long = "号".repeat(65);
    for text in ["", &long] {
        assert_eq!(CaseNumber::parse(text).err(), Some(IdError::Length), "{text:?}");
    }
    // Digits of other scripts would hide a number; a case of nothing but signs names no case.
    for text in [
        "a\tb",
        "a\n",
        "a\u{a0}b",
        "a\u{3000}b",
        "a\0",
        "a;b",
        "１２",
        "①",
        "٣",
        "a\u{202e}b",
        "“a”",
        "[a]",
        " ",
        "-",
        "（）",
    ] {
        assert_eq!(CaseNumber::parse(text).err(), Some(IdError::Character), "{text:?}");
    }
    let named = format!("HZ-{}", number_with_x().to_lowercase());
    for text in [named.as_str(), "HZ 990101900307001"] {
        assert_eq!(CaseNumber::parse(text).err(), Some(IdError::HoldsCitizenNumber), "{text:?}");
    }
}

#[test]
fn cases_of_the_form_are_taken() {
    let longest = "号".repeat(64);
    for text in ["HZ-2026-001234", "（2026）粤13公租〔123〕号", "(2026) A_1./2", "二〇二六", "é", "1", &longest]
    {
        assert_eq!(CaseNumber::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn institutions_have_lower_case_ids() {
    let long = "a".repeat(65);
    for text in ["", "A", "a_b", "a.b", "../a", "a b", "行", &long] {
        assert!(InstitutionId::parse(text).is_err(), "{text:?}");
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<InstitutionId>(&json).is_err(), "{text:?}");
    }
    let longest = "a".repeat(64);
    for text in ["housing", "bank-1", "0", &longest] {
        assert_eq!(InstitutionId::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn errors_do_not_repeat_the_text() {
    let named = number("19900307", 1);
    let error = CaseNumber::parse(&named).unwrap_err().to_string();
    assert!(!error.contains(&named[..6]), "{error}");
}
