//! Limits of a day: they survive whatever becomes of the process, and end when the day turns in the jurisdiction.

use std::{
    fs,
    time::{Duration, Instant},
};

use credit_audit::clock::{Clock, SystemClock};
use credit_policy::catalogue;
use credit_tests::{Folder, Gateway, Reply, checked, query::look_up, run};
use tokio::task::JoinSet;

use super::told_to_wait;

#[test]
fn what_a_day_allows_is_spent_exactly_however_often_the_process_is_killed() {
    const A_DAY: usize = 60;
    let folder = Folder::new();
    let a_day = format!("look_ups_a_person_a_day = {A_DAY}");
    folder.set_of_institution("housing", "look_ups_a_person_a_day = 100000", &a_day);
    folder.set_of_institution("housing", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 1");
    let mut gateway = Gateway::serve(folder);
    let person = gateway.folder().person("clean", 0);
    for pause_ms in [150, 90, 240] {
        // Killed while four ask at once; each of them stops at the first that is not answered.
        let caller = gateway.folder().caller("housing");
        let asking = std::thread::spawn({
            let person = person.clone();
            move || {
                run(async {
                    let mut asks = JoinSet::new();
                    for _ in 0..4 {
                        let (caller, person) = (caller.clone(), person.clone());
                        asks.spawn(async move {
                            let Ok(mut connection) = caller.http2().await else { return };
                            while connection.ask(&look_up(&person)).await.is_ok_and(|reply| reply.status == 200) {}
                        });
                    }
                    asks.join_all().await;
                });
            }
        });
        std::thread::sleep(Duration::from_millis(pause_ms));
        let folder = gateway.kill();
        asking.join().unwrap();
        gateway = Gateway::serve(folder);
    }
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let refused = (0..=A_DAY).map(|_| caller.ask(&look_up(&person))).find(|reply| reply.status != 200).unwrap();
    checked::refusal(folder, "housing", &refused, 429, "rate-limited");
    assert_eq!(refused.header("ratelimit-limit"), Some("60"));
    let other = caller.ask(&look_up(&folder.person("clean", 1)));
    checked::refusal(folder, "housing", &other, 429, "distinct-subjects-exceeded");
    assert_eq!(other.header("ratelimit-limit"), Some("1"));
    for reply in [refused, other] {
        assert!((1..=86_400).contains(&told_to_wait(&reply)), "until the day turns");
    }
    let leaves = folder.leaves();
    assert_eq!(leaves.iter().filter(|leaf| leaf.text("outcome") == "answered").count(), A_DAY);
}

/// The shipped catalogue for a jurisdiction whose day turns within the next minute.
fn day_turns_soon(folder: &Folder) {
    let now = SystemClock::new().now().as_second();
    let into_the_day = now.rem_euclid(86_400) / 60;
    let minutes = 1_439 - into_the_day;
    let (sign, minutes) = if minutes <= 13 * 60 { ('+', minutes) } else { ('-', 1_440 - minutes) };
    let offset = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    let rules = folder.join("catalogue");
    for (path, text) in catalogue::shipped() {
        let path = rules.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("utc_offset = \"+08:00\"", &format!("utc_offset = \"{offset}\""))).unwrap();
    }
    folder.replace_in_config("# dir = \"catalogue\"", "dir = \"catalogue\"");
}

#[test]
fn who_waits_as_told_is_within_the_day_s_limits_again() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "look_ups_a_person_a_day = 100000", "look_ups_a_person_a_day = 1");
    folder.set_of_institution("housing", "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 1");
    day_turns_soon(&folder);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, people) = (folder.caller("housing"), folder.noted("clean"));
    let ask = |nr: usize| caller.ask(&look_up(&people[nr]));
    // Should the day turn in the midst of it, the new one serves as well.
    let refused = |mut reply: Reply, nr: usize| {
        for _ in 0..3 {
            if reply.status != 200 {
                break;
            }
            reply = ask(nr);
        }
        (reply, Instant::now())
    };
    checked::answer(folder, "housing", &ask(0));
    let (person, _) = refused(ask(0), 0);
    let (distinct, told) = refused(ask(1), 1);
    checked::refusal(folder, "housing", &person, 429, "rate-limited");
    checked::refusal(folder, "housing", &distinct, 429, "distinct-subjects-exceeded");
    let wait = told_to_wait(&distinct);
    if wait > 61 {
        // It turned just before: the wait is that for a whole day.
        assert!((86_000..=86_400).contains(&wait), "{wait}");
        return;
    }
    assert!(told_to_wait(&person).abs_diff(wait) <= 5, "both end with the day");
    std::thread::sleep(Duration::from_secs(wait).saturating_sub(told.elapsed()));
    checked::answer(folder, "housing", &ask(1));
    checked::refusal(folder, "housing", &ask(0), 429, "distinct-subjects-exceeded");
}
