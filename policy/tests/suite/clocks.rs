//! Display periods, start events, repairs, lists: the day before, the day of, the day after.

use credit_policy::{
    Catalogue, CitizenNumber, ClassName, Counts, History, List, Listing, Minimised, Record, Severity, Value, minimise,
    seal_acts_of_minors,
};
use jiff::civil::Date;

use crate::support::{date, facts, loaded, number, permit, three_months as catalogue, three_months_with};

fn record(severity: Severity, determined: Date) -> Record {
    Record {
        class: ClassName::parse("tax").unwrap(),
        severity,
        act: determined,
        determined,
        sentence_end: None,
        effect_end: None,
        repaired: None,
        repair_revoked: None,
        performed: None,
        amount: None,
        disputed: false,
    }
}

fn told(catalogue: &Catalogue, history: &History, on: Date) -> Minimised {
    minimise(&permit(catalogue, &facts(on)), history, on)
}

fn value(minimised: &Minimised, name: &str) -> bool {
    let (_, value) = minimised.data.iter().find(|(field, _)| field.as_str() == name).expect(name);
    match value {
        Value::Bool(value) => *value,
        Value::Null | Value::Int(_) | Value::Text(_) | Value::List(_) => {
            panic!("{name} is no bool")
        }
    }
}

/// What one record does on a day: whether it spoils three clean years, and the counts.
fn one(catalogue: &Catalogue, record: Record, on: Date) -> (bool, Counts) {
    let told = told(catalogue, &History { records: vec![record], ..History::default() }, on);
    (!value(&told, "clean_three_years"), told.counts)
}

const COUNTS: Counts = Counts { considered: 1, expired: 0, repaired: 0, disputed: 0 };
const EXPIRED: Counts = Counts { expired: 1, ..COUNTS };
const REPAIRED: Counts = Counts { repaired: 1, ..COUNTS };

#[test]
fn a_record_counts_from_its_determination_to_the_last_day_of_its_period() {
    let catalogue = catalogue();
    let cases = [
        // Severity, determination, last day of display.
        (Severity::Minor, "2026-08-22", "2026-11-22"),
        (Severity::Minor, "2026-08-31", "2026-11-30"),
        (Severity::Minor, "2025-11-30", "2026-02-28"),
        (Severity::Minor, "2025-11-29", "2026-02-28"),
        (Severity::Minor, "2025-11-28", "2026-02-28"),
        (Severity::Minor, "2027-11-30", "2028-02-29"),
        (Severity::Minor, "2027-11-29", "2028-02-29"),
        (Severity::Minor, "2025-12-31", "2026-03-31"),
        (Severity::Minor, "2026-10-01", "2027-01-01"),
        (Severity::General, "2025-11-22", "2026-11-22"),
        (Severity::General, "2024-02-29", "2025-02-28"),
        (Severity::General, "2023-02-28", "2024-02-28"),
        (Severity::General, "2027-03-01", "2028-03-01"),
        (Severity::General, "2025-12-31", "2026-12-31"),
        (Severity::Serious, "2023-11-22", "2026-11-22"),
        (Severity::Serious, "2024-02-29", "2027-02-28"),
        (Severity::Serious, "2025-02-28", "2028-02-28"),
        (Severity::Serious, "2026-01-01", "2029-01-01"),
    ];
    for (severity, determined, last) in cases {
        let (determined, last) = (date(determined), date(last));
        let on = |day| one(catalogue, record(severity, determined), day);
        assert_eq!(on(determined.yesterday().unwrap()), (false, COUNTS), "before {determined}");
        assert_eq!(on(determined), (true, COUNTS), "on {determined}");
        assert_eq!(on(last.yesterday().unwrap()), (true, COUNTS), "before {last}");
        assert_eq!(on(last), (true, COUNTS), "on {last}");
        assert_eq!(on(last.tomorrow().unwrap()), (false, EXPIRED), "after {last}");
    }
}

