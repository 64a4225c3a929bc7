//! `check` proves the buckets; a start does not ask them.

use std::{fs, os::unix::fs::PermissionsExt};

use credit_tests::{Ended, Folder, Gateway, each, gateway};

use super::{
    command, folder_with, names,
    store::{Mode, Store},
};

fn check(folder: &Folder) -> Ended {
    gateway(&["check", "--config", folder.config().to_str().unwrap()])
}

type Wrong = (&'static str, fn(&Folder), &'static str);

const WRONG: &[Wrong] = &[
    ("no credentials", |f| fs::remove_file(f.join("objects.credentials")).unwrap(), "objects.credentials"),
    (
        "credentials that anybody can read",
        |f| fs::set_permissions(f.join("objects.credentials"), PermissionsExt::from_mode(0o640)).unwrap(),
        "chmod 600",
    ),
    (
        "half of them",
        |f| fs::write(f.join("objects.credentials"), "aws_access_key_id = A\n").unwrap(),
        "aws_secret_access_key",
    ),
    (
        "plain http to another machine",
        |f| f.edit_config(|text| text.replace("url = \"http://127.0.0.1", "url = \"http://s3.example")),
        "use https",
    ),
    (
        "authorities that are not there",
        |f| {
            f.edit_config(|text| {
                let text = text.replace("url = \"http://127.0.0.1", "url = \"https://127.0.0.1");
                text.replace("every_s = 1", "every_s = 1\nauthorities = \"nowhere.pem\"")
            });
        },
        "nowhere.pem",
    ),
    (
        "one bucket for both",
        |f| f.replace_in_config("entries_bucket = \"log-entries\"", "entries_bucket = \"log\""),
        "another one",
    ),
];

#[test]
fn what_cannot_be_used_ends_check_and_start_before_a_port_opens() {
    let store = Store::start();
    each(WRONG, |(what, spoil, word)| {
        let folder = folder_with(&store, "");
        spoil(&folder);
        let told = check(&folder).failed(64);
        assert!(told.contains(word), "{what}: {told}");
        let served = Gateway::serve_command(&folder).output().unwrap();
        assert_eq!(served.status.code(), Some(64), "{what}");
    });
    assert!(store.puts().is_empty());
}

#[test]
fn check_proves_the_buckets_and_writes_nothing() {
    let store = Store::start();
    let folder = folder_with(&store, "lock = \"compliance\"\nlock_days = 7");
    drop(check(&folder).held());
    let asked = store.puts().len();
    assert!(asked >= 2 && store.keys().is_empty(), "{:?}", store.keys());
    let refuses = |code| Mode::Refuses("403 Forbidden", code);
    for (mode, word) in [
        (refuses("InvalidAccessKeyId"), "403 (InvalidAccessKeyId)"),
        (refuses("SignatureDoesNotMatch"), "403 (SignatureDoesNotMatch)"),
        (Mode::Refuses("503 Slow Down", "SlowDown"), "503 (SlowDown)"),
        (Mode::Refuses("404 Not Found", "NoSuchBucket"), "404 (NoSuchBucket)"),
        (Mode::Unconditional, "does not hold"),
        (Mode::NoLock, "no object lock"),
        (Mode::Public, "anybody may read the bucket `log-entries`"),
    ] {
        store.set(mode);
        let told = check(&folder).failed(69);
        assert!(told.contains(word), "{mode:?}: {told}");
    }
    store.set(Mode::Sound);
    folder.replace_in_config("bucket = \"log\"\n", "bucket = \"another\"\n");
    assert!(check(&folder).failed(69).contains("NoSuchBucket"));
}

#[test]
fn a_store_that_is_away_keeps_no_gateway_from_starting() {
    let folder = Folder::new();
    // A port that nobody listens on.
    names(&folder, &format!("http://127.0.0.1:{}", folder.port_base() + 9), "");
    assert!(check(&folder).failed(69).contains("the object store"));
    assert!(command(&folder, &["check"]).failed(69).contains("the object store"));
    let gateway = Gateway::serve(folder);
    assert!(gateway.err().wait(|said| said.contains("the published log does not go to the object store")));
    super::ask(&gateway, "away", 3);
    drop(gateway.stop());
}

#[test]
fn the_commands_need_a_store() {
    let folder = Folder::new();
    assert!(command(&folder, &["check"]).failed(64).contains("[log.objects]"));
}
