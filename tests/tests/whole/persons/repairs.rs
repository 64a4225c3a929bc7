//! Credit repairs and decisions of objections: by whom they are made alone, gone from every answer at once, over a crash and into
//! the next log.

use credit_tests::{Folder, Gateway, Leaf, Reply, checked, query::look_up};
use hyper::Method;
use serde_json::{Value, json};

use super::{Browser, gateway};

pub(super) const REPAIRS: &str = "/v1/repairs";
const REVOCATIONS: &str = "/v1/repairs/revocations";
pub(super) const DECISIONS: &str = "/v1/objections/decisions";

pub(crate) fn post(folder: &Folder, who: &str, path: &str, body: &Value) -> Reply {
    folder.caller(who).send(Method::POST, path, &[("content-type", "application/json")], body.to_string())
}

/// An act of an institution's own: its leaf, and that the receipt is of it.
#[track_caller]
pub(super) fn recorded(folder: &Folder, who: &str, reply: &Reply, kind: &str) -> Leaf {
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    let leaf = folder.leaf(reply.index());
    assert_eq!((leaf.text("kind"), leaf.text("institution")), (kind, who));
    assert_eq!(reply.json()["query"], leaf.text("id"));
    assert_eq!(leaf.json["actor"]["institution"], who);
    let proof = folder.caller(who).get_when_there(&format!("/v1/receipts/{}", leaf.text("id")));
    assert!(proof.text().starts_with("c2sp.org/tlog-proof@v1"));
    leaf
}

/// A repair of a record, as the person's report names it.
pub(crate) fn repair(number: &str, record: &Value) -> Value {
    json!({
        "subject": number, "class": record["class"], "record": record["record"],
        "determined": record["determined"], "repaired_on": record["determined"], "order": "复议撤销决定 2026 年第 1 号",
    })
}

fn told(folder: &Folder, number: &str) -> Value {
    let reply = folder.caller("housing").ask(&look_up(number));
    drop(checked::answer(folder, "housing", &reply));
    reply.json()["data"].clone()
}

fn records(browser: &Browser) -> Vec<Value> {
    browser.json("/me/report").json()["records"].as_array().unwrap().clone()
}

#[test]
fn who_is_no_credit_office_repairs_nothing_and_a_body_of_another_form_is_none() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let record = json!({"class": "tax", "record": "AAAAAAAAAAAAAAAAAAAAAA", "determined": "2026-03-01"});
    let sound = repair(&number, &record);
    for who in ["bank", "housing", "officer", "department", "authority"] {
        let refused = post(folder, who, REPAIRS, &sound);
        drop(checked::refusal(folder, who, &refused, 403, "scenario-not-allowed"));
    }
    let altered = |name: &str, value: Value| {
        let mut body = sound.clone();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = sound.clone();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let mut wrong = vec![
        altered("class", json!("nothing")),
        altered("class", json!("identity")),
        altered("record", json!("AAAA")),
        altered("record", json!("A".repeat(23))),
        altered("document", json!("x")),
        altered("determined", json!("2026-02-30")),
        altered("determined", json!("2026-03-02")),
        altered("repaired_on", json!("2999-01-01")),
        altered("revoked_on", json!("2026-03-01")),
        altered("order", json!("")),
        altered("order", json!("字".repeat(2_001))),
        altered("order", json!(1)),
        altered("subject", Value::Null),
        altered("more", json!("x")),
        json!([]),
    ];
    wrong.extend(["class", "record", "repaired_on", "order", "subject"].map(without));
    for body in wrong {
        let refused = post(folder, "credit-office", REPAIRS, &body);
        drop(checked::refusal(folder, "credit-office", &refused, 400, "malformed-request"));
    }
    let refused = post(folder, "credit-office", REPAIRS, &altered("subject", json!("990101199003070010")));
    assert_eq!(refused.code(), "invalid-citizen-number");
    let get = folder.caller("credit-office").get(REPAIRS);
    drop(checked::refusal(folder, "credit-office", &get, 405, "method-not-allowed"));
    let mut revoked = sound.clone();
    revoked["revoked_on"] = revoked["repaired_on"].take();
    revoked.as_object_mut().unwrap().remove("repaired_on");
    let refused = post(folder, "credit-office", REVOCATIONS, &revoked);
    drop(checked::refusal(folder, "credit-office", &refused, 404, "not-found"));
    assert!(!folder.leaves().iter().any(|leaf| leaf.text("kind") == "repair"));
}

