//! What an answer on consent releases, and what it leaves on the record.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, Gateway, Leaf, Reply, checked, query::with, shared};
use jiff::{SignedDuration, ToSpan, tz::Offset};
use serde_json::{Value, json};

use super::{
    EDDSA, ES256, altered, answered, ask, ask_for, assert_sound, disclosure, fields, grant, issuer_signed, loan,
    new_jti, period, sign, token,
};

/// Fields of the second tier: open only to a consent that names them (law.md).
const SECOND_TIER: [&str; 3] = ["savings_account_and_bonds", "property", "tax_paid_band"];

fn released(reply: &Reply) -> BTreeSet<String> {
    reply.json()["data"].as_object().expect("data").keys().cloned().collect()
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn both_algorithms_are_taken_and_the_leaf_holds_the_signed_part_alone() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 12));
    for (key, alg) in [(EDDSA, "EdDSA"), (ES256, "ES256")] {
        let mut grant = grant(folder, &new_jti());
        grant.terms.uses = 3;
        // A clock that is a little ahead of ours.
        grant.issued_at += SignedDuration::from_secs(5);
        grant.not_before = grant.issued_at;
        let token = sign(folder, key, &grant, &number);
        let header = URL_SAFE_NO_PAD.decode(issuer_signed(&token).split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], alg);
        let first = checked::answer(folder, "bank", &ask(&caller, &token));
        assert_eq!(first.json["ground"], json!({"consent": issuer_signed(&token), "use": 1}));
        for number in 2..=3 {
            let later = checked::answer(folder, "bank", &ask(&caller, &token));
            assert_eq!(later.json["ground"], json!({"first": first.index, "use": number}));
        }
        let leaves = folder.leaves();
        assert_eq!(answered(&leaves, &token).len(), 3);
        for leaf in &leaves {
            let text = String::from_utf8_lossy(&leaf.bytes);
            assert!(!text.contains(disclosure(&token)) && !text.contains(&number), "{text}");
        }
    }
}

#[test]
fn a_token_without_fields_opens_the_first_tier_and_a_name_opens_the_second() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 13));
    let rules = Catalogue::load(&catalogue::shipped()).unwrap();
    let all = names(rules.scenario(super::SCENARIO).unwrap().fields().iter().map(|field| field.as_str()));
    let first: BTreeSet<String> = all
        .iter()
        .filter(|name| rules.field(name).is_some_and(|field| field.tier().as_str() != "second"))
        .cloned()
        .collect();
    assert!(SECOND_TIER.iter().all(|name| all.contains(*name) && !first.contains(*name)));
    let reply = ask(&caller, &token(folder, &number, 1));
    let leaf = checked::answer(folder, "bank", &reply);
    assert_eq!(released(&reply), first);
    assert_eq!(leaf.json["fields"], json!(first));
    assert!(first.contains("score_band") && first.contains("clean_three_years"));
    let named =
        |fields_named: &[&str]| altered(folder, &new_jti(), &number, |grant| grant.terms.fields = fields(fields_named));
    for name in SECOND_TIER {
        let reply = ask(&caller, &named(&["score_band", name]));
        checked::answer(folder, "bank", &reply);
        assert_eq!(released(&reply), names(["score_band", name]));
        // The body's word opens nothing.
        let unnamed = token(folder, &number, 1);
        let reply = ask_for(&caller, &unnamed, &with(loan(), "fields", json!([name])));
        checked::refusal(folder, "bank", &reply, 403, "field-not-allowed");
        checked::answer(folder, "bank", &ask(&caller, &unnamed));
    }
    let everything: Vec<&str> = all.iter().map(String::as_str).collect();
    let reply = ask(&caller, &named(&everything));
    checked::answer(folder, "bank", &reply);
    assert_eq!(released(&reply), all);
}

