//! The export of a running gateway, checked by `credit-audit person` without it.

use credit_tests::{
    Folder, Reply, audit, checked,
    query::{look_up, with},
};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Browser, gateway, queries::of_record};

/// Checks a file; gives what is wrong with it.
pub(crate) fn check(folder: &Folder, file: &str, with_log: bool) -> Option<String> {
    let place = folder.join("export.json");
    std::fs::write(&place, file).unwrap();
    let (place, log, vkey) = (place.to_str().unwrap(), folder.log(), folder.log().join("log.vkey"));
    let mut arguments = vec!["person", place, "--vkey", vkey.to_str().unwrap()];
    if with_log {
        arguments.extend(["--log", log.to_str().unwrap()]);
    }
    let run = audit(&arguments);
    match run.code {
        Some(0) => None,
        _ => Some(run.err.clone()),
    }
}

/// The ids of its entries.
fn ids(file: &Value) -> Vec<String> {
    let entries = file["export"]["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["shown"]["query"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn export(browser: &Browser) -> Reply {
    let reply = browser.json("/me/export");
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply
}

#[test]
fn an_export_is_refused_without_a_session_and_for_other_days() {
    let (gateway, _service) = gateway();
    let browser = Browser::new(gateway.folder());
    assert_eq!(browser.json("/me/export").status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/me/export").header("location"), Some("/login?next=/me/export"));
    drop(browser.log_in());
    for query in ["from=2026-01-01", "to=2020-01-01", "cursor=0", "cursor=", "from=x"] {
        assert_eq!(browser.json(&format!("/me/export?{query}")).status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[test]
fn it_has_every_query_but_what_is_withheld_and_is_checked_without_the_gateway() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 0));
    let housing = folder.caller("housing");
    for nr in 0..45 {
        let asked = with(look_up(&number), "case", format!("HZ-2026-{nr:06}"));
        drop(checked::answer(folder, "housing", &housing.ask(&asked)));
    }
    drop(housing.ask(&with(look_up(&number), "fields", json!(["score"]))));
    drop(housing.ask(&look_up(&other)));
    let exempt = folder.caller("supervisor").ask(&with(look_up(&number), "scenario", "supervision-inspection"));
    drop(checked::answer(folder, "supervisor", &exempt));
    let browser = Browser::new(folder);
    drop(browser.log_in());
    drop(browser.json("/me/report"));
    let reply = export(&browser);
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"credit-export.json\""));
    let (text, file) = (reply.text(), reply.json());
    assert_eq!(ids(&file), of_record(folder, &number));
    assert_eq!(ids(&file).len(), 47);
    assert!(!text.contains(&number), "a file that is handed on names nobody by itself");
    assert!(!text.contains("\"supervisor\""));
    assert_eq!(file["export"]["left_out"], json!(["cadre-selection", "supervision-inspection"]));
    assert_eq!(check(folder, &text, false), None);
    assert_eq!(check(folder, &text, true), None);
    // Each notice was given, and each part of the record has as many ids as fit.
    let kinds = |kind: &str| folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == kind).count();
    assert_eq!((kinds("notice"), kinds("statement")), (2, 2));
    assert_eq!(browser.json("/me/queries").json()["list"]["entries"][0]["notice"], "given");

    // Altered afterwards: found by the file alone.
    let leaf = file["export"]["entries"][3]["leaf"].as_str().unwrap();
    for (from, to) in [
        ("\"says\":\"The", "\"says\":\"An"),
        ("HZ-2026-000007", "HZ-2026-000008"),
        ("\"covers\":", "\"covers\":1"),
        ("\"left_out\":[", "\"left_out\":[\"employment\","),
        (&serde_json::to_string(leaf).unwrap(), &serde_json::to_string(&leaf.replace("HZ-", "HY-")).unwrap()),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        let found = check(folder, &altered, false).unwrap();
        assert!(found.contains("altered afterwards"), "{from}: {found}");
    }
    let mut shorter = file.clone();
    shorter["export"]["entries"].as_array_mut().unwrap().remove(4);
    assert!(check(folder, &shorter.to_string(), false).is_some());
    let mut other_path = file.clone();
    other_path["paths"].as_array_mut().unwrap().swap(0, 1);
    // The bytes of the export as they were, with paths that are another's.
    let (head, _) = text.split_once(",\"statement\":").unwrap();
    let swapped = format!(
        "{head},\"statement\":{},\"paths\":{},\"checkpoint\":{}}}",
        file["statement"], other_path["paths"], file["checkpoint"]
    );
    assert!(check(folder, &swapped, false).unwrap().contains("not proven"));
    let untouched = swapped.replace(&other_path["paths"].to_string(), &file["paths"].to_string());
    assert_eq!(check(folder, &untouched, true), None, "only the paths were wrong");
}

#[test]
fn another_person_s_export_has_nothing_of_the_first() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 0));
    drop(folder.caller("housing").ask(&look_up(&number)));
    let (one, two) = (Browser::new(folder), Browser::new(folder));
    drop(one.log_in());
    service.person(&other);
    drop(two.log_in());
    let (first, second) = (export(&one), export(&two));
    assert_eq!((ids(&first.json()).len(), ids(&second.json()).len()), (1, 0));
    let tags = |reply: &Reply| {
        let tags = reply.json()["export"]["tags"].as_array().unwrap().clone();
        tags.iter().map(|tag| tag["tag"].to_string()).collect::<Vec<_>>()
    };
    assert!(tags(&first).iter().all(|tag| !tags(&second).contains(tag)) && !tags(&second).is_empty());
    assert_eq!(check(folder, &second.text(), true), None);
}
