//! What is taken and what is refused, and that nothing of a case is lost.

use credit_tests::{
    Folder, Gateway, checked,
    query::{SCENARIO, look_up_under, with, without, wrong_check},
};
use serde_json::json;

use super::{assert_sound, decide, decided, open, opened, report};
use crate::consents::new_log::continue_log;

#[test]
fn what_is_no_case_of_the_department_is_refused_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (housing, bank, person) = (folder.caller("housing"), folder.caller("bank"), folder.person("clean", 0));
    let case = || opened("C-1", &person);
    for (path, body, status, code) in [
        ("/v1/cases", json!([]), 400, "malformed-request"),
        ("/v1/cases", with(case(), "note", "x"), 400, "malformed-request"),
        ("/v1/cases", with(case(), "opened", "05.01.2026"), 400, "malformed-request"),
        ("/v1/cases", with(case(), "opened", "2999-01-01"), 400, "malformed-request"),
        ("/v1/cases", with(case(), "opened", "2026-1-5"), 400, "malformed-request"),
        ("/v1/cases", without(case(), "opened"), 400, "malformed-request"),
        ("/v1/cases", without(case(), "subject"), 400, "malformed-request"),
        ("/v1/cases", with(case(), "scenario", "no-such"), 400, "unknown-scenario"),
        ("/v1/cases", without(case(), "operator"), 400, "operator-required"),
        ("/v1/cases", without(case(), "case"), 400, "case-required"),
        ("/v1/cases", with(case(), "case", person.as_str()), 400, "malformed-request"),
        ("/v1/cases", with(case(), "subject", wrong_check(&person)), 400, "invalid-citizen-number"),
        ("/v1/cases", with(case(), "scenario", "commercial-loan"), 403, "scenario-not-allowed"),
        ("/v1/cases", with(case(), "scenario", "supervision-inspection"), 403, "scenario-not-allowed"),
        ("/v1/cases/decisions", decided("C-0", None), 404, "not-found"),
        ("/v1/cases/decisions", with(decided("C-0", None), "opened", "2026-01-05"), 400, "malformed-request"),
        ("/v1/cases/decisions", without(decided("C-0", None), "decided"), 400, "malformed-request"),
    ] {
        checked::refusal(folder, "housing", &report(&housing, path, &body), status, code);
    }
    let no_department = report(&bank, "/v1/cases", &case());
    checked::refusal(folder, "bank", &no_department, 403, "scenario-not-allowed");
    // Of another institution there is no such case either.
    open(folder, "C-1", &person);
    let foreign =
        json!({"case": "C-1", "scenario": "supervision-inspection", "operator": "x", "decided": "2026-01-06"});
    let foreign = report(&folder.caller("supervisor"), "/v1/cases/decisions", &foreign);
    checked::refusal(folder, "supervisor", &foreign, 404, "not-found");
    let get = housing.get("/v1/cases");
    checked::refusal(folder, "housing", &get, 405, "method-not-allowed");
    assert_sound(folder);
}

