//! A witness: what it cosigns, what it refuses and with which answer, and what it remembers; trust policies.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::checkpoint::Checkpoint;
use credit_audit::cosignature::CosignerKey;
use credit_audit::cosigner::{Cosigner, CosignerError};
use credit_audit::cosigning::{self, Cosigning, NotCosigned};
use credit_audit::merkle::{self, InvalidProof};
use credit_audit::note::VerifierKeyError;
use credit_audit::trust_policy::{NotWitnessed, PolicyFault, TrustPolicy};
use credit_audit::verify::ClientFiles;
use credit_audit::witness::{Inconsistency, StateError, Verdict, Witness};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;

use crate::command::said;
use crate::logs::{Log, ORIGIN, leaf_of};
use crate::tree::Tree;

const NAME: &str = "witness.example/w1";
const NOW: u64 = 1_800_000_000;

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn ed25519() -> String {
    pem(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref())
}

/// The seed form that RFC 9881 §6 calls `seed`.
fn ml_dsa(seed: u8) -> String {
    pem(&[&ML_DSA_HEAD[..], &[0x04, 0x22, 0x80, 0x20], &[seed; 32]].concat())
}

const ML_DSA_HEAD: [u8; 18] =
    [0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];

fn cosigners() -> Vec<Cosigner> {
    [ed25519(), ml_dsa(7)].iter().map(|pem| Cosigner::from_pem(NAME, pem.as_bytes()).unwrap()).collect()
}

fn folder_of(log: &Log) -> PathBuf {
    log.folder.with_extension("witness")
}

struct Bench {
    log: Log,
    witness: Witness,
    keys: Vec<CosignerKey>,
}

impl Bench {
    fn new() -> Self {
        let log = Log::new();
        let cosigners = cosigners();
        let keys = cosigners.iter().map(|cosigner| cosigner.key().clone()).collect();
        let witness = Witness::open(&folder_of(&log), true, cosigners, vec![log.key.clone()]).unwrap();
        Self { log, witness, keys }
    }

    /// What the log submits when it has this many leaves.
    fn body(&self, old: u64, size: u64) -> String {
        body(old, &proof(old, size), &self.log.signed(&head(size)))
    }

    fn ask(&self, body: &str) -> Verdict {
        self.witness.add_checkpoint(body.as_bytes(), NOW).unwrap()
    }

    /// Asks for what must be cosigned.
    fn cosigned(&self, old: u64, size: u64) -> String {
        match self.ask(&self.body(old, size)) {
            Verdict::Cosigned(lines) => lines,
            other => panic!("{old} to {size}: {other:?}"),
        }
    }

    fn policy(&self, rest: &str) -> TrustPolicy {
        let witnesses = format!("witness ed {}\nwitness ml {}\n", self.keys[0], self.keys[1]);
        TrustPolicy::parse(format!("log {}\n{witnesses}{rest}", self.log.key).as_bytes()).unwrap()
    }
}

fn tree(size: u64) -> Tree {
    Tree::of((0..size).map(leaf_of))
}

fn head(size: u64) -> Checkpoint {
    let root = if size == 0 { merkle::empty_root() } else { merkle::root(size, &tree(size)).unwrap() };
    Checkpoint { origin: ORIGIN.to_owned(), size, root }
}

fn proof(old: u64, size: u64) -> Vec<merkle::Hash> {
    if old == 0 || old >= size { Vec::new() } else { merkle::consistency_proof(old, size, &tree(size)).unwrap() }
}

fn body(old: u64, proof: &[merkle::Hash], note: &str) -> String {
    let proof: String = proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
    format!("old {old}\n{proof}\n{note}")
}

