//! A person's evidence, which two officers hand over.

use std::fs;

use credit_tests::{Folder, Gateway, audit, checked, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act,
    by_two::{ONE, OTHER, at_port, listed, two_officers},
    of_kind,
};
use crate::limits::is_wholly_recorded;

const EXPORTS: &str = "/officers/exports";

/// The last words of the paths of tries and of what was done.
fn words(folder: &Folder) -> Vec<String> {
    let paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    paths.filter(|path| path.contains("/export/") || path.contains("/approvals/")).collect()
}

fn last_word(folder: &Folder) -> String {
    words(folder).last().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[test]
fn evidence_of_a_person_is_handed_over_once_by_two_and_its_file_is_checked_without_the_gateway() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let [person, other] = [0, 1].map(|nr| folder.person("clean", nr));
    for _ in 0..3 {
        checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&person)));
    }
    let of = |number: &str, more: &Value| {
        let mut body = json!({"person": number});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    // Nothing alone, nothing in an emergency, nothing of another form.
    assert_eq!(act(folder, ONE, EXPORTS, &of(&person, &json!({}))).status, StatusCode::CONFLICT);
    assert_eq!(last_word(folder), "alone");
    for wrong in [json!({"emergency": true}), json!({"reason": "x"})] {
        assert_eq!(act(folder, ONE, EXPORTS, &of(&person, &wrong)).status, StatusCode::BAD_REQUEST);
    }
    let propose = json!({"act": "export", "export": {"person": person}});
    assert_eq!(act(folder, ONE, "/officers/proposals", &propose).status, StatusCode::OK);
    let id = listed(folder)["proposals"][0]["proposal"].clone();
    let by = |number: &str| of(number, &json!({"proposal": id}));
    let approve = |who: &str, number: &str| {
        act(folder, who, "/officers/approvals", &json!({"proposal": id, "export": {"person": number}})).status
    };
    for (status, word) in [
        (act(folder, ONE, EXPORTS, &by(&person)).status, "not-yet"),
        (approve(ONE, &person), "own"),
        (approve(OTHER, &other), "other-digest"),
    ] {
        assert_eq!(status, StatusCode::CONFLICT, "{word}");
    }
    let so_far: Vec<_> = words(folder).iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(so_far, ["alone", "not-yet", "own", "other-digest"]);
    assert_eq!(approve(OTHER, &person), StatusCode::OK);
    assert_eq!(act(folder, ONE, EXPORTS, &by(&other)).status, StatusCode::CONFLICT, "of another person");
    assert!(of_kind(folder, "statement").is_empty() && of_kind(folder, "binding").is_empty(), "nothing was made");
    // By the command, into a file that its owner alone reads.
    let number = folder.join("number");
    fs::write(&number, format!("{person}\n")).unwrap();
    let (number, out) = (number.to_str().unwrap().to_owned(), folder.join("evidence.json"));
    let id_text = id.as_str().unwrap();
    let step = ["export", "--person", &number, "--out", out.to_str().unwrap(), "--proposal", id_text];
    drop(at_port(folder, OTHER, &step).held());
    assert_eq!(last_word(folder), "done");
    assert_eq!(of_kind(folder, "notice").len(), 0, "it may go to somebody else, so nobody was told");
    let again = act(folder, ONE, EXPORTS, &by(&person));
    assert_eq!((again.status, last_word(folder).as_str()), (StatusCode::CONFLICT, "done"));
    let vkey = folder.log().join("log.vkey");
    let arguments = ["person", out.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()];
    drop(audit(&arguments).held());
    let file: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(file["export"]["entries"].as_array().unwrap().len(), 3);
    // The person reads of it.
    let list = act(folder, ONE, "/officers/counter", &json!({"number": person, "act": "queries"})).json();
    let acts: Vec<_> = list["list"]["done_for"].as_array().unwrap().iter().map(|done| done["act"].clone()).collect();
    assert!(acts.contains(&json!("evidence")), "{} acts", acts.len());
    // Its number stands in no leaf.
    for leaf in folder.leaves() {
        assert!(!leaf.json.to_string().contains(&person), "a leaf has the number");
    }
    // It stays spent over a kill.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert_eq!(act(folder, ONE, EXPORTS, &by(&person)).status, StatusCode::CONFLICT);
    is_wholly_recorded(&gateway.stop());
}
