//! Consents that name no fields, while the catalogue changes under them.

use std::{fs, thread::sleep, time::Duration};

use credit_policy::catalogue;
use credit_tests::{Folder, Gateway, checked};

use super::{altered, ask, fields, new_jti, new_log::continue_log, token};

/// Has the folder's gateway take the shipped catalogue with this version, from a folder.
fn take_catalogue(folder: &Folder, version: &str) {
    let dir = folder.join(version);
    for (path, text) in catalogue::shipped() {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("version = \"2026.11\"", &format!("version = \"{version}\""))).unwrap();
    }
    folder.edit_config(|text| {
        let lines = text.lines().map(|line| match line.trim_start_matches("# ").split(" = ").next() {
            Some("dir") if line.contains("\"catalogue\"") || line.contains("\"2026.") => format!("dir = \"{version}\""),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
}

/// Tokens and changes of the catalogue are told apart by whole seconds.
fn a_second_later() {
    sleep(Duration::from_millis(1_100));
}

#[test]
fn a_consent_that_names_no_fields_ends_with_its_catalogue_and_one_that_names_them_does_not() {
    let folder = Folder::new();
    take_catalogue(&folder, "2026.12");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let named = |folder: &Folder| {
        altered(folder, &new_jti(), &person, |grant| {
            (grant.terms.uses, grant.terms.fields) = (9, fields(&["clean_three_years"]));
        })
    };
    // From before the first start: the first catalogue is taken for the one of then.
    let oldest = altered(folder, &new_jti(), &person, |grant| {
        grant.issued_at -= jiff::SignedDuration::from_mins(5);
        grant.terms.uses = 9;
    });
    let (open, by_name) = (token(folder, &person, 9), named(folder));
    for token in [&oldest, &open, &by_name] {
        checked::answer(folder, "bank", &ask(&folder.caller("bank"), token));
    }
    a_second_later();

    let folder = gateway.stop();
    take_catalogue(&folder, "2026.13");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("bank");
    for token in [&oldest, &open] {
        let leaf = checked::refusal(folder, "bank", &ask(&caller, token), 401, "consent-invalid");
        assert!(leaf.json.get("fields").is_none() && leaf.json.get("ground").is_none(), "{leaf:?}");
    }
    let leaf = checked::answer(folder, "bank", &ask(&caller, &by_name));
    assert_eq!(leaf.json["fields"], serde_json::json!(["clean_three_years"]));
    a_second_later();
    let newer = token(folder, &person, 9);
    checked::answer(folder, "bank", &ask(&caller, &newer));

    // Back to the former one: what was given under it holds again, and what was given meanwhile does not.
    let folder = gateway.stop();
    take_catalogue(&folder, "2026.12");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("bank");
    checked::answer(folder, "bank", &ask(&caller, &open));
    checked::refusal(folder, "bank", &ask(&caller, &newer), 401, "consent-invalid");
}

#[test]
fn a_log_that_continues_another_knows_of_the_catalogue_before() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let open = token(folder, &person, 9);
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &open));
    // The same catalogue goes on in a new log.
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &open));
    a_second_later();
    // Another one comes with the next log, and is still another after a restart.
    let folder = gateway.stop();
    continue_log(&folder, 2, &[]);
    take_catalogue(&folder, "2026.12");
    let mut gateway = Gateway::serve(folder);
    for _ in 0..2 {
        let folder = gateway.folder();
        checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &open), 401, "consent-invalid");
        let kinds: Vec<_> = folder.leaves().iter().map(|leaf| leaf.text("kind").to_owned()).collect();
        assert_eq!(kinds.iter().filter(|kind| *kind == "catalogue").count(), 2, "{kinds:?}");
        gateway = Gateway::serve(gateway.stop());
    }
}