#[test]
fn the_clock_starts_with_the_event_of_the_pack() {
    let starting =
        |event: &str| loaded(&three_months_with("\"determination\"\ndisplay", &format!("\"{event}\"\ndisplay")));
    let dated = || Record {
        act: date("2025-01-10"),
        sentence_end: Some(date("2025-06-15")),
        effect_end: Some(date("2025-09-20")),
        ..record(Severity::General, date("2025-03-01"))
    };
    let cases = [
        ("act", "2026-01-10"),
        ("determination", "2026-03-01"),
        ("sentence-end", "2026-06-15"),
        ("effect-end", "2026-09-20"),
    ];
    for (event, last) in cases {
        let catalogue = starting(event);
        assert_eq!(one(&catalogue, dated(), date("2025-02-28")), (false, COUNTS), "{event}");
        assert_eq!(one(&catalogue, dated(), date("2025-03-01")), (true, COUNTS), "{event}");
        assert_eq!(one(&catalogue, dated(), date(last)), (true, COUNTS), "{event}");
        assert_eq!(one(&catalogue, dated(), date(last).tomorrow().unwrap()), (false, EXPIRED), "{event}");
    }
    // What has not come starts no clock, however long ago the determination was.
    for event in ["sentence-end", "effect-end"] {
        let undated = record(Severity::Minor, date("2001-01-01"));
        assert_eq!(one(&starting(event), undated, date("2026-11-22")), (true, COUNTS), "{event}");
    }
}

#[test]
fn three_clean_years_are_full_years_whatever_the_display_period() {
    let five_years = loaded(&three_months_with("serious = \"P3Y\"", "serious = \"P5Y\""));
    for (determined, last) in [("2023-11-22", "2026-11-22"), ("2024-02-29", "2027-02-28")] {
        let on = |day| one(&five_years, record(Severity::Serious, date(determined)), day);
        assert_eq!(on(date(last)), (true, COUNTS), "{determined}");
        // Still displayed, and older than three years.
        assert_eq!(on(date(last).tomorrow().unwrap()), (false, COUNTS), "{determined}");
    }
}

#[test]
fn a_repaired_record_counts_only_while_its_repair_does_not_stand() {
    let catalogue = catalogue();
    let cases = [
        // Repaired, repair revoked, day, whether the record counts.
        (Some("2026-06-01"), None, "2026-05-31", true),
        (Some("2026-06-01"), None, "2026-06-01", false),
        (Some("2026-06-01"), None, "2026-06-02", false),
        (Some("2026-06-01"), Some("2026-08-01"), "2026-07-31", false),
        (Some("2026-06-01"), Some("2026-08-01"), "2026-08-01", true),
        (Some("2026-06-01"), Some("2026-08-01"), "2026-08-02", true),
        // Revoked on the day of the repair: the repair never stood.
        (Some("2026-06-01"), Some("2026-06-01"), "2026-06-01", true),
        // Repaired again after an earlier repair was revoked.
        (Some("2026-06-01"), Some("2026-05-01"), "2026-06-01", false),
        // A revocation without a repair changes nothing.
        (None, Some("2026-05-01"), "2026-06-01", true),
    ];
    for (repaired, revoked, on, counts) in cases {
        let record = Record {
            repaired: repaired.map(date),
            repair_revoked: revoked.map(date),
            ..record(Severity::Serious, date("2026-01-01"))
        };
        let expected = if counts { COUNTS } else { REPAIRED };
        assert_eq!(one(catalogue, record, date(on)), (counts, expected), "{repaired:?} {revoked:?} {on}");
    }
    // Expired and repaired is expired.
    let old = Record { repaired: Some(date("2020-01-01")), ..record(Severity::Minor, date("2019-01-01")) };
    assert_eq!(one(catalogue, old, date("2026-11-22")), (false, EXPIRED));
}

#[test]
fn a_listing_counts_from_its_first_day_until_its_end() {
    let catalogue = catalogue();
    let cases = [
        // From, until, day, whether listed.
        ("2026-06-01", None, "2026-05-31", false),
        ("2026-06-01", None, "2026-06-01", true),
        ("2026-06-01", Some("2026-11-22"), "2026-11-21", true),
        ("2026-06-01", Some("2026-11-22"), "2026-11-22", false),
        ("2026-06-01", Some("2026-11-22"), "2026-11-23", false),
        ("2026-06-01", Some("2026-06-01"), "2026-06-01", false),
        ("2024-02-01", Some("2024-02-29"), "2024-02-28", true),
        ("2024-02-01", Some("2024-02-29"), "2024-02-29", false),
    ];
    for (from, until, on, expected) in cases {
        for (list, field, other) in
            [(List::Black, "black_listed", "grey_listed"), (List::Grey, "grey_listed", "black_listed")]
        {
            let listing = Listing { list, from: date(from), until: until.map(date), disputed: false };
            let history = History { listings: vec![listing], ..History::default() };
            let told = told(catalogue, &history, date(on));
            assert_eq!(value(&told, field), expected, "{list} {from} {until:?} {on}");
            // Who stands on a list has had no clean years.
            assert!(!value(&told, other) && value(&told, "clean_three_years") != expected, "{list}");
            assert_eq!(told.counts.considered, 1);
            assert_eq!(told.counts.expired, u32::from(until.is_some_and(|until| date(until) <= date(on))));
        }
    }
}

