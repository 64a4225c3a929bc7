//! Review: what is suspicious waits for a reviewer at once; the supervisor commits to a nonce before a day and shows it after it;
//! what it draws, and what is suspicious, is opened, judged and closed by officers of two units; a regulator reads the same from the log.

use std::time::Duration;

use credit_audit::{
    clock::{Clock, SystemClock},
    review::{commitment, known_commitment},
};
use credit_tests::{Folder, Gateway, audit, checked, metric, query::look_up_under};
use hyper::{Method, StatusCode};
use jiff::{ToSpan, Zoned, civil::Date, tz::Offset};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    act, at_door,
    by_two::{ONE, OTHER, two_officers},
    of_kind,
};
use crate::{
    cases::recorded,
    faults::{preload::preload, within},
    limits::is_wholly_recorded,
    monthly::{of_month, recomputed},
};

const NONCE: [u8; 32] = [5; 32];
const PLANTED: [u8; 32] = [6; 32];

fn base64(bytes: [u8; 32]) -> Value {
    serde_json::to_value(credit_audit::leaf::Base64(bytes)).unwrap()
}

/// A folder whose officers are of two units, and that draws a day when the next one is over.
pub(super) fn folder() -> Folder {
    let folder = two_officers();
    folder.replace_in_config("acted_within_days = 20", "acted_within_days = 1");
    folder.replace_in_config("per_mille = 20\nwithin_days = 14\n", "per_mille = 1000\nwithin_days = 1\n");
    folder.replace_in_config("at_once = false", "at_once = true");
    // Whoever asks at noon asks out of hours.
    folder.replace_in_config("from_hour = 7", "from_hour = 13");
    folder.replace_in_config("id = \"officer\"\n", "id = \"officer\"\nunit = \"security\"\n");
    folder.replace_in_config("id = \"officer2\"\n", "id = \"officer2\"\nunit = \"internal audit\"\n");
    folder
}

/// The day after tomorrow where the departments are: whatever the hour is, it has not begun when the test ends.
pub(super) fn day() -> Date {
    Offset::constant(8).to_datetime(SystemClock::new().now()).date().checked_add(2.days()).unwrap()
}

/// Serves the folder at noon of a day.
pub(super) fn serve_at_noon(folder: Folder, day: Date) -> Gateway {
    let zone = Offset::constant(8).to_time_zone();
    let noon: Zoned = day.at(12, 0, 0, 0).to_zoned(zone).unwrap();
    let ahead = noon.timestamp().as_second() - SystemClock::new().now().as_second();
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_S", ahead.to_string());
    Gateway::start(folder, command)
}

fn step(folder: &Folder, who: &str, body: &Value) -> StatusCode {
    act(folder, who, "/officers/reviews", body).status
}

fn opened_case(folder: &Folder, case: &str, number: &str, staff: &str, day: Date) {
    let body = json!({"case": case, "scenario": "public-rental-housing", "subject": number, "operator": staff,
                      "opened": day.to_string()});
    let _receipt = recorded(folder, &crate::cases::report(&folder.caller("housing"), "/v1/cases", &body));
}

