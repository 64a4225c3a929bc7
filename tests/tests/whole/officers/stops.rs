//! Suspension of a member of staff and of a scenario, the stop switch, and the alarm rule.

use std::time::Duration;

use credit_tests::{
    Folder, Gateway, checked, each,
    query::{look_up, with, wrong_check},
};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{act, at_door, command, of_kind};
use crate::faults::within;

#[test]
fn what_is_no_officer_s_or_names_nothing_changes_nothing() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let before = folder.leaves().len();
    let stop = json!({"reason": "drill"});
    for who in ["supervisor", "housing"] {
        assert_eq!(act(folder, who, "/officers/stop", &stop).status, StatusCode::FORBIDDEN, "{who}");
    }
    let officer = at_door(folder, "officer");
    for path in ["/officers/stop", "/officers/counter"] {
        assert_eq!(officer.get(path).status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let typed = |kind| officer.send(Method::POST, "/officers/stop", &[("content-type", kind)], stop.to_string());
    for kind in ["text/plain", "multipart/form-data", "application/json-x"] {
        assert_eq!(typed(kind).code(), "unsupported-media-type", "{kind}");
    }
    assert_eq!(typed("application/x-www-form-urlencoded").code(), "malformed-request", "no form of a page");
    each(
        [
            ("/officers/stop", json!({})),
            ("/officers/stop", json!({"reason": "drill", "force": true})),
            ("/officers/stop", json!(["rental", "drill"])),
            ("/officers/suspensions", json!({"institution": "housing", "reason": "drill"})),
            ("/officers/suspensions", json!({"institution": "Housing", "suspended": true, "reason": "drill"})),
            (
                "/officers/suspensions",
                json!({"institution": "housing", "operator": "s", "scenario": "rental", "suspended": true, "reason": "-"}),
            ),
        ],
        |(path, body)| {
            let reply = act(folder, "officer", path, body);
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "malformed-request"), "{path} {body}");
        },
    );
    each(
        [
            ("/officers/stop", json!({"scenario": "curiosity", "reason": "drill"}), "no such scenario"),
            ("/officers/stop", json!({"reason": "about 990101199003070015"}), "citizen number"),
            ("/officers/suspensions", json!({"institution": "nobody", "suspended": true, "reason": "-"}), "register"),
            (
                "/officers/suspensions",
                json!({"institution": "housing", "operator": "a b", "suspended": true, "reason": "-"}),
                "member of staff",
            ),
        ],
        |(path, body, why)| {
            let headers = [("content-type", "application/json"), ("accept-language", "en")];
            let reply = at_door(folder, "officer").send(Method::POST, path, &headers, body.to_string());
            assert_eq!(reply.status, StatusCode::CONFLICT, "{path} {body}: {}", reply.text());
            assert!(reply.json()["title"].as_str().unwrap().contains(why), "{}", reply.text());
        },
    );
    for (code, arguments, word) in [
        (1, vec!["stop", "--scenario", "curiosity"], "scenario"),
        (1, vec!["institution", "suspend", "housing", "--staff", "a b"], "staff"),
        (64, vec!["institution", "suspend", "housing", "--staff", "a", "--scenario", "rental"], "scenario"),
    ] {
        let said = command(folder, &arguments).failed(code);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert_eq!(folder.leaves().len(), before, "nothing is on the record");
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
}

