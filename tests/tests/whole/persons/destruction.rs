//! Keys that two officers destroy: what was sealed about a month or about one person opens never again, what was said and is
//! still in force holds on, and log, replay and all other records are as before.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use credit_tests::{Folder, Gateway, audit, checked, gateway, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{IDENTITY, Service, counter::done};
use crate::{
    faults::{preload::preload, within},
    officers::{
        act,
        by_two::{ONE, OTHER, at_port, listed, two_officers},
        loading::written,
        of_kind,
    },
};

const SCENARIO: &str = "commercial-loan";
const DAY: i64 = 86_400;
const DESTRUCTIONS: &str = "/officers/destructions";

/// Two officers, and a law that wants records for a month only.
pub(crate) fn folder() -> Folder {
    let folder = two_officers();
    drop(rules(&folder, "rules"));
    folder.replace_in_config("# dir = \"catalogue\"", "dir = \"rules\"");
    folder
}

/// The catalogue of that law.
pub(crate) fn rules(folder: &Folder, name: &str) -> PathBuf {
    written(folder, name, |text| text.replace("retention = \"P3Y\"", "retention = \"P1M\""))
}

/// The gateway some days later.
pub(crate) fn later(folder: Folder, days: i64) -> Gateway {
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_S", (days * DAY).to_string()).env("LC_ALL", "C.UTF-8");
    Gateway::start(folder, command)
}

fn at_counter(folder: &Folder, number: &str, act: &str, more: Value) -> Value {
    let mut body = more;
    (body["number"], body["act"]) = (json!(number), json!(act));
    done(folder, &body)
}

fn is_blocked(folder: &Folder, number: &str) -> bool {
    let blocks = at_counter(folder, number, "blocks", json!({}));
    blocks["blocks"].as_array().unwrap().iter().any(|row| row["scenario"] == SCENARIO && row["blocked"] == true)
}

/// The objections of a person, by id and state.
fn objections(folder: &Folder, number: &str) -> Vec<(Value, Value)> {
    let said = at_counter(folder, number, "objections", json!({}));
    said["objections"].as_array().unwrap().iter().map(|row| (row["objection"].clone(), row["state"].clone())).collect()
}

fn queries(folder: &Folder, number: &str) -> usize {
    at_counter(folder, number, "queries", json!({}))["list"]["entries"].as_array().unwrap().len()
}

/// Asks about a person, who closes a scenario and objects to a record; the month in which that was, and the query's index.
fn said(folder: &Folder, number: &str) -> (String, u64) {
    let reply = folder.caller("housing").ask(&look_up(number));
    let leaf = checked::answer(folder, "housing", &reply);
    drop(at_counter(folder, number, "block", json!({"scenario": SCENARIO})));
    let report = at_counter(folder, number, "report", json!({}));
    let record = &report["records"][0]["record"];
    drop(at_counter(folder, number, "object", json!({"record": record, "statement": "that was somebody else"})));
    (leaf.text("key").trim_start_matches("data-").to_owned(), reply.index())
}

fn proposal(folder: &Folder) -> String {
    listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned()
}

/// Why the last try was refused, as the record has it.
fn tried(folder: &Folder) -> String {
    let mut paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    let last = paths.rfind(|path| path.starts_with("officers/destroy/")).unwrap();
    last.rsplit('/').next().unwrap().to_owned()
}

/// Whether the sealed part of a record opens for two officers.
fn opens(folder: &Folder, entry: u64) -> bool {
    let index = entry.to_string();
    let words = ["unseal", &index, "--reason", "a test"];
    drop(at_port(folder, ONE, &words).held());
    let id = proposal(folder);
    drop(at_port(folder, OTHER, &[&words[..], &["--approve", &id]].concat()).held());
    let done = at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat());
    if done.code != Some(0) {
        assert!(done.err.contains("data key was destroyed"), "{}", done.err);
    }
    done.code == Some(0)
}

