//! Issuers turn their keys while the gateway runs: what is new in their files is accepted, what is gone is not, and each key
//! is on the record before it is used.

use std::{fs, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_tests::{Folder, Gateway, audit, checked, gateway, metric};
use rcgen::KeyPair;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{EDDSA, ask, grant, new_jti, sign};
use crate::faults::within;

const SOON: Duration = Duration::from_secs(8);
const SET: &str = "keys/consent-authority.jwks";
const REFUSED: &str = "credit_gateway_issuer_keys_refused";

/// A new P-256 key of an issuer: its private JWK in the folder, its public one as the issuer publishes it.
fn new_key(folder: &Folder, kid: &str) -> Value {
    let key = KeyPair::generate().unwrap();
    let (point, text) = (key.public_key_raw(), |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
    let public = json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(&point[1..33]), "y": text(&point[33..])});
    let mut private = public.clone();
    // PKCS#8 of ring has the scalar there (RFC 5915 §3).
    private["d"] = text(&key.serialize_der()[36..68]).into();
    fs::write(folder.join(format!("{kid}.jwk")), private.to_string()).unwrap();
    public
}

fn set(folder: &Folder) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(SET)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["keys"].as_array().unwrap().clone()
}

fn publish(folder: &Folder, keys: &[Value]) {
    fs::write(folder.join("new.jwks"), json!({ "keys": keys }).to_string()).unwrap();
    fs::rename(folder.join("new.jwks"), folder.join(SET)).unwrap();
}

fn code(folder: &Folder, key: &str) -> String {
    let number = folder.person("clean", 11);
    let reply = ask(&folder.caller("bank"), &sign(folder, key, &grant(folder, &new_jti()), &number));
    if reply.status == 200 { String::new() } else { reply.code() }
}

/// Kid and state of each leaf about an issuer's key, in their order.
fn on_record(folder: &Folder) -> Vec<(String, String)> {
    let leaves = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "issuer-key");
    leaves
        .map(|leaf| {
            assert_eq!(leaf.text("iss"), "https://consent.example");
            let jwk = leaf.json["jwk"].as_object().unwrap();
            assert!(jwk.keys().all(|member| ["crv", "kty", "x", "y"].contains(&member.as_str())), "{jwk:?}");
            (leaf.text("kid").to_owned(), leaf.text("state").to_owned())
        })
        .collect()
}

fn said(kid: &str, state: &str) -> (String, String) {
    (kid.to_owned(), state.to_owned())
}

fn readiness(folder: &Folder) -> (u16, String) {
    credit_tests::readiness(folder.port_base() + 4)
}

#[test]
fn new_keys_are_accepted_and_removed_ones_refused_within_seconds_and_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let first = [said("demo-eddsa", "active"), said("demo-es256", "active")];
    assert_eq!(on_record(folder), first);
    let new = new_key(folder, "next");
    assert_eq!(code(folder, "next.jwk"), "consent-invalid");
    let old = set(folder);
    let foreign = json!({"kty": "RSA", "kid": "rsa", "n": "AQ", "e": "AQAB"});
    publish(folder, &[&old[..], &[new.clone(), foreign]].concat());
    assert!(within(SOON, || code(folder, "next.jwk").is_empty()), "it is not accepted: {}", gateway.err().text());
    assert_eq!(code(folder, EDDSA), "");
    publish(folder, std::slice::from_ref(&new));
    assert!(within(SOON, || code(folder, EDDSA) == "consent-invalid"), "it is accepted still");
    assert_eq!(code(folder, "next.jwk"), "");
    let retired = [said("demo-eddsa", "retired"), said("demo-es256", "retired")];
    let all = [&first[..], &[said("next", "active")], &retired].concat();
    assert_eq!(on_record(folder), all);
    // The same id with another key is another key.
    let turned = new_key(folder, "next");
    assert_eq!(code(folder, "next.jwk"), "consent-invalid");
    publish(folder, std::slice::from_ref(&turned));
    assert!(within(SOON, || code(folder, "next.jwk").is_empty()));
    let all = [&all[..], &[said("next", "retired"), said("next", "active")]].concat();
    assert_eq!(on_record(folder), all);
    // No answer stands before the leaf of its key.
    let leaves = folder.leaves();
    let of_key = leaves.iter().find(|leaf| leaf.json["kid"] == "next").unwrap();
    assert!(leaves.iter().all(|leaf| leaf.json["outcome"] != "answered" || leaf.index > of_key.index));
    // A restart says nothing twice, and what changed meanwhile.
    let gateway = Gateway::serve(gateway.stop());
    assert_eq!(on_record(gateway.folder()), all);
    let folder = gateway.stop();
    publish(&folder, &old);
    let gateway = Gateway::serve(folder);
    let all = [&all[..], &[said("next", "retired")], &first].concat();
    assert_eq!(on_record(gateway.folder()), all);
    let folder = gateway.stop();
    let key = folder.join("data/log/log.vkey");
    drop(audit(&["verify", folder.log().to_str().unwrap(), "--vkey", key.to_str().unwrap()]).held());
}

