//! Another gateway of the operator that is hostile, slow or broken, as officers' lists meet it: whatever it answers, no row of it is
//! shown that is not its own log's, nothing of a bad answer is, its log is said to be missing, and the own rows stand there.

use std::{ops::Range, time::Duration};

use credit_tests::{Folder, Gateway, checked, query::look_up_under};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::at_door;
use crate::{
    faults::within,
    peers::hostile::certificate_of,
    stores::http::service::{Service, Step, ok, reply},
};

const LOG: &str = "credit-gateway.example/hostile/r1";

/// In a text of each row of it.
const CANARY: &str = "不可外泄之案";

const LISTS: [(&str, &str); 7] = [
    ("/officers", "officer"),
    ("/officers/queries", "officer"),
    ("/officers/consents", "officer"),
    ("/officers/coverage", "officer"),
    ("/officers/statistics", "officer"),
    ("/officers/alarms", "officer"),
    ("/officers/reviews", "supervisor"),
];

/// A gateway with two queries on its record, and the one that it asks.
struct Beside {
    gateway: Gateway,
    hostile: Service,
}

impl Beside {
    fn new() -> Self {
        let folder = Folder::new();
        let hostile = Service::over_tls(certificate_of(&folder), |_| vec![Step::Close]);
        folder.edit_config(|config| {
            let port = hostile.port();
            let at = format!("log = \"{LOG}\"\nurl = \"https://127.0.0.1:{port}\"\nauthorities = \"ca.pem\"");
            let as_whom = "certificate = \"institutions/officer.pem\"\nkey = \"institutions/officer.key\"";
            format!("{config}\n[[persons.gateways]]\n{at}\n{as_whom}\n")
        });
        let beside = Self { gateway: Gateway::serve(folder), hostile };
        let folder = beside.folder();
        for case in ["HZ-1", "HZ-2"] {
            let reply = folder.caller("housing").ask(&look_up_under(&folder.person("clean", 0), case));
            drop(checked::answer(folder, "housing", &reply));
        }
        let are_found = || beside.shown("/officers/queries", "officer")["queries"][1].is_object();
        assert!(within(Duration::from_secs(30), are_found), "the index does not take them in");
        beside
    }

    fn folder(&self) -> &Folder {
        self.gateway.folder()
    }

    /// What a program is told.
    #[track_caller]
    fn shown(&self, path: &str, who: &str) -> Value {
        let reply = at_door(self.folder(), who).get(path);
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        reply.json()
    }

    #[track_caller]
    fn page(&self, path: &str, who: &str) -> String {
        let reply = at_door(self.folder(), who).send(Method::GET, path, &[("accept", "text/html")], "");
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        reply.text()
    }

    /// Its log is missing for this reason, nothing of it is shown, and the own rows are.
    #[track_caller]
    fn is_missing(&self, (path, who): (&str, &str), what: &str, why: &str, own: &Value) {
        let told = self.shown(path, who);
        let address = format!("https://127.0.0.1:{}", self.hostile.port());
        assert_eq!(told["missing_logs"], json!([{"log": LOG, "why": why, "address": address}]), "{path}, {what}");
        assert!(!told.to_string().contains(CANARY), "{path}, {what}: {told}");
        if path == "/officers/queries" {
            assert_eq!(told["queries"], own["queries"], "{what}");
        }
        let page = self.page(&format!("{path}?lang=en"), who);
        assert!(page.contains("This page is not complete") && !page.contains(CANARY), "{path}, {what}");
    }
}

/// A row of a list of queries.
fn row(index: u64) -> Value {
    let query = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 + u128::from(index));
    json!({"at": "2026-11-01T08:00:00Z", "query": query, "index": index, "institution": "housing", "operator": "a", "case": CANARY})
}

fn rows(indices: impl Iterator<Item = u64>) -> Value {
    json!({"queries": indices.map(row).collect::<Vec<_>>(), "covers": 1_000})
}

fn of(log: &str, shown: &Value) -> Vec<u8> {
    json!({"log": log, "shown": shown}).to_string().into_bytes()
}

/// The same, with something else in its first row.
fn with(name: &str, value: Value) -> Value {
    let mut list = rows((0..3).rev());
    list["queries"][0][name] = value;
    list
}

fn of_html(body: &[u8]) -> Vec<Step> {
    vec![Step::Send(reply("200 OK", "Content-Type: text/html\r\n", body))]
}

