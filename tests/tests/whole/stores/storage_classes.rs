//! Keys in every class of storage and in every writing: a row that no look-up finds would clear the person.

use credit_tests::{Folder, Gateway, gateway};
use rusqlite::{Connection, types::Value};

use super::{
    BLACK, CLEAN, ask,
    mapped::{Office, PENALISED},
    refused,
};

const INSERT: &str =
    "INSERT INTO xzcf(CF_XDR_ZJHM, CF_XDR_ZJLX, CF_XDR_LB, CF_SYFW, CF_JDRQ) VALUES (?1, '01', '01', '0', ?2)";

fn wide(number: &str) -> String {
    number.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect()
}

fn old(number: &str) -> String {
    format!("{}{}", &number[..6], &number[8..17])
}

/// Persons of whom nothing counts, whose numbers are digits alone.
fn of_digits(folder: &Folder) -> Vec<String> {
    folder.noted("clean").into_iter().filter(|number| !number.ends_with('X')).collect()
}

#[test]
fn a_penalty_is_found_as_text_and_as_bytes_and_in_no_other_form_clears_it_its_person() {
    let office = Office::new();
    let Office { folder, clean, penalised, trader, blank, spoilt } = office;
    let taken = [&clean, &penalised, &trader, &blank, &spoilt];
    let mut persons = of_digits(&folder);
    persons.retain(|number| !taken.contains(&number));
    let [bytes, whole, fraction, full, fifteen, spaced, ..] = persons.as_slice() else { panic!("{}", persons.len()) };
    let changed = std::fs::metadata(folder.config()).unwrap().modified().unwrap();
    let recent = jiff::Timestamp::try_from(changed).unwrap().to_string()[..10].replace('-', "/");
    let store = Connection::open(folder.join("data/office.sqlite")).unwrap();
    for key in [
        Value::Blob(bytes.clone().into_bytes()),
        Value::Integer(whole.parse().unwrap()),
        Value::Real(fraction.parse().unwrap()),
        Value::Text(wide(full)),
        Value::Text(old(fifteen)),
        Value::Text(format!("{} {}", &spaced[..6], &spaced[6..])),
    ] {
        store.execute(INSERT, (key, &recent)).unwrap();
    }
    // The number of a company's registration has 15 digits, too.
    let company = "INSERT INTO xzcf(CF_XDR_ZJHM, CF_XDR_LB, CF_SYFW, CF_JDRQ) VALUES (?1, '02', '0', ?2)";
    store.execute(company, (old(&clean), &recent)).unwrap();
    drop(store);
    let config = folder.config();
    let said = gateway(&["store", "check", "office", "--all", "--config", config.to_str().unwrap()]).failed(1);
    for wanted in
        ["3 with a number where a citizen number must be a text", "4 with a citizen number that is not in its"]
    {
        assert!(said.contains(&format!("`penalty.CF_XDR_ZJHM`: {wanted}")), "{wanted}\n{said}");
    }
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for number in [whole, fraction, full, fifteen, spaced] {
        refused(folder, number);
    }
    assert_eq!(ask(folder, bytes), PENALISED);
    assert_eq!(ask(folder, &penalised), PENALISED);
    assert_eq!(ask(folder, &clean), CLEAN, "a company's number is nobody's");
}

#[test]
fn a_number_in_the_gateway_s_own_tables_that_is_no_text_clears_nobody() {
    let folder = Folder::new();
    let persons = of_digits(&folder);
    let [bytes, whole, full, fifteen, other, ..] = persons.as_slice() else { panic!("{}", persons.len()) };
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    // As tables are that another program made: without types.
    store
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON; CREATE TABLE other AS SELECT * FROM listing; DROP TABLE listing;
             CREATE TABLE listing(number, list, nr, since, until, disputed, PRIMARY KEY(number, list, nr));
             INSERT INTO listing SELECT * FROM other; DROP TABLE other;",
        )
        .unwrap();
    for key in [
        Value::Blob(bytes.clone().into_bytes()),
        Value::Integer(whole.parse().unwrap()),
        Value::Text(wide(full)),
        Value::Text(old(fifteen)),
        Value::Text(other.clone()),
    ] {
        store.execute("INSERT INTO listing VALUES (?1, 'black', 77, '2026-01-01', NULL, 0)", [key]).unwrap();
    }
    drop(store);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for number in [bytes, whole, full, fifteen] {
        refused(folder, number);
    }
    assert_eq!(ask(folder, other).map(|(black, _)| black), BLACK.map(|(black, _)| black));
}
