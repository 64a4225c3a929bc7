//! The dated cases: `dated_cases.csv` for display, repairs and revocations, `deadlines.csv` for deadlines. A lawyer can
//! read both; nothing in them is computed by the code under test.

use std::collections::HashMap;

use credit_policy::{Catalogue, ClassName, Deadline, History, Record, Severity, minimise};
use jiff::civil::Date;
use serde_json::json;

use crate::support::{catalogue, date, facts_for, field_of, loaded, permit_for, three_months_with, value};

const PACKS: [(&str, &str); 5] = [
    ("national-2026", "CN"),
    ("shanghai", "CN-SH"),
    ("shenzhen", "CN-GD-03"),
    ("zhejiang", "CN-ZJ"),
    ("shandong", "CN-SD"),
];

/// The shipped catalogue under each of its packs, with minor acts shown as long as the national measures allow.
fn catalogues() -> HashMap<&'static str, Catalogue> {
    let under = |(pack, jurisdiction): (&'static str, &str)| {
        let mut files = three_months_with("", "");
        let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml").unwrap();
        *main = main
            .replace("jurisdiction = \"CN-99-01\"", &format!("jurisdiction = \"{jurisdiction}\""))
            .replace("pack = \"national-2026\"", &format!("pack = \"{pack}\""));
        (pack, loaded(&files))
    };
    PACKS.into_iter().map(under).collect()
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.splitn(12, ',').collect())
}

fn some_date(text: &str) -> Option<Date> {
    (!text.is_empty()).then(|| date(text))
}

#[test]
fn every_dated_case_stands_as_the_table_says() {
    let catalogues = catalogues();
    let table = include_str!("dated_cases.csv");
    assert!(rows(table).count() >= 120);
    for row in rows(table) {
        let [pack, class, severity, act, determined, sentence, effect, repaired, revoked, on, standing, note] = row[..]
        else {
            panic!("not twelve columns: {row:?}")
        };
        let record = Record {
            class: ClassName::parse(class).unwrap(),
            severity: Severity::parse(severity).expect(severity),
            act: date(act),
            determined: date(determined),
            sentence_end: some_date(sentence),
            effect_end: some_date(effect),
            repaired: some_date(repaired),
            repair_revoked: some_date(revoked),
            performed: None,
            amount: None,
            disputed: false,
        };
        let (catalogue, on) = (&catalogues[pack], date(on));
        let everything = catalogue.scenario("self-query").unwrap();
        let permit = permit_for(catalogue, "self-query", &facts_for(everything, on));
        let told = minimise(&permit, &History { records: vec![record], ..History::default() }, on);
        let counts = value(&told, &field_of(class, "exists")) == json!(true);
        let found = match (counts, told.counts.expired, told.counts.repaired) {
            (true, 0, 0) => "counts",
            (false, 1, 0) => "expired",
            (false, 0, 1) => "repaired",
            (false, 0, 0) => "undetermined",
            _ => "two at once",
        };
        assert_eq!(found, standing, "{pack}, on {on}: {note}");
    }
}

#[test]
fn every_deadline_is_as_the_table_says() {
    let catalogues = catalogues();
    let table = include_str!("deadlines.csv");
    for row in rows(table) {
        let [pack, deadline, event, last] = row[..] else { panic!("not four columns: {row:?}") };
        let found = catalogues[pack].deadline(Deadline::parse(deadline).expect(deadline), date(event));
        let expected = (last != "unknown").then(|| date(last));
        assert_eq!(found, expected, "{pack} {deadline} from {event}");
    }
    for (pack, _) in PACKS {
        assert!(rows(table).any(|row| row[0] == pack), "{pack}");
    }
}

#[test]
fn the_days_that_are_worked_are_those_of_the_notice() {
    let working = |day: &str| catalogue().is_working_day(date(day));
    for day in ["2026-01-04", "2026-02-14", "2026-02-24", "2026-05-09", "2026-10-08", "2026-10-10", "2026-11-23"] {
        assert_eq!(working(day), Some(true), "{day}");
    }
    for day in ["2026-01-01", "2026-02-15", "2026-02-23", "2026-05-05", "2026-10-07", "2026-10-11", "2026-11-22"] {
        assert_eq!(working(day), Some(false), "{day}");
    }
    for day in ["2023-12-31", "2026-12-29", "2026-12-31", "2027-01-01"] {
        assert_eq!(working(day), None, "{day}: no notice, no answer");
    }
    let year = date("2026-01-01").series(jiff::Span::new().days(1)).take(365);
    // 365 days less 104 of weekends less 33 of holidays, 14 of which are weekend days, and 6 made up; the last three are
    // the next notice's.
    assert_eq!(year.filter(|day| catalogue().is_working_day(*day) == Some(true)).count(), 248 - 3);
}

/// The shipped catalogue with one more year.
fn with_a_year(row: &str) -> Catalogue {
    let mut files = credit_policy::catalogue::shipped();
    let (_, calendar) = files.iter_mut().find(|(path, _)| path == "calendars/cn.toml").unwrap();
    calendar.push_str(row);
    loaded(&files)
}

#[test]
fn a_holiday_across_new_year_is_one_row() {
    let catalogue = with_a_year(
        "
[[year]]
year = 2027
notice = \"made up\"
holidays = [{ from = \"2026-12-31\", to = \"2027-01-02\", title = { zh = \"元旦\", en = \"New Year\" } }]
made_up = [\"2027-01-03\"]
",
    );
    let days = ["2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03", "2027-12-28"];
    let worked = days.map(|day| catalogue.is_working_day(date(day)).unwrap());
    assert_eq!(worked, [true, true, false, false, false, true, true]);
    assert_eq!(catalogue.is_working_day(date("2027-12-29")), None);
}

#[test]
fn the_day_from_which_deadlines_have_no_date_is_known_before() {
    // The longest deadline of the national pack is 20 days.
    let first = |from: &str, days| catalogue().first_day_without_deadline(date(from), days);
    assert_eq!(first("2026-11-01", 38), None);
    assert_eq!(first("2026-11-01", 62), Some(date("2026-12-09")));
    assert_eq!(first("2024-11-01", 62), None, "the next year is known");
    let in_zhejiang = &catalogues()["zhejiang"];
    assert_eq!(in_zhejiang.first_day_without_deadline(date("2026-11-01"), 62), Some(date("2026-12-01")));
}
