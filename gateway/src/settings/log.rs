//! The log's name and timing.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// The log's name and timing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Name of the log in every checkpoint, for example `credit-gateway.example/2026/r1`; no trailing slash.
    pub origin: String,
    /// Checkpoint of the log that this one continues (after `keys rotate log`, or from a restored backup); the first leaf
    /// of a new log names it.
    pub continues: Option<PathBuf>,
    /// File of the last signed size and root; another device than `data.dir` where there is one.
    pub second_place: Option<PathBuf>,
    /// Size of a reserved segment, in MiB.
    #[serde(default = "segment_mib")]
    #[schemars(range(min = 1, max = 1_024))]
    pub segment_mib: u64,
    /// How long a batch may wait for more while all threads that serve are busy, in microseconds.
    #[serde(default = "linger_us")]
    #[schemars(range(max = 1_000_000))]
    pub linger_us: u64,
    /// How often tiles and checkpoint are published while there is something new, in milliseconds (at most 1500).
    #[serde(default = "publish_every_ms")]
    #[schemars(range(min = 1, max = 1_500))]
    pub publish_every_ms: u64,
    /// A trust policy (c2sp.org/tlog-policy): its witnesses with an address are asked to cosign the log, and what its quorum
    /// cosigned is published as `checkpoint.witnessed`. Left out: nobody is asked.
    pub trust_policy: Option<PathBuf>,
    /// Certificates of the authorities of witnesses with an `https` address (PEM).
    pub witness_authorities: Option<PathBuf>,
    /// How often the witnesses are asked, in seconds.
    #[serde(default = "witness_every_s")]
    #[schemars(range(min = 1, max = 3_600))]
    pub witness_every_s: u64,
    /// How far the clock may be ahead of the last record at a start, in days. A first record with a clock that is wrong
    /// would keep the log from recording until that time has come. Where the gateway was off for longer and the clock is
    /// right, say so with a larger number.
    #[serde(default = "clock_ahead_days")]
    #[schemars(range(min = 1, max = 36_500))]
    pub clock_ahead_days: u32,
}

fn segment_mib() -> u64 {
    16
}
fn linger_us() -> u64 {
    1_000
}
fn publish_every_ms() -> u64 {
    500
}
fn witness_every_s() -> u64 {
    10
}
fn clock_ahead_days() -> u32 {
    31
}
