//! Answers: the values that `persons.csv` promises, the body's order, pseudonyms, obligations, headers.

use credit_audit::clock::{Clock, SystemClock};
use credit_tests::{
    Folder, Gateway, checked, each,
    query::{look_up, look_up_under, new_case, with},
    run, shared, wire,
};
use hyper::Method;
use jiff::{ToSpan, tz::Offset};
use serde_json::{Value, json};

/// What a note promises (formats.md §6): black-listed, clean three years, grey-listed, and whether there are marks.
fn promised(note: &str) -> Option<(Value, bool)> {
    let data = |black: bool, clean: bool, grey: bool| json!({"black_listed": black, "clean_three_years": clean, "grey_listed": grey});
    match note {
        "clean" | "repaired" | "expired" | "red-listed" | "no-file" => Some((data(false, true, false), false)),
        "late" => Some((data(false, false, false), false)),
        "disputed" => Some((data(false, false, false), true)),
        "black-listed" => Some((data(true, false, false), false)),
        "grey-listed" => Some((data(false, false, true), false)),
        "minor" => None,
        other => panic!("formats.md knows no note `{other}`"),
    }
}

#[test]
fn every_person_of_the_file_is_answered_about_as_the_note_promises() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let people = folder.persons();
    let count = |note| people.iter().filter(|person| person.note == note).count();
    assert_eq!(people.len(), 100);
    assert!(count("clean") >= 20);
    let notes =
        ["late", "repaired", "expired", "disputed", "black-listed", "grey-listed", "red-listed", "minor", "no-file"];
    each(notes, |note| assert!(count(note) >= 3, "{note}"));
    run(async {
        let mut connection = caller.http2().await.unwrap();
        for person in &people {
            let reply = connection.ask(&look_up(&person.number)).await.unwrap();
            match promised(&person.note) {
                None => assert_eq!(reply.code(), "subject-minor"),
                Some((data, marked)) => {
                    let json = reply.json();
                    assert_eq!(json["data"], data, "{}", person.note);
                    assert_eq!(!json["marks"].as_array().unwrap().is_empty(), marked, "{}", person.note);
                }
            }
            assert!(!reply.text().contains(&person.number), "the number came back");
        }
    });
}

#[test]
fn marks_name_released_fields_only() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let disputed = folder.person("disputed", 0);
    let whole = caller.ask(&look_up(&disputed)).json();
    assert_eq!(whole["marks"], json!(["clean_three_years"]));
    let fewer = caller.ask(&with(look_up(&disputed), "fields", json!(["black_listed"]))).json();
    assert_eq!((&fewer["marks"], &fewer["data"]), (&json!([]), &json!({"black_listed": false})));
}

#[test]
fn the_members_of_an_answer_are_in_their_order_and_the_receipt_is_last() {
    let folder = shared().folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("late", 2)));
    checked::answer(folder, "housing", &reply);
    let expected = ["query", "scenario", "ground", "subject", "catalogue", "data", "marks", "obligations", "receipt"];
    assert_eq!(wire::keys(&reply.body), expected);
    let members = wire::members(&reply.body);
    let raw = |name: &str| members.iter().find(|(key, _)| key == name).unwrap().1.as_str();
    assert_eq!(raw("scenario"), "\"public-rental-housing\"");
    assert_eq!(raw("data"), r#"{"black_listed":false,"clean_three_years":false,"grey_listed":false}"#);
    assert_eq!(raw("marks"), "[]");
    assert_eq!(wire::keys(raw("obligations").as_bytes()), ["keep_until", "onward", "automated_decision_notice"]);
    let (version, digest) = reply.json()["catalogue"]
        .as_str()
        .unwrap()
        .split_once("@sha256:")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert!(!version.is_empty() && digest.len() == 64 && digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
    let id = reply.json()["query"].as_str().unwrap().to_owned();
    assert!(
        uuid::Uuid::parse_str(&id)
            .is_ok_and(|id| id.get_version_num() == 7 && id.to_string() == *reply.json()["query"].as_str().unwrap())
    );
}

#[test]
fn the_catalogue_named_is_the_one_shipped() {
    use sha2::{Digest, Sha256};
    let folder = shared().folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 12)));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut lines: Vec<String> = credit_policy::catalogue::shipped()
        .iter()
        .map(|(path, text)| format!("{} {path}\n", hex(&Sha256::digest(text))))
        .collect();
    lines.sort();
    let label = reply.json()["catalogue"].as_str().unwrap().to_owned();
    assert!(label.ends_with(&format!("@sha256:{}", hex(&Sha256::digest(lines.concat())))), "{label}");
}

