//! The counter, and who may act for another person: an officer does it for who is present, a guardian or heir by a mandate until
//! its end; each act names who acted, and the person reads it.

use credit_tests::{Folder, Gateway, Leaf, Reply, checked, query::look_up};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Browser, blocks::wide, export::check, gateway};
use crate::consents::{ask, assert_sound, new_jti, new_log::continue_log};

const SCENARIO: &str = "commercial-loan";

pub(crate) fn at_counter(folder: &Folder, who: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("accept-language", "en")];
    let door = folder.caller(who).at(folder.port_base() + 2);
    door.send(Method::POST, "/officers/counter", &headers, body.to_string())
}

pub(crate) fn done(folder: &Folder, body: &Value) -> Value {
    let reply = at_counter(folder, "officer", body);
    assert_eq!(reply.status, StatusCode::OK, "{}", body["act"]);
    reply.json()
}

/// Each act that was done for the person, oldest first: by whom, and what.
fn done_for(browser: &Browser) -> Vec<(String, String)> {
    let list = browser.json("/me/queries").json();
    let all = list["list"]["done_for"].as_array().cloned().unwrap_or_default();
    let text = |done: &Value, name: &str| done[name].as_str().unwrap_or_default().to_owned();
    all.iter().rev().map(|done| (text(done, "by"), text(done, "act"))).collect()
}

fn of_kind<'a>(leaves: &'a [Leaf], kind: &'a str) -> impl Iterator<Item = &'a Leaf> {
    leaves.iter().filter(move |leaf| leaf.text("kind") == kind)
}

#[test]
fn nobody_but_an_officer_acts_at_the_counter_and_nothing_without_its_form() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let before = folder.leaves().len();
    let report = json!({"number": number, "act": "report"});
    for who in ["supervisor", "housing", "bank"] {
        assert_eq!(at_counter(folder, who, &report).status, StatusCode::FORBIDDEN, "{who}");
    }
    for wrong in [
        json!({}),
        json!({"number": number}),
        json!({"number": number, "act": "everything"}),
        json!({"number": "990001199003071011", "act": "report"}),
        json!({"number": [number], "act": "report"}),
        json!([number, "report"]),
    ] {
        assert_eq!(at_counter(folder, "officer", &wrong).status, StatusCode::BAD_REQUEST);
    }
    let door = folder.caller("officer").at(folder.port_base() + 2);
    let form = door.send(Method::POST, "/officers/counter", &[("content-type", "text/plain")], report.to_string());
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(folder.leaves().len(), before, "nothing was done");
    let other = folder.person("clean", 0);
    for (wrong, status) in [
        (json!({"deputy": number, "as": "guardian", "until": "2099-01-01"}), StatusCode::FORBIDDEN),
        (json!({"deputy": other, "as": "guardian", "until": "2099-01-01"}), StatusCode::FORBIDDEN),
        (json!({"deputy": other, "as": "guardian", "until": "2000-01-01"}), StatusCode::FORBIDDEN),
        (json!({"deputy": other, "as": "guardian"}), StatusCode::BAD_REQUEST),
        (json!({"deputy": other, "as": "friend", "until": "2099-01-01"}), StatusCode::BAD_REQUEST),
        (json!({"deputy": "x", "as": "heir", "until": "2099-01-01"}), StatusCode::BAD_REQUEST),
    ] {
        let mut body = wrong;
        (body["number"], body["act"]) = (json!(number), json!("mandate"));
        assert_eq!(at_counter(folder, "officer", &body).status, status);
    }
    let end = json!({"number": number, "act": "end-mandate", "mandate": "019aa000-0000-7000-8000-000000000000"});
    assert_eq!(at_counter(folder, "officer", &end).status, StatusCode::NOT_FOUND);
    assert_eq!(folder.leaves().len(), before, "nothing was done");
}

