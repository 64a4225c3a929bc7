//! Minimisation: the same shape for everybody, marks, and the values against a plain reference.

use credit_policy::{
    Attribute, ClassName, Counts, Facts, FieldName, History, List, Listing, Minimised, Record, Severity, Value,
    minimise,
};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::support::{
    date, facts, facts_for, fields, loaded, permit, permit_for, shipped_with, three_months as catalogue,
};

const FIELDS: [&str; 3] = ["black_listed", "clean_three_years", "grey_listed"];

fn told(history: &History, on: Date) -> Minimised {
    minimise(&permit(catalogue(), &facts(on)), history, on)
}

/// Data and marks as an answer writes them.
fn json(told: &Minimised) -> String {
    let data: Vec<_> = told.data.iter().map(|(field, value)| (field.as_str(), value)).collect();
    serde_json::to_string(&(data, &told.marks)).unwrap()
}

fn record(class: &str, determined: &str) -> Record {
    Record {
        class: ClassName::parse(class).unwrap(),
        severity: Severity::Serious,
        act: date(determined),
        determined: date(determined),
        sentence_end: None,
        effect_end: None,
        repaired: None,
        repair_revoked: None,
        performed: None,
        amount: None,
        disputed: false,
    }
}

#[test]
fn what_the_permit_does_not_rest_on_is_dropped() {
    let attribute = |field: &str, value| Attribute { field: FieldName::parse(field).unwrap(), value };
    let history = History {
        // A store that tells more than it was asked for: forbidden, confidential, unknown, not permitted.
        records: ["religion", "confidential-source", "loan-performance", "no-such-class"]
            .map(|class| Record { disputed: true, ..record(class, "2026-01-01") })
            .into(),
        listings: vec![Listing { list: List::Red, from: date("2020-01-01"), until: None, disputed: true }],
        attributes: vec![
            attribute("property", Value::Text("real estate".into())),
            attribute("black_listed", Value::Bool(true)),
            attribute("blood_type", Value::Text("AB".into())),
        ],
    };
    let told = told(&history, date("2026-11-22"));
    assert_eq!(told.counts, Counts::default());
    assert_eq!(json(&told), json(&self::told(&History::default(), date("2026-11-22"))));
}

#[test]
fn a_person_without_a_file_is_clean_and_on_no_list() {
    let told = told(&History::default(), date("2026-11-22"));
    assert_eq!(json(&told), r#"[[["black_listed",false],["clean_three_years",true],["grey_listed",false]],[]]"#);
}

#[test]
fn every_adverse_class_spoils_three_clean_years() {
    let catalogue = catalogue();
    let permit = permit(catalogue, &facts(date("2026-11-22")));
    let kept_out = ["pending-penalty", "remedied-penalty", "summary-penalty"];
    for class in permit.plan().classes().iter().filter(|class| !kept_out.contains(&class.as_str())) {
        let history = History { records: vec![record(class.as_str(), "2026-01-01")], ..History::default() };
        let told = minimise(&permit, &history, date("2026-11-22"));
        let expected = r#"[[["black_listed",false],["clean_three_years",false],["grey_listed",false]],[]]"#;
        assert_eq!(json(&told), expected, "{class}");
    }
}

#[test]
fn a_mark_is_only_on_what_rests_on_a_disputed_record() {
    let on = date("2026-11-22");
    let marks = |history: &History| {
        let told = told(history, on);
        (told.marks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), told.counts.disputed)
    };
    let disputed = |record| Record { disputed: true, ..record };
    let listing =
        |list, until: Option<&str>| Listing { list, from: date("2026-01-01"), until: until.map(date), disputed: true };
    let records = |records| History { records, ..History::default() };
    let listings = |listings| History { listings, ..History::default() };
    let cases = [
        (records(vec![record("tax", "2026-01-01")]), "", 0),
        (records(vec![disputed(record("tax", "2020-01-01"))]), "", 0),
        (records(vec![disputed(Record { repaired: Some(on), ..record("tax", "2026-01-01") })]), "", 0),
        (records(vec![disputed(record("tax", "2027-01-01"))]), "", 0),
        (listings(vec![listing(List::Black, Some("2026-11-22"))]), "", 0),
        (records(vec![disputed(record("tax", "2026-01-01"))]), "clean_three_years", 1),
        // Beside one that nobody disputes.
        (records(vec![record("tax", "2026-01-01"), disputed(record("safety", "2026-01-01"))]), "clean_three_years", 1),
        (listings(vec![listing(List::Black, None)]), "black_listed clean_three_years", 1),
        (
            listings(vec![listing(List::Grey, None), listing(List::Black, None)]),
            "black_listed clean_three_years grey_listed",
            2,
        ),
        (
            History {
                records: vec![disputed(record("tax", "2026-01-01"))],
                listings: vec![listing(List::Grey, None)],
                attributes: vec![],
            },
            "clean_three_years grey_listed",
            2,
        ),
    ];
    for (at, (history, expected, count)) in cases.into_iter().enumerate() {
        assert_eq!(marks(&history), (expected.to_owned(), count), "case {at}");
    }
}

