//! A store that answers with what is none: nothing of it leaves, each has its code and its leaf, and the same answer
//! without the fault is an answer.

use credit_tests::{Folder, Gateway, checked, persons, query::look_up, request, run};
use hyper::Method;
use serde_json::{Value, json};

use super::{
    CANARY, behind,
    faults::{Hostile, all},
    service::{Service, ok},
};
use crate::{faults::within, stores::ready};

/// What the store has of one person, with a second one in members that nobody listed.
fn well(number: &str, other: &str) -> Value {
    let row = |class: &str| {
        json!({"class": class, "nr": 1.50, "severity": "serious", "act": "2025-01-01", "determined": "2025-02-01",
            "sentence_end": null, "effect_end": null, "repaired": null, "repair_revoked": null, "disputed": false,
            "representative": {"name": CANARY, "number": other, "says": format!("代理人{other}号")}})
    };
    json!({"citizen_number": number, "name": CANARY, "history": [[{"of": other}], "1e400"],
        "records": [row("court-judgment"), row("administrative-penalty")],
        "listings": [{"list": "black", "nr": 1, "since": "2025-02-01", "until": null, "disputed": false, "by": other}],
        "attributes": {"job": CANARY}})
}

#[test]
fn nothing_of_a_hostile_answer_leaves_and_the_same_without_its_fault_is_answered() {
    let folder = Folder::new();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let well = well(&number, &other);
    let hostile = all(&well, &other);
    assert!(hostile.len() >= 200, "{} faults", hostile.len());
    let right = ok(well.to_string().as_bytes());
    let (answered, service) = (right.clone(), Service::plain(move |_| right.clone()));
    behind(&folder, &service.url(), "");
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 700");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let mut recorded = Vec::new();
    run(async {
        let mut connection = caller.http1().await.unwrap();
        for (at, Hostile { name, steps, is_late }) in hostile.iter().enumerate() {
            let mut ask = async |body: &Value| {
                let headers = [("content-type", "application/json")];
                connection.send(request(Method::POST, "/v1/queries", &headers, body.to_string())).await.unwrap()
            };
            let steps = steps.clone();
            service.answers(move |_| steps.clone());
            let before = service.asked().len();
            let refused = ask(&look_up(&number)).await;
            let expected = if *is_late { (504, "store-timeout") } else { (502, "store-failed") };
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), expected, "{name}: {}", refused.text());
            assert_eq!(service.asked().len(), before + 1, "{name}: asked more than once");
            let right = answered.clone();
            service.answers(move |_| right.clone());
            let answer = ask(&look_up(&number)).await;
            assert_eq!(answer.status.as_u16(), 200, "{at} after {name}: {}", answer.text());
            let told = &answer.json()["data"];
            assert_eq!(
                *told,
                json!({"black_listed": true, "clean_three_years": false, "grey_listed": false}),
                "{name}"
            );
            for text in [refused.text(), answer.text()] {
                assert!(!text.contains(CANARY) && !text.contains(&other) && !text.contains(&number), "{name}: {text}");
            }
            recorded.push((refused, expected));
        }
    });
    for (refused, (status, code)) in &recorded {
        checked::refusal(folder, "housing", refused, *status, code);
    }
    let ready_again = || super::super::readiness(folder) == ready();
    assert!(within(std::time::Duration::from_secs(5), ready_again));
    let numbers: Vec<_> = persons(folder.path()).into_iter().map(|person| person.number).collect();
    let leaves: Vec<_> = folder.leaves().iter().map(|leaf| leaf.json.to_string()).collect();
    let heard = gateway.err().text() + &gateway.out().text() + &leaves.concat();
    assert!(!heard.contains(CANARY), "a log line or a leaf has it");
    assert!(!numbers.iter().any(|number| heard.contains(number.as_str())), "a log line or a leaf has a number");
}

/// What may not be there is passed over like all else that was not asked for: refused, it would be told.
#[test]
fn rows_that_nobody_asked_for_change_no_answer_and_no_line_of_the_log() {
    let folder = Folder::new();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let well = well(&number, &other);
    let mut more = well.clone();
    for class in
        ["juvenile-offence", "religion", "confidential-source", "public-security-penalty", "no-such-class", "无"]
    {
        let row = json!({"class": class, "severity": "serious", "act": "1996-01-01", "determined": "2190-02-30"});
        more["records"].as_array_mut().unwrap().insert(0, row);
    }
    for list in ["yellow", "red"] {
        more["listings"].as_array_mut().unwrap().push(json!({"list": list, "since": "unknown"}));
    }
    more["attributes"]["religion"] = json!({"is": CANARY});
    let both = [well, more].map(|answer| ok(answer.to_string().as_bytes()));
    let service = Service::plain(|_| Vec::new());
    behind(&folder, &service.url(), "");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let answers = both.map(|answer| {
        service.answers(move |_| answer.clone());
        let reply = folder.caller("housing").ask(&look_up(&number));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"].clone()
    });
    assert_eq!(answers[0], answers[1]);
    let said = gateway.err().text();
    assert!(!said.contains("sealed") && !said.contains("not be collected") && !said.contains("store-failed"), "{said}");
}
