//! `self-check`: nothing is found where nothing is wrong, and a planted fault of each kind is.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use credit_tests::{Ended, Folder, Gateway, checked, each, query::look_up, scratch, sh};
use serde_json::Value;

use super::command;
use crate::{
    cases::{decide, open},
    faults::within,
};

/// A folder whose gateway answered and ended, and a backup of it.
fn with_backup() -> (Folder, PathBuf) {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let folder = gateway.stop();
    let backup = scratch::folder("self-check").join("backup");
    let (from, to) = (folder.path().display(), backup.display());
    drop(sh(&format!("mkdir -p '{to}' && cp -a '{from}/data' '{from}/keys' '{to}/'")).held());
    (folder, backup)
}

fn self_check(folder: &Folder, backup: &Path, more: &[&str]) -> Ended {
    command(folder, &[&["self-check", "--json", "--backup", backup.to_str().unwrap()], more].concat())
}

/// What is found in the last month of a calendar, whatever else is.
const OF_THE_DAY: &str = "calendar";

/// What was found, by check.
fn found(ended: &Ended) -> Vec<(String, String)> {
    let said: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = said["findings"].as_array().unwrap().iter();
    let findings: Vec<_> = findings
        .map(|one| (one["check"].as_str().unwrap().to_owned(), one["what"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(ended.code, Some(i32::from(!findings.is_empty())), "{ended:?}");
    findings.into_iter().filter(|(_, what)| !what.contains(OF_THE_DAY)).collect()
}

#[track_caller]
fn finds(ended: &Ended, check: &str, word: &str) {
    let found = found(ended);
    assert!(found.iter().any(|(of, what)| of == check && what.contains(word)), "no `{word}` of {check}: {found:?}");
}

#[test]
fn a_planted_fault_of_each_kind_is_found_and_nothing_where_there_is_none() {
    let (folder, backup) = with_backup();
    let sound = self_check(&folder, &backup, &[]);
    assert_eq!(found(&sound), [], "{sound:?}");
    let text = command(&folder, &["self-check", "--backup", backup.to_str().unwrap()]);
    let of_the_day = usize::from(text.out.contains(OF_THE_DAY) || text.err.contains(OF_THE_DAY));
    assert_eq!(text.out.lines().filter(|line| line.ends_with("nothing found")).count(), 9 - of_the_day, "{text:?}");
    finds(&command(&folder, &["self-check", "--json"]), "backups", "no backup");
    // What will be due in seven years.
    let later = self_check(&folder, &backup, &["--at", "2034-01-01T00:00:00Z"]);
    each(
        [
            ("keys", "state-1"),
            ("tls", "server.pem"),
            ("tls", "ca.pem"),
            ("tls", "crl.pem"),
            ("retention", "data-20"),
            ("backups", "days ago"),
        ],
        |(check, word)| finds(&later, check, word),
    );
    // As if this machine's clock were behind.
    finds(&self_check(&folder, &backup, &["--at", "2020-01-01T00:00:00Z"]), "clocks", "the last record");
    // Each fault alone, and mended again.
    let server_key = folder.join("server.key");
    fs::set_permissions(&server_key, fs::Permissions::from_mode(0o644)).unwrap();
    finds(&self_check(&folder, &backup, &[]), "tls", "server.key");
    fs::set_permissions(&server_key, fs::Permissions::from_mode(0o600)).unwrap();
    let touch = |when: &str| {
        let checkpoint = folder.log().join("checkpoint");
        drop(sh(&format!("touch -d '{when}' '{}'", checkpoint.display())).held());
    };
    touch("+1 hour");
    finds(&self_check(&folder, &backup, &[]), "clocks", "checkpoint");
    touch("now");
    drop(sh(&format!("rm '{}/keys'/*", backup.display())).held());
    finds(&self_check(&folder, &backup, &[]), "backups", "backup");
    drop(sh(&format!("cp -a '{}/keys' '{}/'", folder.path().display(), backup.display())).held());
    assert_eq!(found(&self_check(&folder, &backup, &[])), []);
    // As the operators' page makes one: the log and the ring.
    let page = backup.with_file_name("page");
    let made = format!("mkdir '{0}' && cp -a '{1}/data/log' '{1}/keys' '{0}/'", page.display(), backup.display());
    drop(sh(&made).held());
    assert_eq!(found(&self_check(&folder, &page, &[])), []);
    finds(&self_check(&folder, &backup.with_file_name("none"), &[]), "backups", "there is no such folder");
    folder.replace_in_config("# map = \"cn-sgs-2018\"", "map = \"cn-sgs-2018\"");
    finds(&self_check(&folder, &backup, &[]), "stores", "own: ");
    folder.replace_in_config("\nmap = \"cn-sgs-2018\"", "\n# map = \"cn-sgs-2018\"");
    assert_eq!(found(&self_check(&folder, &backup, &[])), []);
    plant_store(&folder.join("data/store.sqlite"));
    finds(&self_check(&folder, &backup, &[]), "stores", "");
    // The first bundle, whole or as far as it goes; names that begin with a dot are no part of the log.
    let find = format!("find '{}/tile/entries' -type f ! -name '.*' | sort | head -n 1", folder.log().display());
    let file = PathBuf::from(sh(&find).held().trim_end());
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    finds(&self_check(&folder, &backup, &[]), "log", "");
}

#[test]
fn a_backup_of_another_log_or_without_a_key_and_a_start_that_would_end_are_found() {
    let (folder, backup) = with_backup();
    let config = folder.config();
    let rotate = ["keys", "rotate", "state", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&rotate).held());
    finds(&self_check(&folder, &backup, &[]), "backups", "state-2");
    let (_other, of_another) = with_backup();
    finds(&self_check(&folder, &of_another, &[]), "backups", "backup");
    fs::write(folder.join("server.pem"), "no certificate").unwrap();
    finds(&self_check(&folder, &backup, &[]), "start", "server.pem");
    folder.replace_in_config("rate_per_s = 2000", "rate_per_s = 0");
    drop(self_check(&folder, &backup, &[]).failed(64));
}

/// A file that is no store any more.
fn plant_store(store: &Path) {
    let mut bytes = fs::read(store).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    fs::write(store, bytes).unwrap();
}

#[test]
fn what_a_running_gateway_warns_of_is_an_alarm() {
    let (folder, backup) = with_backup();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    assert_eq!(found(&self_check(folder, &backup, &[])), []);
    open(folder, "R-1", &folder.person("clean", 2));
    decide(folder, "R-1", None);
    let is_missed = || found(&self_check(folder, &backup, &[])).iter().any(|(_, what)| what.contains("case_misses"));
    assert!(within(Duration::from_secs(20), is_missed), "a case that was not looked up is no alarm");
    fs::write(folder.join("ca.pem"), "no certificate").unwrap();
    let is_found = || {
        found(&self_check(folder, &backup, &[]))
            .iter()
            .any(|(check, what)| check == "alarms" && what == "authorities-refused")
    };
    assert!(within(Duration::from_secs(20), is_found), "authorities that cannot be read are no alarm");
}
