//! What reviewers and custodians of keys may do, and that whatever they may not is refused, on the record.

use credit_tests::{Folder, Gateway};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act, at_door,
    by_two::{ONE, OTHER, listed, two_officers},
    of_kind,
};
use crate::limits::is_wholly_recorded;

/// The certificates of a reviewer and of a custodian.
const REVIEWER: &str = "employer";
const CUSTODIAN: &str = "notifier";

const DIGEST: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn with_roles() -> Folder {
    let folder = two_officers();
    for (kind, role) in [("employer", "reviewer"), ("notifier", "custodian")] {
        folder.replace_in_config(&format!("kind = \"{kind}\""), &format!("kind = \"officer\"\nrole = \"{role}\""));
    }
    folder
}

/// The paths under which tries were refused for the role.
fn refused(folder: &Folder) -> Vec<String> {
    let paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    paths.filter(|path| path.ends_with("/refused/role")).collect()
}

#[test]
fn a_role_does_what_it_is_for_and_every_other_try_is_on_the_record() {
    let gateway = Gateway::serve(with_roles());
    let folder = gateway.folder();
    let stop = json!({"reason": "drill"});
    let suspend = json!({"institution": "housing", "suspended": true, "reason": "drill"});
    let propose = |what: &str| json!({"act": what, "digest": DIGEST});
    let destroy = json!({"month": "2021-01"});
    for (who, path, body, tried) in [
        (REVIEWER, "stop", &stop, "stop"),
        (REVIEWER, "suspensions", &suspend, "suspensions"),
        (REVIEWER, "proposals", &propose("unseal"), "proposals"),
        (REVIEWER, "destructions", &destroy, "destructions"),
        (CUSTODIAN, "stop", &stop, "stop"),
        (CUSTODIAN, "resume", &stop, "resume"),
        (CUSTODIAN, "reviews", &json!({"state": "opened", "query": "019aa000-0000-7000-8000-000000000000"}), "reviews"),
    ] {
        let reply = act(folder, who, &format!("/officers/{path}"), body);
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{who} {path}");
        let said = reply.text();
        assert!(said.contains("您的角色不能查看或办理此项") && !said.contains("场景"), "{who} {path}: {said}");
        assert_eq!(refused(folder).last().unwrap(), &format!("officers/{tried}/none/refused/role"), "{who} {path}");
    }
    // A custodian decides on keys and on what they seal, and on nothing else.
    assert_eq!(act(folder, CUSTODIAN, "/officers/proposals", &propose("limits")).status, StatusCode::CONFLICT);
    assert_eq!(refused(folder).last().unwrap(), "officers/proposals/none/refused/role");
    assert_eq!(act(folder, ONE, "/officers/proposals", &propose("limits")).status, StatusCode::OK);
    let id = listed(folder)["proposals"][0]["proposal"].clone();
    let approve = json!({"proposal": id, "digest": DIGEST});
    assert_eq!(act(folder, CUSTODIAN, "/officers/approvals", &approve).status, StatusCode::CONFLICT);
    assert_eq!(refused(folder).last().unwrap(), &format!("officers/approvals/{}/refused/role", id.as_str().unwrap()));
    assert_eq!(act(folder, CUSTODIAN, "/officers/proposals", &propose("unseal")).status, StatusCode::OK);
    let id = listed(folder)["proposals"][0]["proposal"].clone();
    let approve = json!({"proposal": id, "digest": DIGEST});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &approve).status, StatusCode::OK);
    // Looks.
    let looks = |who: &str, path: &str| at_door(folder, who).get(path).status;
    for (who, path, status) in [
        (REVIEWER, "/officers/queries", 200),
        (REVIEWER, "/officers/reviews", 200),
        (REVIEWER, "/tile/entries/000.p/1", 403),
        (CUSTODIAN, "/officers", 200),
        (CUSTODIAN, "/officers/proposals", 200),
        (CUSTODIAN, "/officers/queries", 403),
        (CUSTODIAN, "/officers/reviews", 403),
        (CUSTODIAN, "/officers/consents", 403),
        (CUSTODIAN, "/tile/entries/000.p/1", 403),
    ] {
        assert_eq!(looks(who, path).as_u16(), status, "{who} {path}");
        if status == 403 && path.starts_with("/officers") {
            assert_eq!(refused(folder).last().unwrap(), &format!("{}/none/refused/role", &path[1..]), "{who}");
        }
    }
    let counter = json!({"number": folder.person("clean", 0), "act": "queries"});
    for who in [REVIEWER, CUSTODIAN] {
        assert_eq!(act(folder, who, "/officers/counter", &counter).status, StatusCode::FORBIDDEN, "{who}");
    }
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn a_reviewer_and_a_custodian_are_no_second_officer() {
    let folder = Folder::new();
    for (kind, role) in [("employer", "reviewer"), ("notifier", "custodian")] {
        folder.replace_in_config(&format!("kind = \"{kind}\""), &format!("kind = \"officer\"\nrole = \"{role}\""));
    }
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    assert_eq!(listed(folder)["by_two"], Value::Bool(false));
    let folder = gateway.stop();
    folder.replace_in_config("kind = \"housing-department\"", "kind = \"housing-department\"\nrole = \"reviewer\"");
    let said = super::command(&folder, &["check"]).failed(64);
    assert!(said.contains("role is for kind `officer` alone"), "{said}");
}
