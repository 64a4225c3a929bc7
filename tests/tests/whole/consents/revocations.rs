//! `POST /v1/revocations`: who may, what is refused, and the receipt.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{leaf::QueryLeaf, replay::decide_again};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{Reply, checked, each, shared, wire};
use hyper::Method;
use serde_json::{Value, json};

use super::{new_jti, withdraw};

const PATH: &str = "/v1/revocations";

fn post(who: &str, body: impl Into<hyper::body::Bytes>) -> Reply {
    shared().folder().caller(who).send(Method::POST, PATH, &[("content-type", "application/json")], body)
}

#[track_caller]
fn assert_refused(who: &str, reply: &Reply, status: u16, code: &str) {
    let leaf = checked::refusal(shared().folder(), who, reply, status, code);
    let rules = Catalogue::load(&catalogue::shipped()).unwrap();
    let query = QueryLeaf::parse(&leaf.bytes).unwrap();
    decide_again(&rules, &query).unwrap_or_else(|mismatch| panic!("{mismatch}: {leaf:?}"));
    for key in ["scenario", "ground", "subject"] {
        assert!(leaf.json.get(key).is_none(), "{leaf:?}");
    }
}

#[test]
fn whoever_acts_for_no_issuer_withdraws_nothing() {
    each(["bank", "housing", "supervisor", "officer"], |who| {
        let reply = post(who, json!({"jti": new_jti()}).to_string());
        assert_refused(who, &reply, 403, "scenario-not-allowed");
    });
}

#[test]
fn a_body_that_names_no_token() {
    let number = shared().folder().person("clean", 0);
    let (long, named) = ("j".repeat(129), format!("jti-{number}"));
    let jti = |jti: Value| json!({"jti": jti}).to_string();
    #[rustfmt::skip]
    let bodies = [
        String::new(), "{}".to_owned(), "[]".to_owned(), "jti".to_owned(), jti(json!("")), jti(json!(1)), jti(json!(null)),
        jti(json!("a b")), jti(json!("键")), jti(json!(long)), jti(json!(named)), jti(json!(["a"])),
        r#"{"jti":"a","jti":"a"}"#.to_owned(), r#"["a"]"#.to_owned(), r#"{"jti":"a","iss":null}"#.to_owned(), r#"{"jti":"a","iss":["a"]}"#.to_owned(),
        r#"{"jti":"a","issuer":"https://consent.example"}"#.to_owned(),
    ];
    each(bodies, |body| assert_refused("authority", &post("authority", body.clone()), 400, "malformed-request"));
    // Form comes before who may.
    assert_refused("bank", &post("bank", "{}"), 400, "malformed-request");
}

#[test]
fn a_message_of_another_form() {
    let caller = shared().folder().caller("authority");
    let body = json!({"jti": new_jti()}).to_string();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let reply = caller.send(method, PATH, &[], "");
        assert_refused("authority", &reply, 405, "method-not-allowed");
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    let reply = caller.send(Method::POST, PATH, &[("content-type", "text/plain")], body.clone());
    assert_refused("authority", &reply, 415, "unsupported-media-type");
    let reply = caller.send(Method::POST, PATH, &[("content-type", "application/json")], "x".repeat(20_000));
    assert_refused("authority", &reply, 413, "payload-too-large");
    for path in ["/v1/revocations/", "/v1/revocation", "/v1/revocations/x"] {
        let reply = caller.send(Method::POST, path, &[("content-type", "application/json")], body.clone());
        assert_refused("authority", &reply, 404, "not-found");
    }
    assert_refused("authority", &caller.ask(&json!({"jti": "a"})), 400, "malformed-request");
}

#[test]
fn a_withdrawal_is_on_the_record_and_has_its_receipt() {
    let folder = shared().folder();
    let jti = new_jti();
    // Also of a token that was never seen here, and again.
    for _ in 0..2 {
        let reply = withdraw(folder, &jti);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let json = reply.json();
        assert_eq!(wire::keys(&reply.body), ["query", "jti", "revoked", "receipt"]);
        assert_eq!((&json["jti"], &json["revoked"]), (&json!(jti), &json!(true)));
        let leaf = folder.leaf(reply.index());
        assert_eq!((leaf.text("kind"), leaf.text("id")), ("revocation", json["query"].as_str().unwrap()));
        assert_eq!((leaf.text("jti"), leaf.text("issuer")), (jti.as_str(), "https://consent.example"));
        assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "actor", "institution", "seq", "issuer", "jti"]);
        assert_eq!((leaf.text("institution"), &leaf.json["actor"]["institution"]), ("authority", &json!("authority")));
        assert_eq!(json["receipt"]["leaf"], STANDARD.encode(leaf.hash()));
        let (caller, id) = (folder.caller("authority"), leaf.text("id"));
        let proof = caller.get_when_there(&format!("/v1/receipts/{id}")).text();
        let (index, _) = credit_audit::verify::receipt(&proof, &leaf.bytes, &folder.vkey()).unwrap();
        assert_eq!(index, leaf.index);
        assert_eq!(caller.get_when_there(&format!("/v1/queries/{id}/record")).body, leaf.bytes);
        checked::fixed(&folder.caller("bank").get(&format!("/v1/receipts/{id}")), 404, "not-found");
    }
    let headers = [("content-type", "application/json"), ("prefer", "receipt=proof")];
    let reply = folder.caller("authority").send(Method::POST, PATH, &headers, json!({"jti": new_jti()}).to_string());
    let leaf = folder.leaf(reply.index());
    let json = reply.json();
    let proof = json["receipt"]["tlog_proof"].as_str().unwrap();
    assert!(credit_audit::verify::receipt(proof, &leaf.bytes, &folder.vkey()).is_ok());
}
