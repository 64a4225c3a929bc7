//! Operators, cases and institutions: formats.md §2 to the letter.

use credit_policy::{Allowed, CaseNumber, IdError, InstitutionId, StaffId, normal_case};
use proptest::prelude::*;

use crate::support::{number, number_with_x};

#[test]
fn operators_of_another_form_are_refused() {
    let long = "a".repeat(65);
    for text in ["", &long] {
        assert_eq!(StaffId::parse(text).err(), Some(IdError::Length), "{text:?}");
    }
    for text in [" ", "a b", "a/b", "王五", "a\n", "a\0", "a+b", "<a>", "é", "a,b", "１"] {
        assert_eq!(StaffId::parse(text).err(), Some(IdError::Character(Allowed::StaffId)), "{text:?}");
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
    // A case of nothing but signs names no case, and one that cannot be seen neither.
    for text in [
        "a\tb",
        "a\n",
        "a\u{a0}b",
        "a\u{200d}b",
        "a\0",
        "a;b",
        "a，b",
        "\u{fe0f}",
        "①",
        "٣",
        "a\u{202e}b",
        "“a”",
        "{a}",
        " ",
        "-",
        "（）",
        "【】[]",
    ] {
        assert_eq!(CaseNumber::parse(text).err(), Some(IdError::Character(Allowed::CaseNumber)), "{text:?}");
    }
    for text in written(&number_with_x()).iter().chain(&written("990101900307001")) {
        for text in [text.clone(), format!("HZ-{text}"), format!("沪房保【2026】{text}号")] {
            if text.chars().count() <= 64 {
                assert_eq!(CaseNumber::parse(&text).err(), Some(IdError::HoldsCitizenNumber), "{text:?}");
            }
        }
    }
}

/// A citizen number as people write it.
fn written(number: &str) -> Vec<String> {
    let wide = |c: char| if c == ' ' { '\u{3000}' } else { char::from_u32(u32::from(c) + 0xFEE0).unwrap() };
    let han =
        |c: char| c.to_digit(10).and_then(|digit| "〇一二三四五六七八九".chars().nth(digit as usize)).unwrap_or(c);
    let (place, rest) = number.split_at(6);
    let (birth, last) = rest.split_at(if number.len() == 18 { 8 } else { 6 });
    let mut written = vec![number.to_owned(), number.to_lowercase(), number.chars().map(wide).collect()];
    written.push(number.chars().map(han).collect());
    for sign in [" ", "-", "_", ".", "/", "(", "）", "】", " - "] {
        written.push([place, birth, last].join(sign));
    }
    written.push([place, birth, last].join(" ").chars().map(wide).collect());
    written.push(number.chars().map(String::from).collect::<Vec<_>>().join(" "));
    written
}

#[test]
fn cases_of_the_form_are_taken() {
    let longest = "号".repeat(64);
    for text in [
        "HZ-2026-001234",
        "（2026）粤13公租〔123〕号",
        "(2026) A_1./2",
        "二〇二六",
        "é",
        "1",
        "沪房保【2026】12号",
        "[2026]",
        "བོད་2026",
        "ＨＺ－２０２６",
        "a\u{3000}b",
        "मामला 7",
        &longest,
    ] {
        assert_eq!(CaseNumber::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn one_case_has_one_normal_form_however_it_is_written() {
    let many = [
        "HZ〔2026〕-1a号",
        "hz(2026)-1A号",
        "HZ（2026）- 1a 号",
        "ＨＺ【２０２６】－１Ａ号",
        " hz [2026] -1A号 ",
        "Hz\u{3000}〔2026〕-1a\u{fe00}号",
    ];
    for text in many {
        assert_eq!(normal_case(CaseNumber::parse(text).unwrap().as_str()), "HZ(2026)-1A号", "{text:?}");
    }
    for other in ["HZ(2026)1A号", "HZ2026-1A号", "HZ(2026)_1A号", "HZ(2026)-1B号"] {
        assert_ne!(normal_case(other), "HZ(2026)-1A号", "{other:?}");
    }
}

proptest! {
    #[test]
    fn a_normal_form_is_its_own(text in ".{0,64}") {
        let normal = normal_case(&text);
        prop_assert_eq!(&normal_case(&normal), &normal);
        prop_assert_eq!(normal_case(&text.to_uppercase()), normal);
    }
}

#[test]
fn institutions_have_lower_case_ids() {
    let long = "a".repeat(65);
    for text in ["", "A", "a_b", "a.b", "../a", "a b", "行", &long, "990101900307001", "a-990101-900307-001"] {
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
