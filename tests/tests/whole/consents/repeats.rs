//! Idempotency keys: a lost answer asked again.

use std::{fs, time::Duration};

use credit_tests::{
    Folder, Gateway, Reply, checked, each,
    query::{look_up, look_up_under, new_case, with},
    shared, wire,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::faults::within;

use super::{
    altered, answered, ask, ask_under, assert_sound, bearer, forget_state, loan, new_jti, query, token, withdraw,
};

/// A store that takes another's place is asked within this.
const SOON: Duration = Duration::from_secs(10);

fn new_key() -> String {
    new_jti().replace("consent", "key")
}

/// A conflict that no waiting ends, and so none that asks to come again.
#[track_caller]
fn assert_conflict(folder: &Folder, institution: &str, reply: &Reply) {
    checked::refusal(folder, institution, reply, 409, "idempotency-conflict");
    assert_eq!(reply.header("retry-after"), None);
}

/// One repeat too many, too late, or of another answer; nothing of it waits for anything.
#[track_caller]
fn assert_changed(folder: &Folder, institution: &str, reply: &Reply) {
    checked::refusal(folder, institution, reply, 409, "answer-changed");
    assert_eq!(reply.header("retry-after"), None);
}

#[track_caller]
fn assert_repeats(reply: &Reply, first: &Reply) {
    assert_eq!(reply.json()["repeats"], first.json()["query"], "{}", reply.text());
    assert_ne!(reply.json()["query"], first.json()["query"]);
}

#[test]
fn a_key_that_is_none() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 17));
    let token = token(folder, &number, 1);
    let long = "k".repeat(65);
    each(["", " ", "a b", "键", &long], |key| {
        let headers = [("authorization", bearer(&token)), ("idempotency-key", (*key).to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        checked::refusal(folder, "bank", &caller.ask_with(&loan(), &headers), 400, "malformed-request");
    });
    let bearer = bearer(&token);
    let twice = [("authorization", bearer.as_str()), ("idempotency-key", "a"), ("idempotency-key", "a")];
    checked::refusal(folder, "bank", &caller.ask_with(&loan(), &twice), 400, "malformed-request");
    let longest = ask_under(&caller, &token, &long[..64]);
    checked::answer(folder, "bank", &longest);
    assert!(longest.json().get("repeats").is_none());
}

#[test]
fn a_repeat_is_recorded_as_one_and_spends_no_use() {
    let folder = shared().folder();
    let (caller, number, key) = (folder.caller("bank"), folder.person("clean", 17), new_key());
    let token = token(folder, &number, 2);
    let first = ask_under(&caller, &token, &key);
    let first_leaf = checked::answer(folder, "bank", &first);
    assert!(first_leaf.json.get("repeats").is_none());
    for _ in 0..3 {
        let reply = ask_under(&caller, &token, &key);
        let leaf = checked::answer(folder, "bank", &reply);
        assert_repeats(&reply, &first);
        assert_eq!(leaf.json["repeats"], first.json()["query"]);
        assert_eq!(leaf.json["ground"], json!({"first": first_leaf.index, "use": 1}));
        assert_eq!(leaf.json["idempotency"], first_leaf.json["idempotency"]);
        for member in ["data", "subject", "marks", "obligations", "catalogue", "scenario"] {
            assert_eq!(reply.json()[member], first.json()[member], "{member}");
        }
        assert_eq!(wire::keys(&reply.body).last().unwrap(), "receipt");
        let text = String::from_utf8_lossy(&leaf.bytes);
        assert!(!text.contains(&key), "a caller's text in {text}");
    }
    for _ in 0..2 {
        assert_changed(folder, "bank", &ask_under(&caller, &token, &key));
    }
    // The second use is still there, and then no third.
    let leaf = checked::answer(folder, "bank", &ask(&caller, &token));
    assert_eq!(leaf.json["ground"], json!({"first": first_leaf.index, "use": 2}));
    checked::refusal(folder, "bank", &ask(&caller, &token), 403, "consent-used-up");
    assert_eq!(answered(&folder.leaves(), &token).len(), 5);
}

#[test]
fn a_key_with_anything_else_is_a_conflict() {
    let folder = shared().folder();
    let (caller, number, key) = (folder.caller("bank"), folder.person("clean", 18), new_key());
    let jti = new_jti();
    let once = altered(folder, &jti, &number, |_| {});
    let first = ask_under(&caller, &once, &key);
    checked::answer(folder, "bank", &first);
    let other = token(folder, &number, 1);
    let elsewhere = token(folder, &folder.person("clean", 19), 1);
    // The same name, signed again: about another person.
    let stolen = altered(folder, &jti, &folder.person("clean", 19), |_| {});
    let fewer = with(loan(), "fields", json!(["score_band"]));
    let staff = with(loan(), "operator", "staff-0018");
    #[rustfmt::skip]
    let table = [
        (&other, loan()), (&elsewhere, loan()), (&stolen, loan()),
        (&once, fewer.clone()), (&once, staff), (&other, fewer),
        (&once, with(loan(), "subject", number.as_str())), (&once, with(loan(), "case", "another")),
    ];
    each(table, |(token, body)| {
        let reply = caller.ask_with(body, &[("authorization", &bearer(token)), ("idempotency-key", &key)]);
        assert_conflict(folder, "bank", &reply);
    });
    // None of them spent anything, of its own or of the key's.
    for token in [&other, &elsewhere] {
        checked::answer(folder, "bank", &ask(&caller, token));
    }
    for _ in 0..3 {
        let reply = ask_under(&caller, &once, &key);
        checked::answer(folder, "bank", &reply);
        assert_repeats(&reply, &first);
    }
    assert_changed(folder, "bank", &ask_under(&caller, &once, &key));
    checked::refusal(folder, "bank", &ask(&caller, &once), 403, "consent-used-up");
}

/// The store is held, so whichever of two comes first is under way when the other comes.
#[test]
fn while_one_is_under_way_a_conflict_says_when_to_come_again() {
    let folder = Folder::new();
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 20000");
    let gateway = Gateway::serve(folder);
    let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
    let (once, other) = (token(folder, &folder.person("clean", 0), 1), token(folder, &folder.person("clean", 0), 1));
    let lock = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    lock.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").unwrap();
    let come_again = |reply: &Reply| {
        checked::refusal(folder, "bank", reply, 409, "idempotency-conflict");
        assert_eq!(reply.header("retry-after"), Some("1"));
    };
    let first = credit_tests::run(async {
        let mut asked = JoinSet::new();
        for _ in 0..2 {
            let mut connection = caller.http1().await.unwrap();
            let request = query(&once, &[("idempotency-key", "held")]);
            asked.spawn(async move { connection.send(request).await.unwrap() });
        }
        come_again(&asked.join_next().await.unwrap().unwrap());
        // What else stands under the key is not known before that one is answered or refused.
        let mut connection = caller.http1().await.unwrap();
        come_again(&connection.send(query(&other, &[("idempotency-key", "held")])).await.unwrap());
        lock.execute_batch("ROLLBACK").unwrap();
        asked.join_next().await.unwrap().unwrap()
    });
    checked::answer(folder, "bank", &first);
    assert!(first.json().get("repeats").is_none());
    assert_repeats(&ask_under(&caller, &once, "held"), &first);
    assert_conflict(folder, "bank", &ask_under(&caller, &other, "held"));
}

#[test]
fn what_was_refused_is_no_first_and_a_repeat_is_checked_again() {
    let folder = shared().folder();
    let (caller, number, key) = (folder.caller("bank"), folder.person("clean", 18), new_key());
    let jti = new_jti();
    let wide = altered(folder, &jti, &number, |grant| grant.terms.uses = 13);
    checked::refusal(folder, "bank", &ask_under(&caller, &wide, &key), 403, "consent-exceeds-bound");
    let good = altered(folder, &jti, &number, |_| {});
    let first = ask_under(&caller, &good, &key);
    checked::answer(folder, "bank", &first);
    assert!(first.json().get("repeats").is_none());
    assert_repeats(&ask_under(&caller, &good, &key), &first);
    assert_eq!(withdraw(folder, &jti).status, 200);
    checked::refusal(folder, "bank", &ask_under(&caller, &good, &key), 403, "consent-revoked");
}

#[test]
fn a_repeat_under_a_statute_spends_no_look_up_of_its_case() {
    let folder = shared().folder();
    let (caller, person, case) = (folder.caller("housing"), folder.person("clean", 18), new_case());
    let (key, body) = (new_key(), look_up_under(&person, &case));
    let under = |body: &serde_json::Value| caller.ask_with(body, &[("idempotency-key", &key)]);
    let first = under(&body);
    let leaf = checked::answer(folder, "housing", &first);
    for _ in 0..2 {
        checked::answer(folder, "housing", &caller.ask(&body));
    }
    checked::refusal(folder, "housing", &caller.ask(&body), 409, "case-already-used");
    for _ in 0..3 {
        let reply = under(&body);
        let repeat = checked::answer(folder, "housing", &reply);
        assert_repeats(&reply, &first);
        assert_eq!(repeat.json["ground"], leaf.json["ground"]);
    }
    assert_changed(folder, "housing", &under(&body));
    assert_conflict(folder, "housing", &under(&look_up(&person)));
}

#[test]
fn a_key_is_the_institution_s_own() {
    let folder = shared().folder();
    let (key, number) = (new_key(), folder.person("clean", 19));
    let bank = ask_under(&folder.caller("bank"), &token(folder, &number, 1), &key);
    checked::answer(folder, "bank", &bank);
    let housing = folder.caller("housing").ask_with(&look_up(&number), &[("idempotency-key", &key)]);
    let leaf = checked::answer(folder, "housing", &housing);
    assert!(leaf.json.get("repeats").is_none() && housing.json().get("repeats").is_none());
}

#[test]
fn repeats_outlive_the_process_with_its_snapshot_and_without() {
    let mut gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let (key, once, other) = (new_key(), token(folder, &number, 1), token(folder, &number, 1));
    let first = ask_under(&folder.caller("bank"), &once, &key);
    let first_leaf = checked::answer(folder, "bank", &first);
    // More than one bundle, so that the snapshot covers what was done.
    let caller = folder.caller("housing");
    credit_tests::run(async {
        let mut connection = caller.http2().await.unwrap();
        for _ in 0..300 {
            assert_eq!(connection.ask(&look_up(&number)).await.unwrap().status, 200);
        }
    });
    for (forgets, kills) in [(false, false), (true, false), (true, true)] {
        let folder = if kills { gateway.kill() } else { gateway.stop() };
        if forgets {
            forget_state(&folder);
        }
        gateway = Gateway::serve(folder);
        let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
        assert_conflict(folder, "bank", &ask_under(&caller, &other, &key));
        let reply = ask_under(&caller, &once, &key);
        let leaf = checked::answer(folder, "bank", &reply);
        assert_repeats(&reply, &first);
        assert_eq!(leaf.json["ground"], json!({"first": first_leaf.index, "use": 1}));
    }
    gateway = Gateway::serve(gateway.kill());
    let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
    assert_changed(folder, "bank", &ask_under(&caller, &once, &key));
    checked::refusal(folder, "bank", &ask(&caller, &once), 403, "consent-used-up");
    checked::answer(folder, "bank", &ask(&caller, &other));
    assert_sound(&gateway.stop());
}

#[test]
fn a_repeat_is_known_after_the_state_key_turned() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, key, config) = (folder.caller("bank"), new_key(), folder.config());
    let (once, other) = (token(folder, &folder.person("clean", 0), 1), token(folder, &folder.person("clean", 1), 1));
    let first = ask_under(&caller, &once, &key);
    let first_leaf = checked::answer(folder, "bank", &first);
    drop(credit_tests::gateway(&["keys", "rotate", "state", "--config", config.to_str().unwrap()]).held());
    for _ in 0..3 {
        let repeat = ask_under(&caller, &once, &key);
        let leaf = checked::answer(folder, "bank", &repeat);
        assert_repeats(&repeat, &first);
        assert_eq!(leaf.json["idempotency"], first_leaf.json["idempotency"]);
    }
    assert_changed(folder, "bank", &ask_under(&caller, &once, &key));
    assert_conflict(folder, "bank", &ask_under(&caller, &other, &key));
    let gateway = Gateway::serve(gateway.stop());
    let caller = gateway.folder().caller("bank");
    assert_changed(gateway.folder(), "bank", &ask_under(&caller, &once, &key));
}

