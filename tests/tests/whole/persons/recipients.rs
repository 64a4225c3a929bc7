//! Who was told of a record: institutions whose answers rest on its class, and nobody whose query is withheld.

use credit_tests::{
    checked,
    query::{look_up, with},
};
use hyper::StatusCode;
use serde_json::json;

use super::{Browser, gateway};

#[test]
fn only_who_was_told_something_of_it_is_there_and_nothing_that_is_withheld() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 0));
    let housing = folder.caller("housing");
    for nr in 0..2 {
        let asked = with(look_up(&number), "case", format!("HZ-2026-{nr:06}"));
        drop(checked::answer(folder, "housing", &housing.ask(&asked)));
    }
    // Refused; about somebody else; exempt from notice.
    drop(housing.ask(&with(look_up(&number), "fields", json!(["score"]))));
    drop(housing.ask(&look_up(&other)));
    let exempt = folder.caller("supervisor").ask(&with(look_up(&number), "scenario", "supervision-inspection"));
    drop(checked::answer(folder, "supervisor", &exempt));
    let browser = Browser::new(folder);
    assert_eq!(browser.json("/me/recipients?record=black-list").status, StatusCode::UNAUTHORIZED);
    drop(browser.log_in());
    for wrong in [
        "",
        "record=",
        "record=nothing",
        "record=black-list.x",
        "record=black-list.2026-02-30",
        "record=black-list&cursor=0",
    ] {
        assert_eq!(browser.json(&format!("/me/recipients?{wrong}")).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let list = |record: &str| {
        let reply = browser.json(&format!("/me/recipients?record={record}"));
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let statement = folder.leaf(reply.json()["statement"]["index"].as_u64().unwrap());
        assert_eq!(statement.text("kind"), "statement");
        reply.json()["list"]["recipients"].clone()
    };
    let told = list("black-list");
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&told[0]["institution"], &told[0]["answers"]), (&json!("housing"), &json!(2)));
    let names: Vec<_> = told[0]["fields"].as_array().unwrap().iter().map(|field| field["name"].clone()).collect();
    // Who stands on a list has had no clean years.
    assert_eq!(names, ["black_listed", "clean_three_years"]);
    let today = told[0]["last"].as_str().unwrap().to_owned();
    assert_eq!(list(&format!("black-list.{today}")), told);
    assert_eq!(list("black-list.2999-01-01"), json!([]), "nobody was told before it was determined");
    assert_eq!(list("red-list"), json!([]));
    assert_eq!(browser.get("/me/recipients?lang=zh").header("location"), Some("/me/report"));
    let page = browser.get("/me/recipients?record=black-list").text();
    assert!(page.contains("演示住房保障局") && !page.contains("supervisor") && !page.contains("信用监管"), "{page}");
}
