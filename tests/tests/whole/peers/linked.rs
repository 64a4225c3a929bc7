//! One query, two leaves that name each other.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, checked, query::with};
use serde_json::json;

use super::{PEER, Pair};
use crate::consents::{bearer, loan, token};

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
    let links = pair.sound();
    assert_eq!((&links["linked"], &links["open"]), (&json!(1), &json!(0)), "{links}");
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
    assert_eq!(pair.sound()["linked"], 1);
}

#[test]
fn a_repeat_here_is_a_repeat_there_and_spends_nothing_again() {
    let pair = Pair::new();
    let number = clean(&pair);
    let token = token(pair.first.folder(), &number, 1);
    let caller = pair.first.folder().caller("bank");
    let headers = [("authorization", &*bearer(&token)), ("idempotency-key", "once")];
    let [one, two] = [0, 1].map(|_| caller.ask_with(&loan(), &headers));
    let (first, again) =
        (checked::answer(pair.first.folder(), "bank", &one), checked::answer(pair.first.folder(), "bank", &two));
    assert_eq!(one.json()["data"], two.json()["data"]);
    assert_eq!(again.json["repeats"], first.json["id"]);
    let [one, two] = pair.there().try_into().expect("two queries there");
    assert_eq!(two.json["repeats"], one.json["id"]);
    linked(&pair, &first, &one);
    linked(&pair, &again, &two);
    assert_eq!(pair.sound()["linked"], 2);
}

#[test]
fn fields_of_both_are_one_answer() {
    let lists = ["black-list", "grey-list", "red-list"];
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let rest: Vec<_> =
        catalogue.classes().map(|class| class.name().as_str()).filter(|it| !lists.contains(it)).collect();
    let own =
        format!("[[store]]\nname = \"here\"\nkind = \"sqlite\"\npath = \"data/store.sqlite\"\nclasses = {rest:?}\n\n");
    let pair = Pair::with(
        |folder| folder.replace_in_config("[[store]]\n", &format!("{own}[[store]]\nclasses = {lists:?}\n")),
        |_| (),
    );
    let number = pair.first.folder().person("black-listed", 0);
    let fields = json!(["black_listed", "age_band"]);
    let token = token(pair.first.folder(), &number, 1);
    let asked = with(loan(), "fields", fields);
    let reply = pair.first.folder().caller("bank").ask_with(&asked, &[("authorization", &bearer(&token))]);
    let here = checked::answer(pair.first.folder(), "bank", &reply);
    assert_eq!(reply.json()["data"]["black_listed"], true);
    assert!(reply.json()["data"]["age_band"].is_string());
    let [there] = pair.there().try_into().expect("one query there");
    linked(&pair, &here, &there);
    // Of the other one only what it has is asked.
    assert_eq!(there.json["fields"], json!(["black_listed"]));
    // A query that needs nothing of it is not passed on.
    let asked = with(loan(), "fields", json!(["age_band"]));
    let token = crate::consents::token(pair.first.folder(), &number, 1);
    let reply = pair.first.folder().caller("bank").ask_with(&asked, &[("authorization", &bearer(&token))]);
    let here = checked::answer(pair.first.folder(), "bank", &reply);
    assert!(here.json.get("remote").is_none() && pair.there().len() == 1);
    // What rests on classes of both is nobody's.
    let reply = pair.look_up(&pair.first.folder().person("clean", 1));
    checked::refusal(pair.first.folder(), "housing", &reply, 502, "store-failed");
    assert_eq!(pair.there().len(), 1);
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
