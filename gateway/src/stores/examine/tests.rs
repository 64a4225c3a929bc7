use credit_policy::catalogue::shipped;
use jiff::civil::date;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::*;

const TODAY: Date = date(2026, 11, 22);
/// Nobody: the division is not in use. The last character is X.
const PERSON: &str = "99010119900307004X";
const OTHER: &str = "990101199003070031";

fn store() -> Connection {
    let store = Connection::open_in_memory().unwrap();
    store.execute_batch(crate::stores::layout::SCHEMA).unwrap();
    for number in [PERSON, OTHER] {
        store
            .execute_batch(&format!(
                "INSERT INTO record VALUES ('{number}', 'tax', 1, 'serious', '2026-01-01', '2026-02-01', NULL, NULL, NULL, NULL, 0, NULL, NULL);
                 INSERT INTO listing VALUES ('{number}', 'black', 1, '2026-02-01', '2027-02-01', 0);
                 INSERT INTO attribute VALUES ('{number}', 'credit_amount', '1169');"
            ))
            .unwrap();
    }
    store.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    store
}

fn found(store: &Connection) -> (Vec<RowFault>, Suspects) {
    static DOMAIN: std::sync::LazyLock<Domain> =
        std::sync::LazyLock::new(|| Domain::of(&Arc::new(Catalogue::load(&shipped()).unwrap()), TODAY));
    let (mut faults, mut suspects) = (Vec::new(), Suspects::default());
    let mut each = |fault, person: Option<&_>| {
        faults.push(fault);
        suspects.add(&fault, person);
    };
    examine(store, &DOMAIN, None, &mut each, &|| ()).unwrap();
    (faults, suspects)
}

fn person(number: &str) -> Personal<CitizenNumber> {
    CitizenNumber::parse(number).ok().unwrap()
}

/// Texts that a person might type where another is meant, for each column in which they are wrong.
fn slips() -> impl Strategy<Value = (&'static str, &'static str, String)> {
    let typed = |table: &'static str, column: &'static str, right: &'static str| {
        let of_letters = prop_oneof![
            Just(right.to_uppercase()),
            Just(format!(" {right}")),
            Just(format!("{right} ")),
            Just(format!("{right}s")),
            Just(right.chars().skip(1).collect()),
            Just(String::new()),
            "[ -~]{1,12}",
            "[一-龥]{1,4}",
        ];
        of_letters.prop_filter("a slip", move |text| text != right).prop_map(move |text| (table, column, text))
    };
    prop_oneof![
        typed("record", "class", "tax").prop_filter("another class", |(_, _, text)| text != "safety"),
        typed("record", "severity", "serious"),
        typed("record", "act", "2026-01-01"),
        typed("record", "determined", "2026-02-01"),
        typed("listing", "list", "black"),
        typed("listing", "since", "2026-02-01"),
        typed("listing", "until", "2027-02-01"),
        Just(("record", "determined", "2062-02-01".to_owned())),
        Just(("record", "determined", "1899-12-31".to_owned())),
        Just(("record", "determined", "2026/02/01".to_owned())),
        Just(("record", "determined", "2026-02-30".to_owned())),
        Just(("record", "act", "2026-03-01".to_owned())),
        Just(("listing", "until", "2026-01-01".to_owned())),
        Just(("listing", "number", PERSON.to_lowercase())),
        Just(("record", "number", format!("{PERSON} "))),
        Just(("attribute", "number", PERSON.to_lowercase())),
    ]
}

#[test]
fn each_slip_of_a_sound_store_is_named_and_clears_nobody() {
    let (faults, suspects) = found(&store());
    assert!(faults.is_empty() && suspects.len() == 0, "a sound store: {faults:?}");
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let named = runner.run(&slips(), |(table, column, text)| {
        let store = store();
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE number = ?2");
        prop_assert_eq!(store.execute(&update, [&text, PERSON]).unwrap(), 1);
        let (faults, suspects) = found(&store);
        let is_named = faults.iter().any(|fault| {
            fault.table == table && (fault.column == column || fault.what == What::OutOfOrder) && fault.row > 0
        });
        prop_assert!(is_named, "{}.{} = {:?}: {:?}", table, column, text, faults);
        prop_assert!(suspects.about(&person(PERSON)).is_some(), "{}.{} = {:?}", table, column, text);
        prop_assert!(suspects.about(&person(OTHER)).is_none());
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        prop_assert!(said.iter().all(|line| !line.contains(PERSON)));
        Ok(())
    });
    named.unwrap();
}

