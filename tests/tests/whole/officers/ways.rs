//! Ways on the officers' pages: from the bare address in, from an id to its record, and from what is suspended back.

use std::time::Duration;

use credit_tests::{Folder, Gateway, checked, query::look_up};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    act, at_door,
    by_two::{ONE, OTHER, listed, two_officers},
    command,
    console::{page, seen, until_listed},
    loading::follow,
};
use crate::faults::within;

#[test]
fn the_bare_address_leads_to_the_pages_and_an_id_to_its_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let answer = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    checked::answer(folder, "housing", &answer);
    let id = answer.json()["query"].as_str().unwrap_or_default().to_owned();
    let to = |path: &str| {
        let reply = at_door(folder, "officer").get(path);
        (reply.status, reply.header("location").unwrap_or_default().to_owned())
    };
    assert_eq!(to("/"), (StatusCode::SEE_OTHER, "/officers".to_owned()));
    let record = format!("/officers/queries/{id}");
    let (status, location) = to(&format!("/officers/queries?id=+{id}"));
    assert!(status == StatusCode::SEE_OTHER && location.starts_with(&record), "{status} {location}");
    for wrong in ["1", &id[1..], "x%0d%0ay"] {
        assert_eq!(to(&format!("/officers/queries?id={wrong}")), (StatusCode::BAD_REQUEST, String::new()), "{wrong}");
    }
    assert_eq!(to("/officers/queries?id=").0, StatusCode::OK);
    until_listed(folder, 1);
    assert!(page(folder, &record, "en").text().contains(&format!("<code>{id}</code>")), "its record names it");
    drop(gateway.stop());
}

#[test]
fn what_is_not_there_or_not_theirs_is_a_page_with_the_ways_on_and_a_line_for_programs() {
    let folder = two_officers();
    folder.replace_in_config("kind = \"employer\"", "kind = \"officer\"\nrole = \"custodian\"");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let shown = |who: &str, path: &str, language: &str| {
        let headers = [("accept", "text/html"), ("accept-language", language)];
        let reply = at_door(folder, who).send(Method::GET, path, &headers, "");
        (reply.status, reply.text())
    };
    for (who, path, status, zh, en) in [
        (ONE, "/officers/nonsense", StatusCode::NOT_FOUND, "没有这一页面", "there is no such page"),
        (ONE, "/officers/queries/01a228c8", StatusCode::NOT_FOUND, "没有这一页面", "there is no such page"),
        ("employer", "/officers/queries", StatusCode::FORBIDDEN, "您的角色不能查看", "not for your role"),
    ] {
        for (language, said, menu) in [("zh", zh, "双人审批</a>"), ("en", en, "Decisions by two</a>")] {
            let (found, text) = shown(who, path, language);
            assert_eq!(found, status, "{who} {path}");
            assert!(text.contains(said) && text.contains(menu), "{who} {path} {language}");
        }
        let plain = at_door(folder, who).get(path);
        assert!(plain.status == status && !plain.text().contains("<html"), "{who} {path}");
    }
    for (who, language, said) in [
        (ONE, "en", "approve the own proposal (another officer does)"),
        ("employer", "en", "Officers and reviewers search and review"),
        ("supervisor", "en", "Officers and reviewers open and judge"),
        ("supervisor", "zh", "复核由管理人员或复核人员办理"),
    ] {
        assert!(shown(who, "/officers", language).1.contains(said), "{who}: what it does not do, and who does");
    }
    drop(command(folder, &["institution", "suspend", "officer"]).held());
    for (language, said) in [("en", "you are suspended"), ("zh", "您已被暂停")] {
        let (status, text) = shown(ONE, "/officers/institutions", language);
        assert!(status == StatusCode::FORBIDDEN && text.contains(said), "{text}");
    }
    assert_eq!(shown(ONE, "/style.css", "en").0, StatusCode::OK);
    assert_eq!(at_door(folder, ONE).get("/officers").code(), "institution-suspended");
    drop(gateway.stop());
}