#[test]
fn the_answer_is_the_same_whoever_the_person_is_and_the_number_is_sealed() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let housing = folder.caller("housing");
    let people = ["clean", "black-listed", "minor", "no-file"].map(|note| folder.person(note, 0));
    let bodies = people.each_ref().map(|person| {
        let reply = report(&housing, "/v1/cases", &opened("H-2026-1", person));
        let leaf = super::recorded(folder, &reply);
        assert_eq!(
            leaf.keys(),
            [
                "v",
                "kind",
                "id",
                "at",
                "actor",
                "institution",
                "seq",
                "state",
                "scenario",
                "case",
                "on",
                "operator",
                "subject",
                "key",
                "sealed",
                "commit"
            ]
        );
        assert_eq!((leaf.text("kind"), leaf.text("state"), leaf.text("on")), ("case", "opened", "2026-01-05"));
        assert!(!leaf.json.to_string().contains(person.as_str()));
        (leaf.bytes.len(), reply.text().split("\"receipt\"").next().unwrap().len())
    });
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
    // A look-up on the person has the tag of the case.
    let answer = checked::answer(folder, "housing", &housing.ask(&look_up_under(&people[0], "H-2026-1")));
    let leaves = folder.leaves();
    let case = leaves.iter().find(|leaf| leaf.text("kind") == "case").unwrap();
    assert_eq!(answer.text("subject"), case.text("subject"));
    let decision = decide(folder, "h-2026-1", Some(&people[0]));
    assert_eq!(decision.text("subject"), case.text("subject"));
    let whole = decide(folder, "H-2026-1", None);
    assert!(whole.json.get("subject").is_none() && whole.json.get("sealed").is_none());
    let again = report(&housing, "/v1/cases/decisions", &decided("H-2026-1", None));
    checked::refusal(folder, "housing", &again, 404, "not-found");
    // The department gets receipt and record as for a query.
    let record = housing.get_when_there(&format!("/v1/queries/{}/record", whole.text("id")));
    assert_eq!(record.text().as_bytes(), whole.bytes);
    assert!(housing.get_when_there(&format!("/v1/receipts/{}", whole.text("id"))).text().contains("tlog-proof"));
    assert_sound(folder);
}

#[test]
fn a_case_is_known_after_a_restart_a_kill_and_in_the_log_that_continues() {
    let mut gateway = Gateway::serve(Folder::new());
    let (one, two) = {
        let folder = gateway.folder();
        let (one, two) = (folder.person("clean", 1), folder.person("late", 0));
        open(folder, "R-1", &one);
        open(folder, "R-1", &two);
        open(folder, "R-2", &one);
        (one, two)
    };
    gateway = Gateway::serve(gateway.kill());
    decide(gateway.folder(), "R-2", None);
    gateway = Gateway::serve(gateway.stop());
    let again = report(&gateway.folder().caller("housing"), "/v1/cases/decisions", &decided("R-2", None));
    checked::refusal(gateway.folder(), "housing", &again, 404, "not-found");
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let said: Vec<_> = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "case").collect();
    assert_eq!(said.len(), 2);
    for leaf in &said {
        assert_eq!((leaf.text("state"), leaf.text("case"), leaf.text("operator")), ("opened", "R-1", "staff-0017"));
        assert_eq!(leaf.json["actor"], json!({"system": "credit-gateway"}));
        assert_eq!((leaf.text("institution"), leaf.text("scenario")), ("housing", SCENARIO));
    }
    decide(folder, "R-1", Some(&two));
    decide(folder, "R-1", Some(&one));
    let decided = report(&folder.caller("housing"), "/v1/cases/decisions", &decided("R-1", None));
    checked::refusal(folder, "housing", &decided, 404, "not-found");
    assert_sound(folder);
    // Another start says nothing again.
    let gateway = Gateway::serve(gateway.stop());
    let count = gateway.folder().leaves().iter().filter(|leaf| leaf.text("kind") == "case").count();
    assert_eq!(count, 4);
}

#[test]
fn reports_are_bounded_by_the_rate_and_refused_while_suspended() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "rate_per_s = 2000\nburst = 4000", "rate_per_s = 1\nburst = 3");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (housing, person) = (folder.caller("housing"), folder.person("clean", 2));
    let statuses: Vec<_> =
        (0..8).map(|nr| report(&housing, "/v1/cases", &opened(&format!("B-{nr}"), &person)).status.as_u16()).collect();
    assert!(statuses[..3] == [200; 3] && statuses.contains(&429), "{statuses:?}");
    let config = folder.config();
    let suspend = ["institution", "suspend", "housing", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    std::thread::sleep(std::time::Duration::from_secs(2));
    let refused = report(&housing, "/v1/cases", &opened("B-9", &person));
    checked::refusal(folder, "housing", &refused, 403, "institution-suspended");
}
