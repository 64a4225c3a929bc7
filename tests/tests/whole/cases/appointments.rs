//! Appointments: who is to come to a department on a day, so that a query of that day is explained.

use credit_audit::clock::{Clock, SystemClock};
use credit_tests::{
    Folder, Gateway, checked,
    query::{SCENARIO, with, without, wrong_check},
};
use jiff::{ToSpan, civil::Date, tz::Offset};
use serde_json::{Value, json};

use super::{assert_sound, recorded, report};
use crate::consents::new_log::continue_log;

const PATH: &str = "/v1/appointments";

fn in_days(days: i64) -> Date {
    Offset::constant(8).to_datetime(SystemClock::new().now()).date().checked_add(days.days()).unwrap()
}

fn appointment(person: &str, days: i64) -> Value {
    json!({"scenario": SCENARIO, "subject": person, "operator": "desk-1", "on": in_days(days).to_string()})
}

#[test]
fn what_is_no_appointment_of_the_department_is_refused_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (housing, person) = (folder.caller("housing"), folder.person("clean", 0));
    let right = || appointment(&person, 7);
    for (body, status, code) in [
        (json!([]), 400, "malformed-request"),
        (with(right(), "case", "C-1"), 400, "malformed-request"),
        (with(right(), "on", "tomorrow"), 400, "malformed-request"),
        // Two days ago and 94 days ahead: also where the day turns while this runs.
        (appointment(&person, -2), 400, "malformed-request"),
        (appointment(&person, 94), 400, "malformed-request"),
        (without(right(), "on"), 400, "malformed-request"),
        (without(right(), "subject"), 400, "malformed-request"),
        (without(right(), "operator"), 400, "operator-required"),
        (with(right(), "scenario", "no-such"), 400, "unknown-scenario"),
        (with(right(), "scenario", "commercial-loan"), 403, "scenario-not-allowed"),
        (with(right(), "subject", wrong_check(&person)), 400, "invalid-citizen-number"),
    ] {
        checked::refusal(folder, "housing", &report(&housing, PATH, &body), status, code);
    }
    let no_department = report(&folder.caller("bank"), PATH, &right());
    checked::refusal(folder, "bank", &no_department, 403, "scenario-not-allowed");
    assert_sound(folder);
}

#[test]
fn it_is_on_the_record_without_a_name_and_said_again_in_a_log_that_continues() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let people = ["clean", "minor"].map(|note| folder.person(note, 0));
    let leaves = people.each_ref().map(|person| {
        let leaf = recorded(folder, &report(&folder.caller("housing"), PATH, &appointment(person, 7)));
        assert!(!leaf.json.to_string().contains(person.as_str()));
        leaf
    });
    assert_eq!(leaves[0].keys(), leaves[1].keys());
    assert_eq!(leaves[0].bytes.len(), leaves[1].bytes.len(), "whoever the person is");
    assert_eq!((leaves[0].text("kind"), leaves[0].text("operator")), ("appointment", "desk-1"));
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let again: Vec<_> =
        gateway.folder().leaves().into_iter().filter(|leaf| leaf.text("kind") == "appointment").collect();
    let day = in_days(7).to_string();
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|leaf| leaf.text("operator") == "desk-1" && leaf.text("on") <= day.as_str()));
    assert_sound(gateway.folder());
}
