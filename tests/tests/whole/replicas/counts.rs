//! What is used once is used once, by whichever gateway.

use credit_tests::{
    Gateway, checked, figures,
    query::{look_up, look_up_under},
};
use serde_json::json;

use super::{ask_at_once, callers, of_ten_uses, replicas};
use crate::consents::{ask, bearer, loan, new_jti, token};

/// How many answered leaves the logs have together.
fn answered(gateways: &[Gateway]) -> usize {
    let of = |gateway: &Gateway| {
        gateway
            .folder()
            .leaves()
            .iter()
            .filter(|leaf| leaf.text("kind") == "query" && leaf.text("outcome") == "answered")
            .count()
    };
    gateways.iter().map(of).sum()
}

#[test]
fn of_two_hundred_that_use_a_consent_at_once_over_three_gateways_one_is_answered() {
    let gateways = replicas(3);
    let banks = callers(&gateways, "bank");
    for round in 0..3 {
        let before = answered(&gateways);
        let number = gateways[0].folder().person("clean", round);
        let token = token(gateways[0].folder(), &number, 1);
        let replies = ask_at_once(&banks, 200, |_| (loan(), vec![("authorization".to_owned(), bearer(&token))]));
        assert_eq!(replies.len(), 200);
        let mut codes: Vec<_> = replies.iter().map(|(_, reply)| (reply.status.as_u16(), reply.code())).collect();
        codes.sort();
        let right = codes.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(right, 1, "round {round}");
        assert!(codes.iter().all(|(status, code)| *status == 200 || code == "consent-used-up"), "round {round}");
        assert_eq!(answered(&gateways) - before, 1);
    }
    figures(format_args!("3 rounds of 200 on one use over three gateways: one answered each"));
}

#[test]
fn uses_of_a_consent_are_numbered_over_all_gateways() {
    let gateways = replicas(2);
    let banks = callers(&gateways, "bank");
    let number = gateways[0].folder().person("clean", 0);
    let token = of_ten_uses(gateways[0].folder(), &new_jti(), &number);
    let mut uses = Vec::new();
    for at in [0, 1, 1, 0, 0, 1, 0, 1, 1, 1] {
        let reply = ask(&banks[at], &token);
        let leaf = checked::answer(gateways[at].folder(), "bank", &reply);
        uses.push(leaf.json["ground"]["use"].as_u64().unwrap());
    }
    assert_eq!(uses, (1..=10).collect::<Vec<_>>());
    for (at, bank) in banks.iter().enumerate() {
        checked::refusal(gateways[at].folder(), "bank", &ask(bank, &token), 403, "consent-used-up");
    }
}

#[test]
fn a_case_a_day_and_different_persons_count_over_all_gateways() {
    let gateways = replicas(2);
    let (one, other) = (gateways[0].folder(), gateways[1].folder());
    let housing = callers(&gateways, "housing");
    let number = one.person("clean", 0);
    // Look-ups of one case, in turn.
    let mut answered = 0;
    let refused = (0..50).find_map(|nr| {
        let reply = housing[nr % 2].ask(&look_up_under(&number, "CASE-OF-BOTH"));
        answered += usize::from(reply.status == 200);
        (reply.status != 200).then_some((nr % 2, reply))
    });
    let (at, reply) = refused.expect("a case has a limit");
    checked::refusal(gateways[at].folder(), "housing", &reply, 409, "case-already-used");
    let again = housing[1 - at].ask(&look_up_under(&number, "CASE-OF-BOTH"));
    checked::refusal(gateways[1 - at].folder(), "housing", &again, 409, "case-already-used");
    assert!(answered > 0 && other.leaves().iter().any(|leaf| leaf.text("kind") == "query"));
}

#[test]
fn limits_of_a_day_are_reached_by_all_together_and_nothing_is_spent_by_what_is_refused() {
    let gateways = super::replicas_with(2, |folder| {
        folder.set_of_institution("housing", "look_ups_a_person_a_day = 100000", "look_ups_a_person_a_day = 7");
        folder.set_of_institution("housing", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 2");
    });
    let housing = callers(&gateways, "housing");
    let persons: Vec<_> = (0..3).map(|nr| gateways[0].folder().person("clean", nr)).collect();
    let ask = |at: usize, nr: usize| housing[at].ask(&look_up(&persons[nr]));
    for at in [0, 1, 0, 1, 0, 1, 0] {
        checked::answer(gateways[at].folder(), "housing", &ask(at, 0));
    }
    for at in [0, 1] {
        checked::refusal(gateways[at].folder(), "housing", &ask(at, 0), 429, "rate-limited");
    }
    checked::answer(gateways[1].folder(), "housing", &ask(1, 1));
    for at in [0, 1] {
        checked::refusal(gateways[at].folder(), "housing", &ask(at, 2), 429, "distinct-subjects-exceeded");
        checked::answer(gateways[at].folder(), "housing", &ask(at, 1));
    }
}

#[test]
fn an_idempotency_key_is_taken_for_all_gateways() {
    let gateways = replicas(2);
    let housing = callers(&gateways, "housing");
    let number = gateways[0].folder().person("clean", 0);
    let body = look_up(&number);
    let key = [("idempotency-key", "of-both-1")];
    let first = housing[0].ask_with(&body, &key);
    checked::answer(gateways[0].folder(), "housing", &first);
    // Its own gateway answers again; another one has not what was told, and says so.
    checked::answer(gateways[0].folder(), "housing", &housing[0].ask_with(&body, &key));
    let elsewhere = housing[1].ask_with(&body, &key);
    checked::refusal(gateways[1].folder(), "housing", &elsewhere, 409, "answer-changed");
    let mut other = body.clone();
    other["operator"] = json!("staff-0018");
    for at in [0, 1] {
        let reply = housing[at].ask_with(&other, &key);
        checked::refusal(gateways[at].folder(), "housing", &reply, 409, "idempotency-conflict");
    }
}
