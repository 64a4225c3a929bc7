//! Two logs of which one gateway asked the other: links that are missing, altered or invented are found, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::leaf::LinkFault;
use credit_audit::links::{LinkReport, compare};
use credit_audit::verify::{self, CheckError, Violation};
use serde_json::{Value, json};

use crate::logs::{Log, id};

const FIRST: &str = "first.example/r1";
const SECOND: &str = "second.example/r1";
const CERTIFICATE: &str = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";

/// Queries of a log, as JSON; what a test alters is altered here.
struct Pair {
    first: Vec<Value>,
    second: Vec<Value>,
}

fn at(minute: u64) -> String {
    format!("2026-11-22T02:{minute:02}:00.000000Z")
}

/// A query there for one of the first log.
fn there(number: u64, minute: u64, outcome: &str) -> Value {
    json!({
        "id": id(1_000 + number), "at": at(minute), "institution": "peer", "certificate": "c",
        "on_behalf": {"institution": "bank", "kind": "bank", "certificate": CERTIFICATE, "origin": FIRST, "query": id(number)},
        "scenario": "commercial-loan", "inputs": {"kind": "bank"}, "outcome": outcome,
    })
}

/// The query of the first log that is answered from an entry there.
fn here(number: u64, minute: u64) -> Value {
    json!({
        "id": id(number), "at": at(minute), "institution": "bank", "certificate": CERTIFICATE,
        "scenario": "commercial-loan", "inputs": {"kind": "bank"}, "outcome": "answered",
    })
}

