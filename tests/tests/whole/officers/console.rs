//! The officers' pages: who may look, what is found, that each look is on the record; and a real browser.

use std::{path::PathBuf, process::Command, time::Duration};

use credit_audit::{merkle::leaf_hash, proof::Proof};
use credit_tests::{
    Folder, Gateway, Reply, checked, each,
    query::{look_up, look_up_under, with},
    tools::node_script,
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{at_door, command, of_kind};
use crate::faults::within;

/// What a program is told.
fn seen(folder: &Folder, path: &str) -> Value {
    let reply = at_door(folder, "officer").get(path);
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

fn page(folder: &Folder, path: &str, language: &str) -> Reply {
    let headers = [("accept", "text/html"), ("accept-language", language)];
    at_door(folder, "officer").send(Method::GET, path, &headers, "")
}

/// The ids of the queries that a list shows.
fn listed(folder: &Folder, restricted: &str) -> Vec<String> {
    let found = seen(folder, &format!("/officers/queries?{restricted}"));
    let queries = found["queries"].as_array().unwrap().iter();
    queries.map(|query| query["query"].as_str().unwrap().to_owned()).collect()
}

fn id(reply: &Reply) -> String {
    reply.json()["receipt"]["query"].as_str().or(reply.json()["query"].as_str()).unwrap().to_owned()
}

/// Looks until the index has taken in all of them.
fn until_listed(folder: &Folder, queries: usize) {
    let all = || listed(folder, "").len() >= queries;
    assert!(within(Duration::from_secs(10), all), "the index does not take them in");
}

#[test]
fn who_is_no_officer_or_auditor_sees_nothing_and_each_look_is_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    let one = format!("/officers/queries/{}", id(&reply));
    until_listed(folder, 1);
    let paths = ["/officers", "/officers/queries", "/officers/institutions", one.as_str()];
    let looks = of_kind(folder, "read").len();
    for path in paths {
        for who in ["housing", "bank", "authority"] {
            assert_eq!(at_door(folder, who).get(path).status, StatusCode::FORBIDDEN, "{who} {path}");
        }
        let posted = at_door(folder, "officer").send(Method::POST, path, &[], "");
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert_eq!(of_kind(folder, "read").len(), looks, "who was refused has read nothing");
    for who in ["officer", "supervisor"] {
        for path in paths {
            assert_eq!(at_door(folder, who).get(path).status, StatusCode::OK, "{who} {path}");
        }
    }
    let read = || {
        let leaves = of_kind(folder, "read").split_off(looks);
        leaves.iter().map(|leaf| leaf.text("path").to_owned()).collect::<Vec<_>>()
    };
    let expected = ["officers/queries", &one[1..]].repeat(2);
    assert!(within(Duration::from_secs(5), || read() == expected), "{:?}", read());
    drop(command(folder, &["institution", "suspend", "officer"]).held());
    for path in paths {
        assert_eq!(at_door(folder, "officer").get(path).code(), "institution-suspended", "{path}");
    }
    drop(gateway.stop());
}

#[test]
fn a_list_is_restricted_by_what_it_is_asked_and_goes_on_page_by_page() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 1));
    let answered: Vec<String> =
        (0..55).map(|nr| id(&housing.ask(&look_up_under(&number, &format!("HZ-{nr:06}"))))).collect();
    let refused = housing.ask(&with(look_up(&number), "fields", json!(["score"])));
    checked::refusal(folder, "housing", &refused, 403, "field-not-allowed");
    let by_another = id(&housing.ask(&with(look_up(&number), "operator", "staff-9999")));
    until_listed(folder, 50);
    assert!(within(Duration::from_secs(10), || listed(folder, "").first() == Some(&by_another)));
    assert_eq!(listed(folder, "institution=housing&outcome=refused"), [id(&refused)]);
    assert_eq!(listed(folder, "outcome=field-not-allowed"), [id(&refused)]);
    assert_eq!(listed(folder, "institution=housing&operator=staff-9999"), [by_another]);
    assert_eq!(listed(folder, "institution=housing&case=HZ-000007"), [answered[7].clone()]);
    assert_eq!(listed(folder, "institution=bank&case=HZ-000007"), [""; 0]);
    assert_eq!(listed(folder, "scenario=public-rental-housing&outcome=answered").len(), 50);
    assert_eq!(listed(folder, "from=2100-01-01"), [""; 0]);
    assert_eq!(listed(folder, "to=2020-01-01"), [""; 0]);
    let first = seen(folder, "/officers/queries");
    let next = first["next"].as_u64().unwrap();
    let second = seen(folder, &format!("/officers/queries?before={next}"));
    let ids = |found: &Value| {
        let queries = found["queries"].as_array().unwrap().iter();
        queries.map(|query| query["query"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = [ids(&first), ids(&second)].concat();
    assert_eq!(all.len(), 57, "none twice and none left out");
    assert!(answered.iter().all(|one| all.contains(one)) && second["next"].is_null());
    each(
        ["from=x", "from=2026-02-30", "operator=staff-1", "case=HZ-1", "before=-1", "from=2026-01-01&from=2026-01-02"],
        |restricted| {
            let reply = at_door(folder, "officer").get(&format!("/officers/queries?{restricted}"));
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{restricted}");
        },
    );
    drop(gateway.stop());
}

#[test]
fn one_record_comes_with_its_proof_and_nothing_that_is_sealed_is_opened() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let reply = folder.caller("housing").ask(&look_up(&number));
    let leaf = checked::answer(folder, "housing", &reply);
    until_listed(folder, 1);
    let path = format!("/officers/queries/{}", id(&reply));
    let raw = at_door(folder, "officer").get(&path).text();
    let found: Value = serde_json::from_str(&raw).unwrap();
    assert!(raw.contains(std::str::from_utf8(&leaf.bytes).unwrap().trim_end()), "the leaf byte for byte");
    let proof = Proof::parse(found["proof"].as_str().unwrap()).unwrap();
    proof.verify(&leaf_hash(&leaf.bytes), &folder.vkey()).unwrap();
    assert_eq!(found["index"].as_u64(), Some(leaf.index));
    for language in ["zh", "en"] {
        let shown = page(folder, &path, language);
        assert_eq!(shown.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(shown.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert!(!shown.text().contains(&number), "{language}");
        assert!(shown.text().contains(leaf.text("case")), "{language}");
    }
    for none in ["/officers/queries/01920000-0000-7000-8000-000000000000", "/officers/queries/x"] {
        assert_eq!(at_door(folder, "officer").get(none).status, StatusCode::NOT_FOUND, "{none}");
    }
    let overview = seen(folder, "/officers");
    assert_eq!((&overview["stopped"], &overview["last"]["by_institution"]["housing"]), (&json!(false), &json!(1)));
    drop(command(folder, &["stop", "--reason", "drill"]).held());
    drop(command(folder, &["institution", "suspend", "bank", "--staff", "staff-7"]).held());
    assert_eq!(seen(folder, "/officers")["stopped"], true);
    let all = seen(folder, "/officers/institutions");
    let bank = all["institutions"].as_array().unwrap().iter().find(|one| one["id"] == "bank").unwrap().clone();
    assert_eq!((&bank["suspended"], &bank["suspended_parts"]), (&json!(false), &json!(["staff-7"])));
    assert!(page(folder, "/officers", "en").text().contains("Stopped: every query is refused."));
    drop(gateway.stop());
}

#[test]
fn chromium_shows_each_page_in_both_languages_and_axe_finds_nothing() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 2)));
    drop(folder.caller("housing").ask(&with(look_up(&folder.person("clean", 2)), "fields", json!(["score"]))));
    until_listed(folder, 2);
    let pictures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tests/pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    let ran = Command::new("node")
        .arg(node_script("console.mjs", include_str!("console.mjs")))
        .arg(format!("https://127.0.0.1:{}", folder.port_base() + super::AUDITORS))
        .args([folder.path().to_str().unwrap(), &id(&reply), pictures.to_str().unwrap()])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    let lines: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let looks: Vec<_> = lines.iter().filter(|line| line["page"].is_string()).collect();
    assert_eq!(looks.len(), 7 * 2 * 2, "{out}");
    let suspended: Vec<_> = lines.iter().filter(|line| line["suspended"].is_array()).collect();
    assert!(suspended.len() == 2 && suspended[0].to_string().contains("全部"), "{suspended:?}");
    assert!(suspended[1].to_string().contains("all of it"), "{suspended:?}");
    for look in looks {
        assert_eq!(look["violations"], json!([]), "{look}");
        assert!(look["passes"].as_u64().unwrap() > 5, "axe looked at nothing: {look}");
        assert!(look["wide"].as_u64() <= look["width"].as_u64(), "wider than the screen: {look}");
        assert_eq!(look["lang"], if look["language"] == "zh" { "zh-Hans" } else { "en" }, "{look}");
        assert_eq!(look["scripts"], 0, "{look}");
    }
    assert!(lines.iter().all(|line| !line["console"].to_string().contains("Security Policy")), "{out}");
    drop(gateway.stop());
}
