//! What the second gateway refuses, and what becomes of it at the first.

use credit_tests::{
    Gateway, checked,
    query::{look_up, look_up_under, with, without},
};
use serde_json::{Value, json};

use super::{PEER, Pair};
use crate::consents::{altered, bearer, loan, new_jti, thumbprint, token, withdraw};

#[test]
fn on_behalf_is_taken_of_a_gateway_alone_and_in_its_form_alone() {
    let pair = Pair::new();
    let number = pair.first.folder().person("clean", 5);
    let second = pair.second.folder();
    let asked = pair.body(&number);
    let reply = second.caller("officer").ask(&asked);
    checked::refusal(second, "officer", &reply, 400, "malformed-request");
    assert!(reply.text().contains("on_behalf"), "{}", reply.text());

    let on_behalf = |change: &dyn Fn(&mut Value)| {
        let mut asked = pair.body(&number);
        change(&mut asked["on_behalf"]);
        asked
    };
    let malformed: [(&str, Value); 12] = [
        ("null", with(asked.clone(), "on_behalf", Value::Null)),
        ("a text", with(asked.clone(), "on_behalf", "housing")),
        ("a list", with(asked.clone(), "on_behalf", json!([]))),
        ("a member more", on_behalf(&|it| it["name"] = "x".into())),
        ("a member less", on_behalf(&|it| *it = without(it.clone(), "origin"))),
        ("a number", on_behalf(&|it| it["kind"] = 1.into())),
        ("no id", on_behalf(&|it| it["institution"] = "Housing".into())),
        ("no kind", on_behalf(&|it| it["kind"] = "Pawn shop".into())),
        ("no certificate", on_behalf(&|it| it["certificate"] = "AAAA".into())),
        ("no origin", on_behalf(&|it| it["origin"] = "a b".into())),
        ("a number in the origin", on_behalf(&|it| it["origin"] = format!("x/{number}").into())),
        ("no query", on_behalf(&|it| it["query"] = "1".into())),
    ];
    for (what, asked) in malformed {
        let reply = pair.direct(&asked, &[]);
        let leaf = checked::refusal(second, PEER, &reply, 400, "malformed-request");
        assert!(leaf.json.get("on_behalf").is_none(), "{what}");
    }
    assert!(pair.there().iter().all(|leaf| !leaf.json.to_string().contains(&number)));
}

#[test]
fn a_gateway_may_ask_for_those_that_its_row_lists_as_what_they_are_there() {
    let pair = Pair::with_second(|folder| {
        // A certificate that the second knows and its list has revoked.
        folder.set_of_institution(
            "officer",
            "\"institutions/officer.pem\"",
            "\"institutions/officer.pem\", \"institutions/revoked.pem\"",
        );
    });
    let (first, second) = (pair.first.folder(), pair.second.folder());
    let number = first.person("clean", 5);
    let end = |institution: &str, kind: &str| with(look_up(&number), "on_behalf", pair.on_behalf(institution, kind));
    let of = |change: &dyn Fn(&mut Value)| {
        let mut asked = pair.body(&number);
        change(&mut asked["on_behalf"]);
        asked
    };
    let cases: [(&str, Value); 7] = [
        ("itself", look_up(&number)),
        ("an institution that is not listed", end("supervisor", "credit-supervisor")),
        ("another kind than the listed one", end("bank", "housing-department")),
        ("a kind that may not use the scenario", end("bank", "bank")),
        ("a query that began here", of(&|it| it["origin"] = second.vkey().name().into())),
        ("its own certificate", of(&|it| it["certificate"] = pair.on_behalf(PEER, "bank")["certificate"].clone())),
        (
            "a revoked certificate",
            of(&|it| it["certificate"] = pair.on_behalf("revoked", "bank")["certificate"].clone()),
        ),
    ];
    for (what, asked) in cases {
        let reply = pair.direct(&asked, &[]);
        assert_eq!(reply.code(), "scenario-not-allowed", "{what}: {}", reply.text());
        let leaf = checked::refusal(second, PEER, &reply, 403, "scenario-not-allowed");
        assert!(leaf.json.get("fields").is_none(), "{what}");
    }
    // And what is in order is answered, to whom it is of.
    let asked = pair.body(&number);
    let reply = pair.direct(&asked, &[]);
    checked::answer(second, PEER, &reply);
    let echoed = json!({"origin": first.vkey().name(), "query": asked["on_behalf"]["query"]});
    assert_eq!(reply.json()["on_behalf"], echoed);
    crate::consents::assert_sound(second);
}

