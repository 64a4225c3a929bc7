//! Catalogue, register and limits: once two officers are registered, a start loads what two of them approved last.

use std::{fs, path::PathBuf};

use credit_tests::{Ended, Folder, Gateway, Leaf, checked, gateway, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AUDITORS, act, at_door, command, of_kind};
use crate::limits::is_wholly_recorded;

/// A folder with two officers: the second has the certificate that was the bank's.
pub(crate) fn two_officers() -> Folder {
    let folder = Folder::new();
    folder.edit_config(|config| {
        let second =
            config.replace("id = \"bank\"", "id = \"officer2\"").replace("kind = \"bank\"", "kind = \"officer\"");
        assert_ne!(config, second);
        second
    });
    folder
}

/// The certificates of the two.
pub(crate) const ONE: &str = "officer";
pub(crate) const OTHER: &str = "bank";

/// Another configuration of the folder, with something replaced.
fn next(folder: &Folder, from: &str, to: &str) -> PathBuf {
    let text = fs::read_to_string(folder.config()).unwrap();
    assert!(text.contains(from), "config.toml has no `{from}`");
    let path = folder.join("next.toml");
    fs::write(&path, text.replace(from, to)).unwrap();
    path
}

fn take_over(folder: &Folder) {
    fs::rename(folder.join("next.toml"), folder.config()).unwrap();
}

/// `catalogue …` by an officer's certificate.
fn by(folder: &Folder, certificate: &str, arguments: &[&str]) -> Ended {
    at_port(folder, certificate, &[&["catalogue"], arguments].concat())
}

/// A command that speaks to the officers' port by this certificate.
pub(crate) fn at_port(folder: &Folder, certificate: &str, arguments: &[&str]) -> Ended {
    let file = |name: String| folder.join(name).to_str().unwrap().to_owned();
    let (authority, url) = (file("ca.pem".into()), format!("https://localhost:{}", folder.port_base() + AUDITORS));
    let (pem, key) = (file(format!("institutions/{certificate}.pem")), file(format!("institutions/{certificate}.key")));
    let officer = ["--url", &url, "--authority", &authority, "--certificate", &pem, "--key", &key];
    gateway(&[arguments, &officer].concat())
}

pub(crate) fn listed(folder: &Folder) -> Value {
    at_door(folder, ONE).get("/officers/proposals").json()
}

/// `serve`, which must not come up.
#[track_caller]
fn does_not_start(folder: &Folder) -> String {
    command(folder, &["serve"]).failed(64)
}

fn refused(folder: &Folder) -> Vec<Leaf> {
    let reads = of_kind(folder, "read").into_iter();
    reads.filter(|leaf| leaf.text("path").starts_with("officers/approvals/")).collect()
}

