//! Citizen numbers: GB 11643, hostile texts, and the day of adulthood.

use credit_policy::{CitizenNumber, CitizenNumberError, holds_citizen_number, meant_citizen_number};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::support::{check_by_weights, date, number, number_with_x};

fn error(text: &str) -> Option<CitizenNumberError> {
    CitizenNumber::parse(text).err()
}

#[test]
fn texts_of_another_form_are_refused() {
    let good = number("19900307", 1);
    let full_width: String = good.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    let texts = [
        String::new(),
        " ".into(),
        good[..17].into(),
        format!("{good}0"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{}\0", &good[..17]),
        good.replacen('9', "٩", 1),
        good.replacen('9', "X", 1),
        format!("+{}", &good[1..]),
        full_width,
        number_with_x().replace('X', "Ｘ"),
        "990101900307001".into(),
    ];
    for text in texts {
        assert_eq!(error(&text), Some(CitizenNumberError::Form), "{text:?}");
    }
}

#[test]
fn birth_dates_that_are_no_days_are_refused() {
    for birth in
        ["19900229", "19901301", "19900001", "19900100", "19900431", "21000229", "99999999", "19900132", "18991231"]
    {
        assert_eq!(error(&number(birth, 1)), Some(CitizenNumberError::BirthDate), "{birth}");
    }
}

#[test]
fn a_number_gives_its_text_and_birth_date() {
    for birth in ["19900307", "20000229", "20081122", "19000101"] {
        let text = number(birth, 24);
        let parsed = CitizenNumber::parse(&text).unwrap();
        parsed.disclose(|number| {
            assert_eq!(number.as_str(), text);
            assert_eq!(number.birth_date(), Date::strptime("%Y%m%d", birth).unwrap());
        });
    }
}

#[test]
fn a_small_x_is_a_large_one() {
    let (large, small) = (number_with_x(), number_with_x().to_lowercase());
    assert_ne!(large, small);
    CitizenNumber::parse(&small).unwrap().disclose(|number| assert_eq!(number.as_str(), large));
}

#[test]
fn nobody_is_asked_about_before_birth() {
    for (birth, on, born) in [("20261122", "2026-11-21", false), ("20261122", "2026-11-22", true)] {
        let parsed = CitizenNumber::parse(&number(birth, 1)).unwrap();
        assert_eq!(parsed.disclose(|number| number.is_born_on(date(on))), born, "born {birth}, on {on}");
    }
}

#[test]
fn adulthood_begins_on_the_eighteenth_birthday() {
    let cases = [
        ("20081122", "2026-11-21", false),
        ("20081122", "2026-11-22", true),
        ("20081122", "2026-11-23", true),
        ("20081123", "2026-11-22", false),
        ("20081231", "2026-12-30", false),
        ("20081231", "2026-12-31", true),
        ("20090101", "2026-12-31", false),
        ("20090101", "2027-01-01", true),
        ("20080229", "2026-02-27", false),
        ("20080229", "2026-02-28", false),
        ("20080229", "2026-03-01", true),
        ("20080228", "2026-02-28", true),
        ("20080301", "2026-02-28", false),
        ("20261122", "2026-11-22", false),
        ("20300101", "2026-11-22", false),
        ("19000101", "2026-11-22", true),
    ];
    for (birth, on, adult) in cases {
        let parsed = CitizenNumber::parse(&number(birth, 1)).unwrap();
        assert_eq!(parsed.disclose(|number| number.is_adult_on(date(on))), adult, "born {birth}, on {on}");
    }
}

#[test]
fn free_texts_that_hold_a_number_are_found() {
    let good = number("19900307", 1);
    let with_x = number_with_x();
    let found = [
        good.clone(),
        with_x.to_lowercase(),
        format!("HZ-{good}"),
        format!("{good}号"),
        format!("公租房〔2026〕{with_x}"),
        format!("1{good}"),
        format!("{good}234"),
        "990101900307001".into(),
        "HZ-990101900307001-A".into(),
        "号990101900307001号".into(),
        "990101-900307-001".into(),
        "经办 990101 900307 001。".into(),
        "９９０１０１９００３０７００１".into(),
        format!("{} {} {}", &good[..6], &good[6..14], &good[14..]),
        format!("{}-{}-{}x", &with_x[..6], &with_x[6..14], &with_x[14..17]),
        good.chars().map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xF20).unwrap()).collect(),
        good.replace('9', "玖").replace('0', "零"),
        format!("2026-11-22 {good}"),
        format!("a:{good},b"),
        good.chars().map(|digit| format!("{digit}\u{200b}")).collect(),
    ];
    for text in found {
        assert!(holds_citizen_number(&text), "{text}");
    }
}

