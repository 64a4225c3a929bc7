//! What officers do: suspensions and stops, by command, over HTTP and by the alarm rule; and what two of them decide.

mod by_pages;
pub(crate) mod by_two;
mod chromium;
mod console;
mod elsewhere;
mod export;
mod forms;
mod guards;
pub(crate) mod loading;
mod long;
pub(crate) mod month;
mod pages;
mod pruning;
mod reinstating;
mod review;
mod roles;
mod self_check;
mod stops;
mod under_review;
mod unsealing;
mod ways;

use credit_tests::{Caller, Ended, Folder, Leaf, Reply};
use hyper::Method;
use serde_json::{Value, json};

/// Officers' and auditors' port, after the institutions'.
const AUDITORS: u16 = 2;

/// An act of whoever has this certificate.
pub(crate) fn act(folder: &Folder, who: &str, path: &str, body: &Value) -> Reply {
    at_door(folder, who).send(Method::POST, path, &[("content-type", "application/json")], body.to_string())
}

fn at_door(folder: &Folder, who: &str) -> Caller {
    folder.caller(who).at(folder.port_base() + AUDITORS)
}

fn command(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    let config = ["--config", config.to_str().expect("UTF-8")];
    credit_tests::gateway(&[arguments, &config].concat())
}

pub(crate) fn of_kind(folder: &Folder, kind: &str) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == kind).collect()
}

/// An objection to the first record of a person, made at the counter; gives its id.
fn objected(folder: &Folder, number: &str) -> String {
    let done = |body: Value| act(folder, "officer", "/officers/counter", &body).json();
    let report = done(json!({"number": number, "act": "report"}));
    let record = &report["records"][0]["record"];
    let said = json!({"number": number, "act": "object", "record": record, "statement": "I was never there."});
    done(said)["objection"].as_str().expect("an objection").to_owned()
}
