//! Institutions apart: whatever one asks, another is told the same, at the same counts, with the same headers.

use std::collections::BTreeMap;

use credit_tests::{
    Folder, Gateway, Reply,
    query::{look_up, look_up_under, with},
    run,
};

use super::at_once;

/// A folder with two housing departments of the same small limits; the second has the bank's certificate.
fn two_departments() -> Folder {
    let folder = Folder::new();
    folder.set_of_institution("bank", "kind = \"bank\"", "kind = \"housing-department\"");
    for id in ["bank", "housing"] {
        for (from, to) in [
            ("rate_per_s = 2000\nburst = 4000", "rate_per_s = 1\nburst = 24\nlook_ups_an_operator_a_day = 6"),
            ("distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 2"),
            ("look_ups_a_person_a_day = 100000", "look_ups_a_person_a_day = 4"),
        ] {
            folder.set_of_institution(id, from, to);
        }
    }
    folder
}

/// What a reply tells: status, code, and headers but for the length and the date.
type Told = (u16, String, BTreeMap<String, String>);

fn told(reply: &Reply) -> Told {
    let waits = ["retry-after", "ratelimit-reset"];
    let headers =
        reply.headers.iter().filter(|(name, _)| *name != "date" && *name != "content-length").map(|(name, value)| {
            let value = value.to_str().unwrap();
            // Until the day turns, to the hour: the two runs are a while apart.
            let value = match value.parse::<u64>() {
                Ok(seconds) if waits.contains(&name.as_str()) && seconds > 60 => "long".to_owned(),
                Ok(_) | Err(_) => value.to_owned(),
            };
            (name.to_string(), value)
        });
    (reply.status.as_u16(), reply.code(), headers.collect())
}

/// Reaches every limit that there is, one after the other, under names of cases and operators that all share.
fn reach_every_limit(folder: &Folder, institution: &str) -> Vec<Told> {
    let (caller, people) = (folder.caller(institution), folder.noted("clean"));
    let ask = |person: usize, case: &str| {
        let body = with(look_up_under(&people[person], case), "operator", "same-name");
        run(async { caller.http1().await.unwrap().ask(&body).await.unwrap() })
    };
    let mut seen = Vec::new();
    for (person, case) in [
        (0, "one"),
        (0, "one"),
        (0, "one"),
        (0, "one"),
        (0, "two"),
        (0, "three"),
        (1, "one"),
        (2, "one"),
        (1, "two"),
        (1, "three"),
    ] {
        seen.push(told(&ask(person, case)));
    }
    // What is left of the rate: all of it goes, and a few more are refused.
    let bodies: Vec<_> = (0..60).map(|_| look_up(&people[3])).collect();
    let replies = run(async { at_once(&caller.http2().await.unwrap(), &caller, &bodies).await });
    let refused = replies.iter().flatten().find(|reply| reply.code() == "rate-limited").expect("24 at once");
    seen.push(told(refused));
    seen
}

#[test]
fn what_one_institution_asked_changes_nothing_for_another() {
    let alone = Gateway::serve(two_departments());
    let expected = reach_every_limit(alone.folder(), "housing");
    let codes: Vec<&str> = expected.iter().map(|(_, code, _)| code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "",
            "",
            "",
            "case-already-used",
            "",
            "rate-limited",
            "",
            "distinct-subjects-exceeded",
            "",
            "rate-limited",
            "rate-limited"
        ]
    );
    drop(alone);
    let beside = Gateway::serve(two_departments());
    let folder = beside.folder();
    // The other reaches the same limits first, on the same persons, and floods.
    assert_eq!(reach_every_limit(folder, "bank"), expected);
    let caller = folder.caller("bank");
    for _ in 0..5 {
        let bodies: Vec<_> = (0..100).map(|_| look_up(&folder.person("clean", 0))).collect();
        run(async { drop(at_once(&caller.http2().await.unwrap(), &caller, &bodies).await) });
    }
    assert_eq!(reach_every_limit(folder, "housing"), expected);
}