#[test]
fn a_pseudonym_has_its_form_and_is_one_institution_s_for_one_person() {
    let folder = Folder::new();
    folder.set_of_institution("bank", "kind = \"bank\"", "kind = \"housing-department\"");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let asked = |who: &str, number: &str| {
        let reply = folder.caller(who).ask(&look_up(number)).json();
        reply["subject"].as_str().unwrap().to_owned()
    };
    let (one, other) = (folder.person("clean", 0), folder.person("clean", 1));
    let first = asked("housing", &one);
    let body = first.strip_prefix("psn1").unwrap();
    assert_eq!(body.len(), 39);
    // Unpadded base32 of 24 bytes: the last character has three bits that count.
    assert!(body.chars().all(|c| matches!(c, 'a'..='z' | '2'..='7')), "{body}");
    assert!("aeimquy4".contains(body.chars().last().unwrap()), "{body}");
    assert_eq!(asked("housing", &one), first);
    assert_ne!(asked("housing", &other), first);
    assert_ne!(asked("bank", &one), first);
    assert_eq!(asked("bank", &one), asked("bank", &one));
    // The same after a restart.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    assert_eq!(folder.caller("housing").ask(&look_up(&one)).json()["subject"], first);
}

#[test]
fn a_pseudonym_is_not_taken_for_a_subject() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let reply = caller.ask(&look_up(&folder.person("clean", 12))).json();
    let refused = caller.ask(&look_up(reply["subject"].as_str().unwrap()));
    checked::refusal(folder, "housing", &refused, 400, "invalid-citizen-number");
}

#[test]
fn obligations_follow_the_catalogue_and_the_jurisdiction_s_day() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let day = || Offset::constant(8).to_datetime(SystemClock::new().now()).date();
    let before = day();
    let reply = caller.ask(&look_up(&folder.person("clean", 13))).json();
    let after = day();
    let obligations = &reply["obligations"];
    assert_eq!(
        (&obligations["onward"], &obligations["automated_decision_notice"]),
        (&json!("forbidden"), &json!(true))
    );
    let keep: jiff::civil::Date = obligations["keep_until"].as_str().unwrap().parse().unwrap();
    assert!([before, after].iter().any(|day| *day + 1.month() == keep), "{keep}");
}

#[test]
fn an_answer_is_neither_kept_nor_encoded_and_carries_no_more_headers_than_it_needs() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let body = look_up(&folder.person("clean", 13));
    for reply in [
        caller.ask_with(&body, &[("accept-encoding", "gzip, br, zstd"), ("accept", "text/html")]),
        run(async { caller.http2().await.unwrap().ask(&look_up(&folder.person("clean", 13))).await.unwrap() }),
    ] {
        checked::answer(folder, "housing", &reply);
        let mut names: Vec<_> = reply.headers.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        names.retain(|name| *name != "connection");
        assert_eq!(names, ["cache-control", "content-length", "content-type", "date"]);
    }
}

#[test]
fn http1_and_http2_give_the_same_answer() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let body = look_up_under(&folder.person("grey-listed", 0), &new_case());
    let first = caller.ask(&body).json();
    let second = run(async { caller.http2().await.unwrap().ask(&body).await.unwrap() }).json();
    for key in ["scenario", "subject", "catalogue", "data", "marks", "obligations"] {
        assert_eq!(first[key], second[key], "{key}");
    }
}

#[test]
fn spellings_of_the_media_type_and_of_json_that_mean_the_same_are_taken() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let body = look_up(&folder.person("clean", 13)).to_string();
    for content_type in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json; charset=\"utf-8\"",
    ] {
        let reply = caller.send(
            Method::POST,
            "/v1/queries",
            &[("content-type", content_type)],
            look_up(&folder.person("clean", 13)).to_string(),
        );
        checked::answer(folder, "housing", &reply);
    }
    for body in [format!(" \r\n\t{body}\n"), body.replace("\"case\"", "\"\\u0063ase\""), body.replace(',', " ,\n")] {
        let reply = caller.send(Method::POST, "/v1/queries", &[("content-type", "application/json")], body);
        assert!(matches!(reply.status.as_u16(), 200 | 409), "{}", reply.text());
    }
}
