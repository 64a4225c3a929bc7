//! `credit-audit export` and `evidence`: leaves with their proofs, in one file that is checked without the log.

use std::{collections::HashSet, fs};

use credit_tests::{
    Ended, Folder, Gateway, audit, checked,
    query::{look_up, with},
};
use serde_json::{Value, json};

/// Two institutions with acts of several kinds, refusals that share leaves among them.
fn busy() -> Folder {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (housing, supervisor) = (folder.caller("housing"), folder.caller("supervisor"));
    for nr in 0..12 {
        let person = folder.person("clean", nr % 3);
        let staff = if nr % 2 == 0 { "one" } else { "other" };
        checked::answer(folder, "housing", &housing.ask(&with(look_up(&person), "operator", staff)));
        let inspection = with(look_up(&person), "scenario", "supervision-inspection");
        checked::answer(folder, "supervisor", &supervisor.ask(&inspection));
    }
    credit_tests::run(async {
        let mut connection = housing.http1().await.unwrap();
        for _ in 0..240 {
            assert_eq!(connection.ask(&json!({})).await.unwrap().status, 400);
        }
    });
    let config = folder.config();
    let config = config.to_str().unwrap();
    for command in ["suspend", "resume"] {
        drop(credit_tests::gateway(&["institution", command, "housing", "--config", config]).held());
    }
    drop(folder.leaves());
    gateway.stop()
}

fn export(folder: &Folder, scope: &[&str]) -> (String, Value) {
    let (file, log) = (folder.join("evidence.json"), folder.log());
    let file = file.to_str().unwrap();
    drop(audit(&[&["export", log.to_str().unwrap(), "--out", file][..], scope].concat()).held());
    let text = fs::read_to_string(file).unwrap();
    let json = serde_json::from_str(&text).unwrap();
    (text, json)
}

/// What `evidence` says of a text.
fn check(folder: &Folder, text: &str, more: &[&str]) -> Ended {
    let file = folder.join("checked.json");
    fs::write(&file, text).unwrap();
    let vkey = folder.log().join("log.vkey");
    let common = ["evidence", file.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()];
    audit(&[&common[..], more].concat())
}

fn is_whole(folder: &Folder, text: &str) -> Value {
    let said: Value = serde_json::from_str(&check(folder, text, &["--json"]).held()).unwrap();
    said["evidence"]["nothing_missing"].clone()
}

#[test]
fn evidence_of_an_institution_a_member_of_staff_and_a_period_is_valid_and_complete() {
    let folder = busy();
    let leaves = folder.leaves();
    let log = folder.log();
    let of = |wanted: &dyn Fn(&credit_tests::Leaf) -> bool| {
        leaves.iter().filter(|leaf| wanted(leaf)).map(|leaf| leaf.index).collect::<Vec<_>>()
    };
    let (from, until) = (leaves[8].text("at"), leaves[18].text("at"));
    let in_time = |leaf: &credit_tests::Leaf| (from..until).contains(&leaf.text("at"));
    let staff = ["--institution", "housing", "--operator", "other"];
    let cases: [(&[&str], Vec<u64>, [bool; 3]); 5] = [
        (&["--institution", "housing"], of(&|leaf| leaf.text("institution") == "housing"), [true, true, false]),
        (
            &["--institution", "housing", "--since", from, "--until", until],
            of(&|leaf| leaf.text("institution") == "housing" && in_time(leaf)),
            [true, true, true],
        ),
        (&staff, of(&|leaf| leaf.text("institution") == "housing" && leaf.text("operator") == "other"), [false; 3]),
        (&["--since", from, "--until", until], of(&|leaf| in_time(leaf)), [true, true, true]),
        (&["--institution", "nobody"], Vec::new(), [false, true, false]),
    ];
    for (scope, wanted, whole) in cases {
        let (text, json) = export(&folder, scope);
        let indices: Vec<_> =
            json["entries"].as_array().unwrap().iter().map(|entry| entry["index"].as_u64().unwrap()).collect();
        assert_eq!(indices, wanted, "{scope:?}");
        let said = is_whole(&folder, &text);
        assert_eq!(["before", "between", "after"].map(|name| said[name].as_bool().unwrap()), whole, "{scope:?}");
        drop(check(&folder, &text, &["--log", log.to_str().unwrap()]).held());
        assert!((0..3).all(|nr| !text.contains(&folder.person("clean", nr))));
        for language in ["zh", "en"] {
            assert!(json["instructions"][language].as_str().unwrap().contains("credit-audit evidence"));
        }
    }
    drop(audit(&["export", log.to_str().unwrap(), "--out", "x", "--operator", "one"]).failed(64));
}

#[test]
fn evidence_with_anything_altered_taken_out_or_put_in_is_refused() {
    let folder = busy();
    let log = folder.log();
    let log = log.to_str().unwrap();
    let (text, json) = export(&folder, &["--institution", "housing"]);
    let without = |nr: usize| {
        let mut json = json.clone();
        json["entries"].as_array_mut().unwrap().remove(nr);
        json.to_string()
    };
    let count = json["entries"].as_array().unwrap().len();
    let own = |nr: usize| json["entries"][nr]["leaf"].as_str().unwrap().contains("\"seq\":");
    for nr in (1..count - 1).filter(|nr| own(*nr) && *nr + 3 < count) {
        assert!(check(&folder, &without(nr), &[]).failed(1).contains("something is missing"), "{nr}");
    }
    // What is about the institution has no number: the log alone shows that it is missing.
    let last = without(count - 1);
    drop(check(&folder, &last, &[]).held());
    assert!(check(&folder, &last, &["--log", log]).failed(1).contains("is not in it"));
    let supervisor = export(&folder, &["--institution", "supervisor"]).1;
    let mut stranger = json.clone();
    stranger["entries"][0] = supervisor["entries"][0].clone();
    let mut swapped = json.clone();
    swapped["entries"].as_array_mut().unwrap().swap(0, 1);
    let mut path = json.clone();
    path["entries"][0]["path"].as_array_mut().unwrap().pop();
    let mut scope = json.clone();
    scope["scope"]["until"] = json!("2020-01-01T00:00:00Z");
    let mut form = json.clone();
    form["form"] = json!("credit-audit/evidence/9");
    let mut more = json.clone();
    more["note"] = json!("x");
    let outcome = text.replacen("\\\"outcome\\\":\\\"answered\\\"", "\\\"outcome\\\":\\\"refused\\\"", 1);
    let origin = text.replacen("\"origin\":\"credit", "\"origin\":\"Credit", 1);
    let key = text.replacen("\"vkey\":\"credit-gateway.example", "\"vkey\":\"credit-gateway.exampl3", 1);
    assert!(outcome != text && origin != text && key != text);
    let altered = [stranger, swapped, path, scope, form, more].map(|json| json.to_string());
    let mut seen = HashSet::new();
    for wrong in altered.into_iter().chain([outcome, origin, key, text[..text.len() / 2].to_owned(), String::new()]) {
        assert!(seen.insert(wrong.clone()));
        drop(check(&folder, &wrong, &[]).failed(1));
    }
    drop(check(&folder, &text, &[]).held());
}
