//! Objections: to one's own records alone; marked in the next answer, decided by command, and gone everywhere where they are
//! upheld, over a crash too.

use credit_tests::{Ended, Folder, Gateway, checked, gateway as command, metric, query::look_up};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Browser, gateway};

const OBJECTIONS: &str = "/me/objections";
const STATEMENT: &str = "判决已于 2026 年撤销。\nI was never there.";

fn records(browser: &Browser) -> Vec<Value> {
    browser.json("/me/report").json()["records"].as_array().unwrap().clone()
}

fn objections(browser: &Browser) -> Vec<Value> {
    browser.json(OBJECTIONS).json()["objections"].as_array().unwrap().clone()
}

fn objection(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    command(&[&["objection"], arguments, &["--config", config.to_str().unwrap()]].concat())
}

/// What housing is told of a person: data and marks.
fn told(folder: &Folder, number: &str) -> (Value, Value) {
    let reply = folder.caller("housing").ask(&look_up(number));
    drop(checked::answer(folder, "housing", &reply));
    (reply.json()["data"].clone(), reply.json()["marks"].clone())
}

fn kinds(folder: &Folder, kind: &str) -> Vec<credit_tests::Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == kind).collect()
}

#[test]
fn only_an_own_record_can_be_objected_to_and_in_words() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let browser = Browser::new(folder);
    let object = |body: &Value| browser.send_json(Method::POST, OBJECTIONS, body);
    assert_eq!(object(&json!({"record": "x", "statement": "no"})).status, StatusCode::UNAUTHORIZED);
    drop(browser.log_in());
    let own = records(&browser)[0]["record"].clone();
    service.person(&folder.person("late", 1));
    let other = Browser::new(folder);
    drop(other.log_in());
    let of_another = records(&other)[0]["record"].clone();
    assert_ne!(own, of_another);
    for record in [&of_another, &json!("AAAAAAAAAAAAAAAAAAAAAA"), &json!("")] {
        let refused = object(&json!({"record": record, "statement": STATEMENT}));
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{record}");
    }
    assert_eq!(object(&json!({"record": own, "class": "tax-amount", "statement": STATEMENT})).status, 404);
    let before = folder.leaves().len();
    for statement in ["", "  ", "a\u{7}", &"字".repeat(2_001)] {
        let refused = object(&json!({"record": own, "statement": statement}));
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", statement.len());
    }
    assert_eq!(browser.post(OBJECTIONS, &format!("record={own}&statement=x"), &[]).status, StatusCode::FORBIDDEN);
    assert_eq!(folder.leaves().len(), before);
    assert_eq!(kinds(folder, "objection").len(), 0);
    // The longest that is allowed, of the widest characters.
    let longest = "𠮷".repeat(2_000);
    assert_eq!(object(&json!({"record": own, "statement": longest})).status, StatusCode::OK);
    assert_eq!(objections(&browser)[0]["statement"], longest);
    assert_eq!(object(&json!({"record": own, "statement": STATEMENT})).status, StatusCode::FORBIDDEN, "one is open");
    let said =
        objection(folder, &["decide", "019aa000-0000-7000-8000-000000000000", "--result", "upheld", "--reason", "x"]);
    assert!(said.failed(1).contains("there is no objection"));
}

#[test]
fn an_objection_is_marked_then_decided_and_what_is_upheld_does_not_come_back() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let (data, marks) = told(folder, &number);
    assert_eq!(marks, json!([]));
    let own = records(&browser);
    let wanted = own.iter().find(|record| record["disputed"] == false).unwrap();
    let page = browser.get(&format!("{OBJECTIONS}?record={}", wanted["record"].as_str().unwrap()));
    assert!(page.text().contains("<textarea"));
    // By the page.
    let form = format!(
        "form={}&record={}&statement=never%0D%0Athere",
        browser.form_token(),
        wanted["record"].as_str().unwrap()
    );
    let done = browser.post(OBJECTIONS, &form, &[]);
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, Some(OBJECTIONS)));
    let (same, marks) = told(folder, &number);
    assert_eq!(same, data);
    assert_ne!(marks, json!([]));
    assert_eq!(metric(folder.port_base(), "credit_gateway_objections{state=\"open\"}"), 1);
    let leaf = kinds(folder, "objection").remove(0);
    assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "actor", "state", "class", "due", "key", "record", "text"]);
    assert!(leaf.json["actor"]["person"].is_string());
    let open = objections(&browser).remove(0);
    assert_eq!(
        (&open["state"], &open["statement"], &open["due"]),
        (&json!("open"), &json!("never\nthere"), &leaf.json["due"])
    );
    let id = open["objection"].as_str().unwrap().to_owned();

    // The process dies: it is open still.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert_eq!(told(folder, &number).1, marks);
    let listed = objection(folder, &["list"]).held();
    assert!(listed.contains(&id) && !listed.contains(&number), "{listed}");
    let shown = objection(folder, &["show", &id]).held();
    assert!(shown.contains(&number) && shown.contains("never"), "{shown}");
    assert_eq!(kinds(folder, "read").last().unwrap().text("path"), format!("/objections/{id}"));
    drop(objection(folder, &["decide", &id, "--result", "rejected", "--reason", ""]).failed(1));
    drop(objection(folder, &["decide", &id, "--result", "rejected", "--reason", "it stands"]).held());
    assert!(
        objection(folder, &["decide", &id, "--result", "upheld", "--reason", "x"])
            .failed(1)
            .contains("decided already")
    );
    assert_eq!(told(folder, &number), (data.clone(), json!([])));
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let rejected = objections(&browser).remove(0);
    assert_eq!((&rejected["state"], &rejected["reason"]), (&json!("rejected"), &json!("it stands")));

    let cleared = uphold_all(folder, &browser);
    assert_eq!(cleared.1, json!([]));
    assert_ne!(cleared.0, data);
    let gateway = Gateway::serve(gateway.kill());
    assert_eq!(told(gateway.folder(), &number), cleared);
    crate::consents::assert_sound(&gateway.stop());
}

/// All records are objected to and all upheld: nothing is left, whatever the store has. What housing is told then.
fn uphold_all(folder: &Folder, browser: &Browser) -> (Value, Value) {
    let number = folder.person("late", 0);
    for record in records(browser) {
        let said = json!({"record": record["record"], "statement": STATEMENT});
        let reply = browser.send_json(Method::POST, OBJECTIONS, &said);
        let id = reply.json()["objection"].as_str().unwrap().to_owned();
        drop(objection(folder, &["decide", &id, "--result", "upheld", "--reason", "revoked"]).held());
    }
    assert_eq!(records(browser).len(), 0);
    assert!(objection(folder, &["list"]).held().contains("[]"));
    let decided = kinds(folder, "objection").pop().unwrap();
    assert_eq!(decided.keys(), ["v", "kind", "id", "at", "actor", "state", "class", "due", "key", "record", "reason"]);
    assert!(decided.account().starts_with("uid "));
    assert!(!folder.leaves().iter().any(|leaf| leaf.json.to_string().contains(&number)));
    told(folder, &number)
}