/// The queue, once so many queries are in it.
pub(super) fn queue(folder: &Folder, queued: u64) -> Value {
    for _ in 0..1_200 {
        let queue = at_door(folder, ONE).get("/officers/reviews").json();
        if queue["periods"][0]["queued"] == queued {
            return queue;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{queued} queries are not under review")
}

/// What is committed to before the day, and by whom alone.
pub(super) fn before_the_day(folder: Folder, day: Date) -> Folder {
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let commit = json!({"state": "committed", "period": day.to_string(), "digest": base64(commitment(&day.to_string(), &NONCE))});
    let begun = json!({"state": "committed", "period": "2026-01", "digest": base64([1; 32])});
    for (who, body, status) in [
        ("housing", &commit, StatusCode::FORBIDDEN),
        (ONE, &commit, StatusCode::CONFLICT),
        ("supervisor", &begun, StatusCode::CONFLICT),
        ("supervisor", &commit, StatusCode::OK),
        ("supervisor", &commit, StatusCode::CONFLICT),
    ] {
        assert_eq!(step(folder, who, body), status, "{who}: {body}");
    }
    let other = json!({"scenario": null, "reason": "x"});
    assert_eq!(act(folder, "supervisor", "/officers/stop", &other).status, StatusCode::FORBIDDEN);
    assert_eq!(at_door(folder, ONE).get("/officers/reviews").json()["cases"], json!([]));
    gateway.kill()
}

/// A look-up that a colleague's case explains, and one that nothing does; gives their ids.
pub(super) fn on_the_day(folder: Folder, day: Date) -> (Folder, [Uuid; 2], String) {
    let gateway = serve_at_noon(folder, day);
    let folder = gateway.folder();
    opened_case(folder, "EXPLAINED-1", &folder.person("clean", 0), "desk-1", day);
    let ask = |case: &str, person: usize| {
        let reply = folder.caller("housing").ask(&look_up_under(&folder.person("clean", person), case));
        checked::answer(folder, "housing", &reply);
        reply.json()["query"].as_str().unwrap().parse::<Uuid>().unwrap()
    };
    let ids = [ask("EXPLAINED-1", 0), ask("MADE-UP-1", 1)];
    let digest = base64(known_commitment(ids[1], "suspicious", &PLANTED));
    let plant = json!({"state": "planted", "period": day.to_string(), "digest": digest});
    assert_eq!(step(folder, ONE, &plant), StatusCode::CONFLICT);
    assert_eq!(step(folder, "supervisor", &plant), StatusCode::OK);
    let show = json!({"state": "shown", "period": day.to_string(), "nonce": base64(NONCE)});
    assert_eq!(step(folder, "supervisor", &show), StatusCode::CONFLICT, "the day is not over");
    let name = at_once(folder, ids[1]);
    (gateway.kill(), ids, name)
}

/// What is suspicious waits for a reviewer before anything is drawn, and is counted; gives the name of its case.
fn at_once(folder: &Folder, alone: Uuid) -> String {
    let all = queue(folder, 1);
    let period = &all["periods"][0];
    assert_eq!((&period["suspicious"], &period["drawn"], &period["shown"]), (&json!(1), &json!(0), &Value::Null));
    let [case] = all["cases"].as_array().unwrap().as_slice() else { panic!("{all}") };
    let name = case["case"].as_str().unwrap();
    let case = at_door(folder, ONE).get(&format!("/officers/reviews/{name}")).json();
    assert_eq!(case["queries"][0]["query"], alone.to_string());
    waiting(folder, 1, 0);
    name.to_owned()
}

/// Waits until the metric has so many that are open, and so many that are late.
fn waiting(folder: &Folder, open: u64, late: u64) {
    let count = |state| metric(folder.port_base(), &format!("credit_gateway_reviews{{state=\"{state}\"}}"));
    let is_so = || (count("open"), count("late")) == (open, late);
    assert!(within(Duration::from_secs(60), is_so), "{} are open and {} late", count("open"), count("late"));
}

/// Only what was committed to is drawn by, once.
pub(super) fn shown(folder: &Folder, day: Date) {
    let _look = at_door(folder, ONE).get("/officers/queries");
    let show = |nonce| json!({"state": "shown", "period": day.to_string(), "nonce": base64(nonce)});
    assert_eq!(step(folder, "supervisor", &show([9; 32])), StatusCode::CONFLICT);
    assert_eq!(step(folder, ONE, &show(NONCE)), StatusCode::CONFLICT);
    assert_eq!(step(folder, "supervisor", &show(NONCE)), StatusCode::OK);
    assert_eq!(step(folder, "supervisor", &show(NONCE)), StatusCode::CONFLICT);
}

#[test]
fn what_nobody_chose_is_opened_judged_and_closed_by_two_units_and_the_log_tells_it() {
    let day = day();
    let (folder, [explained, alone], before) = on_the_day(before_the_day(folder(), day), day);
    let gateway = serve_at_noon(folder, day.checked_add(2.days()).unwrap());
    let folder = gateway.folder();
    shown(folder, day);
    let all = queue(folder, 2);
    assert_eq!((&all["periods"][0]["queries"], &all["periods"][0]["suspicious"]), (&json!(2), &json!(1)));
    assert_eq!(all["cases"].as_array().unwrap().len(), 1, "one member of staff is one case");
    let name = all["cases"][0]["case"].as_str().unwrap();
    assert_eq!(name, before, "a case keeps its name");
    waiting(folder, 2, 1);
    let case = at_door(folder, ONE).get(&format!("/officers/reviews/{name}"));
    assert!(!case.text().contains("staff-0017") && !all.to_string().contains("staff-0017"), "who asked is not shown");
    let words: Vec<_> = case.json()["queries"].as_array().unwrap().iter().map(|one| one["word"].clone()).collect();
    assert_eq!(words, ["explained", "suspicious"]);
    let (open, close) = (json!({"state": "opened", "query": alone}), json!({"state": "closed", "query": alone}));
    let judge = json!({"state": "judged", "query": alone, "verdict": "suspicious", "reason": "no case"});
    for (who, body) in
        [(ONE, &judge), (ONE, &close), ("supervisor", &open), (ONE, &json!({"state": "opened", "query": Uuid::nil()}))]
    {
        assert_eq!(step(folder, who, body), StatusCode::CONFLICT, "{who}: {body}");
    }
    neither_passed_over_nor_in_bulk(folder, explained, alone);
    let seen = act(folder, ONE, "/officers/reviews", &open).json();
    assert_eq!(seen["leaf"]["operator"], "staff-0017", "who opens it sees who asked");
    for wrong in [json!({"verdict": "good"}), json!({"reason": ""}), json!({"reason": "a\nb"})] {
        let mut body = judge.clone();
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(step(folder, ONE, &body), StatusCode::CONFLICT, "{body}");
    }
    assert_eq!(step(folder, OTHER, &judge), StatusCode::CONFLICT, "the other officer did not open it");
    let shown = |who: &str| {
        let headers = [("accept", "text/html"), ("accept-language", "en")];
        at_door(folder, who).send(Method::GET, &format!("/officers/reviews/{name}"), &headers, "").text()
    };
    assert_eq!([ONE, OTHER].map(|who| shown(who).contains(">Judge</button>")), [true, false]);
    assert_eq!(step(folder, ONE, &judge), StatusCode::OK);
    assert_eq!([ONE, OTHER].map(|who| shown(who).contains(">Close</button>")), [false, true]);
    let second = shown(OTHER);
    assert!(second.contains("<dd>no case</dd>") && second.contains("<dt>Judged by</dt><dd>"), "what the judge said");
    waiting(folder, 2, 0);
    assert_eq!(step(folder, ONE, &close), StatusCode::CONFLICT, "who judged does not close");
    // What is judged outlives a kill.
    let gateway = serve_at_noon(gateway.kill(), day.checked_add(2.days()).unwrap());
    let folder = gateway.folder();
    let known = json!({"state": "known", "query": alone, "verdict": "suspicious", "nonce": base64(PLANTED)});
    assert_eq!(step(folder, "supervisor", &known), StatusCode::CONFLICT, "it is not closed");
    assert_eq!(step(folder, OTHER, &close), StatusCode::OK);
    for (who, body) in [(OTHER, &close), (ONE, &judge)] {
        assert_eq!(step(folder, who, body), StatusCode::CONFLICT, "it is over");
    }
    assert_eq!(step(folder, "supervisor", &known), StatusCode::OK);
    let last = queue(folder, 2);
    let period = &last["periods"][0];
    assert_eq!(period["known"], json!([{"query": alone, "right": "suspicious", "judged": "suspicious"}]));
    assert_eq!((&period["opened"], &period["closed"], &period["faults"]), (&json!(1), &json!(1), &json!([])));
    let states: Vec<_> = of_kind(folder, "review").iter().map(|leaf| leaf.text("state").to_owned()).collect();
    assert_eq!(states, ["queued", "queued", "opened", "judged", "closed"]);
    assert!(of_kind(folder, "review").iter().take(2).any(|leaf| leaf.text("query") == explained.to_string()));
    let folder = gateway.stop();
    regulator(&folder, &last);
    let month = day.checked_add(2.days()).unwrap().strftime("%Y-%m").to_string();
    let figures: Value = serde_json::from_str(&of_month(&folder, &month, &["--json"]).held()).unwrap();
    assert_eq!(figures, recomputed(&folder, &month));
    let reviews = &figures["reviews"];
    assert_eq!((&reviews["opened"], &reviews["closed"], &reviews["waiting"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(reviews["judged"], json!({"explained": 0, "unexplained": 0, "suspicious": 1}));
    is_wholly_recorded(&folder);
}

/// There is no verdict on several queries, and no way to pass one over.
fn neither_passed_over_nor_in_bulk(folder: &Folder, one: Uuid, other: Uuid) {
    for wrong in [
        json!({"state": "judged", "query": [one, other], "verdict": "explained", "reason": "all alike"}),
        json!({"state": "judged", "queries": [one, other], "verdict": "explained", "reason": "all alike"}),
        json!([{"state": "opened", "query": one}, {"state": "opened", "query": other}]),
        json!({"state": "skipped", "query": one}),
        json!({"state": "opened"}),
    ] {
        assert_eq!(step(folder, ONE, &wrong), StatusCode::BAD_REQUEST, "{wrong}");
    }
}

/// Who has only the log counts the same, and sees a policy that was another one.
fn regulator(folder: &Folder, last: &Value) {
    let (data, policy) = (folder.join("data"), folder.join("policy.json"));
    std::fs::write(&policy, last["policy"].to_string()).unwrap();
    let (data, file) = (data.to_str().unwrap(), policy.to_str().unwrap());
    let counted: Value = serde_json::from_str(&audit(&["review", data, "--policy", file, "--json"]).held()).unwrap();
    assert_eq!(counted["periods"], last["periods"]);
    assert!(audit(&["review", data]).held().contains("1/1"));
    let late = ["review", data, "--at", "2099-01-01T00:00:00Z", "--json"];
    let late: Value = serde_json::from_str(&audit(&late).held()).unwrap();
    assert_eq!(late["periods"][0]["late"], 2, "one was judged late, one never");
    let mut other = last["policy"].clone();
    other["persons_at_once"] = json!(21);
    std::fs::write(&policy, other.to_string()).unwrap();
    assert!(audit(&["review", data, "--policy", file]).failed(1).contains("not the one of"));
}