#[test]
fn who_decides_by_two_reads_what_changes_how_far_it_is_and_who_goes_on() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let waits = || {
        let all = seen(folder, "/officers/alarms")["waits"].clone();
        let of = |one: &Value| (one["alarm"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap());
        all.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let proposals = || page(folder, "/officers/proposals", "en").text();
    let theirs = || {
        let headers = [("accept", "text/html"), ("accept-language", "en")];
        at_door(folder, OTHER).send(Method::GET, "/officers/proposals", &headers, "").text()
    };
    assert_eq!(waits(), []);
    assert!(proposals().contains("<h1>Decisions by two</h1>"), "as the menu calls it");
    // Known by its digest alone: nothing that is not seen is approved by a page.
    let digest = listed(folder)["approved"]["catalogue"].clone();
    let body = json!({"act": "limits", "digest": digest});
    assert_eq!(act(folder, ONE, "/officers/proposals", &body).status, StatusCode::OK);
    assert_eq!(waits(), [("proposals-wait".to_owned(), 1)]);
    assert!(page(folder, "/officers", "en").text().contains("Waits: proposals wait for another officer: 1"));
    let shown = theirs();
    assert!(shown.contains("The gateway has its digest alone") && shown.contains("credit-gateway policy diff"));
    assert!(shown.contains("credit-gateway catalogue approve ") && !shown.contains("action=\"/officers/approvals\""));
    let proposal = listed(folder)["proposals"][0]["proposal"].clone();
    let approve = json!({"proposal": proposal, "digest": digest});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &approve).status, StatusCode::OK);
    assert_eq!(waits(), [("approved-waits".to_owned(), 1)]);
    assert!(proposals().contains("<dd>approved, waits to be loaded by the operator: "), "and how");
    // What the operator has ready is shown line by line, and proposed by a button.
    let _next = follow(folder, |config| config.replacen("rate_per_s = 2000", "rate_per_s = 1999", 1));
    let is_ready = || proposals().contains("Propose what the operator has ready: Limits");
    assert!(within(Duration::from_secs(30), is_ready), "{}", proposals());
    let ready = listed(folder)["at_hand"][0].clone();
    assert!(ready["differs"]["en"].as_str().unwrap().contains("1999"), "{ready}");
    let body = json!({"act": ready["act"], "digest": ready["digest"]});
    assert_eq!(act(folder, ONE, "/officers/proposals", &body).status, StatusCode::OK);
    let shown = theirs();
    assert!(
        shown.contains("action=\"/officers/approvals\"") && shown.contains("1999") && !shown.contains("ready: Limits")
    );
    let proposal = listed(folder)["proposals"][0]["proposal"].clone();
    let approve = json!({"proposal": proposal, "digest": ready["digest"]});
    assert_eq!(act(folder, OTHER, "/officers/approvals", &approve).status, StatusCode::OK);
    let is_loaded = || proposals().contains("<dd>in force</dd>");
    assert!(within(Duration::from_secs(30), is_loaded), "{}", proposals());
    let shown = proposals();
    assert!(shown.contains("<dd>not loaded: another one was approved since</dd>"), "{shown}");
    // The file before it stands there still, and nobody is led to propose it.
    assert!(!shown.contains("Propose what the operator has ready") && listed(folder)["at_hand"].is_null(), "{shown}");
    assert_eq!(waits(), []);
    drop(gateway.stop());
}

#[test]
fn what_is_suspended_is_resumed_where_it_is_named() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let suspend = |part: Value, suspended: bool| {
        let mut body = json!({"institution": "housing", "suspended": suspended, "reason": "a drill"});
        body.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        assert_eq!(act(folder, "officer", "/officers/suspensions", &body).status, StatusCode::OK);
    };
    let shown = || page(folder, "/officers/institutions", "en").text();
    let (all, one) = ("aria-label=\"Resume housing\"", "aria-label=\"Resume staff-0017\"");
    assert!(!shown().contains("aria-label=\"Resume "), "nothing is suspended");
    suspend(json!({"operator": "staff-0017"}), true);
    let stop = json!({"scenario": "employment", "reason": "a drill"});
    assert_eq!(act(folder, "officer", "/officers/stop", &stop).status, StatusCode::OK);
    let to_do = seen(folder, "/officers/alarms")["to_do"].as_array().unwrap().clone();
    for alarm in
        [json!({"alarm": "scenario-stopped", "of": "employment"}), json!({"alarm": "part-suspended", "count": 1})]
    {
        assert!(to_do.contains(&alarm), "{to_do:?} without {alarm}");
    }
    let said = shown();
    assert!(said.contains(one) && !said.contains(all), "the one who is suspended, and not the institution");
    assert!(said.contains("name=\"operator\" value=\"staff-0017\""), "the form names whom it is about");
    suspend(json!({"operator": "staff-0017"}), false);
    suspend(json!({}), true);
    let said = shown();
    assert!(said.contains(all) && !said.contains(one));
    let parts = seen(folder, "/officers/institutions");
    let housing = parts["institutions"].as_array().unwrap().iter().find(|one| one["id"] == "housing").unwrap().clone();
    assert_eq!((&housing["suspended"], &housing["suspended_parts"]), (&json!(true), &json!([])));
    drop(gateway.stop());
}

#[test]
fn the_demo_with_officers_has_two_units_a_reviewer_and_cases_for_each_page() {
    let scratch = Folder::new();
    let (dir, port) = (scratch.join("with-officers"), scratch.port_base().to_string());
    let dir = dir.to_str().unwrap();
    let said = credit_tests::gateway(&["demo", "--once", "--officers", "--dir", dir, "--port-base", &port]).held();
    assert!(said.contains("three cases that must be checked"), "{said}");
    let config = format!("{dir}/config.toml");
    let list = credit_tests::gateway(&["institution", "list", "--json", "--config", &config]).held();
    assert!(
        ["officer2", "reviewer", "custodian"].iter().all(|id| list.contains(&format!("\"id\":\"{id}\""))),
        "{list}"
    );
    // Whatever the hour is, something waits for a reviewer.
    let reviewed = credit_tests::audit(&["review", &format!("{dir}/data"), "--json"]).held();
    let reviewed: Value = serde_json::from_str(&reviewed).unwrap();
    assert!(reviewed["months"][0]["suspicious"].as_u64() >= Some(3), "{reviewed}");
    let figures = credit_tests::gateway(&["coverage", "--json", "--config", &config]).held();
    let figures: Value = serde_json::from_str(&figures).unwrap();
    let row = &figures["departments"][0];
    assert_eq!(
        (&row["looked_up"], &row["missed"], &figures["waiting"][0]["persons"]),
        (&json!(1), &json!(1), &json!(1))
    );
}