#[test]
fn what_nobody_can_be_found_by_is_counted() {
    let store = store();
    for (sql, what) in [
        ("UPDATE record SET number = '330921************' WHERE number = ?1", What::NoNumber),
        ("UPDATE attribute SET field = 'credit_amuont' WHERE number = ?1", What::UnknownField),
        ("UPDATE attribute SET value = '1.5' WHERE number = ?1", What::NoScalar),
        ("UPDATE listing SET disputed = 2 WHERE number = ?1", What::NoFlag),
    ] {
        assert_eq!(store.execute(sql, [OTHER]).unwrap(), 1);
        assert!(found(&store).0.iter().any(|fault| fault.what == what), "{sql}");
    }
    let mut tally = Tally::default();
    found(&store).0.iter().for_each(|fault| tally.add(fault));
    assert_eq!(tally.total(), 4);
    assert!(
        tally
            .lines()
            .any(|line| line.starts_with("`record.number`: 1 with no citizen number") && line.contains("row "))
    );
}

#[test]
fn what_must_not_be_there_and_what_lies_outside_its_domain_is_named() {
    for (sql, what) in [
        ("UPDATE record SET class = 'religion' WHERE number = ?1", What::Unlawful),
        ("UPDATE record SET class = 'confidential-source' WHERE number = ?1", What::Unlawful),
        ("UPDATE record SET class = 'public-security-penalty' WHERE number = ?1", What::Unlawful),
        ("UPDATE attribute SET field = 'blood_type' WHERE number = ?1", What::Unlawful),
        ("UPDATE attribute SET value = '-1' WHERE number = ?1", What::OutsideDomain),
        ("UPDATE attribute SET value = 'true' WHERE number = ?1", What::OutsideDomain),
        (r#"UPDATE attribute SET value = '"1169"' WHERE number = ?1"#, What::OutsideDomain),
    ] {
        let store = store();
        assert_eq!(store.execute(sql, [OTHER]).unwrap(), 1);
        let (faults, suspects) = found(&store);
        assert_eq!(faults.iter().map(|fault| fault.what).collect::<Vec<_>>(), [what], "{sql}");
        assert_eq!(suspects.len(), 0, "{sql}: that it is there would show");
    }
}

#[test]
fn a_repair_that_was_revoked_before_it_was_made_is_no_fault() {
    let store = store();
    let sql = "UPDATE record SET repaired = '2026-05-01', repair_revoked = '2026-04-01' WHERE number = ?1";
    assert_eq!(store.execute(sql, [OTHER]).unwrap(), 1);
    let (faults, suspects) = found(&store);
    assert!(faults.is_empty() && suspects.len() == 0, "{faults:?}");
}

#[test]
fn classes_that_may_not_be_there_are_counted_and_no_other() {
    let domain = Domain::of(&Arc::new(Catalogue::load(&shipped()).unwrap()), TODAY);
    let store = Connection::open_in_memory().unwrap();
    store.execute_batch(crate::stores::layout::SCHEMA).unwrap();
    let count = || examine(&store, &domain, None, &mut |_, _| (), &|| ()).unwrap().unlawful;
    let empty = count();
    assert!(empty.len() > 7 && empty.values().all(|count| *count == 0), "{empty:?}");
    for class in ["religion", "genes", "confidential-source", "public-security-penalty", "juvenile-offence"] {
        assert!(empty.contains_key(class), "{class}");
    }
    store
        .execute_batch(
            "INSERT INTO record(number, class, nr, severity, act, determined) VALUES
                ('990101199003070031', 'religion', 1, 'minor', '2026-01-01', '2026-01-01'),
                ('990101199003070031', 'religion', 2, 'minor', '2026-01-01', '2026-01-01'),
                ('990101199003070031', 'tax', 1, 'minor', '2026-01-01', '2026-01-01');
             INSERT INTO attribute VALUES ('990101199003070031', 'blood_type', '\"A\"'),
                ('990101199003070031', 'religion', '\"none\"'), ('990101199003070031', 'score', '700');",
        )
        .unwrap();
    let mut found = count();
    found.retain(|_, count| *count > 0);
    let told: Vec<_> = found.iter().map(|(class, count)| (class.as_str(), *count)).collect();
    assert_eq!(told, [("blood-type", 1), ("religion", 3)]);
}
