//! Faults: the process killed, the disk full, callers who hang up, the way down, damage, too much at once.
//!
//! What is injected from outside: SIGKILL and SIGTERM at any moment under load; a device without room; connections cut at
//! every level (HTTP, TLS, TCP); bytes of the log's files changed, cut and removed; more streams, connections and patience
//! than the bounds allow; a disk and a standard error that hang. What is not: a clock that steps, a panic in a stage, a failing `fdatasync` (these are injected
//! inside, by the tests of the crates), power loss (SIGKILL leaves the page cache, so a missing sync does not show here),
//! and several machines.
//!
//! Known nondeterminism: which request is where when the fault comes. The moments are drawn from a fixed seed, the rest is
//! the scheduler's; so each test checks what must hold whatever the moment was.

mod all_at_once;
pub(crate) mod clock;
mod damage;
mod drain;
mod endings;
pub(crate) mod frames;
mod hang_ups;
mod hangs;
mod kills;
mod load;
pub(crate) mod namespace;
mod order_of_calls;
mod order_of_publication;
mod overload;
pub(crate) mod preload;
mod record;
mod repeated_changes;
mod room;
mod second_place;
mod suspension;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use credit_tests::{Folder, query};
use serde_json::Value;

/// Whether the long form was asked for (`tests/run --full`).
pub(crate) fn is_full() -> bool {
    std::env::var("CREDIT_TESTS_FULL").is_ok_and(|value| value == "1")
}

/// Whether drills of several gateways run whole (`tests/cluster`), which the long form has too.
pub(crate) fn is_drill() -> bool {
    is_full() || std::env::var("CREDIT_CLUSTER").is_ok_and(|what| what == "drills")
}

/// A look-up that is answered, by a member of staff of the test's choice, so that it can be told in the log.
fn query(subject: &str, operator: &str, case: &str) -> Value {
    query::with(query::look_up_under(subject, case), "operator", operator)
}

/// What `/readyz` says.
pub(crate) fn readiness(folder: &Folder) -> (u16, String) {
    credit_tests::readiness(folder.port_base() + 4)
}

/// Waits until something holds; false where it does not within the time.
pub(crate) fn within(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if began.elapsed() > time {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// `credit-audit verify` on a data folder, by a key that was kept apart; the log must continue the checkpoint `old`.
#[track_caller]
pub(crate) fn verify(data: &Path, vkey: &Path, old: Option<&Path>) {
    let mut arguments = vec!["verify".as_ref(), data.as_os_str(), "--vkey".as_ref(), vkey.as_os_str()];
    arguments.extend(old.into_iter().flat_map(|old| ["--old".as_ref(), old.as_os_str()]));
    let said = credit_tests::audit(&arguments).held();
    assert!(!said.is_empty());
}

/// Keeps a copy of a file beside the folder's own files.
pub(crate) fn keep(folder: &Folder, file: &Path, name: &str) -> PathBuf {
    let kept = folder.join(name);
    fs::copy(file, &kept).unwrap_or_else(|error| panic!("`{}`: {error}", file.display()));
    kept
}

/// Numbers that look drawn, the same in every run (xorshift).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least + 1)
    }
}
