//! One query, two leaves that name each other.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_tests::{Folder, checked};
use serde_json::json;

use super::{PEER, Pair};
use crate::consents::token;

/// What a single gateway with the same store answers.
fn alone(number: &str) -> serde_json::Value {
    let reply = credit_tests::shared().folder().caller("housing").ask(&credit_tests::query::look_up(number));
    reply.json()["data"].clone()
}

fn clean(pair: &Pair) -> String {
    pair.first.folder().person("clean", 3)
}

#[test]
fn a_query_by_statute_is_answered_by_the_second_and_recorded_by_both() {
    let pair = Pair::new();
    let number = clean(&pair);
    let reply = pair.look_up(&number);
    let here = checked::answer(pair.first.folder(), "housing", &reply);
    assert_eq!(reply.json()["data"], alone(&number));
    let [there] = pair.there().try_into().expect("one query there");
    linked(&pair, &here, &there);
    assert_eq!(there.json["inputs"]["kind"], "housing-department");
    assert_eq!(there.json["on_behalf"]["kind"], "housing-department");
    // No tag, pseudonym or commitment of the one is that of the other.
    for key in ["subject", "answer", "commit", "sealed"] {
        assert_ne!(here.json[key], there.json[key], "{key}");
    }
}

#[test]
fn a_query_on_consent_is_verified_by_both() {
    let pair = Pair::new();
    let number = clean(&pair);
    let reply = pair.loan(&token(pair.first.folder(), &number, 1));
    let here = checked::answer(pair.first.folder(), "bank", &reply);
    let [there] = pair.there().try_into().expect("one query there");
    linked(&pair, &here, &there);
    assert_eq!(here.json["ground"]["consent"], there.json["ground"]["consent"]);
    assert_eq!(there.json["on_behalf"]["institution"], "bank");
}

/// Each of the two leaves names the other.
fn linked(pair: &Pair, here: &credit_tests::Leaf, there: &credit_tests::Leaf) {
    let origin = |folder: &Folder| folder.vkey().name().to_owned();
    let (first, second) = (origin(pair.first.folder()), origin(pair.second.folder()));
    let leaf = STANDARD.encode(there.hash());
    assert_eq!(here.json["remote"], json!({"origin": second, "index": there.index, "leaf": leaf}));
    assert_eq!(there.json["on_behalf"]["origin"], first.as_str());
    assert_eq!(there.json["on_behalf"]["query"], here.json["id"]);
    assert_eq!(there.json["on_behalf"]["institution"], here.json["institution"]);
    assert_eq!(there.json["on_behalf"]["certificate"], here.json["certificate"]);
    assert_eq!((there.text("institution"), there.text("outcome")), (PEER, "answered"));
    assert_eq!(here.json["scenario"], there.json["scenario"]);
}
