//! Cases that are decided at one gateway and looked up at another: counted over the logs of all, as `credit-audit` counts them, and
//! nobody is called missed while another gateway has not said what it has.

use std::fs;

use credit_tests::{Folder, Gateway, Leaf, audit, checked, gateway, metric, query::look_up_under};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    TIME,
    lists::{OTHER, asks, is_asked_by},
    origin, replicas_with, stopped,
};
use crate::{
    cases::{decide, open},
    directories::Directory,
    faults::within,
    officers::of_kind,
};

/// Two gateways that ask each other, with listed logs.
pub(super) fn both() -> (Vec<Gateway>, Directory) {
    let directory = Directory::init();
    let ports = std::cell::RefCell::new(Vec::new());
    let gateways = replicas_with(2, |folder| {
        directory.lists(folder);
        is_asked_by(folder);
        if let Some(first) = ports.borrow().first() {
            asks(folder, "r0", *first);
        }
        ports.borrow_mut().push(folder.port_base() + 2);
    });
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let folder = first.stop();
    asks(&folder, "r1", second.folder().port_base() + 2);
    (vec![Gateway::serve(folder), second], directory)
}

fn looked_up(at: &Folder, person: &str, case: &str) -> u64 {
    let reply = at.caller("housing").ask(&look_up_under(person, case));
    drop(checked::answer(at, "housing", &reply));
    reply.index()
}

/// What an officer is shown, as a program and as a page.
fn shown(folder: &Folder) -> Value {
    let reply = folder.caller("officer").at(folder.port_base() + 2).get("/officers/coverage");
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()
}

fn page(folder: &Folder, lang: &str) -> String {
    let path = format!("/officers/coverage?lang={lang}");
    let door = folder.caller("officer").at(folder.port_base() + 2);
    door.send(Method::GET, &path, &[("accept", "text/html")], "").text()
}

/// The same, once so many decisions wait for another gateway and so many are counted.
#[track_caller]
fn known(folder: &Folder, unknown: u64, decided: u64) -> Value {
    let is_known = |all: &Value| all["unknown"] == unknown && sum(all, "decided") == decided;
    assert!(within(TIME, || is_known(&shown(folder))), "{}", shown(folder));
    shown(folder)
}

fn sum(figures: &Value, name: &str) -> u64 {
    figures["departments"].as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
}

/// What the command says beside a gateway, whether that runs or not.
fn said(folder: &Folder, more: &[&str]) -> Value {
    let config = folder.config();
    let arguments = [&["coverage", "--config", config.to_str().unwrap(), "--json"], more].concat();
    serde_json::from_str(&gateway(&arguments).held()).unwrap()
}

fn listed(folder: &Folder, name: &str) -> String {
    let (config, list) = (folder.config(), folder.join(name).to_str().unwrap().to_owned());
    drop(gateway(&["coverage", "--config", config.to_str().unwrap(), "--list", &list]).held());
    list
}

/// Case and log of each miss.
fn cases(misses: &Value) -> Vec<(&str, &str)> {
    misses
        .as_array()
        .unwrap()
        .iter()
        .map(|miss| (miss["case"].as_str().unwrap(), miss["log"].as_str().unwrap()))
        .collect()
}

/// One case of each fate, decided at the first gateway, and one at the other; returns the leaves that prove two of them.
fn fates(one: &Folder, other: &Folder) -> [(u64, u64); 2] {
    let person = |nr| one.person("clean", nr);
    open(one, "BEFORE", &person(0));
    let before = looked_up(other, &person(0), "BEFORE");
    let decided = decide(one, "BEFORE", None).index;
    open(one, "AFTER", &person(1));
    decide(one, "AFTER", None);
    looked_up(other, &person(1), "AFTER");
    open(one, "NEVER", &person(2));
    decide(one, "NEVER", None);
    // Registered at one, decided at the other, which has no person of it in its own log.
    open(other, "THERE", &person(3));
    decide(one, "THERE", None);
    open(one, "HERE", &person(4));
    let here = looked_up(one, &person(4), "HERE");
    let at_other = decide(other, "HERE", None).index;
    open(other, "OPEN", &person(5));
    [(decided, before), (at_other, here)]
}

