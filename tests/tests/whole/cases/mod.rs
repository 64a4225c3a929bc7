//! Cases that must be checked (应查必查): registered and decided by departments, and which of them were looked up.

mod appointments;
mod coverage;
mod import;
mod reports;

use credit_audit::clock::{Clock, SystemClock};
use credit_tests::{Caller, Folder, Leaf, Reply, query::SCENARIO};
use hyper::Method;
use jiff::tz::Offset;
use serde_json::{Value, json};

pub(crate) const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// A case of the housing department that was opened.
pub(crate) fn opened(case: &str, person: &str) -> Value {
    json!({"case": case, "scenario": SCENARIO, "subject": person, "operator": "staff-0017", "opened": "2026-01-05"})
}

/// The day where the departments are.
pub(crate) fn today() -> String {
    Offset::constant(8).to_datetime(SystemClock::new().now()).date().to_string()
}

/// The decision of a case, about one person or all of it.
pub(crate) fn decided(case: &str, person: Option<&str>) -> Value {
    let mut body = json!({"case": case, "scenario": SCENARIO, "operator": "staff-0018", "decided": today()});
    if let Some(person) = person {
        body["subject"] = person.into();
    }
    body
}

pub(crate) fn report(caller: &Caller, path: &str, body: &Value) -> Reply {
    caller.send(Method::POST, path, &JSON, body.to_string())
}

#[track_caller]
pub(crate) fn open(folder: &Folder, case: &str, person: &str) -> Leaf {
    recorded(folder, &report(&folder.caller("housing"), "/v1/cases", &opened(case, person)))
}

#[track_caller]
pub(crate) fn decide(folder: &Folder, case: &str, person: Option<&str>) -> Leaf {
    recorded(folder, &report(&folder.caller("housing"), "/v1/cases/decisions", &decided(case, person)))
}

/// The leaf of a report that was taken.
#[track_caller]
pub(crate) fn recorded(folder: &Folder, reply: &Reply) -> Leaf {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json = reply.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["query", "recorded", "receipt"]);
    let leaf = folder.leaf(reply.index());
    assert_eq!((leaf.text("id"), json["recorded"].as_bool()), (json["query"].as_str().unwrap(), Some(true)));
    leaf
}

/// The log is valid, and every leaf in it is decided and promised as it says.
pub(crate) fn assert_sound(folder: &Folder) {
    let (log, catalogue) = (folder.log(), folder.join("catalogue-for-audit"));
    if !catalogue.exists() {
        let catalogue = catalogue.to_str().unwrap();
        drop(credit_tests::gateway(&["policy", "export", catalogue]).held());
    }
    let (log, catalogue) = (log.to_str().unwrap(), catalogue.to_str().unwrap());
    drop(credit_tests::audit(&["replay", log, "--catalogue", catalogue]).held());
}