#[test]
fn a_certificate_of_an_institution_here_speaks_for_nobody_else_even_when_it_has_gone() {
    let pair = Pair::new();
    let number = pair.first.folder().person("clean", 9);
    let refused = |pair: &Pair, when: &str| {
        let (first, second) = (pair.first.folder(), pair.second.folder());
        let theirs = |kind: &str, end: &str| {
            let mut on_behalf = pair.on_behalf(end, kind);
            on_behalf["certificate"] = pair.on_behalf("officer", kind)["certificate"].clone();
            on_behalf
        };
        let token = altered(first, &new_jti(), &number, |grant| grant.certificate = thumbprint(first, "officer"));
        let asked = with(loan(), "on_behalf", theirs("bank", "bank"));
        let on_consent = pair.direct(&asked, &[("authorization", &bearer(&token))]);
        let asked = with(look_up(&number), "on_behalf", theirs("housing-department", "housing"));
        for reply in [on_consent, pair.direct(&asked, &[])] {
            let leaf = checked::refusal(second, PEER, &reply, 403, "scenario-not-allowed");
            assert!(reply.text().contains("名册") && leaf.json.get("on_behalf").is_none(), "{when}");
        }
    };
    refused(&pair, "registered");
    let reply = pair.second.folder().caller("officer").ask(&look_up(&number));
    checked::refusal(pair.second.folder(), "officer", &reply, 403, "scenario-not-allowed");
    // Its own query says whose it was, when the configuration lists it no more.
    let Pair { first, second } = pair;
    let folder = second.stop();
    folder.unregister("officer");
    drop(std::fs::remove_file(folder.join("data/state.snapshot")));
    let pair = Pair { first, second: Gateway::serve(folder) };
    refused(&pair, "registered no more");
    checked::answer(pair.first.folder(), "housing", &pair.look_up(&number));
    crate::consents::assert_sound(pair.second.folder());
}

#[test]
fn a_consent_is_for_the_end_institution_s_certificate() {
    let pair = Pair::new();
    let (first, second) = (pair.first.folder(), pair.second.folder());
    let number = first.person("clean", 6);
    let asked = with(loan(), "on_behalf", pair.on_behalf("bank", "bank"));
    for wrong in [PEER, "housing"] {
        let token = altered(first, &new_jti(), &number, |grant| grant.certificate = thumbprint(first, wrong));
        let reply = pair.direct(&asked, &[("authorization", &bearer(&token))]);
        checked::refusal(second, PEER, &reply, 403, "consent-wrong-institution");
    }
    let reply = pair.direct(&asked, &[("authorization", &bearer(&token(first, &number, 1)))]);
    checked::answer(second, PEER, &reply);
    // What the first refuses never reaches the second.
    let before = pair.there().len();
    let token = altered(first, &new_jti(), &number, |grant| grant.certificate = thumbprint(first, PEER));
    checked::refusal(first, "bank", &pair.loan(&token), 403, "consent-wrong-institution");
    let reply = first.caller("bank").ask(&look_up(&number));
    checked::refusal(first, "bank", &reply, 403, "scenario-not-allowed");
    assert_eq!(pair.there().len(), before);
}

#[test]
fn a_refusal_there_is_one_here_with_the_same_code_and_the_words_of_this_gateway() {
    let pair = Pair::new();
    let (first, second) = (pair.first.folder(), pair.second.folder());
    let number = first.person("clean", 7);

    // Withdrawn there and not here.
    let jti = new_jti();
    let token = altered(first, &jti, &number, |_| ());
    assert_eq!(withdraw(second, &jti).status.as_u16(), 200);
    let reply = pair.loan(&token);
    let leaf = checked::refusal(first, "bank", &reply, 403, "consent-revoked");
    assert!(leaf.json.get("remote").is_none());

    // Used up there and not here.
    let token = crate::consents::token(first, &number, 1);
    let asked = with(loan(), "on_behalf", pair.on_behalf("bank", "bank"));
    checked::answer(second, PEER, &pair.direct(&asked, &[("authorization", &bearer(&token))]));
    checked::refusal(first, "bank", &pair.loan(&token), 403, "consent-used-up");

    // The case has had its look-ups there and not here.
    for _ in 0..3 {
        let asked =
            with(look_up_under(&number, "CASE-THERE"), "on_behalf", pair.on_behalf("housing", "housing-department"));
        checked::answer(second, PEER, &pair.direct(&asked, &[]));
    }
    let reply = first.caller("housing").ask(&look_up_under(&number, "CASE-THERE"));
    checked::refusal(first, "housing", &reply, 409, "case-already-used");

    // The first itself is refused: that is no affair of its institution.
    let config = second.config();
    let suspend = ["institution", "suspend", PEER, "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    let reply = pair.look_up(&number);
    checked::refusal(first, "housing", &reply, 502, "store-failed");
    for folder in [first, second] {
        crate::consents::assert_sound(folder);
    }
}

#[test]
fn what_a_gateway_asked_is_asked_of_no_third_one() {
    let third = credit_tests::shared();
    let pair = Pair::with_second(|folder| {
        std::fs::copy(third.folder().log().join("log.vkey"), folder.join("second.vkey")).unwrap();
        super::asks(folder, third.folder().port_base());
    });
    let number = pair.first.folder().person("clean", 8);
    let reply = pair.direct(&pair.body(&number), &[]);
    checked::refusal(pair.second.folder(), PEER, &reply, 502, "store-failed");
    let asked = third.folder().leaves().into_iter().filter(|leaf| leaf.json.get("on_behalf").is_some()).count();
    assert_eq!(asked, 0);
    checked::refusal(pair.first.folder(), "housing", &pair.look_up(&number), 502, "store-failed");
}
