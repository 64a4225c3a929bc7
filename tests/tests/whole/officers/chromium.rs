//! A real browser at the officers' door: what they do all day, by what the pages show alone; and each page.

use std::time::Duration;

use jiff::ToSpan;
use serde_json::Value;

use super::{
    by_two::{OTHER, listed},
    console::{page, until_listed},
    loading::{follow, with_fewer_fields, written},
    objected, of_kind, review,
};
use crate::{
    chromium::{are_sound, lines, pictures},
    faults::within,
    limits::is_wholly_recorded,
};

/// What was said at the end of a task; somebody who looks for the way has two minutes.
#[track_caller]
fn said<'a>(lines: &'a [Value], task: &str) -> &'a str {
    let line = lines.iter().find(|line| line["task"] == task).unwrap();
    assert!(line["ms"].as_u64().unwrap() < 60_000, "{task}: {line}");
    line["said"].as_str().unwrap()
}

#[test]
fn officers_and_supervisors_find_their_way_and_axe_finds_nothing_in_any_page() {
    let day = review::day();
    let folder = review::folder();
    for (kind, role) in [("employer", "reviewer"), ("notifier", "custodian")] {
        folder.replace_in_config(&format!("kind = \"{kind}\""), &format!("kind = \"officer\"\nrole = \"{role}\""));
    }
    let (folder, ..) = review::on_the_day(review::before_the_day(folder, day), day);
    let gateway = review::serve_at_noon(folder, day.checked_add(2.days()).unwrap());
    let folder = gateway.folder();
    review::shown(folder, day);
    let _queue = review::queue(folder, 2);
    let objection = objected(folder, &folder.person("late", 1));
    // What the operator has ready: the housing department loses a field.
    let dir = with_fewer_fields(written(folder, "next-catalogue", str::to_owned));
    let _next =
        follow(folder, |config| config.replace("[catalogue]", &format!("[catalogue]\ndir = \"{}\"", dir.display())));
    let is_ready = || listed(folder)["at_hand"][0]["act"] == "catalogue";
    assert!(within(Duration::from_secs(60), is_ready), "{}", listed(folder));
    until_listed(folder, 2);
    let door = format!("https://127.0.0.1:{}", folder.port_base() + super::AUDITORS);
    let arguments = [door, folder.path().display().to_string(), pictures().display().to_string()];
    let lines = lines("console.mjs", include_str!("console.mjs"), &arguments);

    let found = said(&lines, "find");
    assert!(found.contains("MADE-UP-1") && found.contains("not opened yet"), "{found}");
    assert!(!found.contains("staff-0017"), "who asked is not named before it is opened");
    let suspended = said(&lines, "suspend-staff");
    assert!(
        suspended.contains("staff-0017")
            && suspended.contains("Done, and on the record")
            && suspended.contains("Who asked is suspended now."),
        "{suspended}"
    );
    assert!(said(&lines, "judge").contains("Verdict\nsuspicious"), "{}", said(&lines, "judge"));
    assert!(said(&lines, "suspend").contains("all of it"), "{}", said(&lines, "suspend"));
    assert!(said(&lines, "alarm").contains("institutions are suspended: 1"), "{}", said(&lines, "alarm"));
    assert!(said(&lines, "propose").contains("clean_three_years"), "{}", said(&lines, "propose"));
    let approved = said(&lines, "approve");
    assert!(
        approved.contains("clean_three_years") || approved.contains("in force"),
        "what changes is read: {approved}"
    );
    assert!(!approved.contains("nobody yet"), "{approved}");
    let coverage = said(&lines, "coverage");
    assert!(coverage.contains("Registered\n1") && coverage.contains("Judged\n1"), "{coverage}");
    assert!(said(&lines, "report").contains("Monthly compliance report"), "{}", said(&lines, "report"));

    // Of an officer twelve of the navigation, one of four lists, and a fault; what a reviewer and a custodian see of the
    // navigation; and where the supervisor commits to a nonce.
    are_sound(&lines, 12 + 4 + 1 + 12 + 5 + 1);
    let switched: Vec<_> = lines.iter().filter(|line| line["switched"].is_string()).collect();
    assert!(switched.len() == 2 && switched.iter().all(|line| line["chosen"] == "housing"), "{switched:?}");
    let planted = lines.iter().find(|line| line["planted"].is_array()).unwrap();
    assert!(planted["planted"].to_string().contains("image-alt"), "axe does not find what was planted: {planted}");
    let judged = of_kind(folder, "review").into_iter().any(|leaf| leaf.text("state") == "judged");
    assert!(judged && of_kind(folder, "approval").last().unwrap().json["actor"]["officer"] == "officer2");
    assert!(page(folder, &format!("/officers/objections/{objection}"), "en").text().contains("never there"));
    assert_eq!(OTHER, "bank", "whose certificate the second officer has in the script");
    is_wholly_recorded(&gateway.stop());
}
