//! That every note of `persons.csv` is true under every scenario of the shipped catalogue, on the day of making and for
//! two years after, and that the store has something to tell of every field.

use std::collections::BTreeSet;

use credit_policy::{
    Asker, Attribute, Catalogue, CitizenNumber, Class, ClassName, Code, ConsentFacts, Decision, Facts, FieldName,
    Ground, History, List, Listing, Minimised, Permit, Record, Scenario, Sensitivity, Severity, Value,
    catalogue::shipped, consent::Frequency, decide, minimise,
};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use rusqlite::{Connection, Row, named_params};

use super::{
    history::{ADVERSE, KEPT_OUT},
    people,
};

const TODAY: Date = date(2026, 11, 22);
/// What the institutions of the demo may use.
const OF_THE_DEMO: [&str; 4] = ["commercial-loan", "employment", "public-rental-housing", "supervision-inspection"];

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

/// The facts of a query with nothing wrong in it; a consent names all fields and reaches as far as it may.
fn facts(scenario: &Scenario, on: Date) -> Facts {
    let asker = match scenario.ground() {
        Ground::Consent | Ground::Statute => scenario.kinds()[0].into(),
        Ground::Person => Asker::Person,
        Ground::Public => Asker::Public,
    };
    let consent = scenario.maxima().map(|maxima| ConsentFacts {
        fields: Some(scenario.fields().to_vec()),
        unknown_fields: false,
        issued_on: on,
        lifetime_s: 3_600,
        uses: 1,
        frequency: Frequency::parse("1/P1M").unwrap(),
        look_back: maxima.look_back,
        data_life: maxima.data_life,
    });
    let staff = matches!(asker, Asker::Institution(_));
    let case = scenario.ground() == Ground::Statute;
    Facts { operator: staff, case, consent, minor: Some(false), ..Facts::new(asker, on) }
}

fn permit(catalogue: &Catalogue, scenario: &Scenario, on: Date) -> Permit {
    match decide(catalogue, Some(scenario.name()), &facts(scenario, on)) {
        Decision::Permit(permit) => permit,
        Decision::Refuse { code, .. } => panic!("{}: {}", scenario.name().as_str(), code.as_str()),
    }
}

fn store(today: Date) -> (Connection, String) {
    let people = people::generate(today);
    let mut store = Connection::open_in_memory().unwrap();
    store.execute_batch(crate::stores::SCHEMA).unwrap();
    people.fill(&mut store).unwrap();
    (store, people.persons_csv())
}

fn rows<T>(store: &Connection, table: &str, number: &str, read: impl Fn(&Row<'_>) -> T) -> Vec<T> {
    let sql = format!("SELECT * FROM {table} WHERE number = :number");
    let mut statement = store.prepare_cached(&sql).unwrap();
    let found = statement.query_map(named_params! {":number": number}, |row| Ok(read(row)));
    found.unwrap().map(Result::unwrap).collect()
}

fn column(store: &Connection, sql: &str) -> BTreeSet<String> {
    let mut statement = store.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn text(row: &Row<'_>, column: &str) -> String {
    row.get(column).unwrap()
}

fn day(row: &Row<'_>, column: &str) -> Option<Date> {
    let text: Option<String> = row.get(column).unwrap();
    text.map(|text| text.parse().unwrap())
}

fn value(text: &str) -> Value {
    match serde_json::from_str(text).unwrap() {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(value) => Value::Int(value.as_i64().unwrap()),
        serde_json::Value::String(value) => Value::Text(value),
        other => panic!("{other} is no scalar"),
    }
}

fn history(store: &Connection, number: &str) -> History {
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
            performed: day(row, "performed"),
            amount: row.get::<_, Option<u32>>("amount").unwrap().map(u64::from),
        }),
        listings: rows(store, "listing", number, |row| Listing {
            list: List::parse(&text(row, "list")).unwrap(),
            from: day(row, "since").unwrap(),
            until: day(row, "until"),
            disputed: row.get("disputed").unwrap(),
        }),
        attributes: rows(store, "attribute", number, |row| Attribute {
            field: FieldName::parse(&text(row, "field")).unwrap(),
            value: value(&text(row, "value")),
        }),
    }
}