#[test]
fn one_officer_changes_alone_and_the_second_ends_that_at_the_next_start() {
    let alone = Folder::new();
    let alone = Gateway::serve(alone).stop();
    alone.replace_in_config("rate_per_s = 2000", "rate_per_s = 1999");
    let alone = Gateway::serve(alone).stop();
    assert_eq!(of_kind(&alone, "proposal").len(), 0, "nobody could approve: a gateway of one's own starts as it is");
    let folder = Gateway::serve(two_officers()).stop();
    let begun = of_kind(&folder, "proposal");
    let acts: Vec<_> = begun.iter().map(|leaf| leaf.text("act")).collect();
    assert_eq!(acts, ["catalogue", "limits", "register", "sampling", "officer"]);
    assert!(begun.iter().all(|leaf| leaf.json["actor"]["system"] == "credit-gateway"));
    let folder = Gateway::serve(folder).kill();
    assert_eq!(of_kind(&folder, "proposal").len(), 5, "said once");
    let before = fs::read_to_string(folder.config()).unwrap();
    for (act, from, to) in [
        ("limits", "rate_per_s = 2000", "rate_per_s = 1999"),
        ("register", "name = \"演示银行\"", "name = \"另一名称\""),
        ("sampling", "per_mille = 20", "per_mille = 1"),
        ("catalogue", "[catalogue]", "[catalogue]\njurisdiction = \"CN-SD\""),
    ] {
        folder.replace_in_config(from, to);
        let said = does_not_start(&folder);
        assert!(
            said.contains(&format!("what the configuration has as `{act}` is not"))
                && said.contains("catalogue propose"),
            "{said}"
        );
        assert!(command(&folder, &["check"]).failed(64).contains("catalogue propose"), "{act}");
        fs::write(folder.config(), &before).unwrap();
    }
    folder.replace_in_config("rate_per_s = 2000", "rate_per_s = 1999");
    folder.replace_in_config("name = \"演示银行\"", "name = \"另一名称\"");
    for said in [does_not_start(&folder), command(&folder, &["check"]).failed(64)] {
        assert!(said.contains("what the configuration has as `limits`, `register` is not"), "{said}");
    }
    fs::write(folder.config(), &before).unwrap();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let said = command(
        folder,
        &[
            "institution",
            "add",
            "x",
            "--kind",
            "insurer",
            "--certificate",
            folder.join("institutions/bank.pem").to_str().unwrap(),
        ],
    );
    assert!(said.failed(1).contains("two officers"), "one account adds nobody");
    drop(command(folder, &["institution", "suspend", "housing"]).held());
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn one_account_takes_no_certificate_from_whoever_acts_or_looks_at_the_officers_door() {
    let folder = Folder::new();
    let remove = |folder: &Folder, id: &str, certificate: &str| {
        let file = folder.join(format!("institutions/{certificate}.pem"));
        command(folder, &["institution", "remove-certificate", id, "--certificate", file.to_str().unwrap()]).failed(1)
    };
    assert!(remove(&folder, "officer", ONE).contains("only certificate"), "one officer alone: as of all others");
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let changed = |folder: &Folder| of_kind(folder, "institution").len();
    let before = changed(folder);
    let all = [("officer", ONE), ("officer2", OTHER), ("supervisor", "supervisor")];
    for (id, certificate) in all {
        let said = remove(folder, id, certificate);
        assert!(said.contains("two officers decide on the register"), "{id}: {said}");
    }
    assert!(remove(folder, "housing", "housing").contains("only certificate"));
    let folder = gateway.stop();
    for (id, certificate) in all {
        assert!(remove(&folder, id, certificate).contains("two officers"), "{id}, while no gateway runs");
    }
    assert_eq!(changed(&folder), before);
    is_wholly_recorded(&folder);
}

#[test]
fn nothing_but_another_officer_s_approval_in_time_loads_and_each_try_is_on_the_record() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let path = next(folder, "rate_per_s = 2000", "rate_per_s = 1999");
    let config = ["--config", path.to_str().unwrap()];
    for (who, status) in [("supervisor", StatusCode::FORBIDDEN), ("housing", StatusCode::FORBIDDEN)] {
        let body = json!({"act": "limits", "digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
        assert_eq!(act(folder, who, "/officers/proposals", &body).status, status, "{who}");
    }
    let anything = json!({"act": "anything", "digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
    assert_eq!(act(folder, ONE, "/officers/proposals", &anything).status, StatusCode::CONFLICT);
    let said = by(folder, ONE, &[&["propose"], &config[..]].concat()).held();
    assert!(said.contains("proposed limits") && said.lines().count() == 1, "{said}");
    let list = listed(folder);
    let proposal = list["proposals"][0]["proposal"].as_str().unwrap().to_owned();
    let digest = list["proposals"][0]["digest"].clone();
    assert_ne!(list["approved"]["limits"], digest);
    // One's own, by either way; of another digest; of no proposal.
    let own = by(folder, ONE, &[&["approve", &proposal], &config[..]].concat()).failed(1);
    assert!(own.contains("own proposal"), "{own}");
    let another = json!({"proposal": proposal, "digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &another).status, StatusCode::CONFLICT);
    let unknown = json!({"proposal": Uuid::nil(), "digest": digest});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &unknown).status, StatusCode::CONFLICT);
    let words: Vec<_> =
        refused(folder).iter().map(|leaf| leaf.text("path").rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(words, ["own", "other-digest", "unknown"]);
    // Whoever has another configuration does not approve by mistake what was proposed.
    let theirs = by(folder, OTHER, &["approve", &proposal, "--config", folder.config().to_str().unwrap()]).failed(1);
    assert!(theirs.contains("not what was proposed"), "{theirs}");
    assert_eq!(listed(folder)["approved"]["limits"], list["approved"]["limits"], "nothing is approved");
    // One signature loads nothing, also not over a kill.
    let folder = gateway.kill();
    let before = fs::read_to_string(folder.config()).unwrap();
    fs::copy(&path, folder.config()).unwrap();
    assert!(does_not_start(&folder).contains("limits"));
    fs::write(folder.config(), &before).unwrap();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let said = by(folder, OTHER, &[&["approve", &proposal], &config[..]].concat()).held();
    assert!(said.contains("approved and on the record"), "{said}");
    let again = act(folder, OTHER, "/officers/approvals", &json!({"proposal": proposal, "digest": digest}));
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(refused(folder).last().unwrap().text("path").ends_with("/again"));
    let approved = of_kind(folder, "approval");
    assert_eq!((approved.len(), &approved[0].json["actor"]["officer"]), (1, &"officer2".into()));
    // From here on the next one alone is loaded.
    let folder = gateway.kill();
    assert!(does_not_start(&folder).contains("limits"));
    take_over(&folder);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    is_wholly_recorded(&gateway.stop());
}