#[test]
fn what_an_officer_does_for_who_is_present_is_the_officer_s_act_and_the_person_reads_it() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let jti = new_jti();
    let token = wide(folder, &jti, &number);
    drop(checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token)));
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number))));
    let act = |name: &str, more: Value| {
        let mut body = more;
        (body["number"], body["act"]) = (json!(number), json!(name));
        done(folder, &body)
    };
    let report = act("report", json!({}));
    assert!(report["data"].is_object() && report["records"][0]["record"].is_string());
    let list = act("queries", json!({}));
    // Both queries and the report.
    assert_eq!(list["list"]["entries"].as_array().unwrap().len(), 3);
    let consents = act("consents", json!({}));
    let consent = &consents["list"]["consents"][0];
    assert_eq!(consent["jti"], json!(jti));
    let withdrawn = act("withdraw", json!({"iss": consent["iss"], "jti": jti}));
    let blocked = act("block", json!({"scenario": SCENARIO}));
    assert_eq!(
        act("blocks", json!({}))["blocks"].as_array().unwrap().iter().filter(|b| b["blocked"] == true).count(),
        1
    );
    let said = json!({"record": report["records"][0]["record"], "statement": "that was somebody else"});
    let objected = act("object", said);
    assert_eq!(act("objections", json!({}))["objections"][0]["objection"], objected["objection"]);

    let leaves = folder.leaves();
    let by_officer = |leaf: &Leaf| leaf.json["actor"]["officer"] == "officer";
    for made in [&withdrawn, &blocked, &objected] {
        let index = usize::try_from(made["receipt"]["index"].as_u64().unwrap()).unwrap();
        assert!(by_officer(&leaves[index]), "{}", leaves[index].text("kind"));
    }
    let notices: Vec<_> = of_kind(&leaves, "notice").collect();
    assert_eq!((notices.len(), notices[0].text("way"), by_officer(notices[0])), (1, "counter", true));
    assert_eq!(of_kind(&leaves, "binding").filter(|leaf| by_officer(leaf)).count(), 8);
    assert!(!leaves.iter().any(|leaf| leaf.json.to_string().contains(&number)), "a number stands in a leaf");
    drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked"));

    let browser = Browser::new(folder);
    drop(browser.log_in());
    let names = ["report", "queries", "consents", "withdraw", "block", "blocks", "object", "objections"];
    let expected: Vec<_> = names.iter().map(|name| ("counter".to_owned(), (*name).to_owned())).collect();
    assert_eq!(done_for(&browser), expected);
    // The export has each with its leaf and what proves it.
    let exported = browser.json("/me/export");
    let acts = exported.json()["export"]["done_for"].as_array().unwrap().clone();
    let shown: Vec<_> = acts.iter().rev().map(|act| act["shown"]["act"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown, names);
    assert!(acts.iter().all(|act| act["leaf"].as_str().unwrap().contains("\"kind\":\"binding\"")));
    assert_eq!(check(folder, &exported.text(), true), None);
    let altered = exported.text().replacen("\"act\":\"block\"", "\"act\":\"report\"", 1);
    assert!(check(folder, &altered, false).unwrap().contains("altered afterwards"));
    let page = browser.get("/me/queries").text();
    assert!(page.contains("The officer officer did this for you at the counter: report."));
    // Killed: the index is made of what the log has, and says the same.
    let gateway = Gateway::serve(gateway.kill());
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    assert_eq!(done_for(&browser), expected);
    let folder = gateway.stop();
    assert_sound(&folder);
    let config = folder.config();
    drop(credit_tests::gateway(&["index", "check", "--config", config.to_str().unwrap()]).held());
}

fn mandate(folder: &Folder, number: &str, deputy: &str) -> String {
    let today =
        folder.leaves().last().unwrap().json["at"].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    let until = today.saturating_add(jiff::ToSpan::days(30));
    let body = json!({"number": number, "act": "mandate", "as": "guardian", "deputy": deputy, "until": until});
    done(folder, &body)["mandate"].as_str().unwrap().to_owned()
}

fn choose(browser: &Browser, mandate: &str) -> StatusCode {
    browser.send_json(Method::POST, "/me/mandates", &json!({"mandate": mandate})).status
}

fn number_of(browser: &Browser) -> Value {
    browser.json("/me/report").json()["data"]["citizen_number"].clone()
}

