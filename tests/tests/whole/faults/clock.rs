//! A clock that is far ahead when a gateway starts: no record is made by it before somebody says that it is right.

use std::process::Command;

use credit_tests::{Folder, Gateway, checked, query::look_up};

use super::preload::preload;

const DAY: i64 = 86_400;

pub(crate) fn ahead(command: Command, days: i64) -> Command {
    let mut command = command;
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_S", (days * DAY).to_string()).env("LC_ALL", "C.UTF-8");
    command
}

fn check(folder: &Folder, days: i64) -> std::process::Output {
    let mut command = Command::new(Gateway::serve_command(folder).get_program());
    command.arg("check").arg("--config").arg(folder.config());
    ahead(command, days).output().unwrap()
}

#[test]
fn that_is_far_ahead_at_a_start_records_nothing_until_it_is_right_or_confirmed() {
    let folder = Folder::new();
    folder.replace_in_config("clock_ahead_days = 3650", "clock_ahead_days = 31");
    let gateway = Gateway::serve(folder);
    let number = gateway.folder().person("clean", 0);
    checked::answer(gateway.folder(), "housing", &gateway.folder().caller("housing").ask(&look_up(&number)));
    let folder = gateway.stop();
    let leaves = folder.leaves().len();
    let words = ["more than 31 days ago", "correct the clock", "log.clock_ahead_days"];
    let command = ahead(Gateway::serve_command(&folder), 40);
    let gateway = Gateway::spawn(folder, command);
    assert!(!gateway.is_ready());
    let err = gateway.err().all();
    let (status, folder) = gateway.ended();
    assert_eq!(status.code(), Some(69), "{err}");
    let checked_ahead = check(&folder, 40);
    assert_eq!(checked_ahead.status.code(), Some(69));
    for word in words {
        assert!(err.contains(word), "{word}: {err}");
        assert!(String::from_utf8_lossy(&checked_ahead.stderr).contains(word), "{word}: {checked_ahead:?}");
    }
    assert_eq!(folder.leaves().len(), leaves, "it recorded by that clock");
    // The clock is right again: nothing is left of it.
    let gateway = Gateway::serve(folder);
    assert!(!gateway.err().text().contains("ahead of the last record"), "{}", gateway.err().text());
    let folder = gateway.stop();
    // Off for a month, or confirmed: it starts, and says how long it was.
    for (days, most) in [(20, "31"), (40, "60")] {
        folder.replace_in_config("clock_ahead_days = 31", &format!("clock_ahead_days = {most}"));
        assert_eq!(check(&folder, days).status.code(), Some(0), "{days}");
        folder.replace_in_config(&format!("clock_ahead_days = {most}"), "clock_ahead_days = 31");
    }
    folder.replace_in_config("clock_ahead_days = 31", "clock_ahead_days = 60");
    let command = ahead(Gateway::serve_command(&folder), 40);
    let gateway = Gateway::start(folder, command);
    assert!(gateway.err().text().contains("hours ahead of the last record"), "{}", gateway.err().text());
    drop(gateway.stop());
}

/// A machine without a clock of its own begins in the past: its keys and certificates are not in force yet.
#[test]
fn that_is_behind_at_a_start_may_be_right_soon() {
    let folder = Gateway::serve(Folder::new()).stop();
    let leaves = folder.leaves().len();
    let mut folder = folder;
    for days in [-1, -400] {
        let checked = check(&folder, days);
        assert_eq!(checked.status.code(), Some(69), "{checked:?}");
        let command = ahead(Gateway::serve_command(&folder), days);
        let gateway = Gateway::spawn(folder, command);
        assert!(!gateway.is_ready());
        let err = gateway.err().all();
        let (status, same) = gateway.ended();
        // Not 64, after which a service manager would not try again.
        assert_eq!(status.code(), Some(69), "{days}: {err}");
        folder = same;
    }
    assert_eq!(folder.leaves().len(), leaves, "it recorded by that clock");
    drop(Gateway::serve(folder).stop());
}
