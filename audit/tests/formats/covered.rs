//! Coverage and reviews of two logs together: a look-up in one counts for a decision in the other, and a list of misses that one
//! of them signed says so.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::coverage::{Coverage, Event, list_text, list_text_of_set};
use credit_audit::leaf::{self, Act, Base64, Case, CaseState, Read, Sampling, SamplingState};
use credit_audit::verify::{self, CheckError, Visitor};
use jiff::civil::{Date, date};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::command::{audit, said};
use crate::logs::{Log, at, catalogue_set, data_key, id};
use crate::promises::{entry_of, suspension};
use crate::sets::{account, directory_of, listed, open};

const ORIGINS: [&str; 2] = ["credit-gateway.example/r0", "credit-gateway.example/r1"];
const DAY: Date = date(2026, 11, 18);
const CATALOGUE: &str = "2026@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const CERTIFICATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// As long as the sealed part of a query about a person may be.
const SEALED: usize = 33 + 1_024;

/// Leaves of two logs.
#[derive(Default)]
struct Two {
    leaves: [Vec<Vec<u8>>; 2],
    seqs: HashMap<usize, u64>,
    made: u64,
}

fn tag(person: u8) -> [u8; 32] {
    [person; 32]
}

impl Two {
    fn begin() -> Self {
        let mut two = Self::default();
        for (log, origin) in ORIGINS.into_iter().enumerate() {
            two.push(log, 0, &open(origin, 5_000 + log as u64));
            let set = catalogue_set(CATALOGUE);
            let own = String::from_utf8(set.clone()).unwrap();
            let own = own.replacen(&leaf::peek(&set).unwrap().id.to_string(), &id(6_000 + log as u64).to_string(), 1);
            two.push(log, 0, own.as_bytes());
            let key = String::from_utf8(data_key("data-1")).unwrap();
            let id_of = |bytes: &[u8]| leaf::peek(bytes).unwrap().id.to_string();
            let own = key.replacen(&id_of(key.as_bytes()), &id(7_000 + log as u64).to_string(), 1);
            two.push(log, 0, own.as_bytes());
        }
        two
    }

    /// A leaf as it is, but for its time: so many milliseconds after the beginning.
    fn push(&mut self, log: usize, ms: i64, bytes: &[u8]) {
        let (text, at) = (String::from_utf8(bytes.to_vec()).unwrap(), at(0) + SignedDuration::from_millis(ms));
        let before = leaf::peek(bytes).unwrap().at;
        let leaf = text.replacen(&format!("{before:.6}"), &format!("{at:.6}"), 1);
        self.leaves[log].push(leaf.into_bytes());
    }

    fn next(&mut self, log: usize) -> (uuid::Uuid, u64) {
        self.made += 1;
        let seq = self.seqs.entry(log).or_default();
        (id(10_000 + self.made), *seq + 1)
    }

    fn act(&mut self, log: usize, ms: i64, act: &impl Act) {
        let (id, _) = self.next(log);
        self.push(log, ms, &leaf::render(&act.entry(id, account()).unwrap(), at(0), 0));
    }

    /// A department's own act.
    fn case(&mut self, log: usize, ms: i64, state: CaseState, case: &str, person: Option<u8>) {
        let tag = person.map(|person| Base64(tag(person)));
        let case = Case {
            state,
            scenario: "employment".to_owned(),
            case: case.to_owned(),
            on: DAY,
            operator: "staff-2".to_owned(),
            subject: tag,
            key: tag.map(|_| "data-1".to_owned()),
            sealed: tag.map(|_| Base64(vec![0; SEALED])),
            commit: tag,
        };
        let (id, seq) = self.next(log);
        self.seqs.insert(log, seq);
        self.push(log, ms, &leaf::render(&case.own_entry(id, "bank", CERTIFICATE).unwrap(), at(0), seq));
    }

