//! What officers see beside queries: consents, objections, coverage, reports, alarms, the log.

use std::{fs, time::Duration};

use credit_tests::{Folder, Gateway, audit, checked, query::look_up, scratch, sh};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act, at_door, command,
    console::{page, seen, until_listed},
    objected, of_kind,
};
use crate::{
    cases::{decide, open},
    consents::{self, altered, ask, new_jti, withdraw},
    faults::within,
    limits::is_wholly_recorded,
    monthly::{of_month, recomputed},
};

#[test]
fn an_objection_is_read_without_its_number_and_decided_by_an_officer_alone() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let id = objected(folder, &number);
    let listed = seen(folder, "/officers/objections");
    assert_eq!(
        (&listed["objections"][0]["objection"], &listed["objections"][0]["overdue"]),
        (&json!(id), &json!(false))
    );
    let one = format!("/officers/objections/{id}");
    let said = at_door(folder, "supervisor").get(&one);
    assert_eq!(said.json()["statement"], "I was never there.");
    for text in [said.text(), page(folder, &one, "zh").text(), page(folder, &one, "en").text()] {
        assert!(!text.contains(&number));
    }
    for none in ["/officers/objections/01920000-0000-7000-8000-000000000000", "/officers/objections/x"] {
        assert_eq!(at_door(folder, "officer").get(none).status, StatusCode::NOT_FOUND, "{none}");
    }
    let decide = json!({"objection": id, "result": "upheld", "reason": "it was another person"});
    for (who, body, status) in [
        ("supervisor", decide.clone(), StatusCode::FORBIDDEN),
        ("housing", decide.clone(), StatusCode::FORBIDDEN),
        ("officer", json!({"objection": id, "result": "both", "reason": "x"}), StatusCode::BAD_REQUEST),
        ("officer", json!({"objection": id, "result": "upheld"}), StatusCode::BAD_REQUEST),
        ("officer", json!({"objection": id, "result": "upheld", "reason": " "}), StatusCode::CONFLICT),
        ("officer", decide.clone(), StatusCode::OK),
        ("officer", decide, StatusCode::CONFLICT),
    ] {
        assert_eq!(act(folder, who, "/officers/objections", &body).status, status, "{who}: {body}");
    }
    assert_eq!(seen(folder, "/officers/objections")["objections"], json!([]));
    assert_eq!(seen(folder, &one)["open"], false);
    let leaf = of_kind(folder, "objection").pop().unwrap();
    assert_eq!((leaf.text("state"), &leaf.json["actor"]["officer"]), ("upheld", &json!("officer")));
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn consents_are_listed_with_their_uses_and_lead_to_their_queries() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (jti, number) = (new_jti(), folder.person("clean", 3));
    let token = altered(folder, &jti, &number, |_| ());
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token));
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number)));
    until_listed(folder, 2);
    let all = seen(folder, "/officers/consents")["consents"].as_array().unwrap().clone();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        (&all[0]["institution"], &all[0]["answered"], &all[0]["withdrawn"]),
        (&json!("bank"), &json!(1), &json!(false))
    );
    let by = |consent: &str| at_door(folder, "officer").get(&format!("/officers/queries?consent={consent}"));
    let consent = all[0]["consent"].as_str().unwrap();
    assert_eq!(by(consent).json()["queries"].as_array().unwrap().len(), 1);
    assert_eq!(by(&"0".repeat(32)).json()["queries"], json!([]));
    for wrong in ["x", &consent[1..], &consent.to_uppercase().replace(char::is_numeric, "A")] {
        assert_eq!(by(wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(withdraw(folder, &jti).status, StatusCode::OK);
    assert_eq!(seen(folder, "/officers/consents")["consents"][0]["withdrawn"], true);
    drop(gateway.stop());
}

#[test]
fn coverage_and_the_report_are_those_of_the_auditor_s_command() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    open(folder, "R-1", &folder.person("clean", 2));
    decide(folder, "R-1", None);
    let covered = seen(folder, "/officers/coverage");
    let month = covered["departments"][0]["month"].as_str().unwrap().to_owned();
    assert_eq!((&covered["departments"][0]["missed"], &covered["misses"][0]["case"]), (&json!(1), &json!("R-1")));
    assert_eq!(seen(folder, "/officers/coverage?month=2020-01")["departments"], json!([]));
    for wrong in ["2026-13", "2026-1", "now"] {
        for path in ["coverage", "report"] {
            let reply = at_door(folder, "officer").get(&format!("/officers/{path}?month={wrong}"));
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {wrong}");
        }
    }
    assert_eq!(seen(folder, "/officers/report")["months"][0], json!(month));
    let path = format!("/officers/report?month={month}");
    // Each time of the log as it stood then, to the last byte.
    let again = |more: &[&str]| {
        let copy = scratch::folder("report").join("log");
        drop(sh(&format!("cp -a '{}' '{}'", folder.log().display(), copy.display())).held());
        audit(&[&["report", copy.to_str().unwrap(), "--month", &month], more].concat()).held()
    };
    assert_eq!(at_door(folder, "supervisor").get(&path).text(), again(&["--json"]));
    let html = page(folder, &path, "en");
    assert_eq!(html.text(), again(&[]));
    let policy = html.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    drop(gateway.stop());
}

#[test]
fn statistics_are_those_of_the_report_and_a_region_is_the_asker_s_of_the_register() {
    let folder = Folder::new();
    folder.replace_in_config("id = \"housing\"\n", "id = \"housing\"\nregion = \"990301\"\n");
    folder.replace_in_config("id = \"bank\"\n", "id = \"bank\"\nregion = \"990302\"\n");
    for wrong in ["99030", "9903011", "09030a", "099301"] {
        folder.replace_in_config("region = \"990301\"", &format!("region = \"{wrong}\""));
        assert!(command(&folder, &["check"]).failed(64).contains("a code of GB/T 2260"), "{wrong}");
        folder.replace_in_config(&format!("region = \"{wrong}\""), "region = \"990301\"");
    }
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let housing = folder.caller("housing");
    let ask = |nr| housing.ask(&look_up(&folder.person("clean", nr)));
    let month = |at: &str| seen(folder, &format!("/officers/statistics{at}"));
    for nr in 0..3 {
        checked::answer(folder, "housing", &ask(nr));
    }
    let before = month("")["queries"]["all"].clone();
    assert_eq!(before, json!({"answered": 3, "refused": 0}));
    let token = altered(folder, &new_jti(), &folder.person("clean", 3), |_| ());
    checked::answer(folder, "bank", &consents::ask(&folder.caller("bank"), &token));
    let refused = housing.ask(&json!({}));
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let supervisor = folder.caller("supervisor").ask(&json!({}));
    assert_eq!(supervisor.status, StatusCode::BAD_REQUEST);
    let all = || month("")["queries"]["all"] == json!({"answered": 4, "refused": 2});
    assert!(within(Duration::from_secs(20), all), "{}", month(""));
    let (shown, name) = (month(""), month("")["month"].as_str().unwrap().to_owned());
    assert_eq!(
        shown["regions"],
        json!({"990301": {"answered": 3, "refused": 1}, "990302": {"answered": 1, "refused": 0}})
    );
    assert_eq!(shown["without_region"], json!({"answered": 0, "refused": 1}));
    assert_eq!(month("?month=2020-01")["queries"]["institutions"], json!({}));
    for language in ["zh", "en"] {
        let text = page(folder, "/officers/statistics", language).text();
        assert!(text.contains("990301") && text.contains("(black_listed)"), "{language}");
    }
    let wrong = at_door(folder, "officer").get("/officers/statistics?month=2026-13").status;
    assert_eq!(wrong, StatusCode::BAD_REQUEST);
    let folder = gateway.stop();
    let figures: Value = serde_json::from_str(&of_month(&folder, &name, &["--json"]).held()).unwrap();
    assert_eq!(figures["queries"], shown["queries"], "as credit-audit counts");
    assert_eq!(figures, recomputed(&folder, &name), "as a program of another language does");
}

#[test]
fn alarms_say_what_waits_and_are_gone_once_it_is_done() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let alarms = || {
        let all = seen(folder, "/officers/alarms");
        let parts = ["reasons", "warnings", "to_do"].map(|part| all[part].as_array().unwrap().clone()).concat();
        parts.iter().map(|alarm| alarm["alarm"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let none: Vec<_> = alarms().into_iter().filter(|alarm| alarm != "calendar-ends").collect();
    assert_eq!(none, [""; 0]);
    open(folder, "R-1", &folder.person("clean", 2));
    decide(folder, "R-1", None);
    drop(command(folder, &["stop", "--reason", "drill"]).held());
    drop(command(folder, &["institution", "suspend", "bank"]).held());
    fs::write(folder.join("crl.pem"), "no list").unwrap();
    let expected = ["revocation-list-refused", "stopped", "suspended", "cases-missed"];
    let all = || expected.iter().all(|alarm| alarms().contains(&(*alarm).to_owned()));
    assert!(within(Duration::from_secs(20), all), "{:?}", alarms());
    let text = page(folder, "/officers/alarms", "en").text();
    assert!(text.contains("stopped: every query is refused") && text.contains("href=\"/officers/coverage"), "{text}");
    assert!(page(folder, "/officers", "en").text().contains("Alarms: "));
    drop(command(folder, &["resume"]).held());
    assert!(!alarms().contains(&"stopped".to_owned()));
    let log = seen(folder, "/officers/log");
    assert!(log["checkpoint"].as_str().unwrap().contains('\n') && log["size"].as_u64() > Some(1), "{log}");
    assert!(log["keys"].as_array().unwrap().iter().any(|key| key["use"] == "log" && key["state"] == "active"), "{log}");
    for (language, said) in [("en", "keeps the index up with the log"), ("zh", "更新检索索引")] {
        let shown = page(folder, "/officers/log", language).text();
        assert!(shown.contains(&format!("<dt>{said} (<code>index</code>)</dt>")), "{language}");
        let duties = log["duties"].as_array().unwrap().iter().map(|one| one["duty"].as_str().unwrap());
        // Each in words, and its name beside them.
        let bare = duties.filter(|duty| !shown.contains(&format!(" (<code>{duty}</code>)</dt>"))).collect::<Vec<_>>();
        assert!(bare.is_empty(), "{language}: {bare:?}");
    }
    drop(gateway.stop());
}

#[test]
fn the_record_can_be_searched_without_a_door_for_persons_where_an_index_is_kept() {
    let folder = Folder::new();
    folder.edit_config(|config| {
        let (before, rest) = config.split_once("[persons]\n").unwrap();
        let (_, after) = rest.split_once("\n[tls]").unwrap();
        format!("{before}[tls]{after}")
    });
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    until_listed(folder, 1);
    let overview = seen(folder, "/officers");
    assert_eq!(overview["days"].as_array().unwrap().last().unwrap()["answered"], 1);
    let folder = gateway.stop();
    folder.replace_in_config("index = true\n", "");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for path in ["/officers/queries", "/officers/consents"] {
        let reply = page(folder, path, "en");
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(reply.text().contains("set index = true under [data]"), "{}", reply.text());
    }
    assert_eq!(seen(folder, "/officers")["days"], json!([]));
    drop(gateway.stop());
}
