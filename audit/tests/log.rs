//! The log from outside: a process that writes is killed again and again, and nothing that it acknowledged is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking; its helpers too")]

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use credit_audit::clock::{Clock as _, SystemClock};
use credit_audit::leaf::{self, Entry, Kind};
use credit_audit::log::{self, Durable, Log, Settings, Signer};
use credit_audit::merkle::{self, Hash};
use credit_audit::note::VerifierKey;
use credit_audit::verify;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use uuid::Uuid;

const ORIGIN: &str = "log.example/2026/r1";
/// Set in the process that is killed: where its log is.
const FOLDER: &str = "CREDIT_AUDIT_TEST_FOLDER";
const ROUNDS: u64 = 10;

struct TestSigner(Ed25519KeyPair);

impl TestSigner {
    fn new() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
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

/// A folder that is removed when the test ends.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("credit-audit-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn settings(dir: &Path) -> Settings {
    let mut settings = Settings::new(dir, ORIGIN);
    settings.segment_bytes = 512 << 10;
    settings.publish_every = Duration::from_millis(20);
    settings
}

/// Opens and starts, with the fold that gives each institution its next number.
fn open(dir: &Path) -> Log {
    let recovered = log::recover(settings(dir), Arc::new(SystemClock::new())).unwrap();
    let mut seqs = HashMap::new();
    for leaf in recovered.leaves(0) {
        let (_, leaf) = leaf.unwrap();
        let peek = leaf::peek(&leaf).unwrap();
        if let (Some(institution), Some(seq)) = (peek.institution, peek.seq) {
            seqs.insert(institution.to_owned(), seq);
        }
    }
    recovered.start(Box::new(TestSigner::new()), seqs).unwrap()
}

fn entry(institution: &str) -> Entry {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut random = [0; 10];
    random[..4].copy_from_slice(&std::process::id().to_be_bytes());
    random[4..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes()[2..]);
    let millis = SystemClock::new().now().as_millisecond().unsigned_abs();
    Entry {
        kind: Kind::Query,
        id: uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(),
        actor: None,
        institution: Some(institution.to_owned()),
        tail: format!(r#","operator":"{}""#, "o".repeat(600)).into_bytes(),
        shared: None,
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The process that is killed: eight threads record, and each tells what was acknowledged to it.
fn record_until_killed(dir: &Path) {
    let log = open(dir);
    for thread in 0..8 {
        let log = log.clone();
        thread::spawn(move || {
            let institution = format!("institution-{}", thread % 3);
            for n in 0.. {
                let entry = entry(&institution);
                let id = entry.id;
                let durable = log.submit(entry, n % 16 == 0, || true).unwrap().wait().unwrap();
                tell(id, &institution, &durable);
            }
        });
    }
    // Should nobody kill it.
    thread::sleep(Duration::from_secs(30));
}

/// One line, written whole.
fn tell(id: Uuid, institution: &str, durable: &Durable) {
    let line = format!("ack {} {} {id} {institution}\n", durable.index, hex(&durable.leaf_hash));
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// What the process acknowledged: index, leaf hash in hexadecimal, id and institution.
type Acknowledged = (u64, String, Uuid, String);

fn parse(line: &str) -> Option<Acknowledged> {
    let words: Vec<_> = line.strip_prefix("ack ")?.strip_suffix('\n')?.split(' ').collect();
    let [index, hash, id, institution] = words[..] else { return None };
    Some((index.parse().ok()?, hash.to_owned(), id.parse().ok()?, institution.to_owned()))
}

fn spawn(dir: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["nothing_acknowledged_is_lost_when_the_process_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the process until it has acknowledged some and a little longer; gives all that it acknowledged.
fn run_and_kill(dir: &Path, round: u64) -> Vec<Acknowledged> {
    let mut child = spawn(dir);
    let output = child.stdout.take().unwrap();
    let (first, heard) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        let mut output = BufReader::new(output);
        let (mut acknowledged, mut line) = (Vec::new(), String::new());
        while output.read_line(&mut line).unwrap() > 0 {
            acknowledged.extend(parse(&line));
            if acknowledged.len() == 20 {
                first.send(()).unwrap();
            }
            line.clear();
        }
        acknowledged
    });
    heard.recv_timeout(Duration::from_secs(20)).unwrap();
    thread::sleep(Duration::from_millis(round * 37 % 120));
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let Some(dir) = env::var_os(FOLDER) {
        // This is the process that the test started, by its own name.
        return record_until_killed(Path::new(&dir));
    }
    let dir = TempDir::new("kill");
    let key = VerifierKey::new(ORIGIN, TestSigner::new().public_key()).unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        acknowledged.extend(run_and_kill(&dir.0, round));
        // What others read holds while the process is dead.
        let report = verify::directory(&dir.0, &key, &[], &mut ()).unwrap();
        let recovered = log::recover(settings(&dir.0), Arc::new(SystemClock::new())).unwrap();
        assert!(recovered.size() >= report.checkpoint.size);
        let leaves: Vec<_> = recovered.leaves(0).map(|leaf| hex(&merkle::leaf_hash(&leaf.unwrap().1))).collect();
        assert_eq!(leaves.len() as u64, recovered.size());
        for (index, hash, ..) in &acknowledged {
            assert_eq!(leaves.get(usize::try_from(*index).unwrap()), Some(hash), "round {round}, index {index}");
        }
    }
    // And every receipt can be had afterwards.
    let log = open(&dir.0);
    assert!(log.drain(Duration::from_secs(10)));
    for (index, _, id, institution) in acknowledged.iter().step_by(97) {
        assert_eq!(log.receipt(*id, institution).unwrap().index, *index);
    }
    log.close();
    let report = verify::directory(&dir.0, &key, &[], &mut ()).unwrap();
    assert_eq!(report.checkpoint.size, log.size());
}

#[test]
fn a_log_that_is_being_written_can_be_verified() {
    let dir = TempDir::new("live");
    let key = VerifierKey::new(ORIGIN, TestSigner::new().public_key()).unwrap();
    let log = open(&dir.0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..400 {
                let tickets: Vec<_> = (0..10).map(|_| log.submit(entry("bank"), false, || true).unwrap()).collect();
                tickets.into_iter().for_each(|ticket| drop(ticket.wait().unwrap()));
            }
        });
        let mut checked = 0;
        while !writer.is_finished() {
            // Before the first checkpoint there is nothing to verify.
            if dir.0.join("log").join("checkpoint").exists() {
                verify::directory(&dir.0, &key, &[], &mut ()).unwrap();
                checked += 1;
            }
        }
        assert!(checked > 3, "verified {checked} times");
    });
}

#[test]
fn tickets_are_futures() {
    let dir = TempDir::new("future");
    let log = open(&dir.0);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let durable = runtime.block_on(async {
        let first = log.submit(entry("bank"), true, || true).unwrap();
        let second = log.submit(entry("bank"), false, || true).unwrap();
        (first.await.unwrap(), second.await.unwrap())
    });
    assert_eq!((durable.0.index, durable.1.index), (0, 1));
    let (index, checkpoint) = verify::receipt(
        durable.0.proof.as_deref().unwrap(),
        &durable.0.leaf,
        &VerifierKey::new(ORIGIN, TestSigner::new().public_key()).unwrap(),
    )
    .unwrap();
    assert!(index == 0 && checkpoint.size >= 1);
}