    fn look_up(&mut self, log: usize, ms: i64, person: u8) {
        let (id, seq) = self.next(log);
        self.seqs.insert(log, seq);
        let leaf = String::from_utf8(leaf::render(
            &entry_of("bank", id, |ask| (ask.catalogue, ask.certificate) = (CATALOGUE, CERTIFICATE)),
            at(0),
            seq,
        ))
        .unwrap();
        let (tag, sealed) = (STANDARD.encode(tag(person)), STANDARD.encode([0; SEALED]));
        let subject = format!(r#""subject":"{tag}","key":"data-1","sealed":"{sealed}","commit":"{tag}""#);
        self.push(log, ms, leaf.replacen(r#""key":"data-1""#, &subject, 1).as_bytes());
    }

    fn publish(self) -> Published {
        let [one, other] = self.leaves;
        let logs = [Log::of_origin(ORIGINS[0], one), Log::of_origin(ORIGINS[1], other)];
        let directory = directory_of(&logs.each_ref().map(|log| listed(log, at(0))));
        Published { logs, directory }
    }
}

struct Published {
    logs: [Log; 2],
    directory: Log,
}

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

impl Published {
    fn set(&self) -> Vec<String> {
        let directory = &self.directory.folder;
        ["--directory".to_owned(), text(directory), "--directory-vkey".to_owned(), text(&directory.join("log.vkey"))]
            .into()
    }

    fn said(&self, verb: &str, logs: &[usize], more: &[&str]) -> (i32, String, String) {
        let (set, folders) = (self.set(), logs.iter().map(|log| text(&self.logs[*log].folder)).collect::<Vec<_>>());
        let own = [verb].into_iter().chain(folders.iter().chain(&set).map(String::as_str));
        said(&own.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    fn json(&self, verb: &str, more: &[&str]) -> Value {
        let (code, out, err) = self.said(verb, &[1, 0], &[more, &["--json"]].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// The list that one of the logs signs of what it comes to alone, in a file.
    fn list(&self, log: usize) -> String {
        let of = &self.logs[log];
        let mut fold = Fold(Coverage::new(Offset::UTC));
        drop(verify::directory(&of.folder, &of.key, &[], &mut fold).unwrap());
        let signed = of.signed_text(&list_text(ORIGINS[log], None, &fold.0.figures(None)));
        let file = self.directory.folder.with_extension(format!("list{log}"));
        std::fs::write(&file, signed).unwrap();
        text(&file)
    }
}

/// What both logs come to together, as far as it was recorded before a time.
fn of_both(published: &Published, before: Timestamp) -> Coverage {
    let mut all = Vec::new();
    for (log, of) in published.logs.iter().enumerate() {
        let mut events = Events(Vec::new());
        drop(verify::directory(&of.folder, &of.key, &[], &mut events).unwrap());
        all.extend(events.0.into_iter().map(|event| (event.at, log, event)));
    }
    all.sort_by_key(|(at, log, event)| (*at, *log, event.index));
    let mut fold = Coverage::of_set(Offset::UTC, ORIGINS.map(str::to_owned).into());
    all.into_iter().filter(|(at, ..)| *at < before).for_each(|(_, log, event)| fold.take(log, event));
    fold
}

struct Events(Vec<Event>);

impl Visitor for Events {
    fn leaf(&mut self, index: u64, peek: &leaf::Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        let leaf = leaf::parse_after(*peek).unwrap();
        self.0.extend(leaf.and_then(|leaf| Event::of(index, &leaf)));
        Ok(())
    }
}

struct Fold(Coverage);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &leaf::Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        self.0.leaf(index, *peek).unwrap();
        Ok(())
    }
}

/// Registered and decided at r1: looked up at r0 before, at r0 after, by nobody; and of one decision about two persons one.
fn fates() -> Published {
    use CaseState::{Decided, Opened};
    let mut two = Two::begin();
    for (case, person) in [("elsewhere", 1), ("late", 2), ("missed", 3), ("half", 4), ("half", 5)] {
        two.case(1, 10, Opened, case, Some(person));
    }
    two.look_up(0, 20, 1);
    two.look_up(0, 30, 4);
    two.look_up(1, 40, 6);
    for (case, person) in [("late", Some(2)), ("missed", None), ("elsewhere", None), ("half", None)] {
        two.case(1, 50, Decided, case, person);
    }
    two.look_up(0, 60, 2);
    // What r0 hands over are its own misses, of which there are none, however many leaves it has.
    for _ in 0..20 {
        two.act(0, 65, &Read { path: "/log/checkpoint".to_owned() });
    }
    two.act(0, 70, &Read { path: "/coverage/".to_owned() });
    two.publish()
}

#[test]
fn a_look_up_in_any_log_counts_for_a_decision_in_any() {
    let published = fates();
    let figures = published.json("coverage", &["--utc-offset", "+00:00"]);
    let row = &figures["departments"][0];
    let counts = ["registered", "decided", "looked_up", "late", "missed"].map(|name| row[name].as_u64());
    assert_eq!(counts, [5, 5, 2, 1, 2].map(Some), "{figures}");
    let logs: Vec<_> = figures["logs"].as_array().unwrap().iter().map(|log| log["origin"].as_str().unwrap()).collect();
    assert_eq!(logs, ORIGINS);
    let size = published.logs.iter().map(Log::size).sum::<u64>();
    assert_eq!(figures["size"], json!(size));
    // Of each miss the very leaves, by log and index.
    let misses = figures["misses"].as_array().unwrap();
    let cases: Vec<_> = misses.iter().map(|miss| (miss["case"].as_str().unwrap(), miss["index"].as_u64())).collect();
    assert_eq!(cases, [("late", Some(9)), ("missed", Some(10)), ("half", Some(12))]);
    assert!(misses.iter().all(|miss| miss["log"] == ORIGINS[1] && miss["handed_over"] == false), "{figures}");
    assert_eq!((&misses[0]["late"], &misses[0]["late_log"]), (&json!(5), &json!(ORIGINS[0])));
    // As the report of the set has it, and in whatever order the logs are named.
    let report = published.json("report", &["--utc-offset", "+00:00", "--month", "2026-11"]);
    for member in ["departments", "waiting", "misses", "size"] {
        assert_eq!(report["coverage"][member], figures[member], "{member}");
    }
    assert_eq!(published.said("coverage", &[0, 1], &[]), published.said("coverage", &[1, 0], &[]));
    let other = published.json("coverage", &["--utc-offset", "+00:00", "--month", "2026-10"]);
    assert_eq!((&other["departments"], &other["misses"]), (&json!([]), &json!([])));
}

#[test]
fn a_miss_in_a_list_that_another_log_looked_up_is_told() {
    let published = fates();
    let list = published.list(1);
    let (code, out, err) = published.said("coverage", &[0, 1], &["--utc-offset", "+00:00", "--list", &list, "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["holds"]), (1, &json!(false)), "{err}");
    // By the list: late, missed, elsewhere, and the two of `half`, of whom the first was looked up.
    let found: Vec<_> = told["looked_up"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["line", "place", "index", "leaf"].map(|name| one[name].as_u64().unwrap()))
        .collect();
    assert_eq!(found, [[7, 3, 11, 3], [8, 4, 12, 4]], "{told}");
    assert!(
        told["looked_up"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["log"] == ORIGINS[0] && one["signed_by"] == ORIGINS[1])
    );
    assert_eq!(err.lines().count(), 2, "{err}");
    assert!(err.contains("line 7: miss 3 of this list is none") && err.contains("by entry 3 of the log"), "{err}");
    let (set, folders) = (published.set(), published.logs.each_ref().map(|log| text(&log.folder)));
    let chinese = [&["coverage", "--list", &list][..], &folders.each_ref().map(String::as_str)[..]].concat();
    let chinese =
        audit(&[&chinese[..], &set.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat(), "zh_CN.UTF-8");
    assert!(String::from_utf8_lossy(&chinese.stderr).contains("第 7 行：清单第 3 项并非漏查"));
    // By its own log alone the list is right, and so is that of the other.
    let alone = |log: usize, list: &str| said(&["coverage", &folders[log], "--list", list]).0;
    let other = published.list(0);
    assert_eq!((alone(1, &list), alone(0, &other)), (0, 0));
    let (code, out, err) = published.said("coverage", &[0, 1], &["--list", &other]);
    assert!(code == 0 && out.contains("no other log has a look-up before a decision in it"), "{out}{err}");
    assert_eq!(published.said("coverage", &[0, 1], &["--list", &other, "--list", &list]).0, 1);
    assert_eq!(said(&["coverage", &folders[0], "--list", &other, "--list", &other]).0, 64);
}

#[test]
fn a_set_that_is_none_and_a_list_that_is_altered_or_of_no_log_of_it_are_refused() {
    let published = fates();
    let list = published.list(1);
    for verb in ["coverage", "review"] {
        let (code, _, err) = published.said(verb, &[0], &[]);
        assert!(
            code == 1 && err.contains("`credit-gateway.example/r1` is listed in the directory and was not given"),
            "{err}"
        );
        let folders = published.logs.each_ref().map(|log| text(&log.folder));
        let (code, _, err) = said(&[verb, &folders[0], &folders[1]]);
        assert!(code == 64 && err.contains("--directory"), "{err}");
        assert_eq!(published.said(verb, &[0, 1], &["--vkey", &list]).0, 64);
        let stranger = Log::of_origin("another.example/log", vec![open("another.example/log", 1)]);
        let (code, _, err) = published.said(verb, &[0, 1], &[&text(&stranger.folder)]);
        assert!(code == 1 && err.contains("`another.example/log` is not listed"), "{err}");
    }
    let signed = std::fs::read_to_string(&list).unwrap();
    let wrong = |text: String, why: &str| {
        std::fs::write(format!("{list}.wrong"), text).unwrap();
        let (code, out, err) = published.said("coverage", &[0, 1], &["--list", &format!("{list}.wrong")]);
        assert!(code == 1 && out.is_empty() && err.contains(why), "{why}: {err}");
    };
    wrong(
        signed.replacen("missed", "late 7", 1),
        "log `credit-gateway.example/r1`: the list is not signed by the log's key",
    );
    wrong(
        signed.replacen("/r1\n", "/r0\n", 1),
        "log `credit-gateway.example/r0`: the list is not signed by the log's key",
    );
    wrong(signed.replacen("/r1\n", "/r9\n", 1), "the log `credit-gateway.example/r9` is not listed in the directory");
    wrong(signed.replacen("log ", "lag ", 1), "the note is no list of misses");
    // Signed, and not what its log comes to: told before anything of the other logs.
    let text = signed.split("\n\n").next().unwrap().to_owned() + "\n";
    let forged = |from: &str, to: &str| published.logs[1].signed_text(&text.replacen(from, to, 1));
    wrong(
        forged("missed", "late 7"),
        "log `credit-gateway.example/r1`: the list differs from what the log's entries come to, at its line 5",
    );
    wrong(forged("size 1", "size 9"), "log `credit-gateway.example/r1`: the list covers");
}

#[test]
fn a_list_that_was_counted_over_all_logs_holds_by_all_of_them_alone() {
    let published = fates();
    let until = at(0) + SignedDuration::from_millis(65);
    let logs = ORIGINS.map(str::to_owned);
    let text_of = |logs: &[String], until: Timestamp, month: Option<&str>| {
        list_text_of_set(ORIGINS[1], (logs, until), month, &of_both(&published, until).figures(month))
    };
    let file = published.directory.folder.with_extension("of-set");
    let list = text(&file);
    let checked = |text: &str| {
        std::fs::write(&file, published.logs[1].signed_text(text)).unwrap();
        published.said("coverage", &[1, 0], &["--utc-offset", "+00:00", "--list", &list])
    };
    let whole = text_of(&logs, until, None);
    let cases: Vec<_> = whole.lines().skip(5).map(|line| line.split(" | ").next().unwrap()).collect();
    assert_eq!(cases, ["9 late 5 credit-gateway.example/r0", "10 missed", "12 missed"], "{whole}");
    let (code, out, err) = checked(&whole);
    assert!(code == 0 && out.contains("is what the log `credit-gateway.example/r1` comes to"), "{out}{err}");
    assert_eq!(checked(&text_of(&logs, until, Some("2026-11"))).0, 0);
    // Before the look-up that was late, it was not late yet.
    let earlier = text_of(&logs, at(0) + SignedDuration::from_millis(60), None);
    assert!(earlier.contains("9 missed"), "{earlier}");
    assert_eq!(checked(&earlier).0, 0);
    let refused = |text: &str, why: &str| {
        let (code, out, err) = checked(text);
        assert!(code == 1 && out.is_empty() && err.contains(why), "{why}: {out}{err}");
    };
    // Somebody who was looked up at the other log, called missed.
    refused(&whole.replacen("10 missed", "10 missed | x\n11 missed", 1), "differs from what the log's entries come to");
    refused(&whole.replacen("late 5 credit-gateway.example/r0", "missed", 1), "at its line 6");
    refused(&text_of(&logs[1..], until, None), "leaves out the log `credit-gateway.example/r0`");
    refused(&text_of(&logs[..1], until, None), "the note is no list of misses");
    refused(&whole.replacen("until ", "untold ", 1), "the note is no list of misses");
    // By one log nothing can be said of it.
    drop(checked(&whole));
    let (code, out, err) = said(&["coverage", &text(&published.logs[1].folder), "--list", &list]);
    assert!(code == 1 && out.is_empty() && err.contains("the list counts over several logs"), "{err}");
    // What was handed over with it is what was recorded before its time.
    let mut two = Two::begin();
    for (ms, case, person) in [(10, "A", 1), (30, "B", 2)] {
        two.case(1, ms, CaseState::Opened, case, Some(person));
        two.case(1, ms + 1, CaseState::Decided, case, None);
    }
    let before = at(0) + SignedDuration::from_millis(20);
    two.act(1, 40, &Read { path: format!("/coverage//{before:.6}") });
    let figures = two.publish().json("coverage", &["--utc-offset", "+00:00"]);
    let handed_over = |nr: usize| figures["misses"][nr]["handed_over"].as_bool();
    assert_eq!([handed_over(0), handed_over(1)], [Some(true), Some(false)], "{figures}");
}

#[test]
fn each_log_of_a_set_is_reviewed_by_itself_and_a_fault_names_its_log() {
    let sampling = |state: SamplingState| Sampling {
        state,
        period: "2026-12".to_owned(),
        digest: Base64([7; 32]),
        nonce: None,
        size: None,
        per_mille: None,
        within_days: None,
        policy: None,
        query: None,
        verdict: None,
    };
    let mut two = Two::begin();
    for log in [0, 1] {
        two.act(log, 10, &sampling(SamplingState::Committed));
        two.look_up(log, 20, 1);
    }
    two.look_up(1, 30, 1);
    let published = two.publish();
    let figures = published.json("review", &[]);
    let of = |log: usize| &figures["logs"][log];
    assert_eq!([0, 1].map(|log| of(log)["log"].as_str()), ORIGINS.map(Some));
    assert_eq!([0, 1].map(|log| of(log)["size"].as_u64()), published.logs.each_ref().map(|log| Some(log.size())));
    assert_eq!(of(0)["periods"][0]["period"], "2026-12");
    assert_eq!(figures["sums"]["size"], json!(published.logs.iter().map(Log::size).sum::<u64>()));
    assert_eq!(figures["sums"]["periods"][0]["queries"], 0);
    let (_, out, _) = published.said("review", &[1, 0], &[]);
    assert_eq!(out.lines().count(), 4, "{out}");
    // Late in one of them: committed to when the period had begun.
    let mut two = Two::begin();
    two.act(0, 10, &sampling(SamplingState::Committed));
    two.act(1, 20, &Sampling { period: "2026-11".to_owned(), ..sampling(SamplingState::Committed) });
    let (code, _, err) = two.publish().said("review", &[0, 1], &[]);
    let late = "log `credit-gateway.example/r1`: the nonce of 2026-11 was committed to when the period had begun";
    assert!(code == 1 && err.contains(late), "{err}");
    // What the logs break together is found as ever.
    let mut two = Two::begin();
    two.act(0, 10, &suspension("bank", true));
    two.look_up(1, 2_000, 1);
    let broken = two.publish();
    for verb in ["coverage", "review"] {
        let (code, _, err) = broken.said(verb, &[0, 1], &[]);
        assert!(code == 1 && err.contains("answered while it was suspended"), "{err}");
    }
}