/// A destruction that another officer approved, by command: the proposal.
#[track_caller]
fn approved(folder: &Folder, words: &[&str]) -> String {
    assert!(at_port(folder, ONE, words).held().contains("proposed"));
    let id = proposal(folder);
    let own = at_port(folder, ONE, &[words, &["--approve", &id]].concat()).failed(1);
    assert!(own.contains("own proposal"), "{own}");
    let early = at_port(folder, ONE, &[words, &["--proposal", &id]].concat()).failed(1);
    assert!(early.contains("another officer approves it first"), "{early}");
    assert!(at_port(folder, OTHER, &[words, &["--approve", &id]].concat()).held().contains("approved"));
    id
}

/// One destruction by two, by command.
#[track_caller]
fn by_two(folder: &Folder, what: &[&str]) -> Value {
    let words = [&["keys", "destroy"], what].concat();
    let id = approved(folder, &words);
    let said = at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat()).held();
    assert!(said.contains("backups of the ring"), "{said}");
    let made = &said[said.find('{').unwrap()..=said.find('}').unwrap()];
    serde_json::from_str(made).unwrap()
}

fn number_file(folder: &Folder, number: &str) -> PathBuf {
    let file = folder.join("number");
    fs::write(&file, format!("{number}\n")).unwrap();
    file
}

fn is_sound(folder: &Folder) {
    let (log, vkey, rules) = (folder.log(), folder.join("data/log/log.vkey"), folder.join("rules"));
    let [log, vkey, rules] = [&log, &vkey, &rules].map(|path| path.to_str().unwrap());
    drop(audit(&["verify", log, "--vkey", vkey]).held());
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", rules]).held());
    drop(gateway(&["index", "check", "--config", folder.config().to_str().unwrap()]).held());
}