#[test]
fn the_body_may_ask_for_less_than_the_token_agrees_to() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 14));
    let jti = new_jti();
    let token = altered(folder, &jti, &number, |grant| {
        grant.terms.uses = 4;
        grant.terms.fields = fields(&["score_band", "clean_three_years", "tax_paid_band"]);
    });
    for asked in [&["clean_three_years"][..], &["tax_paid_band", "score_band"]] {
        let reply = ask_for(&caller, &token, &with(loan(), "fields", json!(asked)));
        let leaf = checked::answer(folder, "bank", &reply);
        assert_eq!(released(&reply), names(asked.iter().copied()));
        assert_eq!(leaf.json["fields"], json!(names(asked.iter().copied())));
    }
    for (asked, status, code) in [
        (&["black_listed"][..], 403, "field-not-allowed"),
        (&["score_band", "black_listed"], 403, "field-not-allowed"),
        (&["score_band", "religion"], 400, "unknown-field"),
        (&["score_band", "score_band"], 400, "malformed-request"),
    ] {
        let reply = ask_for(&caller, &token, &with(loan(), "fields", json!(asked)));
        checked::refusal(folder, "bank", &reply, status, code);
    }
    let leaf = checked::answer(folder, "bank", &ask(&caller, &token));
    assert_eq!(leaf.json["ground"]["use"], 3);
}

#[test]
fn the_consent_s_data_life_is_the_obligation() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 14));
    let day = || Offset::constant(8).to_datetime(SystemClock::new().now()).date();
    for (life, span) in [("P1M", 1.month()), ("P10D", 10.days()), ("P6M", 6.months())] {
        let token = altered(folder, &new_jti(), &number, |grant| grant.terms.data_life = period(life));
        let before = day();
        let obligations = ask(&caller, &token).json()["obligations"].clone();
        let keep: jiff::civil::Date = obligations["keep_until"].as_str().unwrap().parse().unwrap();
        assert!([before, day()].iter().any(|day| *day + span == keep), "{life}: {keep}");
        assert_eq!(obligations["automated_decision_notice"], true);
    }
}

#[test]
fn another_institution_s_answer_on_consent_has_another_name_for_the_person() {
    let folder = shared().folder();
    let number = folder.person("clean", 13);
    let bank = ask(&folder.caller("bank"), &token(folder, &number, 1)).json();
    let work = altered(folder, &new_jti(), &number, |grant| {
        grant.certificate = super::thumbprint(folder, "employer");
        (grant.terms.scenario, grant.terms.frequency) = (super::scenario("employment"), super::frequency("1/P1M"));
    });
    let reply = ask_for(&folder.caller("employer"), &work, &with(loan(), "scenario", "employment"));
    checked::answer(folder, "employer", &reply);
    assert_ne!(bank["subject"], reply.json()["subject"]);
}

#[test]
fn every_decision_on_consent_is_made_again_from_leaf_and_catalogue_alone() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("bank");
    for person in folder.persons() {
        let token = token(folder, &person.number, 1);
        drop(caller.ask_with(
            &loan(),
            &[("authorization", &super::bearer(&token)), ("idempotency-key", &format!("key-{}", person.number))],
        ));
        drop(ask(&caller, &token));
    }
    drop(caller.ask(&loan()));
    drop(ask(&caller, "x"));
    let number = folder.person("clean", 0);
    let wide = altered(folder, &new_jti(), &number, |grant| grant.terms.uses = 13);
    drop(ask(&caller, &wide));
    let good = token(folder, &number, 2);
    drop(ask_for(&caller, &good, &with(loan(), "fields", json!(["religion"]))));
    drop(ask_for(&caller, &good, &with(loan(), "fields", json!(["tax_paid_band"]))));
    drop(ask_for(&caller, &good, &with(loan(), "fields", json!(["score_band"]))));
    let folder = gateway.stop();
    let leaves = folder.leaves();
    // Of an institution that is refused much, those that name nobody may share a leaf.
    let shared = |leaf: &Leaf, code: &str| leaf.json["counts"][code].as_u64().unwrap_or_default();
    let count =
        |code: &str| leaves.iter().map(|leaf| u64::from(leaf.text("code") == code) + shared(leaf, code)).sum::<u64>();
    assert!(count("consent-used-up") > 50 && count("subject-minor") > 2, "{}", leaves.len());
    for code in ["consent-required", "consent-invalid", "consent-exceeds-bound", "unknown-field", "field-not-allowed"] {
        assert_eq!(count(code), 1, "{code}");
    }
    assert_sound(&folder);
}
