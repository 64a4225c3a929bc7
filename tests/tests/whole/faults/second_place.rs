//! The second place away, unwritable, slow: nothing is signed meanwhile, readiness says so in time, and it goes on by itself.

use std::{fs, time::Duration};

use credit_tests::{Folder, Gateway, checked, query::look_up};

use super::{keep, preload::on_a_disk, query, readiness, verify, within};

/// The longest time that readiness may take to turn, both ways.
const TURNS: Duration = Duration::from_secs(5);

fn turns(folder: &Folder, status: u16, text: &str) {
    assert!(within(TURNS, || readiness(folder) == (status, text.to_owned())), "{:?}", readiness(folder));
}

/// Served with a second place in a folder of its own.
fn elsewhere() -> Folder {
    let folder = Folder::new();
    let place = folder.join("elsewhere");
    fs::create_dir(&place).unwrap();
    let file = place.join("second-place");
    fs::rename(folder.join("data/wal/second-place"), &file).unwrap_or_default();
    let line = r#"# second_place = "/var/lib/other-device/second-place""#;
    folder.replace_in_config(line, &format!("second_place = \"{}\"", file.display()));
    folder
}

/// Takes the second place away by `begin` and gives it back by `end`; a query before, meanwhile and after.
fn comes_back(gateway: Gateway, begin: impl FnOnce(), end: impl FnOnce()) {
    let folder = gateway.folder();
    let vkey = keep(folder, &folder.log().join("log.vkey"), "kept.vkey");
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    checked::answer(folder, "housing", &caller.ask(&look_up(&number)));
    begin();
    // What is durable finds no signature.
    drop(caller.ask(&query(&number, "first", "first")));
    turns(folder, 503, "not-recordable: publication\n");
    checked::fixed(&caller.ask(&query(&number, "refused", "refused")), 503, "not-recordable");
    end();
    turns(folder, 200, "ready\n");
    checked::answer(folder, "housing", &caller.ask(&query(&number, "after", "after")));
    let folder = gateway.stop();
    verify(&folder.join("data"), &vkey, None);
}

#[test]
fn that_is_gone_is_waited_for() {
    let gateway = Gateway::serve(elsewhere());
    let (place, away) = (gateway.folder().join("elsewhere"), gateway.folder().join("away"));
    comes_back(gateway, || fs::rename(&place, &away).unwrap(), || fs::rename(&away, &place).unwrap());
}

#[test]
fn that_cannot_be_written_is_waited_for() {
    let (gateway, refuses) = on_a_disk(elsewhere(), "REFUSE_WHILE", "elsewhere/second-place");
    comes_back(gateway, || fs::write(&refuses, "").unwrap(), || fs::remove_file(&refuses).unwrap());
}

#[test]
fn that_hangs_is_waited_for() {
    let (gateway, hangs) = on_a_disk(elsewhere(), "HANG_WHILE", "elsewhere/second-place");
    comes_back(gateway, || fs::write(&hangs, "").unwrap(), || fs::remove_file(&hangs).unwrap());
}
