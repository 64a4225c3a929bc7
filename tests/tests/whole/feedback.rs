//! What was done with an answer: reported by who asked, as long as the answer may be kept, by measures of the list.

use credit_tests::{
    Folder, Gateway, Leaf, Reply, checked, metric,
    query::{look_up, with},
};
use serde_json::{Value, json};

use crate::cases::{assert_sound, recorded, report};

fn feedback(folder: &Folder, institution: &str, body: &Value) -> Reply {
    report(&folder.caller(institution), "/v1/feedback", body)
}

/// An answered query of the housing department.
fn asked(folder: &Folder) -> Leaf {
    let person = folder.person("clean", 0);
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&person)))
}

#[test]
fn feedback_on_nothing_and_in_other_words_is_refused_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let answer = asked(folder);
    let refused = folder.caller("housing").ask(&with(look_up(&folder.person("clean", 0)), "fields", json!(["none"])));
    let refused = checked::refusal(folder, "housing", &refused, 400, "unknown-field");
    let said = json!({"query": answer.text("id"), "operator": "staff-0017", "result": "reward"});
    let nobody = "019aa000-0000-7000-8000-000000000000";
    for (body, status, code) in [
        (with(said.clone(), "query", nobody), 404, "not-found"),
        (with(said.clone(), "query", refused.text("id")), 404, "not-found"),
        (with(said.clone(), "query", answer.text("id").to_uppercase()), 400, "malformed-request"),
        (with(said.clone(), "result", "praise"), 400, "malformed-request"),
        (with(said.clone(), "measure", "no-such"), 400, "malformed-request"),
        (with(said.clone(), "measure", "civil-service-bar"), 400, "malformed-request"),
        (with(with(said.clone(), "result", "none"), "measure", "green-channel"), 400, "malformed-request"),
        (with(said.clone(), "operator", "a clerk"), 400, "malformed-request"),
        (with(said.clone(), "note", "x"), 400, "malformed-request"),
        (json!({"query": answer.text("id"), "result": "reward"}), 400, "operator-required"),
        (json!([]), 400, "malformed-request"),
    ] {
        checked::refusal(folder, "housing", &feedback(folder, "housing", &body), status, code);
    }
    // Of another institution's query nobody learns whether there is one.
    let foreign = feedback(folder, "supervisor", &said);
    checked::refusal(folder, "supervisor", &foreign, 404, "not-found");
    assert_sound(folder);
}

#[test]
fn feedback_is_on_the_record_and_a_restraint_without_one_raises_an_alarm() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let answer = asked(folder);
    let alarms = || metric(folder.port_base(), "credit_gateway_feedback_contradictions_total");
    let said = json!({"query": answer.text("id"), "operator": "staff-0019", "result": "reward"});
    for (body, measure) in [
        (with(said.clone(), "measure", "green-channel"), Some("green-channel")),
        (with(said.clone(), "result", "none"), None),
        (with(said.clone(), "result", "priority"), None),
    ] {
        let leaf = recorded(folder, &feedback(folder, "housing", &body));
        let mut keys = vec!["v", "kind", "id", "at", "actor", "institution", "seq", "query", "operator", "result"];
        keys.extend(measure.map(|_| "measure"));
        assert_eq!(leaf.keys(), keys);
        assert_eq!((leaf.text("kind"), leaf.text("query")), ("feedback", answer.text("id")));
        assert_eq!((leaf.text("operator"), leaf.text("measure")), ("staff-0019", measure.unwrap_or_default()));
    }
    assert_eq!(alarms(), 0);
    let restraint = with(with(said, "result", "restraint"), "measure", "state-funds-limit");
    let leaf = recorded(folder, &feedback(folder, "housing", &restraint));
    assert_eq!(leaf.text("result"), "restraint");
    assert_eq!(alarms(), 1);
    assert!(gateway.err().wait(|text| text.contains("feedback contradicts the catalogue")));
    assert_sound(folder);
}