#[test]
fn a_case_that_was_looked_up_at_any_gateway_counts_at_all_as_credit_audit_counts_it() {
    let (gateways, directory) = both();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let [proof, at_other] = fates(one, other);
    let misses = |folder: &Folder| metric(folder.port_base(), "credit_gateway_case_misses");
    let (first, second) = (known(one, 0, 5), known(other, 0, 5));
    assert_eq!(first["departments"], second["departments"], "all gateways say the same");
    let counts = ["registered", "looked_up", "late", "missed", "unregistered"].map(|name| sum(&first, name));
    assert_eq!(counts, [6, 2, 1, 2, 0], "{first}");
    let r0 = origin("r0");
    let expected = [("AFTER", r0.as_str()), ("NEVER", &r0), ("THERE", &r0)];
    assert_eq!([cases(&first["misses"]), cases(&second["misses"])], [expected, expected]);
    // What proves a case is named by log and leaf.
    let proofs = first["elsewhere"].as_array().unwrap();
    let of = |nr: usize, names: [&str; 3]| names.map(|name| proofs[nr][name].clone());
    assert_eq!(of(0, ["log", "index", "case"]), [json!(origin("r0")), json!(proof.0), json!("BEFORE")]);
    assert_eq!(of(0, ["looked_up_log", "looked_up", "scenario"])[..2], [json!(origin("r1")), json!(proof.1)]);
    assert_eq!(of(1, ["log", "index", "looked_up"]), [json!(origin("r1")), json!(at_other.0), json!(at_other.1)]);
    for (lang, words) in [("en", "Counted over the logs of all gateways"), ("zh", "按全部网关的日志合并统计")]
    {
        let text = page(one, lang);
        assert!(text.contains(words) && text.contains("NEVER") && text.contains("BEFORE"), "{text}");
    }
    // Each gateway raises an alarm for what was decided there alone.
    assert!(within(TIME, || (misses(one), misses(other)) == (3, 0)), "{} {}", misses(one), misses(other));
    // It is on the record of both that one asked.
    let paths = |folder: &Folder, is: &dyn Fn(&Leaf) -> bool| {
        of_kind(folder, "read")
            .iter()
            .filter(|leaf| is(leaf))
            .map(|leaf| leaf.text("path").to_owned())
            .collect::<Vec<_>>()
    };
    let there = paths(other, &|leaf| leaf.json["actor"]["officer"] == OTHER);
    assert!(there.contains(&"officers/elsewhere/look-ups".to_owned()), "{there:?}");
    let here = paths(one, &|leaf| leaf.json["actor"].get("system").is_some());
    assert!(here.contains(&"officers/elsewhere/look-ups/asked".to_owned()), "{here:?}");
    let list = listed(one, "misses.txt");
    assert!(within(TIME, || misses(one) == 0), "what was handed over raises no alarm");
    let text = fs::read_to_string(&list).unwrap();
    assert!(
        text.starts_with("credit-gateway/coverage/2\n")
            && text.lines().filter(|line| line.contains(" | ")).count() == 3
    );
    let shown = known(other, 0, 5);
    assert!(shown["misses"].as_array().unwrap().iter().all(|miss| miss["handed_over"] == true), "{shown}");
    let folders = stopped(gateways);
    let of_set: Value = serde_json::from_str(&directory.of_set("coverage", &folders, &["--json"]).held()).unwrap();
    for folder in &folders {
        let figures = said(folder, &[]);
        for member in ["departments", "waiting", "misses"] {
            assert_eq!(figures[member], of_set[member], "{member}");
        }
    }
    drop(directory.of_set("coverage", &folders, &["--list", &list]).held());
    // One log alone says nothing of it.
    let alone = audit(&["coverage", folders[0].log().to_str().unwrap(), "--list", &list]).failed(1);
    assert!(alone.contains("counts over several logs"), "{alone}");
    directory.holds(&folders);
}

