//! Coverage: looked up, late, missed; by three readers of one log, one of them a program in Python that has nothing of ours.

use std::fs;

use credit_tests::{
    Folder, Gateway, audit, checked, command, gateway, metric,
    query::{look_up_under, new_case},
    scratch,
    tools::python,
};
use serde_json::Value;

use super::{assert_sound, decide, decided, open, recorded, report};
use crate::{consents::new_log::continue_log, faults::within};

const SOON: std::time::Duration = std::time::Duration::from_secs(10);

/// What the Python program makes of a log, with nothing but its files.
fn recomputed(folder: &Folder) -> Value {
    let script = scratch::folder("coverage").join("coverage.py");
    fs::write(&script, include_str!("coverage.py")).unwrap();
    let (script, log) = (script.to_str().unwrap().to_owned(), folder.log());
    serde_json::from_str(&command(python(), &[&script, log.to_str().unwrap()]).held()).unwrap()
}

fn of_audit(folder: &Folder, more: &[&str]) -> Value {
    let log = folder.log();
    let arguments = [&["coverage", log.to_str().unwrap(), "--json"][..], more].concat();
    serde_json::from_str(&audit(&arguments).held()).unwrap()
}

fn of_gateway(folder: &Folder) -> Value {
    let config = folder.config();
    let arguments = ["coverage", "--config", config.to_str().unwrap(), "--json"];
    serde_json::from_str(&gateway(&arguments).held()).unwrap()
}

/// One case of each fate, and some that are still open.
fn fates(folder: &Folder) {
    let housing = folder.caller("housing");
    let person = |nr| folder.person("clean", nr);
    let look = |nr: usize, case: &str| {
        drop(checked::answer(folder, "housing", &housing.ask(&look_up_under(&person(nr), case))))
    };
    open(folder, "looked-up", &person(0));
    look(0, "looked-up");
    decide(folder, "Looked－up", None);
    // Registered after its look-up, which is under another case number.
    look(1, &new_case());
    open(folder, "registered late", &person(1));
    decide(folder, "registered late", Some(&person(1)));
    open(folder, "missed", &person(2));
    decide(folder, "missed", None);
    open(folder, "late", &person(3));
    decide(folder, "late", Some(&person(3)));
    look(3, "late");
    // Of two persons one.
    open(folder, "half", &person(4));
    open(folder, "half", &person(5));
    look(4, "half");
    decide(folder, "half", None);
    // Never registered, and reported twice.
    decide(folder, "made up", Some(&person(6)));
    decide(folder, "made up", Some(&person(6)));
    // A refused look-up is none, nor is one in another scenario.
    open(folder, "refused", &person(7));
    let refused = housing.ask(&credit_tests::query::with(
        look_up_under(&person(7), "refused"),
        "fields",
        serde_json::json!(["no_such"]),
    ));
    assert_eq!(refused.status, 400);
    decide(folder, "refused", None);
    // Decided on a day long before, and looked up and reported now.
    open(folder, "backdated", &person(9));
    look(9, "backdated");
    let backdated = credit_tests::query::with(decided("backdated", None), "decided", "2026-01-06");
    drop(recorded(folder, &report(&housing, "/v1/cases/decisions", &backdated)));
    open(folder, "open", &person(8));
}

fn count(figures: &Value, name: &str) -> u64 {
    figures["departments"].as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
}

#[test]
fn three_readers_count_alike_and_what_was_missed_is_handed_over() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    fates(folder);
    drop(folder.leaves());
    let figures = of_audit(folder, &[]);
    let counts = ["registered", "decided", "looked_up", "late", "missed", "carried", "unregistered"];
    assert_eq!(counts.map(|name| count(&figures, name)), [9, 9, 3, 2, 4, 0, 1], "{figures}");
    assert_eq!(figures, of_gateway(folder));
    assert_eq!(figures, recomputed(folder));
    assert_eq!(figures["waiting"][0]["persons"], 1);
    // The alarm is a figure until the list is handed over.
    let alarm = || metric(folder.port_base(), "credit_gateway_case_misses");
    assert!(within(SOON, || alarm() == 6), "{}", alarm());
    let list = folder.join("misses.txt");
    let (config, file) = (folder.config(), list.to_str().unwrap().to_owned());
    drop(credit_tests::gateway(&["coverage", "--config", config.to_str().unwrap(), "--list", &file]).held());
    assert!(within(SOON, || alarm() == 0), "{}", alarm());
    let text = fs::read_to_string(&list).unwrap();
    assert!((0..10).all(|nr| !text.contains(&folder.person("clean", nr))));
    assert_eq!(text.lines().filter(|line| line.contains(" | housing | ")).count(), 6);
    let log = folder.log();
    let check = |file: &str| audit(&["coverage", log.to_str().unwrap(), "--list", file]);
    drop(check(&file).held());
    let figures = of_audit(folder, &[]);
    assert!(figures["misses"].as_array().unwrap().iter().all(|miss| miss["handed_over"] == true));
    assert_eq!(figures, recomputed(folder));
    for (from, to) in
        [("missed", "late 7"), ("made up", "maid up"), ("size ", "size 1"), ("month all", "month 2026-01")]
    {
        fs::write(folder.join("wrong.txt"), text.replacen(from, to, 1)).unwrap();
        drop(check(folder.join("wrong.txt").to_str().unwrap()).failed(1));
    }
    for month in ["2026-1", "November", "2026-13"] {
        drop(audit(&["coverage", log.to_str().unwrap(), "--month", month]).failed(64));
    }
    assert_sound(folder);
}

#[test]
fn a_case_of_the_log_before_is_carried_and_no_miss() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    open(folder, "carried", &folder.person("clean", 0));
    open(folder, "carried too", &folder.person("clean", 1));
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let look_up = look_up_under(&folder.person("clean", 1), "carried too");
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up));
    decide(folder, "carried", None);
    decide(folder, "carried too", None);
    drop(folder.leaves());
    let figures = of_audit(folder, &[]);
    assert_eq!(["registered", "decided", "looked_up", "carried"].map(|name| count(&figures, name)), [0, 2, 1, 1]);
    assert_eq!(figures, recomputed(folder));
}