#[test]
fn only_the_fields_asked_for_are_told() {
    let catalogue = catalogue();
    let on = date("2026-11-22");
    let asked = Facts { fields: Some(vec![FieldName::parse("grey_listed").unwrap()]), ..facts(on) };
    let disputed = Record { disputed: true, ..record("tax", "2026-01-01") };
    let told = minimise(&permit(catalogue, &asked), &History { records: vec![disputed], ..History::default() }, on);
    assert_eq!(json(&told), r#"[[["grey_listed",false]],[]]"#);
    assert_eq!(told.counts, Counts::default());
}

#[test]
fn fields_that_share_classes_and_lists_do_not_mix() {
    let more = r#"
[[field]]
name = "clean_of_tax"
title = { zh = "三年内无税收违法", en = "No tax offence for three years" }
sources = ["HD 二(五)1"]
citation = "《Test》"
reducer = { none_within = { period = "P3Y", classes = ["tax"] } }

[[field]]
name = "restrained"
title = { zh = "受惩戒", en = "Restrained" }
sources = ["HS 五(三)"]
citation = "《Test》"
reducer = { listed = "black" }
"#;
    let named = "\"clean_of_tax\", \"restrained\", \"clean_three_years\"";
    let mut files = shipped_with("scenarios/public-rental-housing.toml", "\"clean_three_years\"", named);
    files.iter_mut().find(|(path, _)| path == "derived/across-classes.toml").unwrap().1.push_str(more);
    let catalogue = loaded(&files);
    let on = date("2026-11-22");
    let permit = permit(&catalogue, &facts(on));
    assert_eq!((permit.plan().classes().len(), permit.plan().lists()), (14, [List::Grey, List::Black].as_slice()));

    let listing = Listing { list: List::Black, from: on, until: None, disputed: true };
    let history =
        History { records: vec![record("safety", "2026-01-01")], listings: vec![listing], attributes: vec![] };
    let told = minimise(&permit, &history, on);
    let expected = r#"[[["black_listed",true],["clean_of_tax",true],["clean_three_years",false],["grey_listed",false],["restrained",true]],["black_listed","clean_three_years","restrained"]]"#;
    assert_eq!(json(&told), expected);
    assert_eq!(told.counts, Counts { considered: 2, disputed: 1, ..Counts::default() });
}

#[test]
fn attributes_are_told_as_they_are_or_null() {
    let on = date("2026-11-22");
    let row = catalogue().scenario("self-query").unwrap();
    let asked = Some(fields(&["black_listed", "credit_amount", "grey_listed", "job"]));
    let permit = permit_for(catalogue(), "self-query", &Facts { fields: asked, ..facts_for(row, on) });
    let names: Vec<_> = permit.plan().attributes().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["credit_amount", "job"]);
    let amount = Attribute { field: FieldName::parse("credit_amount").unwrap(), value: Value::Int(1169) };
    let told = minimise(&permit, &History { attributes: vec![amount], ..History::default() }, on);
    assert_eq!(
        json(&told),
        r#"[[["black_listed",false],["credit_amount",1169],["grey_listed",false],["job",null]],[]]"#
    );
}

/// A record in plain numbers: class, severity, days since 2020-01-01 of determination, repair and revocation.
type Plain = (usize, usize, i64, Option<i64>, Option<i64>, bool);
/// A listing in plain numbers: list, first day, days until its end.
type PlainListing = (usize, i64, Option<i64>, bool);

const CLASSES: [&str; 5] = ["tax", "safety", "contract-fraud", "loan-performance", "religion"];
/// Months of display by severity in the national pack.
const MONTHS: [i64; 3] = [3, 12, 36];

fn day(offset: i64) -> Date {
    date("2020-01-01").checked_add(jiff::Span::new().days(offset)).unwrap()
}

/// The last day of a period of months, by the reference's own calendar.
fn last_day((year, month, day): (i64, i64, i64), months: i64) -> (i64, i64, i64) {
    let month0 = month - 1 + months;
    let (year, month) = (year + month0 / 12, month0 % 12 + 1);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (year, month, day.min(days))
}

