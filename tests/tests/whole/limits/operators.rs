//! Limits of one operator.

use std::time::Duration;

use credit_tests::{
    Folder, Gateway, checked, gateway,
    query::{look_up, look_up_under, new_case, with},
    run,
};
use serde_json::Value;

use super::{at_once, told_to_wait};

fn by(operator: &str, body: Value) -> Value {
    with(body, "operator", operator)
}

#[test]
fn an_operator_over_its_rate_is_refused_and_the_others_of_its_institution_are_not() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "burst = 4000", "burst = 4000\noperator_rate_per_s = 1\noperator_burst = 3");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("housing"), folder.person("clean", 0));
    let (case, hasty): (_, Vec<Value>) = (new_case(), (0..40).map(|_| by("hasty@office", look_up(&person))).collect());
    run(async {
        let connection = caller.http2().await.unwrap();
        let replies = at_once(&connection, &caller, &hasty).await;
        let (mut answered, mut last) = (0, None);
        for reply in replies.iter().flatten() {
            if reply.status == 200 {
                checked::answer(folder, "housing", reply);
                answered += 1;
            } else {
                let leaf = checked::refusal(folder, "housing", reply, 429, "rate-limited");
                assert_eq!(leaf.text("operator"), "hasty@office");
                assert_eq!(reply.header("ratelimit-limit"), Some("3"));
                assert_eq!(told_to_wait(reply), 1);
                last = Some(reply);
            }
        }
        assert!((3..=20).contains(&answered) && last.is_some(), "{answered} of 40 answered, 3 at once and 1 a second");
        // Others of the same institution, meanwhile; and the same name in another institution is somebody else.
        for nr in 0..4 {
            let reply = caller.http1().await.unwrap().ask(&by(&format!("calm-{nr}"), look_up(&person))).await.unwrap();
            checked::answer(folder, "housing", &reply);
        }
        let reply = folder.caller("bank").http1().await.unwrap().ask(&by("hasty@office", look_up(&person))).await;
        checked::refusal(folder, "bank", &reply.unwrap(), 403, "scenario-not-allowed");
    });
    // What was refused spent nothing of its case.
    let body = by("hasty@office", look_up_under(&person, &case));
    let mut answered = 0;
    while answered < 3 {
        let reply = caller.ask(&body);
        match reply.status.as_u16() {
            200 => answered += 1,
            _ => {
                checked::refusal(folder, "housing", &reply, 429, "rate-limited");
                std::thread::sleep(Duration::from_secs(told_to_wait(&reply)));
            }
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    checked::refusal(folder, "housing", &caller.ask(&body), 409, "case-already-used");
}

#[test]
fn an_operator_s_day_is_spent_also_after_a_kill_and_nobody_else_s_is() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "burst = 4000", "burst = 4000\nlook_ups_an_operator_a_day = 3");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, people) = (folder.caller("housing"), folder.noted("clean"));
    for person in &people[..2] {
        checked::answer(folder, "housing", &caller.ask(&by("curious", look_up(person))));
    }
    // A refusal spends nothing.
    drop(caller.ask(&by("curious", with(look_up(&people[0]), "subject", "99"))));
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &caller.ask(&by("curious", look_up(&people[2]))));
    for person in &people[..3] {
        let reply = caller.ask(&by("curious", look_up(person)));
        let leaf = checked::refusal(folder, "housing", &reply, 429, "rate-limited");
        assert_eq!(leaf.text("operator"), "curious");
        assert_eq!(reply.header("ratelimit-limit"), Some("3"));
        assert!((1..=86_400).contains(&told_to_wait(&reply)), "until the day turns");
    }
    checked::answer(folder, "housing", &caller.ask(&by("another", look_up(&people[0]))));
    // Also where the state is read from its snapshot.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    let reply = caller.ask(&by("curious", look_up(&people[0])));
    checked::refusal(folder, "housing", &reply, 429, "rate-limited");
}

#[test]
fn an_operator_s_rate_given_by_command_is_on_the_record_and_holds_after_a_restart() {
    let folder = Folder::new();
    folder.unregister("bank");
    let gateway_ = Gateway::serve(folder);
    let folder = gateway_.folder();
    let (config, certificate) = (folder.config(), folder.join("institutions/bank.pem"));
    let (config, certificate) = (config.to_str().unwrap(), certificate.to_str().unwrap());
    let add = |more: &[&str]| {
        let add = ["institution", "add", "second", "--kind", "housing-department", "--certificate", certificate];
        gateway(&[&add[..], more, &["--config", config]].concat())
    };
    for wrong in [&["--operator-burst", "3"][..], &["--operator-rate-per-s", "1"]] {
        assert!(add(wrong).failed(64).contains("--operator-"));
    }
    drop(add(&["--operator-rate-per-s", "0", "--operator-burst", "3"]).failed(1));
    drop(add(&["--operator-rate-per-s", "1", "--operator-burst", "3"]).held());
    let leaves = folder.leaves();
    let leaf = leaves.iter().rfind(|leaf| leaf.text("kind") == "institution").unwrap();
    assert_eq!((&leaf.json["operator_rate_per_s"], &leaf.json["operator_burst"]), (&Value::from(1), &Value::from(3)));

    let gateway = Gateway::serve(gateway_.kill());
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("bank"), folder.person("clean", 0));
    let bodies: Vec<Value> = (0..40).map(|_| look_up(&person)).collect();
    let replies = run(async { at_once(&caller.http2().await.unwrap(), &caller, &bodies).await });
    let refused: Vec<_> = replies.iter().flatten().filter(|reply| reply.status != 200).collect();
    assert!(!refused.is_empty());
    for reply in refused {
        checked::refusal(folder, "second", reply, 429, "rate-limited");
    }
}
