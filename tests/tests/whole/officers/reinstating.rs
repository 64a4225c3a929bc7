//! An officer who is suspended comes back by two others, or, where too few are left, by one and the account at the machine.

use credit_tests::{Folder, Gateway, Reply};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    act, at_door,
    by_two::{ONE, OTHER, listed, two_officers},
    command, of_kind,
};
use crate::limits::is_wholly_recorded;

/// The certificate of a third officer, and its id.
const THIRD: &str = "notifier";

fn three_officers() -> Folder {
    let folder = two_officers();
    folder.replace_in_config("id = \"notifier\"", "id = \"third\"");
    folder.replace_in_config("kind = \"notifier\"", "kind = \"officer\"");
    folder
}

fn set(folder: &Folder, who: &str, more: Value) -> Reply {
    let mut body = json!({"suspended": false, "reason": "the key is back"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act(folder, who, "/officers/suspensions", &body)
}

fn propose(folder: &Folder, who: &str, id: &str) -> (Value, Value) {
    let body = json!({"act": "reinstate", "institution": id});
    assert_eq!(act(folder, who, "/officers/proposals", &body).status, StatusCode::OK, "{who} {id}");
    let list = at_door(folder, who).get("/officers/proposals").json();
    assert_eq!(list["proposals"][0]["about"], json!({"institution": id}), "whom it is about is read");
    (list["proposals"][0]["proposal"].clone(), list["proposals"][0]["digest"].clone())
}

fn acts(folder: &Folder, who: &str) -> bool {
    at_door(folder, who).get("/officers").status == StatusCode::OK
}

fn page(folder: &Folder, who: &str, path: &str) -> String {
    let headers = [("accept", "text/html"), ("accept-language", "en")];
    at_door(folder, who).send(Method::GET, path, &headers, "").text()
}

/// The last step of the paths under which tries were refused.
fn refused(folder: &Folder) -> Vec<String> {
    let paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    let tries = paths.filter(|path| path.starts_with("officers/reinstate/") && path.contains("/refused/"));
    tries.filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect()
}

#[test]
fn an_officer_comes_back_by_two_others_and_each_try_of_one_is_on_the_record() {
    let gateway = Gateway::serve(three_officers());
    let folder = gateway.folder();
    let nothing = json!({"act": "reinstate", "institution": "third"});
    assert_eq!(act(folder, ONE, "/officers/proposals", &nothing).status, StatusCode::CONFLICT, "who is not suspended");
    // Whoever shuts himself or herself out says so first.
    let own = json!({"institution": "third", "suspended": true});
    assert_eq!(set(folder, THIRD, own.clone()).status, StatusCode::CONFLICT);
    assert!(acts(folder, THIRD) && page(folder, THIRD, "/officers/institutions").contains("This is myself: "));
    let mut said = own;
    said.as_object_mut().unwrap().insert("confirmed".to_owned(), json!(true));
    assert_eq!(set(folder, THIRD, said).status, StatusCode::OK);
    assert!(!acts(folder, THIRD) && page(folder, THIRD, "/officers").contains("you are suspended"));
    let all = page(folder, ONE, "/officers/institutions");
    assert!(all.contains("the key is back") && all.contains(", since <time"), "since when, and why");
    assert!(all.contains("aria-label=\"Propose to resume third\"") && !all.contains("aria-label=\"Resume third\""));
    // One officer, the account at the machine, a proposal that is not approved, or of another: nothing.
    let back = json!({"institution": "third"});
    assert_eq!(set(folder, ONE, back.clone()).status, StatusCode::CONFLICT);
    assert!(command(folder, &["institution", "resume", "third"]).failed(1).contains("needs two officers"));
    let (proposal, digest) = propose(folder, ONE, "third");
    let by = json!({"institution": "third", "proposal": proposal});
    let id = proposal.as_str().unwrap();
    assert_eq!(set(folder, ONE, by.clone()).status, StatusCode::CONFLICT);
    assert!(
        command(folder, &["institution", "resume", "third", "--proposal", id]).failed(1).contains("another officer")
    );
    let other = json!({"institution": "officer2", "proposal": proposal});
    assert_eq!(set(folder, ONE, other).status, StatusCode::CONFLICT);
    assert_eq!(refused(folder), ["alone", "alone", "not-yet", "not-yet", "other-digest"]);
    assert!(!acts(folder, THIRD));
    let approve = json!({"proposal": proposal, "digest": digest});
    assert_eq!(act(folder, ONE, "/officers/approvals", &approve).status, StatusCode::CONFLICT, "one's own");
    assert!(page(folder, OTHER, "/officers/proposals").contains("<dt>Who is to act again</dt><dd>"));
    assert_eq!(act(folder, OTHER, "/officers/approvals", &approve).status, StatusCode::OK);
    // What is approved outlives a kill, and so does who is suspended, since when and why.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert!(!acts(folder, THIRD) && page(folder, ONE, "/officers/institutions").contains("the key is back"));
    assert!(page(folder, ONE, "/officers/proposals").contains("<dt>Who is to act again</dt><dd>"));
    assert_eq!(set(folder, OTHER, by.clone()).status, StatusCode::OK);
    assert!(acts(folder, THIRD));
    // Used once, and never for the next suspension.
    drop(command(folder, &["institution", "suspend", "third"]).held());
    assert_eq!(set(folder, OTHER, by).status, StatusCode::CONFLICT);
    assert_eq!(refused(folder).last().unwrap(), "done");
    // Everybody else comes back as before.
    drop(command(folder, &["institution", "suspend", "housing"]).held());
    assert_eq!(set(folder, ONE, json!({"institution": "housing"})).status, StatusCode::OK);
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn where_two_officers_are_all_there_are_one_and_the_account_at_the_machine_bring_the_other_back() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    drop(command(folder, &["institution", "suspend", "officer2"]).held());
    assert!(command(folder, &["institution", "resume", "officer2"]).failed(1).contains("needs two officers"));
    let (proposal, _) = propose(folder, ONE, "officer2");
    let id = proposal.as_str().unwrap();
    let wrong = "01920000-0000-7000-8000-000000000000";
    let said = command(folder, &["institution", "resume", "officer2", "--proposal", wrong]).failed(1);
    assert!(said.contains("no such proposal"), "{said}");
    drop(command(folder, &["institution", "resume", "officer2", "--proposal", id]).held());
    assert!(acts(folder, OTHER));
    let second = format!("officers/reinstate/{id}/second");
    let leaf = of_kind(folder, "read").into_iter().find(|leaf| leaf.text("path") == second).unwrap();
    assert!(leaf.json["actor"]["account"].is_string(), "who was the second is on the record");
    assert!(listed(folder)["proposals"][0]["done"] == true);
    drop(command(folder, &["institution", "suspend", "officer2"]).held());
    let said = command(folder, &["institution", "resume", "officer2", "--proposal", id]).failed(1);
    assert!(said.contains("done already"), "{said}");
    // Where nobody is left who could propose it, the account brings one back alone, on the record.
    drop(command(folder, &["institution", "suspend", "officer"]).held());
    assert!(!acts(folder, ONE) && !acts(folder, OTHER));
    drop(command(folder, &["institution", "resume", "officer"]).held());
    assert!(acts(folder, ONE));
    assert!(command(folder, &["institution", "resume", "officer2"]).failed(1).contains("needs two officers"));
    is_wholly_recorded(&gateway.stop());
}