#[test]
fn other_free_texts_hold_none() {
    let wrong_check =
        format!("{}{}", &number("19900307", 1)[..17], if number("19900307", 1).ends_with('0') { 1 } else { 0 });
    let texts = [
        "",
        "HZ-2026-001234",
        "〔2026〕粤13公租123号",
        "99010190030700",
        "9901019003070012",
        &wrong_check,
        "990101901307001",
        "2026-11-22T10:15:30.123456Z",
        "2026-11-22 10:15:30,8",
        "019c9b1e-a123-4567-8123-123456789012",
        "二〇二六年十一月二十二日第一百二十三号",
    ];
    for text in texts {
        assert!(!holds_citizen_number(text), "{text}");
    }
}

proptest! {
    #[test]
    fn a_text_parses_exactly_if_the_reference_says_so(text in ".{0,24}|[0-9Xx]{17,19}|99[0-9]{4}(18|19|20)[0-9]{2}(0[0-9]|1[0-3])([0-2][0-9]|3[0-2])[0-9]{3}[0-9Xx]") {
        let form = text.len() == 18 && text.bytes().take(17).all(|byte| byte.is_ascii_digit());
        let expected = form
            && Date::strptime("%Y%m%d", &text[6..14]).is_ok_and(|born| born.year() >= 1900)
            && text.to_uppercase().ends_with(check_by_weights(&text[..17]));
        prop_assert_eq!(CitizenNumber::parse(&text).is_ok(), expected);
    }

    #[test]
    fn every_typing_slip_is_found(
        year in 1920_u16..2008, month in 1_u8..=12, day in 1_u8..=28, sequence in 0_u16..1000, at in 0_usize..18, digit in 0_u8..10,
    ) {
        let good = number(&format!("{year}{month:02}{day:02}"), sequence);
        prop_assert!(CitizenNumber::parse(&good).is_ok());
        let mut one_digit = good.clone().into_bytes();
        one_digit[at] = b'0' + digit;
        let mut swapped = good.clone().into_bytes();
        swapped.swap(at, (at + 1) % 18);
        // MOD 11-2 finds every wrong character and every exchange of neighbours; the last and the first are none.
        for wrong in [one_digit, swapped] {
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(wrong == good || at == 17 || CitizenNumber::parse(&wrong).is_err(), "{}", wrong);
        }
    }

    #[test]
    fn a_number_is_found_in_any_text(before in "[^0-9]{0,8}", after in "[^0-9xX]{0,8}", sequence in 0_u16..1000) {
        let number = number("19900307", sequence);
        let text = format!("{before}{number}{after}");
        prop_assert!(holds_citizen_number(&text));
    }
}

fn meant(text: &str) -> Option<String> {
    meant_citizen_number(text).map(|person| person.disclose(|person| person.as_str().to_owned()))
}

#[test]
fn texts_that_are_nobody_s_number_in_any_writing_mean_nobody() {
    let good = number("19900307", 1);
    for text in [
        String::new(),
        "330921************".into(),
        "00000000000000000X".into(),
        format!("{}*", &good[..17]),
        format!("{good}0"),
        format!("a{good}"),
        format!("证{good}"),
        "990101901307001".into(),
        "91330000MA27XF1234".into(),
        "9.90101199003070E+17".into(),
    ] {
        assert_eq!(meant(&text), None, "{text}");
    }
}

#[test]
fn whom_a_number_names_is_known_in_every_writing() {
    for good in [number("19900307", 1), number_with_x()] {
        let full_width: String = good.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let spaced: String = good.chars().flat_map(|c| [c, '\u{a0}']).collect();
        let old = CitizenNumber::parse(&good).unwrap().disclose(|person| person.old_form().unwrap().to_string());
        assert_eq!(old, format!("{}{}", &good[..6], &good[8..17]));
        let nul = format!("\u{feff}{good}\0");
        for text in [good.clone(), good.to_lowercase(), full_width, spaced, old, nul, format!("'{good}\r\n")] {
            assert_eq!(meant(&text).as_ref(), Some(&good), "{text}");
        }
    }
    let of_2001 = number("20010307", 1);
    assert!(CitizenNumber::parse(&of_2001).unwrap().disclose(|person| person.old_form().is_none()));
}