/// Number, note and history of the hundred.
fn noted(today: Date) -> Vec<(String, String, History)> {
    let (store, persons) = store(today);
    let lines = persons.lines().skip(1).map(|line| line.split_once(',').unwrap());
    lines.map(|(number, note)| (number.to_owned(), note.to_owned(), history(&store, number))).collect()
}

fn clean_three_years(told: &Minimised) -> bool {
    told.data.iter().any(|(field, value)| field.as_str() == "clean_three_years" && *value == Value::Bool(true))
}

/// Nothing known, no, none.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Text(text) => text.is_empty() || text == "none",
        Value::List(values) => values.is_empty(),
    }
}

fn holds_adverse_records(class: &Class) -> bool {
    class.holds_records() && class.sensitivity() == Sensitivity::Adverse
}

/// Whether the value is one that the field may have for somebody with this note.
fn bears_out(catalogue: &Catalogue, note: &str, age: i32, field: &FieldName, value: &Value) -> bool {
    // An entry on the grey list is shown for a year from its first day.
    let grey = note == "grey-listed" && age < 200;
    let against = matches!(note, "late" | "disputed" | "black-listed");
    let is = |expected| *value == Value::Bool(expected);
    match field.as_str() {
        "black_listed" => is(note == "black-listed"),
        "grey_listed" => is(grey),
        "red_listed" => is(note == "red-listed"),
        "clean_three_years" => is(!against && !grey),
        "objection_open" if note != "no-file" => is(note == "disputed"),
        "repair_applied_for" if note != "late" => says_nothing(value),
        "eligible_for_clinic_visit"
        | "eligible_for_culture_sport_tourism"
        | "eligible_for_library_borrowing"
        | "eligible_for_public_transport"
        | "eligible_for_utilities" => is(!against && !grey),
        // It rests on a number too.
        "eligible_for_rental" | "eligible_for_volunteer_star" => !against || is(false),
        // Which kind of record speaks against the person is left open.
        _ if against => true,
        "no_safety_offence_one_year" | "no_traffic_violation_one_year" => is(true),
        name => {
            let classes = catalogue.field(name).unwrap().classes().iter();
            let adverse = classes.filter_map(|class| catalogue.class(class.as_str())).any(holds_adverse_records);
            !adverse || says_nothing(value)
        }
    }
}

/// Days from the making on which the notes are looked at: the first, the last, and some between.
fn days(today: Date) -> impl Iterator<Item = Date> {
    [0, 1, 92, 365, 500, 730, 731].map(|days: i64| today.saturating_add(days.days())).into_iter()
}

#[test]
fn every_note_holds_for_two_years_under_every_scenario() {
    let catalogue = catalogue();
    for today in [TODAY, date(2028, 2, 29)] {
        let people = noted(today);
        for (on, scenario) in days(today).flat_map(|on| catalogue.scenarios().into_iter().map(move |one| (on, one))) {
            let permit = permit(&catalogue, scenario, on);
            for (_, note, history) in people.iter().filter(|(_, note, _)| note != "minor") {
                let told = minimise(&permit, history, on);
                for (field, value) in &told.data {
                    let [scenario, field_name] = [scenario.name().as_str(), field.as_str()];
                    let age = today.until(on).unwrap().get_days();
                    assert!(bears_out(&catalogue, note, age, field, value), "{note} on {on}: {scenario} {field_name}");
                }
                let asks = told.data.iter().any(|(field, _)| field.as_str() == "clean_three_years");
                let marked = told.marks.iter().any(|field| field.as_str() == "clean_three_years");
                assert_eq!(marked, asks && note == "disputed", "{note} on {on}");
                assert!(told.marks.is_empty() || note == "disputed", "{note} on {on}");
            }
        }
    }
    for name in OF_THE_DEMO {
        let fields = catalogue.scenario(name).unwrap().fields();
        assert!(
            ["clean_three_years", "black_listed"].iter().all(|one| fields.iter().any(|name| name.as_str() == *one))
        );
    }
}

