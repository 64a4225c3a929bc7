//! Every scenario with all of its fields: the same bytes of `data` from a store of every kind.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use credit_tests::{Authority, run, stranger, wire};

use super::kinds::{Behind, KINDS, prepared};
use crate::scenario_matrix::{Desk, Row};

/// How many people are asked about.
fn most() -> usize {
    if env::var_os("CREDIT_TESTS_FULL").is_some() { 40 } else { 1 }
}

/// Beside each record one that was repaired, so that a store that loses a row or the repair tells another count.
const REPAIRED: &str =
    "INSERT INTO record SELECT number, class, nr + 100000, severity, act, determined, sentence_end, effect_end,
    date(determined, '+1 day'), NULL, disputed, NULL, NULL FROM record WHERE repaired IS NULL";

#[test]
fn every_scenario_has_the_same_answers_from_a_store_of_every_kind() {
    let rows: Vec<_> = Row::all().into_iter().filter(|row| !row.kinds.is_empty()).collect();
    assert!(rows.len() >= 35, "{} scenarios", rows.len());
    let kinds: BTreeSet<String> = rows.iter().map(|row| row.kinds[0].clone()).collect();
    let authority = Authority::new("an authority of the tests");
    let all: Vec<_> = KINDS.map(|kind| Behind::of(kind, prepared(&authority, &kinds, REPAIRED))).into();
    let folder = all[0].folder();
    // Who has most first, of all and of records; a number that may end in a letter, nobody's file, and somebody whom no store knows.
    let mut people = richest(folder, ROWS, most());
    people.extend(richest(folder, "SELECT number FROM record", most()));
    // Who loses a tax record where the first of several rows is lost.
    people.extend(richest(folder, FIRST_IS_TAX, 1));
    people.extend(folder.persons().into_iter().map(|person| person.number).find(|number| number.ends_with('X')));
    people.push(stranger(7));
    run(async {
        let mut desks = BTreeMap::new();
        for (at, behind) in all.iter().enumerate() {
            for kind in &kinds {
                desks.insert((at, kind.clone()), Desk::open(&behind.gateway, kind).await);
            }
        }
        let mut different = BTreeSet::new();
        for row in &rows {
            let fields: Vec<&str> = row.fields.iter().map(String::as_str).collect();
            for number in &people {
                let mut first: Option<String> = None;
                for (at, behind) in all.iter().enumerate() {
                    let desk = desks.get_mut(&(at, row.kinds[0].clone())).unwrap();
                    let reply = desk.ask(row, number, Some(&fields), None).await;
                    let told = wire::members(&reply.body).into_iter().find(|(member, _)| member == "data");
                    let told = format!("{} {}", reply.status, told.map_or_else(|| reply.code(), |(_, data)| data));
                    match &first {
                        None => first = Some(told),
                        // What is told of somebody is not printed.
                        Some(first) => assert!(
                            *first == told,
                            "{:?} {}: person {} is told other things, {} and {} bytes",
                            behind.kind,
                            row.name,
                            people.iter().position(|one| one == number).unwrap_or_default(),
                            told.len(),
                            first.len()
                        ),
                    }
                }
                let first = first.unwrap();
                assert!(first.starts_with("200 OK {"), "{} is not answered", row.name);
                different.insert(first);
            }
        }
        assert!(different.len() > rows.len(), "{} answers to {} scenarios", different.len(), rows.len());
    });
}

/// Of those whose first record is of this class, and who have others.
const FIRST_IS_TAX: &str =
    "SELECT number FROM record GROUP BY number HAVING min(class) = 'tax' AND count(DISTINCT class) > 1";

/// Whose each row is.
const ROWS: &str =
    "SELECT number FROM record UNION ALL SELECT number FROM listing UNION ALL SELECT number FROM attribute";

/// Who has most of some rows.
fn richest(folder: &credit_tests::Folder, rows: &str, most: usize) -> Vec<String> {
    let store = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    let sql = format!("SELECT number FROM ({rows}) GROUP BY number ORDER BY count(*) DESC, number");
    let mut statement = store.prepare(&sql).unwrap();
    let minors = folder.noted("minor");
    let known = statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    known.filter(|number| !minors.contains(number)).take(most).collect()
}
