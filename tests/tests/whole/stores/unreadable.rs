//! A store that cannot be read: nobody is answered about, and readiness says so; it comes back by itself.

use std::{
    fs,
    time::{Duration, Instant},
};

use credit_tests::{Folder, Gateway};
use rusqlite::Connection;

use super::{CLEAN, ask, failed, readiness, ready, refused};
use crate::faults::within;

const SOON: Duration = Duration::from_secs(5);

#[track_caller]
fn turns(folder: &Folder, to: &(u16, String)) {
    assert!(within(SOON, || readiness(folder) == *to), "{:?}", readiness(folder));
}

#[test]
fn removed_cut_or_damaged() {
    let gateway = Gateway::serve(Folder::new());
    let (folder, number) = (gateway.folder(), gateway.folder().person("clean", 0));
    let (store, kept) = (folder.join("data/store.sqlite"), folder.join("kept.sqlite"));
    fs::copy(&store, &kept).unwrap();
    let whole = fs::read(&kept).unwrap();
    let back = || {
        fs::copy(&kept, folder.join("data/next")).unwrap();
        fs::rename(folder.join("data/next"), &store).unwrap();
    };
    for (word, spoil) in [
        ("No such file", Box::new(|| fs::remove_file(&store).unwrap()) as Box<dyn Fn()>),
        ("shorter than it says", Box::new(|| fs::write(&store, &whole[..whole.len() / 2]).unwrap())),
        ("no SQLite file", Box::new(|| fs::write(&store, vec![b'x'; whole.len()]).unwrap())),
        ("no SQLite file", Box::new(|| fs::write(&store, "").unwrap())),
        ("integrity_check", Box::new(|| fs::write(&store, damaged(&whole)).unwrap())),
        ("disputed", Box::new(|| altered(folder, "ALTER TABLE listing RENAME COLUMN disputed TO contested"))),
    ] {
        let before = gateway.err().text().len();
        spoil();
        turns(folder, &failed());
        refused(folder, &number);
        let said = gateway.err().text()[before..].to_owned();
        assert!(said.contains("the store does not answer") && said.contains(word), "{word}: {said}");
        back();
        turns(folder, &ready());
        assert_eq!(ask(folder, &number), CLEAN, "{word}");
    }
}

#[test]
fn sigterm_ends_a_gateway_whose_store_is_gone() {
    let folder = Folder::new();
    folder.replace_in_config("drain_s = 20", "drain_s = 1");
    let mut gateway = Gateway::serve(folder);
    fs::remove_file(gateway.folder().join("data/store.sqlite")).unwrap();
    turns(gateway.folder(), &failed());
    let began = Instant::now();
    gateway.signal(rustix::process::Signal::TERM);
    assert_eq!(gateway.wait().code(), Some(0));
    // drain_s and two seconds.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// Pages in the middle that are others.
fn damaged(whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..][..8_192].fill(0xa5);
    bytes
}

fn altered(folder: &Folder, change: &str) {
    Connection::open(folder.join("data/store.sqlite")).unwrap().execute_batch(change).unwrap();
}