/// Answers of no log: what is wrong with each.
fn wrong_lists() -> Vec<(&'static str, Value)> {
    let falling = |range: Range<u64>| rows(range.rev());
    let going_on = |next: u64| {
        let mut list = falling(5..8);
        list["next"] = json!(next);
        list
    };
    let nested = (0..8).fold(json!(CANARY), |inner, _| json!([inner]));
    vec![
        ("rows of another log", with("log", json!("third.example/r1"))),
        ("rows of the asking one's log", with("log", json!("credit-gateway.example/2026/demo"))),
        ("too many for a page", falling(0..51)),
        ("too many rows", json!({"queries": vec![0; 20_001], "covers": 1, "case": CANARY})),
        ("the oldest first", rows(0..3)),
        ("one twice", rows([2, 2, 1].into_iter())),
        ("goes on where it was", going_on(8)),
        ("goes on within itself", going_on(6)),
        ("an index as a text", with("index", json!("2"))),
        ("an index below zero", with("index", json!(-1))),
        ("an index that is no number of a leaf", with("index", json!(u64::MAX))),
        ("no id", with("query", json!(CANARY))),
        ("no time", with("at", json!(CANARY))),
        ("a time as a number", with("at", json!(1))),
        ("a list as a text", with("case", json!([CANARY]))),
        ("a text that is too long", with("case", json!(CANARY.repeat(200)))),
        ("deep", with("more", nested)),
        ("no list", json!(CANARY)),
        ("no rows", json!({"covers": 1, "case": CANARY})),
        ("rows as an object", json!({"queries": {"0": row(0)}, "covers": 1})),
    ]
}

/// What is no answer of a gateway, why its log is missing then, and whether it waits.
fn no_answers() -> Vec<(&'static str, &'static str, Vec<Step>)> {
    let sound = of(LOG, &rows((0..3).rev()));
    let status = |status: &str| vec![Step::Send(reply(status, "Content-Type: application/json\r\n", &sound))];
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
    };
    let begun = |length: usize| Step::Send([head(length).as_bytes(), &sound].concat());
    let moved = format!("Location: https://127.0.0.1:1/{CANARY}\r\nContent-Type: application/json\r\n");
    vec![
        ("another log", "not-a-list", ok(&of("third.example/r1", &rows((0..3).rev())))),
        ("no log", "not-a-list", ok(json!({"shown": rows((0..3).rev())}).to_string().as_bytes())),
        ("a list alone", "not-a-list", ok(rows((0..3).rev()).to_string().as_bytes())),
        ("cut short", "not-a-list", ok(&sound[..sound.len() - 1])),
        ("more after it", "not-a-list", ok(&[sound.as_slice(), b"{}"].concat())),
        ("no UTF-8", "not-a-list", ok(&[sound.as_slice(), b"\xff"].concat())),
        ("deep beyond measure", "not-a-list", ok("[".repeat(100_000).as_bytes())),
        ("nothing", "not-a-list", ok(b"")),
        ("refused", "refused", status("403 Forbidden")),
        ("does not know this one", "refused", status("401 Unauthorized")),
        ("a fault", "away", status("500 Internal Server Error")),
        ("accepted", "away", status("202 Accepted")),
        ("moved", "away", vec![Step::Send(reply("302 Found", &moved, &sound))]),
        ("too large", "away", vec![begun(64 << 20), Step::Close]),
        ("ends early", "away", vec![begun(sound.len() + 1), Step::Close]),
        ("reset", "away", vec![Step::Reset]),
        ("no HTTP", "away", vec![Step::Send(sound.clone()), Step::Close]),
        ("slow", "away", vec![begun(sound.len() + 1), Step::Wait(Duration::from_secs(7)), Step::Close]),
    ]
}

