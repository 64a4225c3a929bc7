//! The store as operators treat it: replaced, written over, cut, removed, and with typing errors in it.

mod commands;
mod contract;
mod disk;
pub(crate) mod http;
mod mapped;
mod postgres;
mod replaced;
mod several;
mod spreadsheets;
mod storage_classes;
mod typing_errors;
mod unreadable;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use credit_tests::{Folder, Reply, checked, query::look_up};
use rusqlite::Connection;

/// A copy of the folder's store, not in its place yet.
pub(crate) fn another(folder: &Folder, name: &str, change: &str) -> PathBuf {
    let path = folder.join(name);
    fs::copy(folder.join("data/store.sqlite"), &path).unwrap();
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    path
}

/// Puts the person on the black list, with a judgment to go with it.
pub(crate) fn blackened(number: &str) -> String {
    format!(
        "INSERT INTO listing VALUES ('{number}', 'black', 77, '2026-01-01', NULL, 0);
         INSERT INTO record VALUES ('{number}', 'court-judgment', 77, 'serious', '2026-01-01', '2026-01-02', NULL, NULL, NULL, NULL, 0, NULL, NULL);"
    )
}

/// What an answer says of the person: on the black list, and no adverse record for three years.
pub(crate) fn told(reply: &Reply) -> Option<(bool, bool)> {
    let json = reply.json();
    let said = |field: &str| json["data"][field].as_bool();
    Some((said("black_listed")?, said("clean_three_years")?))
}

/// Puts a file in the place of another, as operators renew certificates: nobody sees half of it, and nobody else reads it.
pub(crate) fn put(folder: &Folder, name: &str, text: &str) {
    let new = folder.join("put.new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, folder.join(name)).unwrap();
}

pub(crate) const CLEAN: Option<(bool, bool)> = Some((false, true));
pub(crate) const BLACK: Option<(bool, bool)> = Some((true, false));

pub(crate) fn ask(folder: &Folder, number: &str) -> Option<(bool, bool)> {
    told(&folder.caller("housing").ask(&look_up(number)))
}

#[track_caller]
pub(crate) fn refused(folder: &Folder, number: &str) {
    checked::refusal(folder, "housing", &folder.caller("housing").ask(&look_up(number)), 502, "store-failed");
}

pub(crate) fn readiness(folder: &Folder) -> (u16, String) {
    credit_tests::readiness(folder.port_base() + 4)
}

pub(crate) fn ready() -> (u16, String) {
    (200, "ready\n".to_owned())
}

pub(crate) fn failed() -> (u16, String) {
    (503, "store-failed\n".to_owned())
}
