//! Scenarios that a person closes: only those on consent, at once, over a crash; and nobody tells one from a withdrawn token.

use std::time::Instant;

use credit_tests::{Caller, Folder, Gateway, Leaf, Reply, checked, query::look_up, wire};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Browser, gateway};
use crate::{
    consents::{altered, ask, frequency, new_jti, withdraw},
    faults::is_full,
};

const BLOCKS: &str = "/me/blocks";
const SCENARIO: &str = "commercial-loan";

fn set(browser: &Browser, method: Method, body: &Value) -> Reply {
    browser.send_json(method, BLOCKS, body)
}

fn blocked(browser: &Browser) -> Vec<String> {
    let all = browser.json(BLOCKS).json()["blocks"].as_array().unwrap().clone();
    let closed = all.iter().filter(|block| block["blocked"] == true);
    closed.map(|block| block["scenario"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn wide(folder: &Folder, jti: &str, number: &str) -> String {
    altered(folder, jti, number, |grant| {
        (grant.terms.uses, grant.terms.frequency) = (10, frequency("10/P1D"));
    })
}

#[test]
fn a_person_closes_what_rests_on_consent_and_opens_it_again() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let token = wide(folder, &new_jti(), &number);
    let browser = Browser::new(folder);
    assert_eq!(set(&browser, Method::POST, &json!({"scenario": SCENARIO})).status, StatusCode::UNAUTHORIZED);
    drop(browser.log_in());
    let before = folder.leaves().len();
    for scenario in ["public-rental-housing", "self-query", "no-such-scenario", ""] {
        let refused = set(&browser, Method::POST, &json!({"scenario": scenario}));
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{scenario}");
    }
    for wrong in [json!({}), json!({"scenario": SCENARIO, "blocked": "perhaps"}), json!({"scenario": [SCENARIO]})] {
        assert_eq!(set(&browser, Method::POST, &wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(set(&browser, Method::PUT, &json!({"scenario": SCENARIO})).status, StatusCode::METHOD_NOT_ALLOWED);
    let bare = format!("scenario={SCENARIO}");
    assert_eq!(browser.post(BLOCKS, &bare, &[]).status, StatusCode::FORBIDDEN);
    assert_eq!(folder.leaves().len(), before, "nothing was done");
    assert_eq!(blocked(&browser), [""; 0]);

    drop(checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token)));
    let form = format!("form={}&scenario={SCENARIO}&blocked=true", browser.form_token());
    let done = browser.post(BLOCKS, &form, &[]);
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, Some(BLOCKS)));
    drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked"));
    assert_eq!(blocked(&browser), [SCENARIO]);
    // What rests on a statute is answered on.
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number))));
    let again = set(&browser, Method::POST, &json!({"scenario": SCENARIO}));
    assert_eq!((again.status, again.json().get("receipt")), (StatusCode::OK, None));
    let leaves = folder.leaves();
    let blocks: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "block").collect();
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].keys(), ["v", "kind", "id", "at", "actor", "blocked", "scenario", "key", "person"]);
    assert!(!leaves.iter().any(|leaf| leaf.json.to_string().contains(&number)));

    // The process dies: what is closed stays closed, and opened open.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked"));
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let opened = set(&browser, Method::DELETE, &json!({"scenario": SCENARIO}));
    let index = opened.json()["receipt"]["index"].as_u64().unwrap();
    assert_eq!(folder.leaf(index).json["blocked"], false);
    drop(checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token)));
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    drop(checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token)));
    crate::consents::assert_sound(&gateway.stop());
}

/// A refusal, its leaf, and the time that it took in microseconds.
struct Seen {
    reply: Reply,
    leaf: Leaf,
    micros: u128,
}