#[test]
fn a_member_of_staff_and_a_scenario_are_suspended_apart_by_an_officer_and_by_command() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("housing"), folder.person("clean", 0));
    let by = |staff: &str| with(look_up(&person), "operator", staff);
    let suspend = json!({"institution": "housing", "operator": "s-1", "suspended": true, "reason": "left his desk"});
    let reply = act(folder, "officer", "/officers/suspensions", &suspend);
    assert_eq!(
        (reply.status, reply.json()["part"]["staff"].as_str()),
        (StatusCode::OK, Some("s-1")),
        "{}",
        reply.text()
    );
    let leaf = folder.leaf(reply.json()["index"].as_u64().unwrap());
    assert_eq!((leaf.text("kind"), leaf.text("operator"), leaf.text("reason")), ("suspension", "s-1", "left his desk"));
    assert_eq!(leaf.json["actor"]["officer"], "officer");
    assert!(act(folder, "officer", "/officers/suspensions", &suspend).json()["already"].as_bool().unwrap());
    let refused = checked::refusal(folder, "housing", &caller.ask(&by("s-1")), 403, "institution-suspended");
    assert_eq!((refused.text("operator"), &refused.json["inputs"]["suspended"]), ("s-1", &true.into()));
    // The suspension stands before every other fault (formats.md §2).
    let wrong = with(by("s-1"), "subject", wrong_check(&person));
    assert_eq!(caller.ask(&wrong).code(), "institution-suspended");
    checked::answer(folder, "housing", &caller.ask(&by("s-2")));
    let scenario = look_up(&person)["scenario"].as_str().unwrap().to_owned();
    drop(command(folder, &["institution", "suspend", "housing", "--scenario", &scenario]).held());
    checked::refusal(folder, "housing", &caller.ask(&by("s-2")), 403, "institution-suspended");
    let listed = command(folder, &["institution", "list"]).held();
    assert!(listed.contains("staff s-1") && listed.contains(&format!("scenario {scenario}")), "{listed}");
    // Both outlive the process, and a new log takes them over by the same rows.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let asked = |staff: &str| folder.caller("housing").ask(&by(staff));
    assert_eq!([asked("s-1").code(), asked("s-2").code()], ["institution-suspended", "institution-suspended"]);
    drop(command(folder, &["institution", "resume", "housing", "--scenario", &scenario]).held());
    assert_eq!((asked("s-1").code().as_str(), asked("s-2").status.as_u16()), ("institution-suspended", 200));
    drop(command(folder, &["institution", "resume", "housing", "--staff", "s-1"]).held());
    assert_eq!(asked("s-1").status, 200);
}

#[test]
fn a_stop_holds_for_everybody_and_through_a_kill_until_it_is_released() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let body = look_up(&person);
    let scenario = body["scenario"].as_str().unwrap();
    let reply = act(folder, "officer", "/officers/stop", &json!({"scenario": scenario, "reason": "a leak 泄露"}));
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    // A query of a scenario that is stopped is read before that is known: it is on the record.
    let leaf = checked::refusal(folder, "housing", &folder.caller("housing").ask(&body), 503, "stopped");
    assert_eq!((leaf.text("scenario"), &leaf.json["inputs"]["observed"]), (scenario, &"stopped".into()));
    assert_eq!(folder.caller("bank").ask(&body).code(), "stopped", "whoever asks");
    drop(command(folder, &["resume", "--scenario", scenario]).held());
    checked::answer(folder, "housing", &folder.caller("housing").ask(&body));
    let said = command(folder, &["stop", "--reason", "drill"]).held();
    assert!(said.contains("\"stopped\":true"), "{said}");
    checked::fixed(&folder.caller("housing").ask(&body), 503, "stopped");
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    checked::fixed(&folder.caller("housing").ask(&body), 503, "stopped");
    assert!(act(folder, "officer", "/officers/resume", &json!({"reason": "over"})).json()["stopped"] == false);
    checked::answer(folder, "housing", &folder.caller("housing").ask(&body));
    let said: Vec<_> = of_kind(folder, "stop").iter().map(|leaf| leaf.json["stopped"].as_bool().unwrap()).collect();
    assert_eq!(said, [true, false, true, false]);
    crate::limits::is_wholly_recorded(&gateway.stop());
}

#[test]
fn the_alarm_rule_suspends_who_asks_again_and_again_for_what_is_not_theirs() {
    let folder = Folder::new();
    folder.replace_in_config("# staff_refusals = 50", "staff_refusals = 5");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("bank"), folder.person("clean", 0));
    let by = |staff: &str| with(look_up(&person), "operator", staff);
    for _ in 0..4 {
        checked::refusal(folder, "bank", &caller.ask(&by("curious")), 403, "scenario-not-allowed");
        checked::refusal(folder, "bank", &caller.ask(&by("honest")), 403, "scenario-not-allowed");
    }
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(of_kind(folder, "suspension").len(), 0);
    checked::refusal(folder, "bank", &caller.ask(&by("curious")), 403, "scenario-not-allowed");
    assert!(within(Duration::from_secs(5), || !of_kind(folder, "suspension").is_empty()), "the rule did nothing");
    let leaf = of_kind(folder, "suspension").remove(0);
    assert_eq!((leaf.text("operator"), &leaf.json["actor"]["system"]), ("curious", &"credit-gateway".into()));
    assert_eq!(caller.ask(&by("curious")).code(), "institution-suspended");
    assert_eq!(caller.ask(&by("honest")).code(), "scenario-not-allowed");
}
