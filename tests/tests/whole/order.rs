//! The order of faults: where two are there, the caller learns the earlier one of formats.md §2.

use credit_tests::{
    Caller, Folder, Gateway, Reply, checked, each, gateway,
    query::{look_up, look_up_under, new_case, with, without, wrong_check},
    shared,
};
use hyper::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

fn post(caller: &Caller, path: &str, content_type: &str, body: impl Into<hyper::body::Bytes>) -> Reply {
    caller.send(Method::POST, path, &[("content-type", content_type)], body)
}

#[test]
fn of_two_faults_in_a_body_the_earlier_one_is_told() {
    let folder = shared().folder();
    let body = look_up(&folder.person("clean", 4));
    let minor = look_up(&folder.person("minor", 1));
    let wrong = look_up(&wrong_check(&folder.person("clean", 4)));
    let unknown = || with(body.clone(), "scenario", "curiosity");
    let fields = |body: &Value, name: &str| with(body.clone(), "fields", json!([name]));
    #[rustfmt::skip]
    let table: Vec<(&str, &str, Value)> = vec![
        // syntax, scenario
        ("housing", "malformed-request", with(unknown(), "surplus", 1)),
        ("housing", "malformed-request", with(unknown(), "operator", 17)),
        ("housing", "malformed-request", with(fields(&body, "religion"), "subject", 17)),
        // scenario, operator
        ("housing", "unknown-scenario", without(unknown(), "operator")),
        ("housing", "unknown-scenario", with(unknown(), "operator", "no operator")),
        ("housing", "unknown-scenario", without(unknown(), "case")),
        ("housing", "unknown-scenario", with(wrong.clone(), "scenario", "curiosity")),
        ("bank", "unknown-scenario", unknown()),
        ("housing", "unknown-scenario", fields(&unknown(), "religion")),
        // operator, case
        ("housing", "operator-required", without(without(body.clone(), "operator"), "case")),
        ("housing", "operator-required", with(without(body.clone(), "operator"), "case", "<case>")),
        ("housing", "malformed-request", without(with(body.clone(), "operator", "no operator"), "case")),
        // operator and case, subject
        ("housing", "operator-required", without(wrong.clone(), "operator")),
        ("housing", "case-required", without(wrong.clone(), "case")),
        ("housing", "malformed-request", with(wrong.clone(), "case", "<case>")),
        // form, scenario-not-allowed
        ("bank", "operator-required", without(body.clone(), "operator")),
        ("bank", "case-required", without(body.clone(), "case")),
        ("bank", "malformed-request", with(body.clone(), "case", "<case>")),
        ("bank", "malformed-request", without(body.clone(), "subject")),
        ("bank", "invalid-citizen-number", wrong.clone()),
        // scenario-not-allowed, bounds, statutes
        ("bank", "scenario-not-allowed", fields(&body, "religion")),
        ("bank", "scenario-not-allowed", fields(&body, "red_listed")),
        ("bank", "scenario-not-allowed", minor.clone()),
        // form, bounds
        ("housing", "case-required", fields(&without(body.clone(), "case"), "religion")),
        ("housing", "invalid-citizen-number", fields(&wrong, "religion")),
        ("housing", "invalid-citizen-number", fields(&wrong, "red_listed")),
        // within bounds; bounds, statutes
        ("housing", "unknown-field", with(body.clone(), "fields", json!(["red_listed", "religion"]))),
        ("housing", "unknown-field", fields(&minor, "religion")),
        ("housing", "field-not-allowed", fields(&minor, "red_listed")),
    ];
    each(table, |(who, expected, body)| {
        let reply = folder.caller(who).ask(body);
        checked::refusal(folder, who, &reply, reply.status.as_u16(), expected);
    });
}

#[test]
fn of_two_faults_of_the_message_the_earlier_one_is_told() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let (json, text) = ("application/json", "text/plain");
    let huge = || "x".repeat(20_000);
    let get = |path| caller.send(Method::GET, path, &[], "");
    #[rustfmt::skip]
    let table = [
        (404, get("/v1/nothing")),
        (404, post(&caller, "/v1/nothing", text, "{}")),
        (404, post(&caller, "/v1/nothing", json, huge())),
        (405, caller.send(Method::PUT, "/v1/queries", &[("content-type", text)], huge())),
        (415, post(&caller, "/v1/queries", text, huge())),
        (415, post(&caller, "/v1/queries", text, "no JSON")),
        (413, post(&caller, "/v1/queries", json, huge())),
    ];
    each(table, |(status, reply)| {
        checked::refusal(folder, "housing", reply, *status, &reply.code());
    });
}

#[test]
fn who_asks_comes_before_what_is_asked() {
    let folder = Folder::new();
    folder.unregister("bank");
    let gateway_running = Gateway::serve(folder);
    let folder = gateway_running.folder();
    let config = folder.config();
    let suspended = gateway(&[&"institution", &"suspend", &"employer", &"--config", &config.to_str().unwrap()]);
    drop(suspended.held());
    let size = folder.leaves().len();
    for (path, content_type) in [("/v1/queries", "application/json"), ("/v1/nothing", "text/plain")] {
        let (bank, employer) = (folder.caller("bank"), folder.caller("employer"));
        checked::fixed(&post(&bank, path, content_type, "no JSON"), 401, "certificate-unknown");
        // More of them than the burst: a suspended institution does not learn of its rate.
        for _ in 0..12 {
            let reply = post(&employer, path, content_type, "x".repeat(20_000));
            checked::refusal(folder, "employer", &reply, 403, "institution-suspended");
        }
    }
    assert!(folder.leaves().iter().skip(size).all(|leaf| leaf.text("institution") != "bank"));
}

#[test]
fn the_coarse_rate_comes_before_what_is_asked() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("employer");
    let limited = (0..40).map(|_| post(&caller, "/v1/nothing", "text/plain", "no JSON")).find(|reply| {
        assert!(matches!(reply.status.as_u16(), 404 | 429), "{}", reply.text());
        reply.status == 429
    });
    checked::refusal(folder, "employer", &limited.expect("5 a second, burst 10"), 429, "rate-limited");
}

#[test]
fn limits_come_after_statutes_and_before_stores() {
    let folder = Folder::new();
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 200");
    folder.set_of_institution("housing", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 1");
    let gateway = Gateway::serve(folder);
    let (folder, caller) = (gateway.folder(), gateway.folder().caller("housing"));
    let (first, case) = (folder.person("clean", 0), new_case());
    for _ in 0..3 {
        checked::answer(folder, "housing", &caller.ask(&look_up_under(&first, &case)));
    }
    let lock = Connection::open(folder.join("data/store.sqlite")).unwrap();
    lock.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").unwrap();
    let other = folder.person("clean", 1);
    for (status, code, body) in [
        (403, "subject-minor", look_up(&folder.person("minor", 0))),
        (403, "field-not-allowed", with(look_up_under(&first, &case), "fields", json!(["red_listed"]))),
        (409, "case-already-used", look_up_under(&first, &case)),
        (429, "distinct-subjects-exceeded", look_up(&other)),
        (504, "store-timeout", look_up(&first)),
    ] {
        checked::refusal(folder, "housing", &caller.ask(&body), status, code);
    }
}
