//! `[store]`: the data that the gateway answers from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// The embedded store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The SQLite file; opened read-only.
    pub sqlite: PathBuf,
    /// Reader threads, each with a connection of its own; left out = one a core.
    #[schemars(range(min = 1, max = 256))]
    pub readers: Option<usize>,
    /// Look-ups that may wait for a reader.
    #[serde(default = "store_queue")]
    #[schemars(range(min = 1, max = 100_000))]
    pub queue: usize,
    /// A look-up that takes longer is interrupted and refused as `store-timeout`, in milliseconds.
    #[serde(default = "store_timeout_ms")]
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: u64,
}

impl Store {
    /// What is wrong with it, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=100_000).contains(&self.queue) {
            faults.push("store.queue must be between 1 and 100000".to_owned());
        }
        if !(1..=60_000).contains(&self.timeout_ms) {
            faults.push("store.timeout_ms must be between 1 and 60000".to_owned());
        }
        if self.readers.is_some_and(|readers| !(1..=256).contains(&readers)) {
            faults.push("store.readers must be between 1 and 256; leave it out for one a core".to_owned());
        }
        faults
    }
}

fn store_queue() -> usize {
    1_024
}
fn store_timeout_ms() -> u64 {
    1_000
}