#[test]
fn what_does_not_follow_is_refused_with_the_status_of_the_specification_and_changes_nothing() {
    let bench = Bench::new();
    let signed = |size| bench.log.signed(&head(size));
    bench.cosigned(0, 5);
    let other_root = Checkpoint { root: [7; 32], ..head(5) };
    let fork = bench.log.signed(&other_root);
    let stranger = signed(9).replace(ORIGIN, "other.example/log");
    let unsigned = signed(9).replace(bench.log.key.name(), "x.example/y").replacen("x.example/y", ORIGIN, 1);
    let mut altered = head(9);
    altered.root[0] ^= 1;
    let forged = signed(9).replacen(&head(9).to_text(), &altered.to_text(), 1);
    let mut wrong_proof = proof(5, 9);
    wrong_proof[0][0] ^= 1;
    let long_proof = vec![[1; 32]; 64];
    let empty_with_root = bench.log.signed(&Checkpoint { root: [1; 32], ..head(0) });
    let malformed = [
        String::new(),
        "old 5\n".to_owned(),
        body(5, &proof(5, 9), &signed(9)).replacen("old 5", "old 05", 1),
        body(5, &proof(5, 9), &signed(9)).replacen("old 5", "old +5", 1),
        body(5, &proof(5, 9), &signed(9)).replacen("old 5", "size 5", 1),
        body(5, &proof(5, 9), &signed(9)).replacen("old 5\n", "old 5\nAAAA\n", 1),
        body(5, &long_proof, &signed(9)),
        body(5, &[], &head(9).to_text()),
        body(6, &[], &signed(5)),
        body(5, &proof(5, 9), &signed(9)).replace('\n', "\r\n"),
    ];
    for body in malformed {
        let verdict = bench.ask(&body);
        assert!(matches!(verdict, Verdict::Malformed(_)), "{body}: {verdict:?}");
    }
    assert_eq!(bench.ask(&body(0, &[], &stranger)), Verdict::UnknownLog);
    assert_eq!(bench.ask(&body(5, &proof(5, 9), &unsigned)), Verdict::NotSigned);
    assert_eq!(bench.ask(&body(5, &proof(5, 9), &forged)), Verdict::NotSigned);
    assert_eq!(bench.ask(&body(0, &[], &signed(9))), Verdict::OtherSize(5));
    assert_eq!(bench.ask(&body(4, &proof(4, 9), &signed(9))), Verdict::OtherSize(5));
    assert_eq!(bench.ask(&body(3, &[], &signed(3))), Verdict::OtherSize(5), "rolled back");
    assert_eq!(bench.ask(&body(0, &[], &empty_with_root)), Verdict::OtherSize(5));
    assert_eq!(bench.ask(&body(5, &[], &fork)), Verdict::Inconsistent(Inconsistency::Fork));
    let wrong = |proof: &[merkle::Hash]| bench.ask(&body(5, proof, &signed(9)));
    assert_eq!(wrong(&wrong_proof), Verdict::Inconsistent(Inconsistency::Proof(InvalidProof::Root)));
    assert_eq!(wrong(&[]), Verdict::Inconsistent(Inconsistency::Proof(InvalidProof::Length)));
    let same = bench.ask(&body(5, &proof(5, 9), &signed(5)));
    assert_eq!(same, Verdict::Inconsistent(Inconsistency::Proof(InvalidProof::Length)), "a proof where none is needed");
    let kept =
        fs::read_dir(folder_of(&bench.log)).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    assert_eq!(kept.filter(|name| name.ends_with(".fork")).count(), 1, "the fork is kept: it is a proof");
    bench.cosigned(5, 9);
    let fresh = Bench::new();
    assert_eq!(fresh.ask(&body(0, &[], &empty_with_root)), Verdict::Inconsistent(Inconsistency::EmptyRoot));
    let with_proof = fresh.ask(&body(0, &[[1; 32]], &signed(9)));
    assert_eq!(with_proof, Verdict::Inconsistent(Inconsistency::Proof(InvalidProof::Length)));
    fresh.cosigned(0, 0);
    fresh.cosigned(0, 9);
}

