//! The log's name and timing.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{copy::CopySettings, objects::ObjectSettings};

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
    /// Folder of the directory that lists the logs of all replicas, or a copy of it: this gateway serves only while its log is
    /// listed there. Left out: it is the only one.
    pub directory: Option<PathBuf>,
    /// The directory's verifier key.
    pub directory_vkey: Option<PathBuf>,
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
    /// How many copies of the write-ahead log a record must be in before it counts: 1, or 2 with `log.copy`.
    #[serde(default = "copies")]
    #[schemars(range(min = 1, max = 2))]
    pub(crate) copies: u8,
    /// Who keeps the second copy; left out = nobody.
    pub(crate) copy: Option<CopySettings>,
    /// An S3-compatible store to which everything that is published goes as well; left out = the folder is the only place.
    pub(crate) objects: Option<ObjectSettings>,
}

impl LogSettings {
    /// The paths of files and folders in it.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self {
            second_place,
            continues,
            directory,
            directory_vkey,
            trust_policy,
            witness_authorities,
            objects,
            copy,
            ..
        } = self;
        let all = [second_place, continues, directory, directory_vkey, trust_policy, witness_authorities];
        let all = all.into_iter().filter_map(Option::as_mut);
        all.chain(objects.iter_mut().flat_map(ObjectSettings::paths_mut))
            .chain(copy.iter_mut().flat_map(CopySettings::paths_mut))
    }

    /// What cannot be right.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let origin = &self.origin;
        if !is_origin(origin) {
            faults.push(format!(
                "log.origin `{origin}` must be a name without spaces, plus signs or a trailing slash, for example credit-gateway.example/2026/r1"
            ));
        }
        if !(1..=1_500).contains(&self.publish_every_ms) {
            faults.push("log.publish_every_ms must be between 1 and 1500: receipts are promised within 2 s".to_owned());
        }
        if self.segment_mib == 0 || self.segment_mib > 1_024 {
            faults.push("log.segment_mib must be between 1 and 1024".to_owned());
        }
        if !(1..=36_500).contains(&self.clock_ahead_days) {
            faults.push("log.clock_ahead_days must be between 1 and 36500".to_owned());
        }
        if !(1..=3_600).contains(&self.witness_every_s) {
            faults.push("log.witness_every_s must be between 1 and 3600".to_owned());
        }
        if self.directory.is_some() != self.directory_vkey.is_some() {
            faults.push("log.directory and log.directory_vkey go together: give both or neither".to_owned());
        }
        if self.linger_us > 1_000_000 {
            faults.push("log.linger_us must be at most 1000000: callers wait as long".to_owned());
        }
        if !(1..=2).contains(&self.copies) || (self.copies == 2) != self.copy.is_some() {
            faults.push("log.copies must be 1, or 2 with [log.copy], which says who keeps the second one".to_owned());
        }
        faults.extend(self.copy.iter().flat_map(CopySettings::faults));
        faults.extend(self.objects.iter().flat_map(ObjectSettings::faults));
        faults
    }
}

/// Whether a text can be the name of a log.
pub(crate) fn is_origin(text: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !text.is_empty() && !text.ends_with('/') && !text.contains(is_odd)
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
fn copies() -> u8 {
    1
}
fn clock_ahead_days() -> u32 {
    31
}
