//! That every note of `persons.csv` is true under the shipped catalogue, on the day of making and for two years after.

use std::collections::BTreeSet;

use credit_policy::{
    Catalogue, CitizenNumber, ClassName, Code, Decision, Facts, History, InstitutionKind, List, Listing, Permit,
    Record, ScenarioName, Sensitivity, Severity, Value, catalogue::shipped, decide, minimise,
};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use rusqlite::{Connection, Row, named_params};

use super::{history::ADVERSE, people};

const TODAY: Date = date(2026, 11, 22);

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

fn decision(catalogue: &Catalogue, number: &str, on: Date) -> Decision {
    let person = CitizenNumber::parse(number).ok().unwrap();
    let facts = Facts {
        operator: true,
        case: true,
        minor: Some(!person.disclose(|person| person.is_adult_on(on))),
        ..Facts::new(InstitutionKind::HousingDepartment, on)
    };
    let scenario = ScenarioName::parse("public-rental-housing").unwrap();
    decide(catalogue, Some(&scenario), &facts)
}

fn store(today: Date) -> (Connection, String) {
    let people = people::generate(today);
    let mut store = Connection::open_in_memory().unwrap();
    store.execute_batch(include_str!("../store/schema.sql")).unwrap();
    people.fill(&mut store).unwrap();
    (store, people.persons_csv())
}

fn rows<T>(store: &Connection, table: &str, number: &str, read: impl Fn(&Row<'_>) -> T) -> Vec<T> {
    let sql = format!("SELECT * FROM {table} WHERE number = :number");
    let mut statement = store.prepare(&sql).unwrap();
    let found = statement.query_map(named_params! {":number": number}, |row| Ok(read(row)));
    found.unwrap().map(Result::unwrap).collect()
}

fn history(store: &Connection, number: &str) -> History {
    let text = |row: &Row<'_>, column| row.get::<_, String>(column).unwrap();
    let day = |row: &Row<'_>, column| {
        let text: Option<String> = row.get(column).unwrap();
        text.map(|text| text.parse().unwrap())
    };
    History {
        records: rows(store, "record", number, |row| Record {
            class: ClassName::parse(&text(row, "class")).unwrap(),
            severity: Severity::parse(&text(row, "severity")).unwrap(),
            act: day(row, "act").unwrap(),
            determined: day(row, "determined").unwrap(),
            sentence_end: day(row, "sentence_end"),
            effect_end: day(row, "effect_end"),
            repaired: day(row, "repaired"),
            repair_revoked: day(row, "repair_revoked"),
            disputed: row.get("disputed").unwrap(),
        }),
        listings: rows(store, "listing", number, |row| Listing {
            list: List::parse(&text(row, "list")).unwrap(),
            from: day(row, "since").unwrap(),
            until: day(row, "until"),
            disputed: row.get("disputed").unwrap(),
        }),
        attributes: Vec::new(),
    }
}

/// What the answer to a housing department is: fields that are true, and whether there are marks.
#[derive(Debug, PartialEq)]
struct Answer {
    black_listed: bool,
    clean_three_years: bool,
    grey_listed: bool,
    marked: bool,
}

fn answer(permit: &Permit, history: &History, on: Date) -> Answer {
    let minimised = minimise(permit, history, on);
    let is = |name| {
        let mut found = minimised.data.iter().filter(|(field, _)| field.as_str() == name);
        found.next().unwrap().1 == Value::Bool(true)
    };
    Answer {
        black_listed: is("black_listed"),
        clean_three_years: is("clean_three_years"),
        grey_listed: is("grey_listed"),
        marked: !minimised.marks.is_empty(),
    }
}

const CLEAN: Answer = Answer { black_listed: false, clean_three_years: true, grey_listed: false, marked: false };

fn expected(note: &str) -> Answer {
    match note {
        "clean" | "repaired" | "expired" | "red-listed" | "no-file" => CLEAN,
        "late" => Answer { clean_three_years: false, ..CLEAN },
        "disputed" => Answer { clean_three_years: false, marked: true, ..CLEAN },
        "black-listed" => Answer { black_listed: true, clean_three_years: false, ..CLEAN },
        "grey-listed" => Answer { grey_listed: true, ..CLEAN },
        other => panic!("no expectation for `{other}`"),
    }
}

/// Days from the making on which the notes are looked at: the first, the last, and some between.
fn days(today: Date) -> impl Iterator<Item = Date> {
    [0, 1, 92, 183, 365, 500, 730, 731].map(|days: i64| today.saturating_add(days.days())).into_iter()
}

#[test]
fn every_note_holds_for_two_years() {
    let catalogue = catalogue();
    for today in [TODAY, date(2027, 2, 28), date(2028, 2, 29)] {
        let (store, persons) = store(today);
        for (number, note) in persons.lines().skip(1).map(|line| line.split_once(',').unwrap()) {
            let history = history(&store, number);
            for on in days(today) {
                match decision(&catalogue, number, on) {
                    Decision::Refuse { code, .. } => {
                        assert_eq!((code, note), (Code::SubjectMinor, "minor"));
                    }
                    Decision::Permit(permit) => {
                        assert_eq!(answer(&permit, &history, on), expected(note), "{note} on {on}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_repaired_would_count_and_the_expired_once_did() {
    let catalogue = catalogue();
    let (store, persons) = store(TODAY);
    for (number, note) in persons.lines().skip(1).map(|line| line.split_once(',').unwrap()) {
        let mut history = history(&store, number);
        let on = match note {
            "repaired" => TODAY,
            "expired" => history.records[0].determined,
            _ => continue,
        };
        history.records[0].repaired = None;
        let Decision::Permit(permit) = decision(&catalogue, number, on) else {
            panic!("a {note} person is refused");
        };
        assert!(!answer(&permit, &history, on).clean_three_years, "{note}");
    }
}

#[test]
fn a_red_listed_person_is_on_the_red_list() {
    let (store, persons) = store(TODAY);
    for number in persons.lines().filter_map(|line| line.strip_suffix(",red-listed")) {
        let listings = history(&store, number).listings;
        let until = listings[0].until.unwrap_or(Date::MAX);
        assert!(listings.len() == 1 && listings[0].list == List::Red && listings[0].from <= TODAY);
        assert!(until > TODAY.saturating_add(2.years()));
    }
}

#[test]
fn the_store_s_classes_and_fields_are_those_of_the_data_list() {
    let catalogue = catalogue();
    let adverse =
        catalogue.classes().filter(|class| class.holds_records() && class.sensitivity() == Sensitivity::Adverse);
    let adverse: BTreeSet<_> = adverse.map(|class| class.name().as_str()).collect();
    assert_eq!(adverse, BTreeSet::from(ADVERSE));

    let listed = catalogue.classes().flat_map(|class| class.attributes().iter().map(|name| name.as_str()));
    let listed: BTreeSet<_> = listed.collect();
    let (store, _) = store(TODAY);
    let mut statement = store.prepare("SELECT DISTINCT field FROM attribute").unwrap();
    let held: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(listed, held.iter().map(String::as_str).collect());
}
