//! The published log in an object store as well: no query waits for it, and it is made whole by itself.
//!
//! Failures that are made: a store that is away, hangs, refuses, is full, forgets what it took, spoils it, loses an object,
//! covers one by a later version, has a checkpoint of another history, or is open to anybody. Not made: a store that answers
//! two readers differently.
//!
//! Known nondeterminism: in which round something is noticed. So each test waits for what must come, and for how long does not
//! matter.

mod hostile;
mod proved;
mod seaweed;
mod store;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use credit_tests::{Folder, Gateway, audit, query};

use crate::faults::within;
use store::{ACCESS, Store};

/// How long anything may take that comes by itself, on a busy machine.
const TIME: Duration = Duration::from_secs(60);

/// The name of the log of a folder.
fn origin(folder: &Folder) -> String {
    let config = fs::read_to_string(folder.config()).unwrap();
    let line = config.lines().find_map(|line| line.strip_prefix("origin = \"")).unwrap();
    line.trim_end_matches('"').to_owned()
}

/// Names a store in a configuration, with a round each second.
pub(crate) fn names(folder: &Folder, url: &str, more: &str) {
    let (id, secret) = ACCESS;
    let credentials = folder.join("objects.credentials");
    fs::write(&credentials, format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"))
        .unwrap();
    fs::set_permissions(&credentials, PermissionsExt::from_mode(0o600)).unwrap();
    folder.edit_config(|config| {
        format!(
            "{config}\n[log.objects]\nurl = \"{url}\"\nbucket = \"log\"\nentries_bucket = \"log-entries\"\n\
             credentials_file = \"objects.credentials\"\nevery_s = 1\n{more}\n"
        )
    });
}

/// A folder whose log goes to a store.
fn folder_with(store: &Store, more: &str) -> Folder {
    let folder = Folder::new();
    names(&folder, &store.url(), more);
    folder
}

/// So many look-ups, all answered.
fn ask(gateway: &Gateway, name: &str, count: usize) {
    let folder = gateway.folder();
    let (caller, numbers) = (folder.caller("housing"), folder.noted("clean"));
    credit_tests::run(async {
        let mut connection = caller.http1().await.expect("a connection");
        for nr in 0..count {
            let body = query::look_up_under(&numbers[nr % numbers.len()], &format!("{name}-{nr}"));
            assert_eq!(connection.ask(&body).await.expect("a reply").status, 200);
        }
    });
}

/// Where the checkpoint lies in the store.
fn checkpoint(folder: &Folder) -> String {
    format!("log/{}/checkpoint", origin(folder))
}

/// The size that a checkpoint says.
fn size(note: &[u8]) -> u64 {
    std::str::from_utf8(note).unwrap().lines().nth(1).unwrap().parse().unwrap()
}

/// Waits until the store has a checkpoint of all that is durable now, and the same one that the log has.
#[track_caller]
fn is_current(store: &Store, folder: &Folder) {
    let durable = credit_tests::metric(folder.port_base(), "credit_gateway_log_durable_leaves");
    let own = || fs::read(folder.log().join("checkpoint")).ok().filter(|own| size(own) >= durable);
    let is_current = within(TIME, || own().is_some_and(|own| store.body(&checkpoint(folder)) == Some(own)));
    assert!(is_current, "the store is not made like the log");
}

/// What the buckets have of a log, copied into one folder, holds.
#[track_caller]
fn holds(store: &Store, folder: &Folder) -> PathBuf {
    let copy = credit_tests::scratch::folder("copied");
    store.copy(&origin(folder), &copy);
    verified(&copy, folder);
    copy
}

#[track_caller]
fn verified(copy: &Path, folder: &Folder) {
    let vkey = folder.join("data/log/log.vkey");
    let said = audit(&["verify".as_ref(), copy.as_os_str(), "--vkey".as_ref(), vkey.as_os_str()]).held();
    assert!(said.contains("the log is valid"), "{said}");
}

/// `credit-gateway objects …` of a folder.
fn command(folder: &Folder, command: &[&str]) -> credit_tests::Ended {
    let config = folder.config();
    credit_tests::gateway(&[&["objects"], command, &["--config", config.to_str().unwrap()]].concat())
}

/// What a figure stands at.
fn figure(folder: &Folder, name: &str) -> u64 {
    credit_tests::metric(folder.port_base(), &format!("credit_gateway_objects_{name}"))
}

/// Whether readiness warns of the store.
fn is_warned(folder: &Folder) -> bool {
    credit_tests::readiness(folder.port_base() + 4).1.contains("warning: objects-failed\n")
}