#[test]
fn keys_are_destroyed_by_two_alone_once_the_law_wants_their_records_no_longer() {
    let folder = folder();
    let _service = Service::start(folder.port_base() + IDENTITY, &folder.person("late", 0));
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let (month, entry) = said(folder, &number);
    let before = of_kind(folder, "proposal").len();
    let young = at_port(folder, ONE, &["keys", "destroy", "--month", &month]).failed(1);
    assert!(young.contains(&format!("records of {month} are kept until")), "{young}");
    for wrong in
        [json!({}), json!({"month": "2026-13"}), json!({"person": "x"}), json!({"month": month, "reason": "x"})]
    {
        assert_eq!(act(folder, ONE, DESTRUCTIONS, &wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    for who in ["supervisor", "housing"] {
        let refused = act(folder, who, DESTRUCTIONS, &json!({"month": month}));
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{who}");
    }
    let emergency = at_port(folder, ONE, &["keys", "destroy", "--month", &month, "--emergency"]).failed(64);
    assert!(emergency.contains("never destroyed by one"), "{emergency}");
    assert_eq!(of_kind(folder, "proposal").len(), before);

    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let alone = act(folder, ONE, DESTRUCTIONS, &json!({"month": month}));
    assert_eq!((alone.status, tried(folder).as_str()), (StatusCode::CONFLICT, "alone"));
    let none = at_port(folder, ONE, &["keys", "destroy", "--month", "2020-01"]).failed(1);
    assert!(none.contains("nothing of that"), "{none}");
    assert!(opens(folder, entry));
    let (was_blocked, objected) = (is_blocked(folder, &number), objections(folder, &number));
    assert!(was_blocked && objected.len() == 1 && objected[0].1 == "open");
    assert!(queries(folder, &number) > 1, "the look-up and the report");
    let ring = folder.join("keys/ring.json");
    let copy = fs::read(&ring).unwrap();
    let made = by_two(folder, &["--month", &month]);
    assert_eq!((made["keys"].clone(), made["said_again"].clone()), (json!([format!("data-{month}")]), json!(2)));
    let gone = of_kind(folder, "key").pop().unwrap();
    assert_eq!((gone.text("state"), gone.text("key")), ("destroyed", format!("data-{month}").as_str()));
    assert_eq!(gone.json["actor"]["officer"], ONE);
    // A ring that is put back from a copy loses it again.
    let folder = gateway.kill();
    fs::write(&ring, copy).unwrap();
    let gateway = later(folder, 100);
    let folder = gateway.folder();
    // The same approval destroys nothing more, and neither does another proposal.
    let id = proposal(folder);
    let again = act(folder, OTHER, DESTRUCTIONS, &json!({"month": month, "proposal": id}));
    assert_eq!((again.status, tried(folder).as_str()), (StatusCode::CONFLICT, "done"));
    drop(at_port(folder, ONE, &["keys", "destroy", "--month", &month]).failed(1));

    let mut gateway = gateway;
    for _ in 0..2 {
        let folder = gateway.folder();
        assert!(!opens(folder, entry));
        assert!(is_blocked(folder, &number), "the scenario stays closed");
        assert_eq!(objections(folder, &number), objected);
        assert_eq!(queries(folder, &number), 0, "of that month nobody is known");
        // Killed: what is read of the log again is the same.
        gateway = later(gateway.kill(), 100);
        assert!(!gateway.err().text().contains("is lost"), "{}", gateway.err().text());
    }
    let folder = gateway.stop();
    is_sound(&folder);
}

#[test]
fn what_the_log_says_is_destroyed_is_destroyed_once_even_where_the_ring_cannot_be_written_for_a_time() {
    let gateway = Gateway::serve(folder());
    let reply = gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 0)));
    let leaf = checked::answer(gateway.folder(), "housing", &reply);
    let (month, entry) = (leaf.text("key").trim_start_matches("data-").to_owned(), reply.index());
    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let words = ["keys", "destroy", "--month", &month];
    let destroyed = || of_kind(folder, "key").iter().filter(|leaf| leaf.text("state") == "destroyed").count();
    let (keys, away) = (folder.join("keys"), folder.join("away"));
    let first = approved(folder, &words);
    let second = approved(folder, &words);
    fs::rename(&keys, &away).unwrap();
    let failed = at_port(folder, ONE, &[&words[..], &["--proposal", &first]].concat()).failed(1);
    assert!(failed.contains("on the record, but the ring cannot be written"), "{failed}");
    assert_eq!(destroyed(), 1);
    let again = at_port(folder, ONE, &[&words[..], &["--proposal", &second]].concat()).failed(1);
    assert!(again.contains("done already"), "{again}");
    assert_eq!(tried(folder), "done", "also by the other approval, on the record");
    fs::rename(&away, &keys).unwrap();
    let status = || credit_tests::gateway(&["keys", "status", "--config", folder.config().to_str().unwrap()]).held();
    let is_gone = || status().lines().any(|line| line.contains(&format!("data-{month}")) && line.contains("destroyed"));
    assert!(within(std::time::Duration::from_secs(20), is_gone), "it is finished without a restart: {}", status());
    assert!(!opens(folder, entry));
    assert_eq!(destroyed(), 1);
    is_sound(&gateway.stop());
}

#[test]
fn one_person_s_records_are_destroyed_and_all_others_open() {
    let folder = folder();
    let _service = Service::start(folder.port_base() + IDENTITY, &folder.person("late", 0));
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 0));
    let (month, entry) = said(folder, &number);
    let reply = folder.caller("housing").ask(&look_up(&other));
    drop(checked::answer(folder, "housing", &reply));
    let others = reply.index();
    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let file = number_file(folder, &number);
    let file = file.to_str().unwrap();
    let made = by_two(folder, &["--person", file]);
    assert_eq!((made["keys"].clone(), made["said_again"].clone()), (json!([format!("data-{month}")]), json!(2)));
    let gone = of_kind(folder, "key").pop().unwrap();
    assert!(gone.text("state") == "destroyed" && gone.json["part"].is_string(), "one person's part");
    let leaves = folder.leaves();
    assert!(!leaves.iter().any(|leaf| leaf.json.to_string().contains(&number)), "a number stands in a leaf");
    let id = proposal(folder);
    let again = act(folder, OTHER, DESTRUCTIONS, &json!({"person": number, "proposal": id}));
    assert_eq!((again.status, tried(folder).as_str()), (StatusCode::CONFLICT, "done"));
    let mut gateway = gateway;
    for _ in 0..2 {
        let folder = gateway.folder();
        assert!(!opens(folder, entry) && opens(folder, others));
        assert!(is_blocked(folder, &number) && objections(folder, &number).len() == 1);
        assert_eq!((queries(folder, &number), queries(folder, &other)), (0, 1));
        gateway = later(gateway.kill(), 100);
        assert!(!gateway.err().text().contains("is lost"), "{}", gateway.err().text());
    }
    let folder = gateway.stop();
    is_sound(&folder);
}

