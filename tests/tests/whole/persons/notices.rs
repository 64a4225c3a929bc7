//! Notices for persons who never log in: to a notifier alone, number and a fixed text and nothing else, until they are given.

use std::time::{Duration, Instant};

use credit_tests::{Folder, Gateway, checked, metric, query::look_up, query::with};
use serde_json::{Value, json};

use super::{
    Browser, gateway,
    repairs::{post, recorded},
};

const NOTICES: &str = "/v1/notices";
const GIVEN: &str = "/v1/notices/acknowledgements";

fn fetched(folder: &Folder) -> Value {
    let reply = folder.caller("notifier").get(NOTICES);
    drop(recorded(folder, "notifier", &reply, "read"));
    reply.json()
}

fn owed(folder: &Folder) -> u64 {
    metric(folder.port_base(), "credit_gateway_notices{state=\"owed\"}")
}

#[test]
fn notices_are_for_a_notifier_alone() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    for who in ["bank", "officer", "credit-office", "department"] {
        let refused = folder.caller(who).get(NOTICES);
        drop(checked::refusal(folder, who, &refused, 403, "scenario-not-allowed"));
        let refused = post(folder, who, GIVEN, &json!({"notices": ["019aa000-0000-7000-8000-000000000000"]}));
        drop(checked::refusal(folder, who, &refused, 403, "scenario-not-allowed"));
    }
    for wrong in [
        json!({}),
        json!({"notices": []}),
        json!({"notices": ["x"]}),
        json!({"notices": "x"}),
        json!({"notices": null}),
    ] {
        let refused = post(folder, "notifier", GIVEN, &wrong);
        drop(checked::refusal(folder, "notifier", &refused, 400, "malformed-request"));
    }
}

#[test]
fn a_notice_says_nothing_of_the_query_and_is_owed_until_it_was_given() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("late", 1));
    assert_eq!(fetched(folder)["notices"], json!([]));
    for _ in 0..2 {
        drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number))));
    }
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&other))));
    // Refused; exempt.
    drop(folder.caller("housing").ask(&with(look_up(&folder.person("late", 2)), "fields", json!(["score"]))));
    let exempt = folder.caller("supervisor").ask(&with(
        look_up(&folder.person("late", 3)),
        "scenario",
        "supervision-inspection",
    ));
    drop(checked::answer(folder, "supervisor", &exempt));
    let answer = fetched(folder);
    let notices = answer["notices"].as_array().unwrap().clone();
    let mut numbers: Vec<_> = notices.iter().map(|notice| notice["number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    let mut expected = vec![number.clone(), other.clone()];
    expected.sort();
    assert_eq!(numbers, expected);
    assert_eq!(notices[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["notice", "number"]);
    assert_eq!(
        answer.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["query", "notices", "text", "after", "more", "receipt"]
    );
    for word in ["housing", "black_listed", "public-rental-housing", "CASE-"] {
        assert!(!answer.to_string().contains(word), "{word}");
    }
    let began = Instant::now();
    while owed(folder) != 3 {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", owed(folder));
        std::thread::sleep(Duration::from_millis(100));
    }
    let id = |number: &str| notices.iter().find(|notice| notice["number"] == *number).unwrap()["notice"].clone();
    // All, or none.
    let unknown = json!({"notices": [id(&number), "019aa000-0000-7000-8000-000000000000"]});
    drop(checked::refusal(folder, "notifier", &post(folder, "notifier", GIVEN, &unknown), 404, "not-found"));
    let given = post(folder, "notifier", GIVEN, &json!({"notices": [id(&number)]}));
    let leaf = recorded(folder, "notifier", &given, "notice");
    assert_eq!((leaf.text("way"), leaf.json["count"].as_u64()), ("message", Some(2)));
    assert!(!leaf.json.to_string().contains(&number));
    drop(checked::refusal(
        folder,
        "notifier",
        &post(folder, "notifier", GIVEN, &json!({"notices": [id(&number)]})),
        404,
        "not-found",
    ));
    let left = fetched(folder)["notices"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["number"]), (1, &json!(other)));
    // Over a crash; and the person reads that it was given.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert_eq!(fetched(folder)["notices"], left);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let listed = browser.json("/me/queries").json()["list"]["entries"].clone();
    let asked = listed.as_array().unwrap().iter().filter(|entry| entry["institution"] == "housing");
    let states: Vec<_> = asked.map(|entry| entry["notice"].clone()).collect();
    assert_eq!(states, ["given", "given"]);
    crate::consents::assert_sound(&gateway.stop());
}

#[test]
fn who_logs_in_is_told_there_and_what_is_late_is_counted() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("late", 0)))));
    assert_eq!(fetched(folder)["notices"].as_array().unwrap().len(), 1);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    drop(browser.json("/me/queries"));
    assert_eq!(fetched(folder)["notices"], json!([]));
    assert_eq!(metric(folder.port_base(), "credit_gateway_notices{state=\"overdue\"}"), 0);
}

#[test]
fn reports_of_a_year_are_counted_for_each_person_and_none_is_refused() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let number = |browser: &Browser| {
        let reply = browser.json("/me/report");
        assert_eq!(reply.status.as_u16(), 200);
        reply.header("credit-report-of-year").unwrap().to_owned()
    };
    for nr in 1..=3 {
        assert_eq!(number(&browser), format!("{nr}; free=2"));
    }
    assert!(browser.get("/me/report").text().contains("Report 4 of this year"));
    // What is looked up to check an objection is no report.
    let record = browser.json("/me/report").json()["records"][0]["record"].clone();
    let said = json!({"record": record, "statement": "not mine"});
    assert_eq!(browser.send_json(hyper::Method::POST, "/me/objections", &said).status.as_u16(), 200);
    assert_eq!(number(&browser), "6; free=2");
    service.person(&folder.person("late", 1));
    let other = Browser::new(folder);
    drop(other.log_in());
    assert_eq!(number(&other), "1; free=2");
}