#[test]
fn who_has_a_mandate_acts_for_another_until_it_ends_and_apart_from_the_own() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (deputy, ward, stranger) = (folder.person("late", 0), folder.person("late", 1), folder.person("late", 2));
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&ward))));
    let id = mandate(folder, &ward, &deputy);
    // Of nobody else's use, and not the other way round.
    for other in [&stranger, &ward] {
        service.person(other);
        let browser = Browser::new(folder);
        drop(browser.log_in());
        assert_eq!(browser.json("/me/mandates").json()["mandates"], json!([]));
        assert_eq!(choose(&browser, &id), StatusCode::NOT_FOUND);
        assert_eq!(number_of(&browser), json!(other));
    }
    service.person(&deputy);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let known = browser.json("/me/mandates").json()["mandates"].clone();
    assert_eq!((&known[0]["mandate"], &known[0]["as"]), (&json!(id), &json!("guardian")));
    assert!(!known.to_string().contains(&ward));
    assert!(browser.get("/me/mandates").text().contains("as guardian"));
    assert_eq!(number_of(&browser), json!(deputy));
    assert_eq!(choose(&browser, &id), StatusCode::OK);
    assert_eq!(number_of(&browser), json!(ward));
    assert!(browser.get("/me/mandates").text().contains("You are acting for another person"));
    let list = browser.json("/me/queries").json();
    let institutions = list["list"]["entries"].as_array().unwrap().iter().filter(|e| e["institution"] == "housing");
    assert_eq!(institutions.count(), 1);
    let blocked = browser.send_json(Method::POST, "/me/blocks", &json!({"scenario": SCENARIO}));
    assert_eq!(blocked.status, StatusCode::OK);
    let exported =
        || browser.get("/me/export").json()["export"]["entries"].to_string().contains("\"institution\":\"housing\"");
    assert!(exported());
    assert_eq!(choose(&browser, ""), StatusCode::OK);
    assert_eq!(number_of(&browser), json!(deputy));
    let own = browser.json("/me/queries").json();
    assert!(own["list"]["entries"].as_array().unwrap().iter().all(|entry| entry.get("institution").is_none()));
    assert!(done_for(&browser).is_empty(), "what was done for another is not among the own");
    assert!(!exported(), "nor in the own export");
    let own = browser.json("/me/blocks").json()["blocks"].clone();
    assert!(own.as_array().unwrap().iter().all(|block| block["blocked"] == false));

    service.person(&ward);
    let other = Browser::new(folder);
    drop(other.log_in());
    let all = done_for(&other);
    assert_eq!(all[0], ("counter".to_owned(), String::new()), "the mandate");
    let guardian: Vec<_> = all[1..].iter().map(|(by, act)| (by.as_str(), act.as_str())).collect();
    assert_eq!(
        guardian,
        ["/me/report", "/me/mandates", "/me/queries", "/me/blocks", "/me/export"].map(|path| ("guardian", path))
    );

    // Ended, it is over at once, in the session too that had chosen it.
    assert_eq!(choose(&browser, &id), StatusCode::OK);
    let end = json!({"number": ward, "act": "end-mandate", "mandate": id});
    drop(done(folder, &end));
    let refused = browser.json("/me/queries");
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("has ended"));
    assert_eq!(number_of(&browser), json!(deputy), "and acts for nobody else");
    assert_eq!(choose(&browser, &id), StatusCode::NOT_FOUND);
    assert_eq!(at_counter(folder, "officer", &end).status, StatusCode::NOT_FOUND, "once");
    assert_sound(&gateway.stop());
}

#[test]
fn a_mandate_stands_over_kills_and_in_every_log_that_follows_and_one_that_ended_stays_so() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (deputy, ward) = (folder.person("late", 0), folder.person("late", 1));
    let (kept, ended) = (mandate(folder, &ward, &deputy), mandate(folder, &folder.person("late", 2), &deputy));
    drop(done(folder, &json!({"number": folder.person("late", 2), "act": "end-mandate", "mandate": ended})));
    let holds = |gateway: &Gateway| {
        let browser = Browser::new(gateway.folder());
        drop(browser.log_in());
        let known = browser.json("/me/mandates").json()["mandates"].clone();
        assert_eq!(known.as_array().unwrap().len(), 1);
        assert_eq!(choose(&browser, &ended), StatusCode::NOT_FOUND);
        assert_eq!(choose(&browser, &kept), StatusCode::OK);
        assert_eq!(number_of(&browser), json!(ward));
    };
    holds(&gateway);
    let gateway = Gateway::serve(gateway.kill());
    holds(&gateway);
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    holds(&gateway);
    // Ended in the new log, it does not come back out of the one before.
    drop(done(gateway.folder(), &json!({"number": ward, "act": "end-mandate", "mandate": kept})));
    let gateway = Gateway::serve(gateway.kill());
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    assert_eq!(browser.json("/me/mandates").json()["mandates"], json!([]));
    assert_sound(&gateway.stop());
}
