//! What the first gateway sends the second: no more than its institution asked for, and under one key what is one question.

use std::collections::BTreeSet;

use credit_tests::{Folder, checked, query::with};
use hyper::Method;
use serde_json::{Value, json};

use super::{Pair, hostile::Between};
use crate::{
    consents::{bearer, loan, token},
    faults::within,
    large_batches::lines,
    stores::http::service::Asked,
};

/// What an institution calls its question; it may hold anything.
const OWN_KEY: &str = "loan-of-somebody";

fn header<'a>(asked: &'a Asked, name: &str) -> &'a str {
    let mut lines = asked.head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).expect("a header")
}

#[test]
fn the_second_is_sent_the_fields_that_were_asked_for_and_a_key_that_tells_nothing() {
    let between = Between::new(|_| ());
    let (folder, number) = (between.pair.first.folder(), &between.number);
    let bearers = [0, 1].map(|_| bearer(&token(folder, number, 1)));
    let narrow = with(loan(), "fields", json!(["black_listed"]));
    let caller = folder.caller("bank");
    for (bearer, key) in [(&bearers[0], Some(OWN_KEY)), (&bearers[0], Some(OWN_KEY)), (&bearers[1], None)] {
        let own_key = key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = [("authorization", bearer.as_str())].into_iter().chain(own_key).collect();
        let reply = caller.ask_with(&narrow, &headers);
        let leaf = checked::answer(folder, "bank", &reply);
        assert_eq!(
            (&leaf.json["fields"], &reply.json()["data"]),
            (&json!(["black_listed"]), &json!({"black_listed": false}))
        );
    }
    // Refused here, nothing is sent.
    let reply = caller.ask_with(&with(narrow, "fields", json!(["blood_type"])), &[("authorization", &bearers[1])]);
    assert!(reply.status.is_client_error(), "{}", reply.text());

    let sent = between.service.asked();
    assert_eq!(sent.len(), 3);
    let members = BTreeSet::from(["scenario", "subject", "operator", "fields", "on_behalf"]);
    for asked in &sent {
        let own: BTreeSet<_> = asked.body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&own, &asked.body["fields"]), (&members, &json!(["black_listed"])));
        assert_eq!(header(asked, "prefer"), "receipt=proof");
        assert!(!asked.head.contains(OWN_KEY) && !asked.head.contains(number.as_str()), "{}", asked.head);
    }
    let [one, two, three] = [0, 1, 2].map(|nr| header(&sent[nr], "idempotency-key"));
    assert!(one == two && one != three, "{one} {two} {three}");
    for leaf in between.pair.there() {
        assert_eq!(leaf.json["fields"], json!(["black_listed"]));
    }
}

/// The only line of a batch, asked once more.
fn line(folder: &Folder, line: &str) -> Value {
    let headers = [("content-type", "application/x-ndjson"), ("batch-id", "0f4e2a10-0000-4000-8000-000000000001")];
    let mut reply = None;
    let is_taken = || {
        let again = folder.caller("housing").send(Method::POST, "/v1/batches", &headers, line.to_owned());
        // The batch before has just ended.
        let is_taken = again.status != 503;
        reply = Some(again);
        is_taken
    };
    assert!(within(std::time::Duration::from_secs(10), is_taken));
    serde_json::from_str(reply.unwrap().text().trim()).unwrap()
}

#[test]
fn a_line_of_a_batch_is_answered_by_the_second_as_often_as_by_the_first() {
    let pair = Pair::new();
    let folder = pair.first.folder();
    let asked = lines(folder, 1);
    let first = line(folder, &asked);
    assert_eq!(first["status"], 200, "{first}");
    for _ in 0..5 {
        let again = line(folder, &asked);
        assert_eq!((&again["status"], &again["repeats"]), (&json!(200), &first["query"]), "{again}");
    }
    let there = pair.there();
    assert_eq!(there.len(), 6);
    assert!(there[1..].iter().all(|leaf| leaf.json["repeats"] == there[0].json["id"]), "{there:?}");
    assert_eq!(pair.sound()["linked"], 6);
}
