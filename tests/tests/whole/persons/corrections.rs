//! Corrections: an institution fetches which of its answers would be others without a record that went out of answers, by fields and
//! day alone; the person sees whether it did. Nothing of what is withheld, of what is the same, or of others.

use std::time::{Duration, Instant};

use credit_tests::{Folder, Gateway, checked, query::look_up, query::with};
use hyper::Method;
use serde_json::{Value, json};

use super::{
    Browser, gateway,
    repairs::{DECISIONS, REPAIRS, post, recorded, repair},
};

fn corrections(folder: &Folder, who: &str, after: u64) -> Value {
    let reply = folder.caller(who).get(&format!("/v1/corrections?after={after}"));
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

fn kinds(folder: &Folder, state: &str) -> Vec<credit_tests::Leaf> {
    let leaves = folder.leaves().into_iter();
    leaves.filter(|leaf| leaf.text("kind") == "correction" && leaf.text("state") == state).collect()
}

fn correction_of(browser: &Browser, class: &str) -> Value {
    let told = browser.json(&format!("/me/recipients?record={class}")).json();
    told["list"]["recipients"][0]["correction"].clone()
}

#[test]
fn who_asks_for_corrections_in_another_form_is_refused() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    for query in ["?after=x", "?after=01", "?after=-1", "?before=1", "?after=1&after=2", "?"] {
        let refused = folder.caller("bank").get(&format!("/v1/corrections{query}"));
        drop(checked::refusal(folder, "bank", &refused, 400, "malformed-request"));
    }
    let refused = post(folder, "bank", "/v1/corrections", &json!({}));
    drop(checked::refusal(folder, "bank", &refused, 405, "method-not-allowed"));
    for path in ["/v1/corrections", "/v1/corrections?after=", "/v1/corrections?after=0"] {
        let none = folder.caller("bank").get(path).json();
        assert_eq!(none, json!({"corrections": [], "after": 0, "more": false}), "{path}");
    }
}

#[test]
fn an_answer_that_would_be_another_one_is_corrected_and_the_person_sees_who_fetched_it() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("late", 1));
    let ask = |who: &str, body: &Value| {
        let reply = folder.caller(who).ask(body);
        drop(checked::answer(folder, who, &reply));
        reply.json()["query"].clone()
    };
    let query = ask("housing", &look_up(&number));
    // About somebody else; exempt from notice; of fields that stay as they are.
    drop(ask("housing", &look_up(&other)));
    drop(ask("supervisor", &with(look_up(&number), "scenario", "supervision-inspection")));
    drop(ask("housing", &with(look_up(&number), "fields", json!(["grey_listed"]))));
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let own = browser.json("/me/report").json()["records"].as_array().unwrap().clone();
    assert_eq!(corrections(folder, "housing", 0)["corrections"], json!([]));
    // One by one: the answer changes with the last adverse record.
    for record in &own {
        let reply = post(folder, "credit-office", REPAIRS, &repair(&number, record));
        drop(recorded(folder, "credit-office", &reply, "repair"));
    }
    let due = corrections(folder, "housing", 0);
    let all = due["corrections"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{due}");
    let one = &all[0];
    assert_eq!((&one["query"], &one["fields"]), (&query, &json!(["clean_three_years"])));
    assert_eq!(one.as_object().unwrap().keys().collect::<Vec<_>>(), ["query", "fields", "day", "receipt"]);
    assert!(!due.to_string().contains(&number));
    let fetched = kinds(folder, "fetched");
    assert_eq!((fetched.len(), fetched[0].json["query"].clone()), (1, query.clone()));
    assert_eq!(
        one["receipt"]["index"].as_u64().map(|index| folder.leaf(index).text("kind").to_owned()),
        Some("correction".to_owned())
    );
    assert_eq!(fetched[0].json["actor"]["institution"], "housing");
    assert_eq!(kinds(folder, "due").len(), 1, "none of what is withheld, nor of what is the same");
    for who in ["supervisor", "bank", "officer"] {
        assert_eq!(corrections(folder, who, 0)["corrections"], json!([]), "{who}");
    }
    let after = due["after"].as_u64().unwrap();
    assert_eq!(corrections(folder, "housing", after), json!({"corrections": [], "after": after, "more": false}));
    assert_eq!(kinds(folder, "fetched").len(), 1);
    let class = own[0]["class"].as_str().unwrap();
    assert_eq!(correction_of(&browser, class), "fetched");
    assert!(browser.get(&format!("/me/recipients?record={class}&lang=en")).status.as_u16() < 400);

    // Over a crash: it is due once, and can be fetched again.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(
        (kinds(folder, "due").len(), corrections(folder, "housing", 0)["corrections"][0]["query"].clone()),
        (1, query)
    );
    assert_eq!(kinds(folder, "fetched").len(), 2);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    assert_eq!(correction_of(&browser, class), "fetched");
    crate::consents::assert_sound(&gateway.stop());
}

#[test]
fn an_objection_that_is_upheld_corrects_and_one_that_is_rejected_does_not() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number))));
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let own = browser.json("/me/report").json()["records"].as_array().unwrap().clone();
    let class = own[0]["class"].as_str().unwrap().to_owned();
    let decide_all = |result: &str| {
        for record in &own {
            let said = json!({"record": record["record"], "statement": "not mine"});
            let id = browser.send_json(Method::POST, "/me/objections", &said).json()["objection"].clone();
            let decision = json!({"objection": id, "result": result, "reason": "x"});
            drop(recorded(folder, "officer", &post(folder, "officer", DECISIONS, &decision), "objection"));
        }
    };
    decide_all("rejected");
    assert_eq!(corrections(folder, "housing", 0)["corrections"], json!([]));
    assert_eq!(correction_of(&browser, &class), Value::Null);
    decide_all("upheld");
    let began = Instant::now();
    // Without anybody asking for it.
    while kinds(folder, "due").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(correction_of(&browser, &class), "due");
    assert_eq!(corrections(folder, "housing", 0)["corrections"].as_array().unwrap().len(), 1);
    assert_eq!(correction_of(&browser, &class), "fetched");
}
