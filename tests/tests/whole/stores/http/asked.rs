//! What a store behind HTTP is asked, over which connections, and that its answers are those of the embedded store.

use std::collections::BTreeSet;

use credit_tests::{Folder, Gateway, checked, gateway, query::look_up};
use serde_json::{Value, json};

use super::{
    CANARY, Truth, behind,
    service::{Service, Step, ok},
};
use crate::{
    consents::{bearer, loan, token},
    stores::refused,
};

const NOTES: [&str; 4] = ["clean", "late", "black-listed", "grey-listed"];

/// Answers to the housing department about the persons of [`NOTES`], and to the bank about two.
fn answers(gateway: &Gateway) -> Vec<Value> {
    let folder = gateway.folder();
    let mut all = Vec::new();
    for note in NOTES {
        let reply = folder.caller("housing").ask(&look_up(&folder.person(note, 0)));
        checked::answer(folder, "housing", &reply);
        assert!(!reply.text().contains(CANARY));
        all.push(reply.json()["data"].clone());
    }
    for note in ["clean", "late"] {
        let token = token(folder, &folder.person(note, 1), 1);
        let mut loan = loan();
        loan["fields"] = json!(["black_listed", "credit_amount_band"]);
        let reply = folder.caller("bank").ask_with(&loan, &[("authorization", &bearer(&token))]);
        checked::answer(folder, "bank", &reply);
        all.push(reply.json()["data"].clone());
    }
    all
}

#[test]
fn the_answers_are_those_of_the_embedded_store_and_no_more_is_asked_than_they_need() {
    let own = Folder::new();
    let truth = Truth::of(&own);
    let service = Service::plain(move |asked| truth.answer(asked));
    let folder = Folder::new();
    behind(&folder, &service.url(), "");
    let http = Gateway::serve(folder);
    let found = answers(&http);
    assert_eq!(found, answers(&Gateway::serve(own)));
    assert!(found.iter().any(|data| data["black_listed"] == true), "{found:?}");
    assert!(found.iter().any(|data| data["credit_amount_band"].is_string()), "{found:?}");

    let asked = service.asked();
    assert_eq!(asked.len(), NOTES.len() + 2, "one request a look-up");
    let number = http.folder().person("clean", 0);
    for one in &asked {
        let head = one.head.to_ascii_lowercase();
        assert!(head.starts_with("post /credit http/1.1\r\n"), "{head}");
        for line in ["accept-encoding: identity", "cache-control: no-store", "content-type: application/json"] {
            assert!(head.contains(line), "{head}");
        }
        for word in ["cookie", "authorization", "forwarded", "x-", "traceparent", &number] {
            assert!(!head.contains(word), "{head}");
        }
        let members: Vec<_> = one.body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["citizen_number", "classes", "lists", "fields"]);
    }
    assert_eq!(asked[0].body["citizen_number"], number);
    let lists: BTreeSet<_> = asked[0].body["lists"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(lists, BTreeSet::from(["black", "grey"]));
    assert_eq!(asked[0].body["fields"], json!([]));
    assert!(!asked[5].body["fields"].as_array().unwrap().is_empty());
    let connections: BTreeSet<_> = asked.iter().map(|one| one.connection).collect();
    assert!(connections.len() < asked.len(), "no connection was used again");
}

#[test]
fn a_store_whose_connection_broke_is_asked_once_and_the_next_look_up_is_answered() {
    let folder = Folder::new();
    let (truth, number) = (Truth::of(&folder), folder.person("clean", 0));
    let well = truth.about(&number).to_string().into_bytes();
    let service = Service::plain(move |asked| truth.answer(asked));
    behind(&folder, &service.url(), "");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let answered = || checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number)));
    drop(answered());
    // On the connection of before, after the request was read.
    service.answers(|_| vec![Step::Close]);
    let before = service.asked().len();
    refused(folder, &number);
    assert_eq!(service.asked().len(), before + 1, "a look-up was tried again");
    // Closed behind an answer, without a word: the next begins on a new one.
    service.answers(move |_| ok(&well).into_iter().chain([Step::Close]).collect());
    for _ in 0..3 {
        drop(answered());
    }
    assert_eq!(service.asked().len(), before + 4);
}

#[test]
fn settings_that_cannot_be_are_named_before_a_port_opens() {
    for (settings, told) in [
        ("", "kind http needs `url`"),
        ("url = \"http://10.0.0.1/\"", "http is for this machine alone"),
        ("url = \"https://store.example/\"", "https needs `authorities`"),
        ("url = \"http://127.0.0.1/?id=1\"", "no question mark"),
        ("url = \"https://store.example/\"\nauthorities = \"gone.pem\"", "gone.pem"),
        ("url = \"http://127.0.0.1/\"\nkey = \"a.key\"", "give both `certificate` and `key`"),
        ("url = \"http://127.0.0.1/\"\nprobe = \"health\"", "probe must be a path"),
        ("url = \"http://127.0.0.1/\"\nconnections = 0", "connections must be between"),
        ("url = \"http://127.0.0.1/\"\nanswer_bytes = 1", "answer_bytes must be between"),
    ] {
        let folder = Folder::new();
        let own = "kind = \"sqlite\"\npath = \"data/store.sqlite\"\n";
        folder.replace_in_config(own, &format!("kind = \"http\"\n{settings}\n"));
        let said = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
        assert!(said.contains(told), "{settings}: {said}");
    }
}
