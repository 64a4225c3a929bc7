//! A key that may be known to others: a rehearsal changes nothing; then it is turned, a checkpoint signs that, and who is affected
//! is told, to the last query.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use credit_tests::{Ended, Folder, Gateway, Leaf, audit, checked, gateway, query::look_up};
use serde_json::Value;

use crate::{consents::new_log::continued, limits::is_wholly_recorded};

fn compromised(folder: &Folder, key: &str, more: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[&["keys", "compromised", key, "--config", config.to_str().unwrap()], more].concat())
}

fn keys(folder: &Folder) -> Value {
    let said = gateway(&["keys", "status", "--json", "--config", folder.config().to_str().unwrap()]).held();
    serde_json::from_str(&said).unwrap()
}

/// The key of a use that is active.
fn active(folder: &Folder, key_use: &str) -> String {
    let all = keys(folder);
    let mut active = all.as_array().unwrap().iter().filter(|key| key["use"] == key_use && key["state"] == "active");
    active.next_back().unwrap()["id"].as_str().unwrap().to_owned()
}

fn ask(folder: &Folder, who: &str, nr: usize) -> Leaf {
    folder.leaf(folder.caller(who).ask(&look_up(&folder.person("clean", nr))).index())
}

/// The ids of the queries that a file of the command names, by institution.
fn queries(file: &Path) -> Vec<(String, Vec<Value>)> {
    let found: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let named = |one: &Value| {
        let institution = one["institution"].as_str().unwrap_or_default().to_owned();
        (institution, one["queries"].as_array().unwrap().clone())
    };
    found["affected"].as_array().unwrap().iter().map(named).filter(|(_, ids)| !ids.is_empty()).collect()
}

#[test]
fn what_is_no_key_that_was_used_or_stands_in_no_record_is_refused_and_a_rehearsal_changes_nothing() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let before = (keys(folder), folder.leaves().len());
    for (key, code, word) in [
        ("data-1999-01", 1, "no key of the ring"),
        ("log", 1, "no key of the ring"),
        ("ring-1", 1, "stands in no record"),
        ("log-1", 64, "--origin"),
    ] {
        let said = compromised(folder, key, &[]).failed(code);
        assert!(said.contains(word), "{key}: {said}");
    }
    drop(ask(folder, "housing", 0));
    let data = active(folder, "data");
    for key in [data.as_str(), "state-1", "pseudonym-1", "log-1"] {
        let said = compromised(folder, key, &["--rehearse"]).held();
        assert!(said.contains(&format!("may be known: {key}")) && said.contains("nothing rotated"), "{said}");
        assert!(said.contains("affected: housing: 1 records") && said.contains("next: "), "{key}: {said}");
    }
    assert!(compromised(folder, &data, &["--rehearse", "--since", "2999-01-01T00:00:00Z"]).held().contains("nobody"));
    assert_eq!((keys(folder), folder.leaves().len()), (before.0, before.1 + 1));
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn a_data_key_is_turned_that_is_signed_and_every_query_under_it_is_named() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let old = active(folder, "data");
    let before = [ask(folder, "housing", 0), ask(folder, "housing", 1), ask(folder, "bank", 0)];
    assert!(before.iter().all(|leaf| leaf.text("key") == old));
    let out = folder.join("affected.json");
    let said = compromised(folder, &old, &["--out", out.to_str().unwrap()]).held();
    let new = active(folder, "data");
    assert!(new != old && said.contains(&format!("rotated: {new}")), "{said}");
    // A checkpoint that is there when the command ends covers the new key's leaf.
    let named = folder.leaves().iter().position(|leaf| leaf.text("kind") == "key" && leaf.text("key") == new).unwrap();
    let (_, size) = said.split_once("a checkpoint of ").unwrap();
    assert!(size.split(' ').next().unwrap().parse::<usize>().unwrap() > named, "{said}");
    assert!(said.contains("affected: housing: 2 records") && said.contains("affected: bank: 1 records"), "{said}");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let id = |leaf: &Leaf| leaf.json["id"].clone();
    let expected =
        [("bank".to_owned(), vec![id(&before[2])]), ("housing".to_owned(), vec![id(&before[0]), id(&before[1])])];
    assert!(queries(&out) == expected, "other queries are named");
    assert!(!fs::read_to_string(&out).unwrap().contains(&folder.person("clean", 0)), "a number is in the file");
    // What is asked after it is sealed by the next key, and not affected.
    assert_eq!(ask(folder, "housing", 0).text("key"), new);
    let again = compromised(folder, &old, &[]).held();
    assert!(again.contains("in use no more") && again.contains("affected: housing: 2 records"), "{again}");
    assert_eq!(active(folder, "data"), new);
    drop(compromised(folder, &old, &["--out", out.to_str().unwrap()]).failed(64));
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn pseudonyms_and_state_are_turned_and_only_whoever_got_something_of_them_is_affected() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    // Refused: no pseudonym was given.
    assert_eq!(ask(folder, "bank", 0).text("outcome"), "refused");
    let said = compromised(folder, "pseudonym-1", &[]).held();
    assert!(said.contains("rotated: pseudonym-2, tag-2"), "{said}");
    assert!(said.contains("affected: housing: 1 records") && !said.contains("bank"), "{said}");
    let twice = compromised(folder, "pseudonym-2", &[]).failed(1);
    assert!(twice.contains("--end-overlap"), "{twice}");
    assert!(compromised(folder, "pseudonym-2", &["--end-overlap"]).held().contains("rotated: pseudonym-3, tag-3"));
    let said = compromised(folder, "state-1", &[]).held();
    assert!(said.contains("rotated: state-2") && said.contains("affected: bank: 1 records"), "{said}");
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn a_log_whose_key_may_be_known_is_sealed_and_the_next_one_signs_what_it_was() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    drop(ask(folder, "housing", 0));
    let next = "credit-gateway.example/2026/next-1";
    assert!(compromised(folder, "log-1", &["--origin", next]).failed(69).contains("is running"));
    let folder = gateway.stop();
    let said = compromised(&folder, "log-1", &["--origin", next]).held();
    assert!(said.contains("The log is sealed") && said.contains("affected: housing: 1 records"), "{said}");
    let before = fs::read_to_string(folder.log().join("checkpoint")).unwrap();
    let old = fs::read_to_string(folder.log().join("log.vkey")).unwrap();
    continued(&folder, 1, next);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    drop(ask(folder, "housing", 0));
    // What the old key signed last, the new key has signed.
    let first = &folder.leaves()[0].json.to_string();
    let root = before.lines().nth(2).unwrap();
    assert!(first.contains(root), "the first record names the last checkpoint of the log before");
    let new = fs::read_to_string(folder.log().join("log.vkey")).unwrap();
    assert_ne!(old, new);
    let folder = gateway.stop();
    let (data, vkey) = (folder.join("data"), folder.log().join("log.vkey"));
    drop(audit(&["verify", data.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()]).held());
}

