//! Limits: the case, the institution's rate, its operators, its day, what is under way at once; and what comes of those who
//! do not keep them.

mod apart;
mod days;
mod demo;
mod floods;
mod operators;
mod reads;
mod shared_refusals;

use std::{fs, time::Duration};

use credit_policy::catalogue;
use credit_tests::{
    Caller, Connection, Folder, Gateway, Reply, audit, checked, metric,
    query::{look_up, look_up_under, new_case},
    request, run, shared,
};
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A folder whose employer may ask once a second and twice at once, with another setting replaced.
fn slow_employer(from: &str, to: &str) -> Folder {
    let folder = Folder::new();
    folder.set_of_institution("employer", "rate_per_s = 5\nburst = 10", "rate_per_s = 1\nburst = 2");
    folder.replace_in_config(from, to);
    folder
}

/// Asks all at once over one connection of HTTP/2; nothing where it was closed before the reply.
async fn at_once(connection: &Connection, caller: &Caller, bodies: &[Value]) -> Vec<Option<Reply>> {
    let asks: Vec<_> = bodies
        .iter()
        .map(|body| {
            let mut sender = connection.share().expect("HTTP/2");
            let (url, headers) =
                (format!("https://{}/v1/queries", caller.address()), [("content-type", "application/json")]);
            let request = request(Method::POST, &url, &headers, body.to_string());
            tokio::spawn(async move {
                let (head, body) = sender.send_request(request).await.ok()?.into_parts();
                let body = body.collect().await.ok()?.to_bytes().to_vec();
                Some(Reply { status: head.status, headers: head.headers, body })
            })
        })
        .collect();
    let mut replies = Vec::new();
    for ask in asks {
        replies.push(ask.await.expect("no panic"));
    }
    replies
}

/// Seconds that a refusal tells to wait.
#[track_caller]
fn told_to_wait(reply: &Reply) -> u64 {
    let wait = reply.header("retry-after").expect("Retry-After");
    assert_eq!(reply.header("ratelimit-reset"), Some(wait));
    wait.parse().expect("seconds")
}

/// The log of a gateway that ended: it verifies, its floods are counted by kind, and every decision of it is made
/// again.
#[track_caller]
pub(crate) fn is_wholly_recorded(folder: &Folder) {
    let (data, vkey, rules) = (folder.join("data"), folder.log().join("log.vkey"), folder.join("shipped"));
    for (path, text) in catalogue::shipped() {
        let path = rules.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let [data, vkey, rules] = [&data, &vkey, &rules].map(|path| path.as_os_str());
    let report = audit(&["verify".as_ref(), data, "--vkey".as_ref(), vkey, "--json".as_ref()]).held();
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let floods = folder.leaves().iter().filter(|leaf| leaf.text("kind") == "flood").count();
    assert_eq!(report["log"]["leaves"]["kinds"]["flood"].as_u64().unwrap_or_default(), floods as u64, "{report}");
    drop(audit(&["replay".as_ref(), data, "--catalogue".as_ref(), rules, "--vkey".as_ref(), vkey]).held());
}

#[test]
fn a_case_has_three_look_ups_on_one_person() {
    let folder = shared().folder();
    let (caller, person, case) = (folder.caller("housing"), folder.person("clean", 9), new_case());
    let asked = |person: &str, case: &str| caller.ask(&look_up_under(person, case));
    for _ in 0..3 {
        checked::answer(folder, "housing", &asked(&person, &case));
    }
    for _ in 0..2 {
        checked::refusal(folder, "housing", &asked(&person, &case), 409, "case-already-used");
    }
    // Of another person, or under another case, there are three again.
    checked::answer(folder, "housing", &asked(&folder.person("clean", 10), &case));
    checked::answer(folder, "housing", &asked(&person, &new_case()));
}

#[test]
fn two_at_once_for_the_last_look_up_of_a_case_do_not_both_get_it() {
    let folder = shared().folder();
    let (caller, person, case) = (folder.caller("housing"), folder.person("clean", 11), new_case());
    let body = look_up_under(&person, &case);
    let codes: Vec<u16> = run(async {
        let connection = caller.http2().await.unwrap();
        let asks = (0..24).map(|_| {
            let mut sender = connection.share().unwrap();
            let request = credit_tests::request(
                hyper::Method::POST,
                &format!("https://{}/v1/queries", caller.address()),
                &[("content-type", "application/json")],
                body.to_string(),
            );
            tokio::spawn(async move { sender.send_request(request).await.unwrap().status().as_u16() })
        });
        let asks: Vec<_> = asks.collect();
        let mut codes = Vec::new();
        for ask in asks {
            codes.push(ask.await.unwrap());
        }
        codes
    });
    let count = |status| codes.iter().filter(|code| **code == status).count();
    assert_eq!((count(200), count(409)), (3, 21), "{codes:?}");
}

#[test]
fn an_institution_over_its_rate_is_told_when_to_come_again() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("employer"), folder.person("clean", 0));
    run(async {
        let mut connection = caller.http1().await.unwrap();
        let mut replies = Vec::new();
        for _ in 0..20 {
            replies.push(connection.ask(&look_up(&person)).await.unwrap());
        }
        for reply in &replies[..10] {
            checked::refusal(folder, "employer", reply, 403, "scenario-not-allowed");
        }
        let reply = replies.iter().find(|reply| reply.status == 429).expect("20 at once, of 10 at once");
        checked::refusal(folder, "employer", reply, 429, "rate-limited");
        assert_eq!(reply.header("ratelimit-limit"), Some("10"));
        assert_eq!(reply.header("ratelimit-remaining"), Some("0"));
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3).contains(&wait), "a token comes every 200 ms, not in {wait} s");
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let reply = connection.ask(&look_up(&person)).await.unwrap();
        checked::refusal(folder, "employer", &reply, 403, "scenario-not-allowed");
        // The rate of one is not the rate of another.
        let other = folder.caller("housing").http1().await.unwrap().ask(&look_up(&person)).await.unwrap();
        checked::answer(folder, "housing", &other);
    });
}

