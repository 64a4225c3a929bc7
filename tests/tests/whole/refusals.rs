//! Every code that a query can be refused with before a store is asked: status, document, headers, record, in both
//! languages; and then the stores' own.
//!
//! The store of these tests is locked by another: whoever asked it would wait and fail. So a refusal that comes with its
//! own code was made without asking it.

use std::sync::{LazyLock, Mutex};

use credit_tests::{
    Caller, Folder, Gateway, Reply, checked,
    query::{look_up, look_up_under, new_case, with, without, wrong_check},
    shared,
};
use hyper::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A gateway whose store another process has locked; nobody can ask it.
struct Locked {
    gateway: Gateway,
    _lock: Mutex<Connection>,
    used_case: String,
    used_person: String,
}

fn locked() -> &'static Locked {
    static LOCKED: LazyLock<Locked> = LazyLock::new(|| {
        let folder = Folder::new();
        folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 200");
        folder.set_of_institution("supervisor", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 1");
        folder.set_of_institution("supervisor", "kind = \"credit-supervisor\"", "kind = \"housing-department\"");
        let gateway = Gateway::serve(folder);
        let folder = gateway.folder();
        let (used_person, used_case) = (folder.person("clean", 0), new_case());
        for _ in 0..3 {
            let reply = folder.caller("housing").ask(&look_up_under(&used_person, &used_case));
            checked::answer(folder, "housing", &reply);
        }
        checked::answer(folder, "supervisor", &folder.caller("supervisor").ask(&look_up(&used_person)));
        let lock = Connection::open(folder.join("data/store.sqlite")).unwrap();
        lock.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").unwrap();
        Locked { gateway, _lock: Mutex::new(lock), used_case, used_person }
    });
    &LOCKED
}

/// Asks in both languages; each refusal must be whole and on the record.
fn refused(who: &str, status: u16, code: &str, ask: impl Fn(&Caller, &[(&str, &str)]) -> Reply) {
    let folder = locked().gateway.folder();
    let caller = folder.caller(who);
    let mut titles = Vec::new();
    for (wish, language) in [(None, "zh"), (Some("en"), "en"), (Some("fr, zh;q=0.4, en;q=0.5"), "en")] {
        let headers: Vec<_> = wish.iter().map(|wish| ("accept-language", *wish)).collect();
        let reply = ask(&caller, &headers);
        checked::refusal(folder, who, &reply, status, code);
        assert_eq!(reply.header("content-language"), Some(language), "{code}");
        titles.push(reply.json()["title"].clone());
    }
    assert_ne!(titles[0], titles[1]);
    assert_eq!(titles[1], titles[2]);
}

fn body_refused(who: &str, status: u16, code: &str, body: &Value) {
    refused(who, status, code, |caller, headers| caller.ask_with(body, headers));
}

fn someone() -> String {
    locked().gateway.folder().person("clean", 1)
}

#[test]
fn a_body_that_is_no_query() {
    body_refused("housing", 400, "malformed-request", &json!(["a list"]));
}

#[test]
fn a_scenario_that_is_not_in_the_catalogue() {
    body_refused("housing", 400, "unknown-scenario", &with(look_up(&someone()), "scenario", "curiosity"));
}

#[test]
fn a_wrong_check_character() {
    body_refused("housing", 400, "invalid-citizen-number", &look_up(&wrong_check(&someone())));
}

#[test]
fn no_operator() {
    body_refused("housing", 400, "operator-required", &without(look_up(&someone()), "operator"));
}

#[test]
fn no_case() {
    body_refused("housing", 400, "case-required", &without(look_up(&someone()), "case"));
}

#[test]
fn a_field_that_is_not_in_the_data_list() {
    body_refused("housing", 400, "unknown-field", &with(look_up(&someone()), "fields", json!(["religion"])));
}

#[test]
fn a_field_that_the_scenario_does_not_release() {
    body_refused("housing", 403, "field-not-allowed", &with(look_up(&someone()), "fields", json!(["red_listed"])));
}

#[test]
fn a_kind_of_institution_that_may_not_use_the_scenario() {
    body_refused("bank", 403, "scenario-not-allowed", &look_up(&someone()));
}

#[test]
fn a_consent_scenario_without_a_token() {
    let body = json!({"scenario": "commercial-loan", "subject": someone(), "operator": "staff-0017"});
    body_refused("bank", 401, "consent-required", &body);
}

#[test]
fn a_minor() {
    body_refused("housing", 403, "subject-minor", &look_up(&locked().gateway.folder().person("minor", 0)));
}