#[test]
fn a_minor_is_one_for_two_years_and_nobody_else_is() {
    let catalogue = catalogue();
    let scenario = catalogue.scenario("public-rental-housing").unwrap();
    for (number, note, _) in noted(TODAY) {
        let person = CitizenNumber::parse(&number).ok().unwrap();
        for on in days(TODAY) {
            let minor = Some(!person.disclose(|person| person.is_adult_on(on)));
            let refused = match decide(&catalogue, Some(scenario.name()), &Facts { minor, ..facts(scenario, on) }) {
                Decision::Refuse { code, .. } => Some(code),
                Decision::Permit(_) => None,
            };
            assert_eq!(refused, (note == "minor").then_some(Code::SubjectMinor));
        }
    }
}

#[test]
fn the_repaired_would_count_and_the_expired_once_did() {
    let catalogue = catalogue();
    let scenario = catalogue.scenario("public-rental-housing").unwrap();
    for (_, note, mut history) in noted(TODAY) {
        history.records.retain(|record| ADVERSE.contains(&record.class.as_str()));
        let on = match note.as_str() {
            "repaired" => TODAY,
            "expired" => history.records[0].determined,
            _ => continue,
        };
        // A minor act is not shown at all.
        if history.records[0].severity == Severity::Minor {
            continue;
        }
        history.records[0].repaired = None;
        assert!(!clean_three_years(&minimise(&permit(&catalogue, scenario, on), &history, on)), "{note}");
    }
}

/// What a test over all scenarios rests on: that an answer leaks nothing can only be seen where there is something.
#[test]
fn every_field_of_every_scenario_says_something_of_one_adult_and_nothing_of_another() {
    let catalogue = catalogue();
    for today in [TODAY, date(2028, 2, 29)] {
        let (store, persons) = store(today);
        let mut numbers = column(&store, "SELECT number FROM record UNION SELECT number FROM attribute");
        numbers.extend(persons.lines().filter_map(|line| line.strip_suffix(",no-file")).map(str::to_owned));
        assert_eq!(numbers.len(), 1_016);
        numbers.retain(|number| CitizenNumber::parse(number).ok().unwrap().disclose(|one| one.is_adult_on(today)));
        let histories: Vec<_> = numbers.iter().map(|number| history(&store, number)).collect();
        assert_eq!(histories.len(), 1_008);
        for scenario in catalogue.scenarios() {
            let permit = permit(&catalogue, scenario, today);
            let answers: Vec<_> = histories.iter().map(|history| minimise(&permit, history, today).data).collect();
            for (at, field) in permit.fields().iter().enumerate() {
                let (empty, told): (Vec<_>, Vec<_>) =
                    answers.iter().map(|data| &data[at].1).partition(|value| says_nothing(value));
                let which = format!("{} {}", scenario.name().as_str(), field.as_str());
                assert!(!empty.is_empty() && !told.is_empty(), "{which}: {} and {}", empty.len(), told.len());
            }
        }
    }
}

#[test]
fn the_store_s_classes_lists_and_fields_are_those_of_the_data_list() {
    let catalogue = catalogue();
    let (store, _) = store(TODAY);
    let classes = catalogue.classes().filter(|class| class.holds_records()).map(|class| class.name().as_str());
    let lists = catalogue.classes().filter_map(Class::list).map(List::as_str);
    let fields = catalogue.classes().flat_map(|class| class.attributes().iter().map(FieldName::as_str));
    let held = |sql| column(&store, sql);
    assert_eq!(held("SELECT DISTINCT class FROM record"), classes.map(str::to_owned).collect());
    assert_eq!(held("SELECT DISTINCT list FROM listing"), lists.map(str::to_owned).collect());
    assert_eq!(held("SELECT DISTINCT field FROM attribute"), fields.map(str::to_owned).collect());

    let rests_on = catalogue.field("clean_three_years").unwrap().classes().iter().map(ClassName::as_str);
    let counted = rests_on.filter(|name| catalogue.class(name).is_some_and(Class::holds_records));
    assert_eq!(counted.collect::<BTreeSet<_>>(), ADVERSE.into_iter().chain(KEPT_OUT).collect());
}
