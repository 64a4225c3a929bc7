//! What an operator sees: metrics, readiness, log lines, traces, the board and the alerts. That nobody can be told from
//! any of them is searched for in `canary.rs` too; here each is held against the closed list of what it may say.

mod agreement;
mod board;
mod lines;
mod metrics;
mod readiness;
mod scrape;
mod traces;

use std::collections::BTreeSet;

use credit_tests::Folder;

/// The institutions that a folder's configuration registers.
fn institutions(folder: &Folder) -> BTreeSet<String> {
    let config = std::fs::read_to_string(folder.config()).unwrap();
    let entries = config.split("[[institution]]").skip(1);
    let ids = entries.map(|entry| entry.lines().find_map(|line| line.strip_prefix("id = ")).unwrap());
    ids.map(|id| id.trim_matches('"').to_owned()).collect()
}