#[test]
fn one_person_s_destruction_that_the_ring_did_not_take_is_proposed_again_and_done_then() {
    let gateway = Gateway::serve(folder());
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let reply = folder.caller("housing").ask(&look_up(&number));
    let leaf = checked::answer(folder, "housing", &reply);
    let (key, entry) = (leaf.text("key").to_owned(), reply.index());
    let of_another = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    drop(checked::answer(folder, "housing", &of_another));
    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let file = number_file(folder, &number);
    let words = ["keys", "destroy", "--person", file.to_str().unwrap()];
    let parts = || {
        let keys = of_kind(folder, "key").into_iter().filter(|leaf| leaf.text("state") == "destroyed");
        keys.map(|leaf| leaf.text("part").to_owned()).collect::<Vec<_>>()
    };
    let (keys, away) = (folder.join("keys"), folder.join("away"));
    let first = approved(folder, &words);
    fs::rename(&keys, &away).unwrap();
    let failed = at_port(folder, ONE, &[&words[..], &["--proposal", &first]].concat()).failed(1);
    assert!(failed.contains("where it is a person's propose it again"), "{failed}");
    fs::rename(&away, &keys).unwrap();
    assert_eq!(parts().len(), 1);
    // What was approved is spent, whatever became of it.
    let spent = at_port(folder, OTHER, &[&words[..], &["--proposal", &first]].concat()).failed(1);
    assert!(spent.contains("done already"), "{spent}");
    let made = by_two(folder, &["--person", file.to_str().unwrap()]);
    assert_eq!(made["keys"], json!([key]));
    let said = parts();
    assert!(said.len() == 2 && said[0] != said[1], "a record each");
    assert!(!opens(folder, entry) && opens(folder, of_another.index()));
    let gateway = later(gateway.kill(), 100);
    let folder = gateway.folder();
    assert!(!opens(folder, entry) && opens(folder, of_another.index()));
    drop(at_port(folder, ONE, &words).failed(1));
    is_sound(&gateway.stop());
}

#[test]
fn a_ring_that_is_locked_anew_has_a_new_key_file_and_copies_of_it_are_of_no_use() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let config = folder.config();
    let rotate = ["keys", "rotate", "kek", "--config", config.to_str().unwrap()];
    let runs = credit_tests::gateway(&rotate);
    assert_ne!(runs.code, Some(0), "a gateway has the ring open");
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0)))));
    let folder = gateway.stop();
    let (ring, file) = (folder.join("keys/ring.json"), folder.join("keys/ring.key"));
    let (copy, old) = (fs::read(&ring).unwrap(), fs::read(&file).unwrap());
    drop(credit_tests::gateway(&rotate).held());
    let (locked, new) = (fs::read(&ring).unwrap(), fs::read(&file).unwrap());
    assert!(old != new);
    fs::write(&ring, copy).unwrap();
    let said = credit_tests::gateway(&["check", "--config", config.to_str().unwrap()]);
    assert!(said.code != Some(0) && said.err.contains("is not the one of this ring"), "{said:?}");
    // The process ended before the new file had its name: a start opens the ring by it, and the next call goes on.
    fs::write(&ring, locked).unwrap();
    fs::rename(&file, folder.join("keys/ring.key.new")).unwrap();
    fs::write(&file, &old).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = Gateway::serve(folder).stop();
    drop(credit_tests::gateway(&rotate).held());
    assert!(!folder.join("keys/ring.key.new").exists() && fs::read(&file).unwrap() == new);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0)))));
    crate::consents::assert_sound(&gateway.stop());
}
