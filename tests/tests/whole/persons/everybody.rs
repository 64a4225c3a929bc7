//! Many persons under a mixed load: each one's list is the record, entry by entry, as an outside program computes it from keys and
//! log; nothing is missing, nothing too many.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use credit_tests::{
    Folder,
    query::{look_up, with},
    tools::python,
};
use serde_json::json;

use super::{Browser, gateway, queries::ids};
use crate::{
    consents::{ask, token},
    faults::is_full,
};

/// Persons of the store and of `persons.csv`: a thousand and some.
const ALL: usize = 1_000;

/// What the outside program says.
fn computed(folder: &Folder, numbers: &[String]) -> BTreeMap<String, Vec<String>> {
    drop(folder.leaves());
    let mut program = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole/persons/lists.py"))
        .args([folder.path(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/catalogue")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(numbers.join("\n").as_bytes()).unwrap();
    let ended = program.wait_with_output().unwrap();
    assert!(ended.status.success());
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// Whom the store has, beside those with a note; no minors, of whom nobody is answered.
pub(super) fn numbers(folder: &Folder) -> Vec<String> {
    let noted = folder.persons();
    let minors: BTreeSet<_> = noted.iter().filter(|person| person.note == "minor").map(|one| &one.number).collect();
    let store = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    let mut select = store.prepare("SELECT DISTINCT number FROM attribute ORDER BY number").unwrap();
    let known = select.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let known: Vec<_> = known.filter(|number| !minors.contains(number)).collect();
    let noted: Vec<_> = noted.iter().filter(|person| person.note != "minor").map(|one| one.number.clone()).collect();
    let mut all = noted.clone();
    all.extend(known.into_iter().filter(|number| !noted.contains(number)));
    all
}

#[test]
fn everybody_s_list_is_the_record() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let numbers = numbers(folder);
    let most = if is_full() { ALL } else { 12 };
    let persons = &numbers[..most];
    let (housing, supervisor, bank) = (folder.caller("housing"), folder.caller("supervisor"), folder.caller("bank"));
    // Small numbers that follow from one another.
    let mut draw = 7_u32;
    let mut below = |most: u32| {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (draw >> 16) % most
    };
    for nr in 0..most * 4 {
        let number = &persons[below(u32::try_from(most).unwrap()) as usize];
        let asked = with(look_up(number), "case", format!("HZ-2026-{nr:06}"));
        drop(match below(6) {
            0 => housing.ask(&with(asked, "fields", json!(["score"]))),
            1 => supervisor.ask(&with(asked, "scenario", "supervision-inspection")),
            2 => ask(&bank, &token(folder, number, 1)),
            _ => housing.ask(&asked),
        });
    }
    let expected = computed(folder, persons);
    let mut all = 0;
    for number in persons {
        service.person(number);
        let browser = Browser::new(folder);
        drop(browser.log_in());
        assert_eq!(ids(&browser.json("/me/queries")), expected[number]);
        all += expected[number].len();
    }
    credit_tests::figures(format_args!("{most} persons, {all} entries: none missing, none too many"));
    assert!(all > most, "{all}");
}