#[test]
fn an_entry_without_an_end_leaves_its_list_when_its_display_period_is_over() {
    // List, first day, last day by the pack: serious three years, general one year.
    for (list, field, from, last) in [
        (List::Black, "black_listed", "2010-01-01", "2013-01-01"),
        (List::Black, "black_listed", "2024-02-29", "2027-02-28"),
        (List::Grey, "grey_listed", "2025-11-22", "2026-11-22"),
    ] {
        for until in [None, Some(date("2099-01-01"))] {
            let listing = || Listing { list, from: date(from), until, disputed: false };
            let on = |day| told(catalogue(), &History { listings: vec![listing()], ..History::default() }, day);
            let (shown, over) = (on(date(last)), on(date(last).tomorrow().unwrap()));
            assert!(value(&shown, field) && !value(&shown, "clean_three_years"), "{field} on {last}");
            assert!(!value(&over, field) && value(&over, "clean_three_years"), "{field} after {last}");
            assert_eq!((shown.counts, over.counts), (COUNTS, EXPIRED));
        }
    }
}

#[test]
fn what_the_law_keeps_out_counts_nowhere() {
    // Minor acts under the national measures, and the penalties that no law takes into the data, however grave.
    let national = crate::support::catalogue();
    let of = |class: &str, severity| Record {
        class: ClassName::parse(class).unwrap(),
        disputed: true,
        ..record(severity, date("2026-11-01"))
    };
    let on = date("2026-11-22");
    let nothing = told(national, &History::default(), on);
    for record in [
        of("tax", Severity::Minor),
        of("summary-penalty", Severity::Serious),
        of("remedied-penalty", Severity::General),
        of("pending-penalty", Severity::Serious),
    ] {
        let with = told(national, &History { records: vec![record], ..History::default() }, on);
        assert!(with.data == nothing.data && with.marks.is_empty() && with.counts == Counts::default());
    }
    // The same record counts where the pack shows it.
    let shown = "[clock.summary-penalty]\nstart = \"determination\"\ndisplay = { minor = \"P3M\", general = \"P1Y\", ";
    let open = loaded(&three_months_with(&shown.replace("P3M", "never").replace("P1Y", "never"), shown));
    assert_eq!(one(&open, of("summary-penalty", Severity::General), on), (true, Counts { disputed: 1, ..COUNTS }));
}

#[test]
fn what_a_minor_did_is_sealed_for_ever() {
    let on = date("2026-11-22");
    let person = CitizenNumber::parse(&number("20080310", 7)).unwrap();
    let history = |act: &str| {
        let record = Record { act: date(act), ..record(Severity::Serious, date("2026-06-01")) };
        let listing = Listing { list: List::Black, from: date(act), until: None, disputed: false };
        let mut history = History { records: vec![record], listings: vec![listing], ..History::default() };
        person.disclose(|person| seal_acts_of_minors(&mut history, catalogue(), |day| person.is_adult_on(day)));
        history
    };
    let clean = told(catalogue(), &History::default(), on);
    let before = told(catalogue(), &history("2026-03-09"), on);
    assert!(before.data == clean.data && before.counts == clean.counts);
    let after = told(catalogue(), &history("2026-03-10"), on);
    assert!(value(&after, "black_listed") && !value(&after, "clean_three_years"));
    // What speaks for the person is not sealed.
    let mut good = History {
        records: vec![Record { class: ClassName::parse("volunteer-service").unwrap(), ..record(Severity::Minor, on) }],
        ..History::default()
    };
    seal_acts_of_minors(&mut good, catalogue(), |_| false);
    assert_eq!(good.records.len(), 1);
}
