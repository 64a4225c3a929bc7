//! The log as a whole, with failures and crashes made at every step through the probe.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::disk::failure::{Probe, Step};
use super::wal::segment;
use super::*;
use crate::clock::Clock;
use crate::leaf::{Entry, Kind};
use crate::merkle::{self, Hash};
use crate::note::VerifierKey;

mod commit;
mod copies;
mod crash;
mod damage;
mod examined;
mod guard;
mod pruned;
mod published;
mod release;
mod room;

pub(super) const ORIGIN: &str = "log.example/2026/r1";

/// A folder that is removed when the test ends.
pub(super) struct TempDir(PathBuf);

impl TempDir {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(super) fn temp_dir() -> TempDir {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("credit-audit-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    fs::create_dir(&path).unwrap();
    TempDir(path)
}

/// A clock that goes only when told.
pub(super) struct FakeClock(Mutex<(Timestamp, Duration)>);

impl FakeClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(("2026-11-22T02:19:00Z".parse().unwrap(), Duration::from_secs(1000)))))
    }

    /// Time passes.
    pub(super) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        now.0 = now.0.checked_add(time).unwrap();
        now.1 += time;
    }

    /// Somebody sets the wall clock.
    pub(super) fn step(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        now.0 = now.0.checked_add(by).unwrap();
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

struct TestSigner(Ed25519KeyPair);

impl TestSigner {
    fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }
}

impl Signer for TestSigner {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().unwrap()
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }
}

/// A data folder with what is needed to open its log.
struct Bench {
    settings: Settings,
    clock: Arc<FakeClock>,
    reports: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicU64>,
    _dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = temp_dir();
        let reports = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicU64::new(0));
        let mut settings = Settings::new(dir.path().join("data"), ORIGIN);
        settings.segment_bytes = 256 << 10;
        settings.publish_every = Duration::from_millis(5);
        let (lines, stops) = (Arc::clone(&reports), Arc::clone(&stopped));
        settings.report = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
        settings.stop = Arc::new(move || {
            stops.fetch_add(1, Ordering::SeqCst);
        });
        Self { settings, clock: FakeClock::new(), reports, stopped, _dir: dir }
    }

    /// A bench whose steps are asked of `ask`.
    fn probed(ask: impl Fn(Step) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let mut bench = Self::new();
        bench.settings.probe = Probe::new(ask);
        bench
    }

    fn recover(&self) -> Result<Recovered, RecoverError> {
        recover(self.settings.clone(), self.clock.clone())
    }

    fn start(&self) -> Log {
        start(self.recover().unwrap())
    }

    fn wal(&self) -> PathBuf {
        self.settings.dir.join("wal")
    }

    fn log(&self) -> PathBuf {
        self.settings.dir.join("log")
    }

    /// Segment files in their order.
    fn segments(&self) -> Vec<PathBuf> {
        segment::list(&self.wal()).unwrap().into_iter().map(|named| named.path).collect()
    }

    fn reports(&self) -> Vec<String> {
        self.reports.lock().unwrap().clone()
    }
}

fn start(recovered: Recovered) -> Log {
    recovered.start(Box::new(TestSigner::new(7)), HashMap::new()).unwrap()
}

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, TestSigner::new(7).public_key()).unwrap()
}

/// The n-th query of an institution, made at a time.
fn entry_at(at: Timestamp, institution: &str, n: u64) -> Entry {
    let id = uuid::Builder::from_unix_timestamp_millis(
        at.as_millisecond() as u64,
        &[
            (n >> 56) as u8,
            (n >> 48) as u8,
            (n >> 40) as u8,
            (n >> 32) as u8,
            (n >> 24) as u8,
            (n >> 16) as u8,
            (n >> 8) as u8,
            n as u8,
            0,
            0,
        ],
    )
    .into_uuid();
    let tail = format!(r#","operator":"staff-{n}""#).into_bytes();
    Entry { kind: Kind::Query, id, actor: None, institution: Some(institution.to_owned()), tail, shared: None }
}

fn entry(bench: &Bench, n: u64) -> Entry {
    entry_at(bench.clock.now(), "bank", n)
}

/// Submits and waits until durable.
fn record(log: &Log, entry: Entry) -> Durable {
    log.submit(entry, false, || true).unwrap().wait().unwrap()
}

/// A log of `count` leaves in batches of one, closed.
fn filled(bench: &Bench, count: u64) -> Vec<Durable> {
    let log = bench.start();
    let recorded = (0..count).map(|n| record(&log, entry(bench, n))).collect();
    log.close();
    recorded
}

fn leaf_hashes(recovered: &Recovered) -> Vec<Hash> {
    recovered.leaves(0).map(|leaf| merkle::leaf_hash(&leaf.unwrap().1)).collect()
}

/// The root by RFC 6962 §2.1, word for word.
fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        _ => {
            let split = 1 << (usize::BITS - 1 - (leaves.len() - 1).leading_zeros());
            merkle::node_hash(&root_of(&leaves[..split]), &root_of(&leaves[split..]))
        }
    }
}

/// Waits for something that another thread does, at most 10 seconds.
fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    (0..2000).any(|_| {
        let now = holds();
        if !now {
            std::thread::sleep(Duration::from_millis(5));
        }
        now
    })
}