#[test]
fn what_is_repaired_is_in_no_answer_any_more_until_that_is_revoked() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let before = told(folder, &number);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let mut repaired = Vec::new();
    for record in records(&browser) {
        let body = repair(&number, &record);
        let reply = post(folder, "credit-office", REPAIRS, &body);
        let leaf = recorded(folder, "credit-office", &reply, "repair");
        let keys =
            ["v", "kind", "id", "at", "actor", "institution", "seq", "state", "class", "on", "key", "record", "order"];
        assert_eq!(leaf.keys(), keys);
        assert!(!leaf.json.to_string().contains(&number));
        assert_eq!(reply.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["query", "recorded", "receipt"]);
        repaired.push(body);
    }
    let after = told(folder, &number);
    assert_ne!(before, after);
    assert_eq!(records(&browser).len(), 0);
    // The process dies; the next log begins.
    let gateway = Gateway::serve(gateway.kill());
    assert_eq!(told(gateway.folder(), &number), after);
    let folder = gateway.stop();
    crate::consents::new_log::continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    assert_eq!(told(gateway.folder(), &number), after);
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let again = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "repair");
    assert_eq!(again.count(), repaired.len(), "said again once");
    for mut body in repaired {
        body["revoked_on"] = body["repaired_on"].take();
        body.as_object_mut().unwrap().remove("repaired_on");
        let reply = post(folder, "credit-office", REVOCATIONS, &body);
        assert_eq!(recorded(folder, "credit-office", &reply, "repair").text("state"), "revoked");
        let again = post(folder, "credit-office", REVOCATIONS, &body);
        drop(checked::refusal(folder, "credit-office", &again, 404, "not-found"));
    }
    assert_eq!(told(folder, &number), before);
    crate::consents::assert_sound(&gateway.stop());
}

#[test]
fn a_record_is_named_by_its_document_too() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("black-listed", 0);
    assert_eq!(told(folder, &number)["black_listed"], true);
    let store = folder.join("data/store.sqlite");
    let from: String = rusqlite::Connection::open(store)
        .unwrap()
        .query_row("SELECT since FROM listing WHERE number = ?1", [&number], |row| row.get(0))
        .unwrap();
    // An entry on a list has no document but its first day.
    let body = json!({
        "subject": number, "class": "black-list", "determined": from, "repaired_on": from, "order": "移出名单",
    });
    drop(recorded(folder, "credit-office", &post(folder, "credit-office", REPAIRS, &body), "repair"));
    assert_eq!(told(folder, &number)["black_listed"], false);
    // Of somebody whom no store knows: the same answer.
    let mut nobody = body.clone();
    nobody["subject"] = json!(folder.person("no-file", 0));
    drop(recorded(folder, "credit-office", &post(folder, "credit-office", REPAIRS, &nobody), "repair"));
}

#[test]
fn an_objection_is_decided_by_the_department_that_made_the_record_and_by_an_officer() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let before = told(folder, &number);
    let own = records(&browser);
    let object = |record: &Value| {
        let said = json!({"record": record["record"], "statement": "not mine"});
        browser.send_json(Method::POST, "/me/objections", &said).json()["objection"].clone()
    };
    let decision = |id: &Value, result: &str| json!({"objection": id, "result": result, "reason": "查证属实"});
    let mut ids = Vec::new();
    for record in &own {
        ids.push((object(record), record["class"].as_str().unwrap().to_owned()));
    }
    let sources = ["administrative-penalty", "court-judgment", "tax", "wage-arrears", "black-list"];
    for (id, class) in &ids {
        for who in ["housing", "bank", "credit-office"] {
            let refused = post(folder, who, DECISIONS, &decision(id, "upheld"));
            drop(checked::refusal(folder, who, &refused, 404, "not-found"));
        }
        for wrong in [
            decision(id, "perhaps"),
            json!({"objection": id, "result": "upheld"}),
            json!({"objection": id, "result": "upheld", "reason": ""}),
            json!({"objection": "x", "result": "upheld", "reason": "x"}),
        ] {
            let refused = post(folder, "department", DECISIONS, &wrong);
            drop(checked::refusal(folder, "department", &refused, 400, "malformed-request"));
        }
        let unknown = decision(&json!("019aa000-0000-7000-8000-000000000000"), "upheld");
        drop(checked::refusal(folder, "officer", &post(folder, "officer", DECISIONS, &unknown), 404, "not-found"));
        let is_source = sources.contains(&class.as_str());
        let first = post(folder, "department", DECISIONS, &decision(id, "upheld"));
        let (who, decided) = match is_source {
            true => ("department", first),
            false => {
                drop(checked::refusal(folder, "department", &first, 404, "not-found"));
                ("officer", post(folder, "officer", DECISIONS, &decision(id, "upheld")))
            }
        };
        let leaf = recorded(folder, who, &decided, "objection");
        assert_eq!((leaf.text("state"), leaf.text("class")), ("upheld", class.as_str()));
        let again = post(folder, "officer", DECISIONS, &decision(id, "rejected"));
        drop(checked::refusal(folder, "officer", &again, 404, "not-found"));
    }
    let after = told(folder, &number);
    assert_ne!(after, before);
    assert_eq!(records(&browser).len(), 0);
    let gateway = Gateway::serve(gateway.kill());
    assert_eq!(told(gateway.folder(), &number), after);
    let listed = Browser::new(gateway.folder());
    drop(listed.log_in());
    let shown = listed.json("/me/objections").json()["objections"].clone();
    assert!(shown.as_array().unwrap().iter().all(|one| one["state"] == "upheld" && one["reason"] == "查证属实"));
    crate::consents::assert_sound(&gateway.stop());
}