#[test]
fn look_ups_on_one_person_a_day_and_different_persons_a_day_have_ends() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "look_ups_a_person_a_day = 100000", "look_ups_a_person_a_day = 2");
    folder.set_of_institution("housing", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 2");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let people = folder.noted("clean");
    checked::answer(folder, "housing", &caller.ask(&look_up(&people[0])));
    checked::answer(folder, "housing", &caller.ask(&look_up(&people[0])));
    let reply = caller.ask(&look_up(&people[0]));
    checked::refusal(folder, "housing", &reply, 429, "rate-limited");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "until the day turns in the jurisdiction");
    assert_eq!(reply.header("ratelimit-limit"), Some("2"));
    checked::answer(folder, "housing", &caller.ask(&look_up(&people[1])));
    checked::refusal(folder, "housing", &caller.ask(&look_up(&people[2])), 429, "distinct-subjects-exceeded");
    checked::answer(folder, "housing", &caller.ask(&look_up(&people[1])));

    // What was spent is a fold over the log: it is still spent after a restart.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    checked::refusal(folder, "housing", &caller.ask(&look_up(&people[1])), 429, "rate-limited");
    checked::refusal(folder, "housing", &caller.ask(&look_up(&people[2])), 429, "distinct-subjects-exceeded");
}

#[test]
fn more_at_once_than_there_is_room_for_is_overloaded_and_not_recorded() {
    for bound in ["journeys = 4096", "journeys_per_institution = 2048"] {
        let folder = Folder::new();
        let (name, _) = bound.split_once(" = ").unwrap();
        folder.replace_in_config(&format!("\n{bound}\n"), &format!("\n{name} = 1\n"));
        let gateway = Gateway::serve(folder);
        let folder = gateway.folder();
        let (caller, person) = (folder.caller("housing"), folder.person("clean", 0));
        let before = folder.leaves().len();
        run(async {
            // One is under way as long as its body has not come.
            let mut slow = caller.stream("http/1.1").await.unwrap();
            let body = look_up(&person).to_string();
            let head = format!(
                "POST /v1/queries HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                caller.address(),
                body.len()
            );
            slow.write_all(format!("{head}{}", &body[..10]).as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            let reply = caller.http1().await.unwrap().ask(&look_up(&person)).await.unwrap();
            checked::fixed(&reply, 503, "overloaded");
            slow.write_all(&body.as_bytes()[10..]).await.unwrap();
            let mut answer = Vec::new();
            slow.read_to_end(&mut answer).await.unwrap();
            checked::answer(folder, "housing", &credit_tests::parse_reply(&answer).0);
        });
        assert_eq!(folder.leaves().len(), before + 1, "{bound}");
        assert_eq!(metric(folder.port_base(), "credit_gateway_overloaded_total"), 1, "{bound}");
    }
}
