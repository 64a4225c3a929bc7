//! What one officer does once another approved it, or alone in an emergency: opening a sealed part, resuming after a stop.

use std::{fs, os::unix::fs::PermissionsExt};

use credit_tests::{Folder, Gateway, Reply, checked, metric, query::look_up, readiness};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act,
    by_two::{ONE, OTHER, at_port, listed, two_officers},
    command, of_kind,
};
use crate::{faults::preload::preload, limits::is_wholly_recorded};

const REASON: &str = "court order 7";

fn unseal(folder: &Folder, who: &str, more: &Value, entry: u64) -> Reply {
    let mut body = json!({"entry": entry, "reason": REASON});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act(folder, who, "/officers/unseals", &body)
}

/// The last words of the paths under which tries of this act were refused.
fn tried(folder: &Folder, act: &str) -> Vec<String> {
    let begin = format!("officers/{act}/");
    let paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    paths.filter(|path| path.starts_with(&begin)).map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
}

/// The index of a query about this person.
fn asked(folder: &Folder) -> u64 {
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let query = folder.leaves().iter().rposition(|leaf| leaf.text("kind") == "query");
    u64::try_from(query.unwrap()).unwrap()
}

/// The newest proposal.
fn proposal(folder: &Folder) -> String {
    listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned()
}

fn emergencies(folder: &Folder) -> (u64, u64) {
    let known = &listed(folder)["emergencies"];
    (known["waiting"].as_u64().unwrap(), known["alone"].as_u64().unwrap())
}

#[test]
fn a_gateway_of_one_officer_opens_nothing() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let entry = asked(folder);
    for more in [json!({}), json!({"emergency": true})] {
        assert_eq!(unseal(folder, ONE, &more, entry).status, StatusCode::CONFLICT);
    }
    assert_eq!(tried(folder, "unseal"), ["no-two", "no-two"]);
    assert!(of_kind(folder, "unseal").is_empty());
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn a_sealed_part_is_opened_once_by_two_and_each_other_try_is_on_the_record() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let (entry, number) = (asked(folder), folder.person("clean", 0));
    for who in ["supervisor", "housing"] {
        assert_eq!(unseal(folder, who, &json!({"emergency": true}), entry).status, StatusCode::FORBIDDEN, "{who}");
    }
    assert_eq!(unseal(folder, ONE, &json!({"emergency": true}), 1_000_000).status, StatusCode::CONFLICT);
    let index = entry.to_string();
    let words = ["unseal", &index, "--reason", REASON];
    assert!(at_port(folder, ONE, &words).held().contains("proposed"));
    let id = proposal(folder);
    let by_it = json!({"proposal": id});
    assert_eq!(unseal(folder, ONE, &json!({}), entry).status, StatusCode::CONFLICT);
    assert_eq!(unseal(folder, ONE, &by_it, entry).status, StatusCode::CONFLICT);
    let own = at_port(folder, ONE, &[&words[..], &["--approve", &id]].concat()).failed(1);
    assert!(own.contains("own proposal"), "{own}");
    // Who approves says what: not the proposal of something else.
    let other = ["unseal", &index, "--reason", "curiosity", "--approve", &id];
    assert!(at_port(folder, OTHER, &other).failed(1).contains("another digest"));
    assert!(at_port(folder, OTHER, &[&words[..], &["--approve", &id]].concat()).held().contains("approved"));
    assert_eq!(unseal(folder, ONE, &by_it, entry - 1).status, StatusCode::CONFLICT);
    assert_eq!(tried(folder, "unseal"), ["alone", "not-yet", "other-digest"]);
    assert!(of_kind(folder, "unseal").is_empty(), "nothing is opened so far");
    // The approval is there after a kill, and what came of it too.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let out = folder.join("opened.json");
    let into = ["--proposal", &id, "--out", out.to_str().unwrap()];
    let said = at_port(folder, ONE, &[&words[..], &into].concat()).held();
    assert!(!said.contains(&number), "what is in the file is not on the terminal too");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let opened: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert!(opened["opened"]["sealed"]["number"] == number.as_str(), "the person of the query");
    let leaves = of_kind(folder, "unseal");
    assert_eq!((leaves.len(), leaves[0].json["entry"].as_u64()), (1, Some(entry)));
    assert_eq!((leaves[0].text("proposal"), &leaves[0].json["actor"]["officer"]), (id.as_str(), &"officer".into()));
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let again = folder.join("again.json");
    let into = ["--proposal", &id, "--out", again.to_str().unwrap()];
    assert!(at_port(folder, OTHER, &[&words[..], &into].concat()).failed(1).contains("done already"));
    assert!(!again.exists(), "no file where nothing was opened");
    assert_eq!(tried(folder, "unseal").last().unwrap(), "done");
    assert_eq!(emergencies(folder), (0, 0));
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn one_alone_opens_one_record_and_another_officer_approves_it_within_the_hour() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let entry = asked(folder);
    let index = entry.to_string();
    let words = ["unseal", &index, "--reason", REASON];
    let opened: Value =
        serde_json::from_str(&at_port(folder, ONE, &[&words[..], &["--emergency"]].concat()).held()).unwrap();
    assert!(opened["opened"]["sealed"]["number"] == folder.person("clean", 0).as_str());
    let leaf = of_kind(folder, "unseal").pop().unwrap();
    assert!(leaf.json.get("proposal").is_none(), "one officer did it");
    for who in [ONE, OTHER] {
        assert_eq!(unseal(folder, who, &json!({"emergency": true}), entry).status, StatusCode::CONFLICT, "{who}");
    }
    assert_eq!(tried(folder, "unseal"), ["emergency-waits", "emergency-waits"]);
    // It waits over a kill.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert_eq!(emergencies(folder), (1, 0));
    assert_eq!(metric(folder.port_base(), "credit_gateway_emergencies"), 1);
    let id = proposal(folder);
    assert!(at_port(folder, ONE, &[&words[..], &["--approve", &id]].concat()).failed(1).contains("own proposal"));
    assert!(at_port(folder, OTHER, &[&words[..], &["--approve", &id]].concat()).held().contains("approved"));
    assert_eq!(emergencies(folder), (0, 0));
    // That approval opens nothing more.
    assert_eq!(unseal(folder, OTHER, &json!({"proposal": id}), entry).status, StatusCode::CONFLICT);
    assert_eq!(tried(folder, "unseal").last().unwrap(), "done");
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn after_a_stop_two_officers_resume_or_one_in_an_emergency() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let stop = json!({"reason": "drill"});
    let stopped = || assert_eq!(act(folder, ONE, "/officers/stop", &stop).status, StatusCode::OK);
    let look_ups = || folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    stopped();
    for who in [ONE, OTHER] {
        assert_eq!(act(folder, who, "/officers/resume", &json!({"reason": "over"})).status, StatusCode::CONFLICT);
    }
    assert!(command(folder, &["resume", "--reason", "over"]).failed(1).contains("two officers decide"));
    assert_eq!(tried(folder, "resume"), ["alone", "alone"]);
    let words = ["resume", "--reason", "over"];
    assert!(at_port(folder, OTHER, &words).held().contains("proposed"));
    let id = proposal(folder);
    assert!(at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat()).failed(1).contains("not approved"));
    assert_eq!(look_ups().code(), "stopped", "one signature resumes nothing");
    drop(at_port(folder, ONE, &[&words[..], &["--approve", &id]].concat()).held());
    drop(at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat()).held());
    checked::answer(folder, "housing", &look_ups());
    // What was approved does not end the next stop.
    stopped();
    assert!(at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat()).failed(1).contains("done already"));
    drop(at_port(folder, ONE, &[&words[..], &["--emergency"]].concat()).held());
    checked::answer(folder, "housing", &look_ups());
    assert_eq!(emergencies(folder), (1, 0));
    let id = proposal(folder);
    drop(at_port(folder, OTHER, &[&words[..], &["--approve", &id]].concat()).held());
    assert_eq!(emergencies(folder), (0, 0));
    is_wholly_recorded(&gateway.stop());
}