#[test]
fn a_case_that_is_used_up() {
    let Locked { used_case, used_person, .. } = locked();
    body_refused("housing", 409, "case-already-used", &look_up_under(used_person, used_case));
}

#[test]
fn one_person_more_than_an_institution_may_ask_about_in_a_day() {
    body_refused("supervisor", 429, "distinct-subjects-exceeded", &look_up(&someone()));
}

#[test]
fn a_path_that_is_none() {
    for path in ["/", "/v1/queries/", "/v1/query", "/V1/queries", "/v1/queries/../queries", "/v1%2fqueries"] {
        refused("housing", 404, "not-found", |caller, headers| {
            caller.send(Method::POST, path, headers, look_up(&someone()).to_string())
        });
    }
}

#[test]
fn a_method_that_the_path_does_not_take() {
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        refused("housing", 405, "method-not-allowed", |caller, headers| {
            let reply = caller.send(method.clone(), "/v1/queries", headers, "");
            assert_eq!(reply.header("allow"), Some("POST"));
            reply
        });
    }
}

#[test]
fn a_body_of_another_type() {
    let types = [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/jsonp")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/json; charset=gb18030")],
        &[("content-type", "application/json"), ("content-type", "application/json")],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
    ];
    for headers in types {
        refused("housing", 415, "unsupported-media-type", |caller, more| {
            let headers = [headers, more].concat();
            caller.send(Method::POST, "/v1/queries", &headers, look_up(&someone()).to_string())
        });
    }
}

#[test]
fn a_body_of_one_byte_too_many() {
    let (folder, caller) = (shared().folder(), shared().folder().caller("housing"));
    let headers = [("content-type", "application/json")];
    let padded = |length: usize| {
        let body = look_up(&folder.person("clean", 2)).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let reply = caller.send(Method::POST, "/v1/queries", &headers, padded(16 * 1024));
    checked::answer(folder, "housing", &reply);
    refused("housing", 413, "payload-too-large", |caller, more| {
        caller.send(Method::POST, "/v1/queries", &[&headers, more].concat(), padded(16 * 1024 + 1))
    });
}

#[test]
fn a_store_that_is_not_there_in_time() {
    body_refused("housing", 504, "store-timeout", &look_up(&someone()));
}

#[test]
fn a_store_that_tells_what_is_no_answer() {
    let folder = Folder::new();
    let late = folder.person("late", 0);
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.pragma_update(None, "ignore_check_constraints", true).unwrap();
    let altered = store.execute("UPDATE record SET severity = 'grim' WHERE number = ?1", [&late]).unwrap();
    assert!(altered > 0);
    drop(store);
    let gateway = Gateway::serve(folder);
    let (folder, caller) = (gateway.folder(), gateway.folder().caller("housing"));
    let reply = caller.ask(&look_up(&late));
    checked::refusal(folder, "housing", &reply, 502, "store-failed");
    // What failed for one person fails for nobody else.
    checked::answer(folder, "housing", &caller.ask(&look_up(&folder.person("late", 1))));
    let said = gateway.err().text();
    assert!(said.contains("severity") && !said.contains(&late), "{said}");
}

#[test]
fn a_refused_query_spends_nothing() {
    let folder = shared().folder();
    let (caller, person, case) = (folder.caller("housing"), folder.person("clean", 3), new_case());
    let body = look_up_under(&person, &case);
    for _ in 0..4 {
        let refused = caller.ask(&with(body.clone(), "fields", json!(["red_listed"])));
        checked::refusal(folder, "housing", &refused, 403, "field-not-allowed");
    }
    for _ in 0..3 {
        checked::answer(folder, "housing", &caller.ask(&body));
    }
    checked::refusal(folder, "housing", &caller.ask(&body), 409, "case-already-used");
}

#[test]
fn a_refusal_claims_no_ground_that_the_asker_has_not() {
    let folder = shared().folder();
    let number = folder.person("clean", 6);
    let reply = folder.caller("bank").ask(&look_up(&number));
    let leaf = checked::refusal(folder, "bank", &reply, 403, "scenario-not-allowed");
    assert!(leaf.json.get("ground").is_none(), "{}", leaf.json);
    assert_eq!((&leaf.json["scenario"], &leaf.json["inputs"]["case"]), (&json!("public-rental-housing"), &json!(true)));
    let reply = folder.caller("housing").ask(&with(look_up(&number), "fields", json!(["score"])));
    let leaf = checked::refusal(folder, "housing", &reply, 403, "field-not-allowed");
    assert_eq!(leaf.json["ground"]["consent_on_file"], true);
}
