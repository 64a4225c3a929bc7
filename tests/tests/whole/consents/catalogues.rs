//! Consents that name no fields, while the catalogue changes under them.

use std::{fs, thread::sleep, time::Duration};

use credit_policy::catalogue;
use credit_tests::{Folder, Gateway, Leaf, audit, checked, query::with};
use serde_json::json;

use super::{altered, ask, bearer, fields, loan, new_jti, new_log::continue_log, token};

/// Has the folder's gateway take the shipped catalogue with this version, from a folder.
fn take_catalogue(folder: &Folder, version: &str) {
    take_altered(folder, version, |_, text| text);
}

/// The same, with its files altered.
fn take_altered(folder: &Folder, version: &str, alter: impl Fn(&str, String) -> String) {
    let dir = folder.join(version);
    for (name, text) in catalogue::shipped() {
        let (path, text) = (dir.join(&name), alter(&name, text));
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

/// `clean_three_years` over two years, and the number of overdue cards with overdue loans among them, from which
/// `card_overdue_band` is made: the names stay, what they say does not.
fn redefined(name: &str, text: String) -> String {
    let (from, to) = match name {
        "derived/across-classes.toml" => ("period = \"P3Y\"", "period = \"P2Y\""),
        "derived/credit-card-performance.toml" => (
            "count = { classes = [\"credit-card-performance\"] }",
            "count = { classes = [\"credit-card-performance\", \"loan-overdue\"] }",
        ),
        _ => return text,
    };
    let altered = text.replace(from, to);
    assert_ne!(altered, text, "the row is written otherwise now");
    altered
}

#[test]
fn a_field_that_is_defined_anew_is_not_released_on_an_older_consent() {
    let gateway = Gateway::serve(Folder::new());
    let person = gateway.folder().person("clean", 0);
    let naming = |folder: &Folder, names: &[&str]| {
        altered(folder, &new_jti(), &person, |grant| (grant.terms.uses, grant.terms.fields) = (9, fields(names)))
    };
    let both = naming(gateway.folder(), &["clean_three_years", "score_band"]);
    let widened = naming(gateway.folder(), &["card_overdue_band"]);
    let (only, open) = (naming(gateway.folder(), &["clean_three_years"]), token(gateway.folder(), &person, 9));
    for token in [&both, &only, &widened, &open] {
        checked::answer(gateway.folder(), "bank", &ask(&gateway.folder().caller("bank"), token));
    }
    a_second_later();

    let folder = gateway.stop();
    take_altered(&folder, "2026.12", redefined);
    let mut gateway = Gateway::serve(folder);
    // Once as it came into force, and once from what the record says of it.
    for _ in 0..2 {
        let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
        for token in [&both, &only, &widened] {
            let reply = caller.ask_with(&loan(), &[("authorization", &bearer(token)), ("accept-language", "en")]);
            let leaf = checked::refusal(folder, "bank", &reply, 403, "field-not-allowed");
            assert!(reply.json()["detail"].as_str().unwrap().contains("definition"), "{}", reply.text());
            assert_eq!(leaf.json["inputs"]["observed"], "field-not-allowed");
            assert!(leaf.json.get("fields").is_none());
        }
        checked::refusal(folder, "bank", &ask(&caller, &open), 401, "consent-invalid");
        // What means the same is released as before.
        let under = |name: &str| {
            let body = with(loan(), "fields", json!([name]));
            caller.ask_with(&body, &[("authorization", &bearer(&both)), ("accept-language", "en")])
        };
        let leaf = checked::answer(folder, "bank", &under("score_band"));
        assert_eq!(leaf.json["fields"], json!(["score_band"]));
        let reply = under("clean_three_years");
        checked::refusal(folder, "bank", &reply, 403, "field-not-allowed");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("entry 1 of `fields` has another definition"), "{detail}");
        gateway = Gateway::serve(gateway.stop());
    }
    let leaves = gateway.folder().leaves();
    let of_definitions: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "definitions").collect();
    assert_eq!(of_definitions.len(), 2, "each catalogue's once");
    let of = |leaf: &Leaf, field: &str| leaf.json["fields"][field].as_str().unwrap().to_owned();
    let [before, after] = [of_definitions[0], of_definitions[1]];
    assert_ne!(of(before, "clean_three_years"), of(after, "clean_three_years"));
    assert_eq!(of(before, "score_band"), of(after, "score_band"));
    a_second_later();
    let newer = naming(gateway.folder(), &["clean_three_years"]);
    checked::answer(gateway.folder(), "bank", &ask(&gateway.folder().caller("bank"), &newer));

    // A new log takes over what the fields meant before.
    let folder = gateway.stop();
    assert_replays(&folder, &["shipped", "2026.12"]);
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    checked::refusal(gateway.folder(), "bank", &ask(&gateway.folder().caller("bank"), &only), 403, "field-not-allowed");
    assert_replays(&gateway.stop(), &["shipped", "2026.12"]);
}

/// Every decision of the log comes out as recorded, by these catalogues.
fn assert_replays(folder: &Folder, catalogues: &[&str]) {
    for (name, text) in catalogue::shipped() {
        let path = folder.join("shipped").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (data, vkey) = (folder.join("data"), folder.log().join("log.vkey"));
    let mut arguments = vec!["replay".to_owned(), data.display().to_string()];
    arguments.extend(["--vkey".to_owned(), vkey.display().to_string()]);
    for catalogue in catalogues {
        arguments.extend(["--catalogue".to_owned(), folder.join(catalogue).display().to_string()]);
    }
    drop(audit(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).held());
}
