//! Who asked is shown to nobody who may judge it before the query is opened for review: in no list, no search and no record.

use std::time::Duration;

use credit_tests::{Folder, checked, query::look_up_under};
use hyper::{Method, StatusCode};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::{
    act, at_door,
    by_two::{ONE, OTHER},
    review,
};
use crate::{faults::within, limits::is_wholly_recorded};

const STAFF: &str = "staff-0017";
const REVIEWER: &str = "employer";

fn seen(folder: &Folder, who: &str, path: &str) -> Value {
    let reply = at_door(folder, who).get(path);
    assert_eq!(reply.status, StatusCode::OK, "{who} {path}");
    reply.json()
}

fn page(folder: &Folder, who: &str, path: &str) -> String {
    let headers = [("accept", "text/html"), ("accept-language", "en")];
    at_door(folder, who).send(Method::GET, path, &headers, "").text()
}

/// The address to which a path leads.
fn leads(folder: &Folder, who: &str, path: &str) -> (StatusCode, String) {
    let reply = at_door(folder, who).get(path);
    (reply.status, reply.header("location").unwrap_or_default().to_owned())
}

/// The case in which a query is reviewed.
fn to_case_of(folder: &Folder, query: &str) -> String {
    let (_, case) = leads(folder, ONE, &format!("/officers/reviews?query={query}"));
    case.split('?').next().unwrap().to_owned()
}

fn tells_what_they_have_in_common_and_no_name(folder: &Folder, to_one: &str) {
    let one = seen(folder, ONE, to_one);
    assert_eq!((&one["common"]["out_of_hours"], &one["common"]["institution"]), (&json!(1), &json!("housing")));
    let query = one["queries"][0].clone();
    assert!(query["operator"].is_null() && query["case"].is_null() && query["out_of_hours"] == true, "{query}");
    // How far reviews are is told without a nonce, too.
    assert_eq!(seen(folder, ONE, "/officers/coverage")["reviews"]["months"][0]["suspicious"], 1);
    assert!(page(folder, ONE, "/officers/coverage").contains("nothing drawn, what is suspicious alone"));
}

/// Once it is open.
fn tells_who_asked(folder: &Folder, to_one: &str) {
    let query = seen(folder, OTHER, to_one)["queries"][0].clone();
    assert_eq!(
        (&query["operator"], &query["case"]),
        (&json!(STAFF), &json!("MADE-UP-1")),
        "who and why, once it is open"
    );
    assert!(page(folder, OTHER, to_one).contains(STAFF));
}

/// What is under no review.
fn leads_nowhere(folder: &Folder) {
    let none = "/officers/reviews?query=01920000-0000-7000-8000-000000000000";
    assert_eq!(leads(folder, REVIEWER, none).0, StatusCode::NOT_FOUND);
    assert_eq!(leads(folder, REVIEWER, "/officers/reviews?query=1").0, StatusCode::BAD_REQUEST);
}

#[test]
fn who_asked_is_named_to_nobody_who_may_judge_it_before_it_is_opened() {
    let day = review::day();
    let folder = review::folder();
    folder.replace_in_config("kind = \"employer\"", "kind = \"officer\"\nrole = \"reviewer\"");
    let gateway = review::serve_at_noon(folder, day);
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up_under(&folder.person("clean", 0), "MADE-UP-1"));
    checked::answer(folder, "housing", &reply);
    let id = reply.json()["query"].as_str().unwrap().to_owned();
    let list = "/officers/queries?institution=housing";
    let by_staff = format!("{list}&operator={STAFF}");
    let record = format!("/officers/queries/{id}");
    let waits = || seen(folder, ONE, list)["queries"][0]["review"] == json!({"opened": false, "closed": false});
    assert!(within(Duration::from_secs(60), waits), "{}", seen(folder, ONE, list));
    for who in [ONE, OTHER, REVIEWER] {
        let listed = seen(folder, who, list)["queries"][0].clone();
        assert_eq!((&listed["query"], &listed["staff_hidden"]), (&json!(id), &json!(true)), "{who}");
        assert_eq!(seen(folder, who, &by_staff)["queries"], json!([]), "{who}: what is found would tell who asked");
        let one = seen(folder, who, &record);
        assert!(one["leaf"].is_null() && one["proof"].is_string(), "{who}");
        for path in [list, &record] {
            assert!(!at_door(folder, who).get(path).text().contains(STAFF), "{who} {path}");
            let shown = page(folder, who, path);
            assert!(!shown.contains(STAFF), "{who} {path}");
            assert!(shown.contains("named once the query is opened for review"), "{who} {path}");
            assert!(shown.contains("under review, not opened yet"), "{who} {path}");
        }
        assert!(page(folder, who, &by_staff).contains("leaves out what is under review and not opened yet"), "{who}");
    }
    // Who judges nothing reads it as it stands, and so does the institution itself.
    assert_eq!(seen(folder, "supervisor", &by_staff)["queries"][0]["operator"], STAFF);
    assert_eq!(seen(folder, "supervisor", &record)["leaf"]["operator"], STAFF);
    // From the record to its case, whether or not it is opened; and from what is under no review nowhere.
    let to_case = format!("/officers/reviews?query={id}");
    let (status, case) = leads(folder, REVIEWER, &to_case);
    assert!(status == StatusCode::SEE_OTHER && case.starts_with("/officers/reviews/"), "{status} {case}");
    assert!(case.ends_with(&format!("#q-{id}")) && page(folder, REVIEWER, &record).contains("reviews?query="));
    leads_nowhere(folder);
    let case = page(folder, ONE, case.split('?').next().unwrap());
    assert!(case.contains("What makes a query suspicious") && !case.contains(STAFF));
    assert!(
        case.contains("What these queries have in common") && case.contains("(public-rental-housing): 1"),
        "{case}"
    );
    let to_one = to_case_of(folder, &id);
    tells_what_they_have_in_common_and_no_name(folder, &to_one);
    let open = json!({"state": "opened", "query": id});
    assert_eq!(act(folder, REVIEWER, "/officers/reviews", &open).status, StatusCode::OK);
    let opened = || seen(folder, ONE, list)["queries"][0]["operator"] == STAFF;
    assert!(within(Duration::from_secs(60), opened), "who opened it, named the asker to all");
    assert_eq!(seen(folder, OTHER, &by_staff)["queries"][0]["query"], id);
    assert!(page(folder, OTHER, &record).contains(STAFF));
    tells_who_asked(folder, &to_one);
    // Over a kill, too.
    let gateway = review::serve_at_noon(gateway.kill(), day.checked_add(1.day()).unwrap());
    let folder = gateway.folder();
    let again = folder.caller("housing").ask(&look_up_under(&folder.person("clean", 1), "MADE-UP-2"));
    let second = again.json()["query"].clone();
    let hidden = || {
        let all = seen(folder, OTHER, list)["queries"].clone();
        let of = |id: &Value| all.as_array().unwrap().iter().find(|one| one["query"] == *id).cloned();
        of(&second).is_some_and(|one| one["staff_hidden"] == true)
            && of(&json!(id)).is_some_and(|one| one["operator"] == STAFF)
    };
    assert!(within(Duration::from_secs(60), hidden), "{}", seen(folder, OTHER, list));
    is_wholly_recorded(&gateway.stop());
}