#[test]
fn a_log_that_grows_is_cosigned_by_both_kinds_of_key_and_what_is_served_meets_a_policy() {
    let bench = Bench::new();
    let policy = bench.policy("group both all ed ml\nquorum both\n");
    let mut old = 0;
    for size in [0, 1, 2, 7, 7, 8, 300, 1_000] {
        let lines = bench.cosigned(old, size);
        assert_eq!(lines.lines().count(), 2, "a line for each key");
        let signed = format!("{}{lines}", bench.log.signed(&head(size)));
        let witnessed = policy.check(&signed, None).unwrap();
        assert_eq!((witnessed.checkpoint, witnessed.by), (head(size), vec![(0, NOW), (1, NOW)]));
        let hash = ring::digest::digest(&ring::digest::SHA256, ORIGIN.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bench.witness.latest(&hash), Some(signed));
        old = size;
    }
    assert_eq!(bench.witness.latest("00"), None);
}

#[test]
fn the_state_outlives_the_process_and_a_folder_that_lost_it_is_refused() {
    let bench = Bench::new();
    bench.cosigned(0, 300);
    let Bench { log, witness, .. } = bench;
    drop(witness);
    let folder = folder_of(&log);
    let open = |is_new| Witness::open(&folder, is_new, cosigners(), vec![log.key.clone()]);
    assert!(matches!(open(true), Err(StateError::NotNew(_))));
    let witness = open(false).unwrap();
    assert!(matches!(open(false), Err(StateError::InUse(_))), "two never answer for one");
    let again = body(0, &[], &log.signed(&head(400)));
    assert_eq!(witness.add_checkpoint(again.as_bytes(), NOW).unwrap(), Verdict::OtherSize(300));
    drop(witness);
    let file = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "checkpoint")).unwrap();
    let note = fs::read_to_string(&file).unwrap();
    for damage in [note.replacen("300", "200", 1), String::new(), "x".to_owned()] {
        fs::write(&file, damage).unwrap();
        assert!(matches!(open(false), Err(StateError::Damaged { .. })), "what cannot be read is not forgotten");
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(open(false), Err(StateError::Missing(_))));
}

#[test]
fn keys_are_read_in_the_forms_that_can_be_and_others_say_why_not() {
    let refused = |pem: &str| Cosigner::from_pem(NAME, pem.as_bytes()).err();
    assert_eq!(refused("no key"), Some(CosignerError::Pem));
    assert_eq!(refused(&pem(&[0x30, 0x03, 0x02, 0x01, 0x00])), Some(CosignerError::Algorithm));
    // Seed and expanded key together, as the usual tool writes them.
    let mut both = ML_DSA_HEAD.to_vec();
    both.extend([0x04, 0x82, 0x0a, 0x2a].iter().chain(&[0; 2_602]));
    assert_eq!(refused(&pem(&both)), Some(CosignerError::NotSeed));
    for name in ["", "a b", "a+b", &"x".repeat(256)] {
        assert_eq!(Cosigner::from_pem(name, ed25519().as_bytes()).err(), Some(CosignerError::Name), "{name}");
    }
    for cosigner in cosigners() {
        let key = cosigner.key();
        assert_eq!(CosignerKey::parse(&key.to_string()), Ok(key.clone()));
        let other_id = format!("{}+{:08x}+", key.name(), key.id() ^ 1);
        let altered = key.to_string().replacen(&format!("{}+{:08x}+", key.name(), key.id()), &other_id, 1);
        assert_eq!(CosignerKey::parse(&altered), Err(VerifierKeyError::Id));
    }
    let log_key = Log::new().key.to_string();
    assert_eq!(CosignerKey::parse(&log_key), Err(VerifierKeyError::CosignerKey), "a log's key is no witness's");
}