#[test]
fn a_file_that_cannot_be_used_keeps_the_keys_before_and_is_told() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let good = fs::read(folder.join(SET)).unwrap();
    let private = fs::read(folder.join(EDDSA)).unwrap();
    let told = || gateway.err().text().matches("were not taken").count();
    let files: [(&str, &[u8]); 5] = [
        ("cut short", &good[..good.len() / 2]),
        ("empty", b""),
        ("a set without keys", br#"{"keys":[]}"#),
        ("no key of the profile", br#"{"keys":[{"kty":"RSA","kid":"r","n":"AQ","e":"AQAB"}]}"#),
        ("a private key", &private),
    ];
    for (what, bytes) in files {
        let before = told();
        fs::write(folder.join(SET), bytes).unwrap();
        assert!(within(SOON, || told() > before), "{what}: nothing was said");
        assert_eq!(metric(folder.port_base(), REFUSED), 1, "{what}");
        assert_eq!(readiness(folder), (200, "ready\nwarning: issuer-keys-refused\n".to_owned()), "{what}");
        assert_eq!(code(folder, EDDSA), "", "{what}");
    }
    fs::remove_file(folder.join(SET)).unwrap();
    assert!(within(SOON, || gateway.err().text().contains("cannot be read")));
    assert_eq!(code(folder, EDDSA), "");
    // A hang-up says: look now. It ends nothing.
    let before = told();
    gateway.signal(Signal::HUP);
    assert!(within(SOON, || told() > before), "nothing was looked at");
    fs::write(folder.join(SET), &good).unwrap();
    assert!(within(SOON, || readiness(folder) == (200, "ready\n".to_owned())));
    assert_eq!(metric(folder.port_base(), REFUSED), 0);
    gateway.signal(Signal::HUP);
    assert!(gateway.err().wait(|text| text.matches("the keys of the issuers were read again").count() >= 2));
    assert_eq!(on_record(folder).len(), 2, "nothing changed");
}

#[test]
fn two_issuers_may_use_one_kid_and_a_broken_file_of_one_is_nothing_to_the_other() {
    let folder = Folder::new();
    let second = new_key(&folder, "demo-eddsa");
    fs::write(folder.join("second.jwks"), json!({"keys": [second]}).to_string()).unwrap();
    folder.edit_config(|config| {
        let more = "[[consent_issuer]]\niss = \"https://second.example\"\ninstitution = \"authority\"\nkeys = \
                    [\"second.jwks\"]\n\n[[consent_issuer]]";
        config.replacen("[[consent_issuer]]", more, 1)
    });
    drop(gateway(&["check", "--config", folder.config().to_str().unwrap()]).held());
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let of_second = |jti: String| {
        let mut grant = grant(folder, &jti);
        grant.iss = "https://second.example".to_owned();
        ask(&folder.caller("bank"), &sign(folder, "demo-eddsa.jwk", &grant, &folder.person("clean", 11)))
    };
    checked::answer(folder, "bank", &of_second(new_jti()));
    assert_eq!(code(folder, EDDSA), "");
    // A token in the name of the other one.
    assert_eq!(code(folder, "demo-eddsa.jwk"), "consent-invalid");
    fs::write(folder.join("second.jwks"), "{").unwrap();
    assert!(within(SOON, || metric(folder.port_base(), REFUSED) == 1));
    let new = new_key(folder, "next");
    publish(folder, &[&set(folder)[..], &[new]].concat());
    assert!(within(SOON, || code(folder, "next.jwk").is_empty()));
    checked::answer(folder, "bank", &of_second(new_jti()));
}