#[test]
fn while_another_gateway_is_away_a_case_is_not_known_and_neither_an_alarm_nor_handed_over() {
    let (gateways, directory) = both();
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let persons = [0, 1, 2].map(|nr| first.folder().person("clean", nr));
    for (nr, case) in ["COUNTED", "THERE", "NEVER"].into_iter().enumerate() {
        open(first.folder(), case, &persons[nr]);
    }
    decide(first.folder(), "COUNTED", None);
    drop(known(first.folder(), 0, 1));
    looked_up(second.folder(), &persons[1], "THERE");
    let away = second.stop();
    for case in ["THERE", "NEVER"] {
        decide(first.folder(), case, None);
    }
    let figures = |folder: &Folder| {
        let port = folder.port_base();
        ["credit_gateway_case_misses_in_all", "credit_gateway_cases_unknown_in_all"].map(|name| metric(port, name))
    };
    // Kept over a restart without the other one, too: what it said before is at hand.
    let first = Gateway::serve(first.stop());
    let folder = first.folder();
    let all = known(folder, 2, 1);
    assert_eq!(cases(&all["misses"]), [("COUNTED", origin("r0").as_str())], "{all}");
    assert_eq!(all["missing_logs"][0]["why"], "away", "{all}");
    assert!(within(TIME, || figures(folder) == [1, 2]), "{:?}", figures(folder));
    for (lang, words) in [("en", "neither looked up nor missed yet"), ("zh", "尚不知是否已查的办结")] {
        assert!(page(folder, lang).contains(words), "{lang}");
    }
    let alarms = folder.caller("officer").at(folder.port_base() + 2).get("/officers/alarms").json();
    assert!(alarms["to_do"].as_array().unwrap().iter().any(|one| one["alarm"] == "cases-unknown"), "{alarms}");
    let list = listed(folder, "misses.txt");
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains("COUNTED") && !text.contains("THERE") && !text.contains("NEVER"), "{text}");
    assert!(within(TIME, || figures(folder) == [0, 2]), "{:?}", figures(folder));
    assert!(!first.err().text().contains(&persons[1]));
    // Gone for good, its log says all of it; where that is none of the set, or damaged, nothing is taken.
    let ended = |folder: &Folder, log: &Folder| {
        let (config, log) = (folder.config(), log.log());
        gateway(&["coverage", "--config", config.to_str().unwrap(), "--ended", log.to_str().unwrap()])
    };
    assert!(ended(folder, folder).failed(1).contains("is none of those that are counted"));
    drop(ended(folder, &away).held());
    let first = Gateway::serve(first.stop());
    let all = known(first.folder(), 0, 3);
    assert_eq!((sum(&all, "looked_up"), sum(&all, "missed")), (1, 2), "{all}");
    assert_eq!((&all["counted"][1]["ended"], &all["missing_logs"][0]["why"]), (&json!(true), &json!("away")));
    // As if it had not been said: what is kept is derived.
    let folder = first.stop();
    fs::remove_dir_all(folder.join("data/look-ups")).unwrap();
    let first = Gateway::serve(folder);
    let folder = first.folder();
    drop(known(folder, 3, 0));
    // Once it is back, one is looked up, and the other is missed and in no list.
    let second = Gateway::serve(away);
    let all = known(folder, 0, 3);
    assert_eq!((sum(&all, "looked_up"), sum(&all, "missed")), (1, 2), "{all}");
    assert!(within(TIME, || figures(folder) == [1, 0]), "{:?}", figures(folder));
    let later = listed(folder, "later.txt");
    let folders = [first.stop(), second.stop()];
    drop(directory.of_set("coverage", &folders, &["--list", &list, "--list", &later]).held());
    directory.holds(&folders);
}

#[test]
fn a_gateway_that_cannot_ask_the_others_calls_nobody_missed() {
    let directory = Directory::init();
    let gateways = replicas_with(2, |folder| directory.lists(folder));
    let (one, other) = (gateways[0].folder(), gateways[1].folder());
    open(one, "HERE", &one.person("clean", 0));
    decide(one, "HERE", None);
    let all = known(one, 1, 0);
    assert_eq!((&all["misses"], sum(&all, "registered")), (&json!([]), 0), "{all}");
    let (config, list) = (one.config(), one.join("misses.txt"));
    let asked = gateway(&["coverage", "--config", config.to_str().unwrap(), "--list", list.to_str().unwrap()]);
    let refused = asked.failed(1);
    assert!(refused.contains("[[persons.gateways]]") && !list.exists(), "{refused}");
    assert!(of_kind(one, "read").iter().all(|leaf| !leaf.text("path").starts_with("/coverage/")));
    // Who is no gateway of this operator is told nothing.
    let asked = |who: &str, body: &Value| crate::officers::act(other, who, "/officers/elsewhere", body).status;
    assert_eq!(asked("officer", &json!({"view": "look-ups", "from": "0"})), StatusCode::FORBIDDEN);
    assert_eq!(said(one, &[])["unknown"], 1);
    directory.holds(&stopped(gateways));
}
