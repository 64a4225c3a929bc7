//! Consents as the person sees them, and their withdrawal by the person: of one's own alone, at once, and on the record.

use credit_tests::{Reply, checked};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Browser, gateway};
use crate::consents::{altered, ask, frequency, new_jti, token};

const WITHDRAWALS: &str = "/me/consents/withdrawals";
pub(super) const ISSUER: &str = "https://consent.example";

fn listed(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()["list"]["consents"].as_array().unwrap().clone()
}

fn withdraw(browser: &Browser, jti: &str) -> Reply {
    browser.send_json(Method::POST, WITHDRAWALS, &json!({"iss": ISSUER, "jti": jti}))
}

fn refused_without_form_or_members(browser: &Browser, jti: &str, form: &str) {
    for wrong in [json!({}), json!({"iss": ISSUER}), json!({"iss": ISSUER, "jti": ""}), json!({"iss": 1, "jti": jti})] {
        assert_eq!(browser.send_json(Method::POST, WITHDRAWALS, &wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let forged = |form: &str, headers: &[(&str, &str)]| browser.post(WITHDRAWALS, form, headers).status;
    assert_eq!(forged(&format!("form=x&iss={ISSUER}&jti={jti}"), &[]), StatusCode::FORBIDDEN);
    assert_eq!(forged(form, &[("origin", "https://evil.example")]), StatusCode::FORBIDDEN);
    assert_eq!(forged(form, &[("sec-fetch-site", "cross-site")]), StatusCode::FORBIDDEN);
    assert_eq!(browser.json(WITHDRAWALS).status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn a_person_withdraws_own_consents_alone_and_no_answer_follows() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 1));
    let bank = folder.caller("bank");
    let (jti, of_another) = (new_jti(), new_jti());
    let wide = |grant: &mut credit_policy::consent::Grant| {
        (grant.terms.uses, grant.terms.frequency) = (10, frequency("10/P1D"));
    };
    let own = altered(folder, &jti, &number, wide);
    let others = altered(folder, &of_another, &other, wide);
    for token in [&own, &own, &others] {
        drop(checked::answer(folder, "bank", &ask(&bank, token)));
    }
    let browser = Browser::new(folder);
    let withdraw = |jti: &str| withdraw(&browser, jti);
    assert_eq!(withdraw(&jti).status, StatusCode::UNAUTHORIZED);
    drop(browser.log_in());
    let before = folder.leaves().len();
    // Somebody else's is none, and says no more than one that nobody has.
    let (foreign, unknown) = (withdraw(&of_another), withdraw("consent-nobody"));
    assert_eq!((foreign.status, &foreign.body), (StatusCode::NOT_FOUND, &unknown.body));
    let form = format!("form={}&iss={ISSUER}&jti={jti}", browser.form_token());
    refused_without_form_or_members(&browser, &jti, &form);
    assert_eq!(folder.leaves().len(), before, "nothing was done");

    let list = browser.json("/me/consents");
    let consents = listed(&list);
    assert_eq!(consents.len(), 1);
    let one = &consents[0];
    assert_eq!((&one["jti"], &one["iss"], &one["state"]), (&json!(jti), &json!(ISSUER), &json!("in-force")));
    assert_eq!((&one["used"], &one["uses"], &one["institution"]), (&json!(2), &json!(10), &json!("bank")));
    let statement = folder.leaf(list.json()["statement"]["index"].as_u64().unwrap());
    assert_eq!(statement.text("kind"), "statement");
    assert!(browser.get("/me/consents").text().contains("Withdraw"));

    // By the page: the form of the list, then the list again.
    let done = browser.post(WITHDRAWALS, &form, &[]);
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, Some("/me/consents")));
    drop(checked::refusal(folder, "bank", &ask(&bank, &own), 403, "consent-revoked"));
    drop(checked::answer(folder, "bank", &ask(&bank, &others)));
    let leaves = folder.leaves();
    let revocations: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "revocation").collect();
    assert_eq!(revocations.len(), 1);
    assert_eq!(revocations[0].keys(), ["v", "kind", "id", "at", "actor", "issuer", "jti"]);
    assert!(revocations[0].json["actor"]["person"].is_string());
    assert_eq!(listed(&browser.json("/me/consents"))[0]["state"], "withdrawn");
    // Once more: it is so already, without a second leaf.
    let again = withdraw(&jti);
    assert_eq!((again.status, again.json().get("receipt")), (StatusCode::OK, None));
    // The person sees that it was tried on a withdrawn consent.
    let queries = browser.json("/me/queries").json()["list"]["entries"].clone();
    assert!(queries.as_array().unwrap().iter().any(|entry| entry["refused"]["code"] == "consent-revoked"));
    // Another person withdraws what is his or hers, and gets its receipt.
    service.person(&other);
    let stranger = Browser::new(folder);
    drop(stranger.log_in());
    let reply = stranger.send_json(Method::POST, WITHDRAWALS, &json!({"iss": ISSUER, "jti": of_another}));
    let receipt = reply.json()["receipt"].clone();
    assert_eq!(folder.leaf(receipt["index"].as_u64().unwrap()).text("jti"), of_another);
    for leaf in folder.leaves() {
        assert!(!leaf.json.to_string().contains(&number) && !leaf.json.to_string().contains(&other));
    }
    // What the log says holds again after the process died.
    let gateway = credit_tests::Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &own), 403, "consent-revoked"));
    crate::consents::assert_sound(&gateway.stop());
}

#[test]
fn what_was_refused_needs_no_consent_of_the_list() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let token = token(folder, &folder.person("late", 0), 1);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    assert_eq!(listed(&browser.json("/me/consents")), [json!(null); 0]);
    drop(checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token)));
    drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-used-up"));
    let consents = listed(&browser.json("/me/consents"));
    assert_eq!((consents.len(), &consents[0]["state"]), (1, &json!("used-up")));
}