/// A gateway whose clock is ahead by so many seconds.
fn serve_ahead(folder: Folder, seconds: u32) -> Gateway {
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_S", seconds.to_string());
    Gateway::start(folder, command)
}

#[test]
fn after_an_hour_without_a_second_officer_an_emergency_is_alone_for_good() {
    let gateway = Gateway::serve(two_officers());
    let entry = asked(gateway.folder());
    let emergency = json!({"emergency": true});
    assert_eq!(unseal(gateway.folder(), ONE, &emergency, entry).status, StatusCode::OK);
    let proposed = listed(gateway.folder())["proposals"][0].clone();
    // Nearly an hour: it waits.
    let gateway = serve_ahead(gateway.kill(), 3_000);
    assert_eq!(emergencies(gateway.folder()), (1, 0));
    let gateway = serve_ahead(gateway.kill(), 3_700);
    let folder = gateway.folder();
    assert_eq!(emergencies(folder), (0, 1));
    assert_eq!(metric(folder.port_base(), "credit_gateway_emergencies"), 1);
    assert!(readiness(folder.port_base() + 4).1.contains("warning: emergency-alone"));
    let late = json!({"proposal": proposed["proposal"], "digest": proposed["digest"]});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &late).status, StatusCode::CONFLICT);
    assert!(of_kind(folder, "read").last().unwrap().text("path").ends_with("/expired"));
    assert_eq!(emergencies(folder), (0, 1), "nobody settles it any more");
    assert_eq!(
        unseal(folder, ONE, &emergency, entry).status,
        StatusCode::CONFLICT,
        "who was alone is never alone again"
    );
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn the_person_reads_who_opened_a_query_for_review_or_its_sealed_part() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let entry = asked(folder);
    let shown = || {
        let body = json!({"number": folder.person("clean", 0), "act": "queries"});
        let list = act(folder, ONE, "/officers/counter", &body);
        assert_eq!(list.status, StatusCode::OK);
        list.json()["list"]["looked_at"].clone()
    };
    assert_eq!(shown(), Value::Null);
    assert_eq!(unseal(folder, ONE, &json!({"emergency": true}), entry).status, StatusCode::OK);
    let looked = shown();
    let (leaf, of) = (&of_kind(folder, "unseal")[0], &folder.leaves()[usize::try_from(entry).unwrap()]);
    assert_eq!(looked.as_array().unwrap().len(), 1);
    assert_eq!((&looked[0]["what"], &looked[0]["officer"]), (&json!("unsealing"), &json!("officer")));
    assert_eq!(&looked[0]["query"], &of.json["id"]);
    // A leaf has microseconds whatever they are; JSON leaves out zeros at the end.
    let at = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(at(&looked[0]["at"]), at(&leaf.json["at"]));
    is_wholly_recorded(&gateway.stop());
}