#[test]
fn a_ring_of_several_logs_says_which_key_is_of_which_and_who_else_must_be_asked() {
    let folder = Gateway::serve(Folder::new()).stop();
    let (config, other) = (folder.config(), "credit-gateway.example/2026/r2");
    let config = config.to_str().unwrap();
    drop(gateway(&["keys", "add-log", "--origin", other, "--config", config]).held());
    let own = keys(&folder)[4]["origin"].as_str().unwrap().to_owned();
    let status = gateway(&["keys", "status", "--config", config]).held();
    for (key, origin) in [("log-1", own.as_str()), ("log-2", other)] {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        assert!(line.contains(" active ") && line.ends_with(&format!(" {origin}")), "{line}");
    }
    // The key that signs the running log is rotated, although the ring has a newer one, of another.
    let said = compromised(&folder, "log-1", &["--rehearse"]).held();
    assert!(said.contains("nothing rotated, nothing signed") && !said.contains("other"), "{said}");

    folder.edit_config(|config| {
        format!(
            "{config}\n[[persons.gateways]]\nlog = \"{other}\"\nurl = \"https://127.0.0.1:1\"\nauthorities = \"ca.pem\"\n\
             certificate = \"institutions/officer.pem\"\nkey = \"institutions/officer.key\"\n"
        )
    });
    let out = folder.join("affected.json");
    let said = compromised(&folder, "state-1", &["--rehearse", "--out", out.to_str().unwrap()]).held();
    assert!(said.contains(&format!("these are the records of the log {own} alone")), "{said}");
    assert!(said.contains(&format!("ask too: the log {other}: run this with `--rehearse` at its gateway")), "{said}");
    let found: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!((found["log"].as_str(), &found["other_logs"]), (Some(own.as_str()), &serde_json::json!([other])));
}

#[test]
fn every_command_that_takes_a_month_a_moment_or_an_id_says_what_one_is() {
    let file = "file.pem";
    let officer = ["--url", "https://localhost:1", "--authority", file, "--certificate", file, "--key", file];
    for month in ["2026-13", "2026-1", "x", "2026-11-01"] {
        for command in [&["keys", "destroy"][..], &["figures", "publish"], &["coverage"]] {
            let more: &[&str] = if command[0] == "keys" { &officer } else { &[] };
            let said = gateway(&[command, &["--month", month], more].concat()).failed(64);
            assert!(said.contains("a month is written as 2026-11"), "{command:?} {month}: {said}");
        }
        let said = audit(&["report", "nowhere", "--month", month]).failed(64);
        assert!(said.contains("a month is written as 2026-11"), "{month}: {said}");
    }
    for command in [
        &["keys", "compromised", "state-1", "--since", "yesterday"][..],
        &["keys", "rotate", "data", "--at", "yesterday"],
        &["directory", "close", "dir", "--origin", "a", "--key", file, "--until", "yesterday"],
    ] {
        let said = gateway(command).failed(64);
        assert!(said.contains("e.g. 2026-11-22T00:00:00+08:00"), "{command:?}: {said}");
    }
    let folder = Folder::new();
    let certificate = folder.join("institutions/bank.pem");
    for (id, said) in [("gwA", "it may have `a-z0-9-` and nothing else"), ("", "1 to 64 characters")] {
        let add = ["institution", "add", id, "--kind", "bank", "--certificate", certificate.to_str().unwrap()];
        let heard = gateway(&[&add[..], &["--config", folder.config().to_str().unwrap()]].concat()).failed(64);
        assert!(heard.contains(said), "{id}: {heard}");
    }
    folder.replace_in_config("id = \"bank\"", "id = \"Bank\"");
    let heard = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
    assert!(heard.contains("it may have `a-z0-9-` and nothing else"), "{heard}");
}