#[test]
fn policies_count_each_witness_once_and_faults_have_their_line() {
    let bench = Bench::new();
    let (log, ed, ml) = (&bench.log.key, &bench.keys[0], &bench.keys[1]);
    let lines = bench.cosigned(0, 9);
    let only_ed = format!("{}{}\n", bench.log.signed(&head(9)), lines.lines().next().unwrap());
    let refused = |rest: &str| bench.policy(rest).check(&only_ed, None).err();
    let too_few = Some(NotWitnessed::Quorum { have: 1, known: 2 });
    assert_eq!(refused("group both all ed ml\nquorum both\n"), too_few);
    assert_eq!(refused("quorum ml\n"), too_few);
    assert_eq!(refused("group two 2 ed ml\nquorum two\n"), too_few);
    for enough in [
        "quorum ed\n",
        "group one any ed ml\nquorum one\n",
        "quorum none\n",
        " \t# note\n\ngroup g 1 ml ed \nquorum g\n",
    ] {
        assert_eq!(refused(enough), None, "{enough}");
    }
    let twice = format!("{only_ed}{}\n", lines.lines().next().unwrap());
    assert_eq!(bench.policy("group two 2 ed ml\nquorum two\n").check(&twice, None).err(), too_few);
    let of_another_size = format!("{}{}\n", bench.log.signed(&head(8)), lines.lines().next().unwrap());
    let found = bench.policy("quorum none\n").check(&of_another_size, None).err();
    assert_eq!(found, Some(NotWitnessed::Cosignature(NAME.to_owned())));
    let faults = [
        (format!("log {log}\n"), 2, PolicyFault::Quorum),
        (String::new(), 1, PolicyFault::Quorum),
        ("quorum none".to_owned(), 1, PolicyFault::Newline),
        ("quorum none\nquorum none\n".to_owned(), 2, PolicyFault::Quorum),
        ("quorum w\n".to_owned(), 1, PolicyFault::Unknown),
        ("quorums none\n".to_owned(), 1, PolicyFault::Word),
        ("quorum\n".to_owned(), 1, PolicyFault::Items),
        ("quorum none\r\n".to_owned(), 1, PolicyFault::ControlCharacter),
        (format!("witness none {ed}\n"), 1, PolicyFault::Name),
        (format!("witness a {ed}\nwitness a {ml}\n"), 2, PolicyFault::Name),
        (format!("witness a {ed}\nwitness b {ed}\n"), 2, PolicyFault::DuplicateKey),
        (format!("log {log}\nlog {log} http://127.0.0.1\n"), 2, PolicyFault::DuplicateKey),
        (format!("witness a {log}\n"), 1, PolicyFault::Key(VerifierKeyError::CosignerKey)),
        (format!("log {ed}\n"), 1, PolicyFault::Key(VerifierKeyError::Key)),
        (format!("witness a {ed}\ngroup g 2 a\n"), 2, PolicyFault::Threshold),
        (format!("witness a {ed}\ngroup g 0 a\n"), 2, PolicyFault::Threshold),
        (format!("witness a {ed}\ngroup g 01 a\n"), 2, PolicyFault::Threshold),
        (format!("witness a {ed}\ngroup g all\n"), 2, PolicyFault::Items),
        (format!("witness a {ed}\ngroup g all a a\n"), 2, PolicyFault::MemberTwice),
        (format!("witness a {ed}\ngroup g any a\ngroup h any a\n"), 3, PolicyFault::MemberTwice),
        ("group g any b\n".to_owned(), 1, PolicyFault::Unknown),
    ];
    for (file, line, fault) in faults {
        let found = TrustPolicy::parse(file.as_bytes()).unwrap_err();
        assert_eq!((found.line, found.fault), (line, fault), "{file}");
    }
}