/// What a repeat would tell anew is another look-up, and counted as one.
#[test]
fn a_repeat_that_would_tell_another_thing_is_refused() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, person, key) = (folder.caller("housing"), folder.person("clean", 0), new_key());
    let body = look_up_under(&person, &new_case());
    let under = || caller.ask_with(&body, &[("idempotency-key", &key)]);
    let first = under();
    checked::answer(folder, "housing", &first);
    let repeat = under();
    checked::answer(folder, "housing", &repeat);
    assert_repeats(&repeat, &first);
    let store = folder.join("data/store.sqlite");
    let (black, clean) = (folder.join("data/black.sqlite"), folder.join("data/clean.sqlite"));
    for copy in [&black, &clean] {
        fs::copy(&store, copy).unwrap();
    }
    let listed = "INSERT INTO listing VALUES (?1, 'black', 50, '2026-01-01', NULL, 0)";
    rusqlite::Connection::open(&black).unwrap().execute(listed, [&person]).unwrap();
    let is_listed = || caller.ask(&look_up(&person)).json()["data"]["black_listed"].clone();
    fs::rename(&black, &store).unwrap();
    assert!(within(SOON, || is_listed() == true), "the store that took its place is asked");
    let reply = under();
    assert_changed(folder, "housing", &reply);
    assert!(!reply.text().contains("black_listed"), "{}", reply.text());
    // As it was, it is told again: the third time, and the last.
    fs::rename(&clean, &store).unwrap();
    assert!(within(SOON, || is_listed() == false), "the store that took its place is asked");
    for _ in 0..2 {
        assert_repeats(&under(), &first);
    }
    assert_changed(folder, "housing", &under());
    assert_sound(&gateway.stop());
}