#[test]
fn nobody_tells_a_closed_scenario_from_a_withdrawn_token() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (closed, withdrawn) = (folder.person("clean", 0), folder.person("clean", 1));
    service.person(&closed);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    assert_eq!(set(&browser, Method::POST, &json!({"scenario": SCENARIO})).status, StatusCode::OK);
    let jti = new_jti();
    let tokens = [wide(folder, &new_jti(), &closed), wide(folder, &jti, &withdrawn)];
    assert_eq!(withdraw(folder, &jti).status, 200);
    let bank = folder.caller("bank");
    for _ in 0..100 {
        drop(ask(&bank, &tokens[0]));
    }
    let rounds = if is_full() { 5_000 } else { 60 };
    let mut seen: [Vec<(Reply, u128)>; 2] = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // In turns, and the first of each pair in turns.
        for place in [round % 2, 1 - round % 2] {
            let begun = Instant::now();
            let reply = ask(&bank, &tokens[place]);
            let micros = begun.elapsed().as_micros();
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "consent-revoked"));
            seen[place].push((reply, micros));
        }
    }
    // Read once in the end: a leaf alone is read as soon as it is published, which takes longer than all the rest.
    let leaves = folder.leaves();
    let seen = seen.map(|all| {
        let with_leaf = all.into_iter().map(|(reply, micros)| {
            let leaf = leaves[usize::try_from(reply.index()).unwrap()].clone();
            Seen { reply, leaf, micros }
        });
        with_leaf.collect::<Vec<_>>()
    });
    let [closed, withdrawn] = &seen;
    for (one, other) in closed.iter().zip(withdrawn.iter()) {
        assert_eq!(wire::keys(&one.reply.body), wire::keys(&other.reply.body));
        for ((name, one), (_, other)) in
            wire::members(&one.reply.body).into_iter().zip(wire::members(&other.reply.body))
        {
            match name.as_str() {
                "query" => assert_eq!(one.len(), other.len()),
                "receipt" => assert_eq!(without_digits(&one, "index"), without_digits(&other, "index")),
                _ => assert_eq!(one, other, "{name}"),
            }
        }
        assert_eq!(one.leaf.keys(), other.leaf.keys());
        let length = |leaf: &Leaf| without_digits(&String::from_utf8_lossy(&leaf.bytes), "seq");
        assert_eq!(length(&one.leaf), length(&other.leaf));
        for name in ["rules", "inputs", "outcome", "code", "scenario", "certificate"] {
            assert_eq!(one.leaf.json[name], other.leaf.json[name], "{name}");
        }
    }
    let times = [closed, withdrawn].map(|all| all.iter().map(|seen| seen.micros).collect::<Vec<_>>());
    // Nobody tells them apart by time: what else the machine does may make one of them longer for a while, not each time.
    assert!(is_alike(times) || (0..8).any(|_| is_alike(timed(&bank, &tokens))), "one of both takes longer");
    drop(gateway);
}

/// What sixty refusals of each take, in turns, in microseconds.
fn timed(bank: &Caller, tokens: &[String; 2]) -> [Vec<u128>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..60 {
        for place in [round % 2, 1 - round % 2] {
            let begun = Instant::now();
            drop(ask(bank, &tokens[place]));
            times[place].push(begun.elapsed().as_micros());
        }
    }
    times
}

/// Whether the middles of both lie within each other's quarters.
fn is_alike(times: [Vec<u128>; 2]) -> bool {
    let [(low, middle, high), (other_low, other_middle, other_high)] = times.map(|mut all| {
        all.sort_unstable();
        let at = |quarter: usize| all[all.len() * quarter / 4];
        (at(1), at(2), at(3))
    });
    credit_tests::figures(format_args!("{middle} µs closed, {other_middle} µs withdrawn"));
    (low..=high).contains(&other_middle) && (other_low..=other_high).contains(&middle)
}

/// The length of an object's text but for the digits of a number in it, which grows.
fn without_digits(text: &str, member: &str) -> usize {
    let (_, rest) = text.split_once(&format!("\"{member}\":")).unwrap();
    text.len() - rest.chars().take_while(char::is_ascii_digit).count()
}