/// A leaf with its keys in the order of the format.
fn leaf(query: &Value, seq: usize) -> Vec<u8> {
    let part =
        |name: &str| query.get(name).map(|value| format!(r#","{name}":{}"#, ordered(name, value))).unwrap_or_default();
    let head = format!(r#"{{"v":1,"kind":"query","id":{},"at":{}"#, query["id"], query["at"]);
    let mut line = format!(r#"{head},"institution":{},"seq":{seq}"#, query["institution"]);
    for name in ["certificate", "on_behalf", "scenario", "inputs", "outcome", "remote"] {
        line += &part(name);
    }
    (line + "}").into_bytes()
}

fn ordered(name: &str, value: &Value) -> String {
    let of = |names: &[&str]| {
        let members: Vec<_> =
            names.iter().filter_map(|name| Some(format!(r#""{name}":{}"#, value.get(name)?))).collect();
        format!("{{{}}}", members.join(","))
    };
    match name {
        "on_behalf" => of(&["institution", "kind", "certificate", "origin", "query"]),
        "remote" => of(&["origin", "index", "leaf"]),
        _ => value.to_string(),
    }
}

fn log(origin: &'static str, queries: &[Value]) -> Log {
    let leaves = queries.iter().zip(1..).map(|(query, seq)| leaf(query, seq)).collect();
    Log::of_origin(origin, leaves)
}

impl Pair {
    /// Three queries that are answered there, one that is refused there, and one that nobody was asked about; then the
    /// first log goes on for long.
    fn new() -> Self {
        let second =
            vec![there(1, 1, "answered"), there(2, 2, "answered"), there(4, 4, "refused"), there(3, 5, "answered")];
        let mut first = vec![here(1, 1), here(2, 2), here(4, 4), here(3, 5), here(5, 20)];
        first[2]["outcome"] = "refused".into();
        let mut pair = Self { first, second };
        for (of_first, of_second) in [(0, 0), (1, 1), (3, 3)] {
            pair.name(of_first, of_second);
        }
        pair
    }

    /// The query names the entry there.
    fn name(&mut self, of_first: usize, of_second: usize) {
        let hash = credit_audit::merkle::leaf_hash(&leaf(&self.second[of_second], of_second + 1));
        self.first[of_first]["remote"] = json!({"origin": SECOND, "index": of_second, "leaf": STANDARD.encode(hash)});
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut pair = Self::new();
        change(&mut pair);
        pair
    }

    fn compare(&self) -> Result<LinkReport, CheckError> {
        let (first, second) = (log(FIRST, &self.first), log(SECOND, &self.second));
        let found = compare(&first.folder, &first.key, &second.folder, &second.key);
        // Whoever asks for it, the same is found.
        let other = compare(&second.folder, &second.key, &first.folder, &first.key);
        assert_eq!(found.is_ok(), other.is_ok(), "{found:?} {other:?}");
        found
    }

    #[track_caller]
    fn breaks(&self) -> Violation {
        match self.compare() {
            Err(CheckError::Violation(violation)) => violation,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn two_logs_that_name_each_other_fit() {
    let report = Pair::new().compare().unwrap();
    assert_eq!(report, LinkReport { linked: 3, refused: 0, refused_there: 1, open: 0 });
}

type Change = fn(&mut Pair);

fn here_is(index: u64, cause: LinkFault) -> Violation {
    Violation::Link { index, cause }
}

/// What of a link is altered, and what is found.
fn links_altered() -> Vec<(&'static str, Change, Violation)> {
    vec![
        (
            "the first does not name it",
            |pair| drop(pair.first[0].as_object_mut().unwrap().remove("remote")),
            here_is(0, LinkFault::Unnamed(0)),
        ),
        (
            "another hash",
            |pair| pair.first[1]["remote"]["leaf"] = STANDARD.encode([7; 32]).into(),
            here_is(1, LinkFault::Altered(1)),
        ),
        (
            "an entry that is not there",
            |pair| pair.first[1]["remote"]["index"] = 9.into(),
            here_is(1, LinkFault::NotThere(9)),
        ),
        ("the entry of another query", |pair| pair.name(1, 0), here_is(1, LinkFault::Other(0))),
        ("a query that was not asked there", |pair| pair.name(4, 0), here_is(4, LinkFault::Other(0))),
        (
            "a refusal there",
            |pair| {
                pair.second[1]["outcome"] = "refused".into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::Refused(1)),
        ),
        (
            "another query there",
            |pair| {
                pair.second[1]["on_behalf"]["query"] = id(77).to_string().into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::Other(1)),
        ),
    ]
}

/// What of the other log is altered, and what is found.
fn other_log_altered() -> Vec<(&'static str, Change, Violation)> {
    vec![
        (
            "another institution there",
            |pair| {
                pair.second[1]["on_behalf"]["institution"] = "bank-2".into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::Other(1)),
        ),
        (
            "another certificate there",
            |pair| {
                pair.second[1]["on_behalf"]["certificate"] = CERTIFICATE.replace("bwc", "AAA").into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::Other(1)),
        ),
        (
            "another scenario there",
            |pair| {
                pair.second[1]["scenario"] = "employment".into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::Other(1)),
        ),
        (
            "the second names another log",
            |pair| {
                pair.second[1]["on_behalf"]["origin"] = "third.example/r1".into();
                pair.name(1, 1);
            },
            here_is(1, LinkFault::NotThere(1)),
        ),
        (
            "an answer that the first has no record of",
            |pair| drop(pair.first.remove(1)),
            Violation::LinkThere { index: 1, cause: LinkFault::Unrecorded { query: id(2) } },
        ),
        (
            "one query answered twice there",
            |pair| pair.second.push(there(2, 6, "answered")),
            Violation::LinkThere { index: 4, cause: LinkFault::Twice(4) },
        ),
    ]
}

#[test]
fn a_link_that_is_missing_altered_or_invented_is_found() {
    let cases = [links_altered(), other_log_altered()].concat();
    assert_eq!(cases.len(), 13);
    for (what, change, violation) in cases {
        assert_eq!(Pair::with(change).breaks(), violation, "{what}");
    }
}

#[test]
fn an_answer_that_was_not_passed_on_is_no_fault_and_is_told() {
    let refused = Pair::with(|pair| {
        pair.first[1]["outcome"] = "refused".into();
        drop(pair.first[1].as_object_mut().unwrap().remove("remote"));
    });
    assert_eq!(refused.compare().unwrap(), LinkReport { linked: 2, refused: 1, refused_there: 1, open: 0 });
    // The first log ends right after it: its leaf may be still to come.
    let soon = Pair::with(|pair| pair.first.truncate(3));
    assert_eq!(soon.compare().unwrap(), LinkReport { linked: 2, refused: 0, refused_there: 1, open: 1 });
}

#[test]
fn links_have_their_form_in_each_log_alone() {
    let cases: [(&str, Change); 5] = [
        ("a refusal that was answered elsewhere", |pair| pair.first[0]["outcome"] = "refused".into()),
        ("passed on to a third", |pair| pair.second[0]["remote"] = pair.first[0]["remote"].clone()),
        ("decided as another kind", |pair| pair.second[0]["inputs"]["kind"] = "court".into()),
        ("no certificate", |pair| pair.second[0]["on_behalf"]["certificate"] = "c".into()),
        ("another member", |pair| pair.second[0]["on_behalf"] = json!({"institution": "bank", "kind": "bank"})),
    ];
    for (what, change) in cases {
        let pair = Pair::with(change);
        let alone = [log(FIRST, &pair.first), log(SECOND, &pair.second)]
            .map(|log| verify::directory(&log.folder, &log.key, &[], &mut ()).err());
        let found = alone.into_iter().flatten().next();
        let is_form =
            matches!(found, Some(CheckError::Violation(Violation::Link { index: 0, cause: LinkFault::Form })));
        assert!(is_form, "{what}: {found:?}");
    }
}

#[test]
fn the_command_compares_two_folders() {
    let pair = Pair::new();
    let (first, second) = (log(FIRST, &pair.first), log(SECOND, &pair.second));
    let vkey = first.folder.join("log.vkey");
    let arguments =
        [&first.folder, std::path::Path::new("--vkey"), &vkey, std::path::Path::new("--peer"), &second.folder];
    let run = |language: &str, more: &[&str]| {
        let program = env!("CARGO_BIN_EXE_credit-audit");
        let ended =
            std::process::Command::new(program).arg("verify").args(arguments).args(more).env("LANG", language).output();
        let ended = ended.unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let (code, out, _) = run("C", &[]);
    assert!(
        code == Some(0) && out.contains("3 linked with `second.example/r1`, each by both logs; 1 refused there"),
        "{out}"
    );
    let (code, out, _) = run("zh_CN.UTF-8", &[]);
    assert!(code == Some(0) && out.contains("互相指明的查询 3 次"), "{out}");
    let (_, out, _) = run("C", &["--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let links = json!({"origin": SECOND, "linked": 3, "refused_here": 0, "refused_there": 1, "open": 0});
    assert_eq!(json["links"], links, "{out}");
    drop(second);
    let altered = log(SECOND, &Pair::with(|pair| pair.second[0]["scenario"] = "employment".into()).second);
    let program = env!("CARGO_BIN_EXE_credit-audit");
    let ended = std::process::Command::new(program)
        .arg("verify")
        .args([
            first.folder.as_os_str(),
            "--vkey".as_ref(),
            vkey.as_os_str(),
            "--peer".as_ref(),
            altered.folder.as_os_str(),
        ])
        .output()
        .unwrap();
    let why = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && why.contains("another hash"), "{why}");
}