fn triple(date: Date) -> (i64, i64, i64) {
    (date.year().into(), date.month().into(), date.day().into())
}

/// The answer by rereading the rules for every record: R9, R10, R11, R19, R20.
fn reference(records: &[Plain], listings: &[PlainListing], on: i64) -> (Vec<bool>, Vec<bool>, Counts) {
    let mut counts = Counts::default();
    let (mut spoiled, mut spoiled_disputed) = (false, false);
    for &(class, severity, determined, repaired, revoked, disputed) in records {
        if class > 2 {
            continue;
        }
        counts.considered += 1;
        let start = triple(day(determined));
        let repair_stands = repaired.is_some_and(|repaired| {
            repaired <= on && !revoked.is_some_and(|revoked| repaired <= revoked && revoked <= on)
        });
        if determined > on {
            continue;
        }
        if last_day(start, MONTHS[severity]) < triple(day(on)) {
            counts.expired += 1;
        } else if repair_stands {
            counts.repaired += 1;
        } else {
            counts.disputed += u32::from(disputed);
            if last_day(start, 36) >= triple(day(on)) {
                spoiled = true;
                spoiled_disputed |= disputed;
            }
        }
    }
    let mut listed = [false; 3];
    let mut listed_disputed = [false; 3];
    for &(list, from, length, disputed) in listings {
        if list == 0 {
            continue;
        }
        counts.considered += 1;
        // Grey: general, a year; black: serious, three years.
        let is_over = from <= on && last_day(triple(day(from)), [0, 12, 36][list]) < triple(day(on));
        if length.is_some_and(|length| from + length <= on) || is_over {
            counts.expired += 1;
        } else if from <= on {
            counts.disputed += u32::from(disputed);
            spoiled = true;
            spoiled_disputed |= disputed;
            listed[list] = true;
            listed_disputed[list] |= disputed;
        }
    }
    (vec![listed[2], !spoiled, listed[1]], vec![listed_disputed[2], spoiled_disputed, listed_disputed[1]], counts)
}

fn history(records: &[Plain], listings: &[PlainListing]) -> History {
    let records = records.iter().map(|&(class, severity, determined, repaired, revoked, disputed)| Record {
        class: ClassName::parse(CLASSES[class]).unwrap(),
        severity: Severity::ALL[severity],
        act: day(determined - 30),
        determined: day(determined),
        sentence_end: None,
        effect_end: None,
        repaired: repaired.map(day),
        repair_revoked: revoked.map(day),
        performed: None,
        amount: None,
        disputed,
    });
    let listings = listings.iter().map(|&(list, from, length, disputed)| Listing {
        list: List::ALL[list],
        from: day(from),
        until: length.map(|length| day(from + length)),
        disputed,
    });
    History { records: records.collect(), listings: listings.collect(), attributes: vec![] }
}

proptest! {
    #[test]
    fn answers_agree_with_the_reference(
        records in prop::collection::vec(
            (0_usize..5, 0_usize..3, 0_i64..2_600, prop::option::of(0_i64..2_600), prop::option::of(0_i64..2_600), any::<bool>()), 0..8),
        listings in prop::collection::vec((0_usize..3, 0_i64..2_600, prop::option::of(0_i64..900), any::<bool>()), 0..5),
        on in 0_i64..2_600,
    ) {
        let told = told(&history(&records, &listings), day(on));
        let (values, marked, counts) = reference(&records, &listings, on);
        let names: Vec<_> = told.data.iter().map(|(field, _)| field.as_str()).collect();
        prop_assert_eq!(names, FIELDS, "the same shape for everybody");
        for ((field, value), expected) in told.data.iter().zip(values) {
            prop_assert!(*value == Value::Bool(expected), "{} must be {}", field, expected);
        }
        let marks: Vec<_> = told.marks.iter().map(|field| field.as_str()).collect();
        let expected: Vec<_> = FIELDS.iter().zip(marked).filter(|(_, marked)| *marked).map(|(field, _)| *field).collect();
        prop_assert_eq!(marks, expected);
        prop_assert_eq!(told.counts, counts);
    }

    /// Where the order of a store's rows would show, it would tell persons apart.
    #[test]
    fn the_order_of_rows_does_not_matter(
        records in prop::collection::vec((0_usize..5, 0_usize..3, 0_i64..2_600, Just(None), Just(None), any::<bool>()), 0..8),
        on in 0_i64..2_600,
    ) {
        let mut reversed = records.clone();
        reversed.reverse();
        prop_assert_eq!(json(&told(&history(&records, &[]), day(on))), json(&told(&history(&reversed, &[]), day(on))));
    }
}