#[test]
fn the_command_prints_its_keys_and_says_what_is_missing() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("witness-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ed, ml, none) = (file("ed", &ed25519()), file("ml", &ml_dsa(3)), file("none", "x"));
    let log = file("log.vkey", &Log::new().key.to_string());
    let state = folder.join("state").to_str().unwrap().to_owned();
    let (code, out, err) = said(&["witness", "--name", NAME, "--key", &ed, "--key", &ml, "--print-keys"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.lines().all(|line| CosignerKey::parse(line).unwrap().name() == NAME) && out.lines().count() == 2);
    let (code, _, err) = said(&["witness", "--name", NAME, "--key", &none, "--print-keys"]);
    assert!(code == 64 && err.contains("PRIVATE KEY"), "{err}");
    let (code, _, err) = said(&["witness", "--name", NAME, "--key", &ed, "--log", &log, "--state", &state]);
    assert!(code == 64 && err.contains("--new") && err.contains("retire its key"), "{err}");
    fs::remove_dir_all(&folder).unwrap();
}

/// A witness that serves, with its folder; ended when dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn of(log: &Log, key: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credit-audit"));
        command.args(["witness", "--name", NAME, "--new", "--listen", "127.0.0.1:0", "--key"]).arg(key);
        command.arg("--state").arg(folder_of(log)).arg("--log").arg(log.folder.join("log.vkey"));
        let mut child = command.env("LC_ALL", "C.UTF-8").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.into_iter().find_map(|line| line.strip_prefix("serving on ").map(str::to_owned)).unwrap();
        Self { child, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }
}

#[test]
fn a_log_that_was_rolled_back_or_forked_is_told_so_and_what_is_cosigned_is_published() {
    let log = Log::of_sizes(&[300]);
    let key = log.folder.with_extension("pem");
    fs::write(&key, ed25519()).unwrap();
    let cosigner = Cosigner::from_pem(NAME, &fs::read(&key).unwrap()).unwrap();
    let served = Served::of(&log, &key);
    let asking = |key: &CosignerKey| {
        let policy = format!("log {}\nwitness w {key} {}\nquorum w\n", log.key, served.address);
        let policy = TrustPolicy::parse(policy.as_bytes()).unwrap();
        Cosigning::new(policy, &log.key, &ClientFiles::default()).unwrap()
    };
    let cosigning = asking(cosigner.key());
    let ask = |asking: &Cosigning, log: &Log| asking.ask(0, &log.folder, &log.checkpoint(), &log.head());
    let lines = ask(&cosigning, &log).unwrap();
    let (note, is_quorum) = cosigning.join(&log.checkpoint(), &[lines, "\u{2014} x AAAAAQID\n".to_owned()]).unwrap();
    assert!(is_quorum && !note.contains("\u{2014} x "), "a stranger's line is not passed on");
    cosigning::publish(&log.folder, &note).unwrap();
    let policy = log.folder.join("policy");
    fs::write(&policy, format!("witness w {}\nquorum w\n", cosigner.key())).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (folder, vkey) = (path(&log.folder), path(&log.folder.join("log.vkey")));
    let arguments = ["verify", &folder, "--vkey", &vkey, "--policy", &path(&policy)];
    let (code, out, err) = said(&arguments);
    assert!(code == 0 && out.contains("cosigned at size 300 by 1 of 1 witnesses"), "{out}{err}");

    let rolled_back = Log::of_sizes(&[200]);
    let found = ask(&asking(cosigner.key()), &rolled_back).unwrap_err();
    assert!(matches!(found, NotCosigned::Longer { size: 300, have: 200, .. }), "{found}");
    let mut forked = Log::new();
    forked.leaves = (0..400).map(|number| leaf_of(if number == 3 { 5_003 } else { number })).collect();
    forked.publish();
    let found = ask(&asking(cosigner.key()), &forked).unwrap_err();
    assert!(matches!(found, NotCosigned::Refused { .. }), "{found}");
    let stranger = Cosigner::from_pem(NAME, ed25519().as_bytes()).unwrap();
    let longer = Log::of_sizes(&[400]);
    let found = ask(&asking(stranger.key()), &longer).unwrap_err();
    assert!(matches!(found, NotCosigned::Signature { .. }), "{found}");
    ask(&cosigning, &longer).unwrap();

    // The folder shows a log that does not continue what was cosigned.
    for path in forked.files() {
        log.write(&path, &forked.read(&path));
    }
    log.write("checkpoint", &forked.read("checkpoint"));
    let (code, _, err) = said(&arguments);
    assert!(code == 1, "{err}");
    fs::remove_file(key).unwrap();
}