#[test]
fn of_a_hostile_gateway_no_row_is_shown_and_its_log_is_missing() {
    let beside = Beside::new();
    let at = ("/officers/queries", "officer");
    let own = beside.shown(at.0, at.1);
    let origin = own["of_logs"][0].as_str().unwrap().to_owned();
    // What is in order is shown, as the other log's.
    beside.hostile.answers(|_| ok(&of(LOG, &with("case", json!(format!("{CANARY}<script>"))))));
    let told = beside.shown(at.0, at.1);
    assert_eq!((&told["missing_logs"], &told["of_logs"]), (&json!([]), &json!([origin, LOG])), "{told}");
    let logs: Vec<_> = told["queries"].as_array().unwrap().iter().map(|one| one["log"].clone()).collect();
    assert_eq!(logs, [&origin, &origin, LOG, LOG, LOG].map(|log| json!(log)));
    let page = beside.page(at.0, at.1);
    assert!(page.contains(CANARY) && !page.contains("<script>"), "{page}");
    for (what, list) in wrong_lists() {
        let answer = of(LOG, &list);
        beside.hostile.answers(move |_| ok(&answer));
        beside.is_missing(at, what, "not-a-list", &own);
    }
    for (what, why, steps) in no_answers() {
        beside.hostile.answers(move |_| steps.clone());
        beside.is_missing(at, what, why, &own);
    }
    // It was asked for the officer, and for nothing that it should not know.
    let asked = beside.hostile.asked();
    assert!(asked.iter().all(|asked| asked.head.starts_with("POST /officers/elsewhere ")), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.body["view"] == "queries" && asked.body["officer"] == "officer"));
    let said = beside.gateway.err().text();
    assert!(!said.contains(CANARY) && !said.contains("panic"), "{said}");
    assert!(said.contains("what another gateway has for an officer could not be had"), "{said}");
}

#[test]
fn every_page_covers_the_logs_that_ended_before_it_too() {
    let beside = Beside::new();
    beside.hostile.answers(|asked| {
        let mut list = rows((100..150).rev());
        list["next"] = json!(100);
        let list = if asked.body.get("before").is_some() { rows((90..100).rev()) } else { list };
        ok(&of(LOG, &list))
    });
    let first = beside.shown("/officers/queries", "officer");
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = beside.shown(&format!("/officers/queries?cursor={cursor}"), "officer");
    let count = |page: &Value| page["queries"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&last), last["next_cursor"].is_null()), (50, 10, true));
    let covers = |page: &Value| page["covers"].as_u64().unwrap();
    assert!(covers(&first) > 1_000, "the own log and the other's 1,000 leaves: {}", covers(&first));
    assert_eq!(covers(&last), covers(&first), "the own log was looked through before");
}

#[test]
fn every_list_is_shown_without_what_a_hostile_gateway_says_of_it() {
    let beside = Beside::new();
    for at @ (path, who) in LISTS {
        beside.hostile.answers(|_| vec![Step::Close]);
        let own = beside.shown(path, who);
        // Its own form, so that only what is altered is wrong with it.
        let mut sound = own.clone();
        let_be_of(&mut sound, LOG);
        let answer = of(LOG, &sound);
        beside.hostile.answers(move |_| ok(&answer));
        assert_eq!(beside.shown(path, who)["missing_logs"], json!([]), "{path}");
        let mut huge = sound.clone();
        grow(&mut huge);
        let mut foreign = sound.clone();
        foreign["canary"] = json!({"log": "third.example/r1", "case": CANARY});
        for (what, answer) in [
            ("another log", of("third.example/r1", &sound)),
            ("a row of another log", of(LOG, &foreign)),
            ("a text", of(LOG, &json!(CANARY))),
            ("an empty object", of(LOG, &json!({}))),
            ("numbers that no log has", of(LOG, &huge)),
            ("rows of another kind", of(LOG, &of_another_kind(&sound))),
        ] {
            beside.hostile.answers(move |_| ok(&answer));
            beside.is_missing(at, what, "not-a-list", &own);
        }
        beside.hostile.answers(|_| of_html(CANARY.as_bytes()));
        beside.is_missing(at, "a page", "not-a-list", &own);
    }
    let said = beside.gateway.err().text();
    assert!(!said.contains(CANARY) && !said.contains("panic"), "{said}");
}

/// Names another log wherever one is named.
fn let_be_of(shown: &mut Value, log: &str) {
    match shown {
        Value::Object(all) => {
            for (name, value) in all {
                if name == "log" && value.is_string() {
                    *value = json!(log);
                }
                let_be_of(value, log);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| let_be_of(one, log)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Makes each number as large as it can be; and there is one.
fn grow(shown: &mut Value) {
    fn each(value: &mut Value) {
        match value {
            Value::Number(_) => *value = json!(u64::MAX),
            Value::Object(all) => all.values_mut().for_each(each),
            Value::Array(all) => all.iter_mut().for_each(each),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    each(shown);
    shown["number"] = json!(u64::MAX);
}

/// Lists are texts and texts are lists.
fn of_another_kind(shown: &Value) -> Value {
    match shown {
        Value::Object(all) => all.iter().map(|(name, value)| (name.clone(), of_another_kind(value))).collect(),
        Value::Array(_) => json!(CANARY),
        Value::String(_) => json!([CANARY]),
        Value::Null | Value::Bool(_) | Value::Number(_) => json!({ "case": CANARY }),
    }
}
