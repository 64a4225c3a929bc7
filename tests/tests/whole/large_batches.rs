//! A batch as large as one may be, over HTTP/1.1: the gateway or its caller is killed in the middle, and it goes on from there
//! or from the start; each line is answered once, and memory and threads stay bounded all the while.

use std::{
    collections::HashMap,
    fs,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use credit_tests::{Caller, Ends, Folder, Gateway, Leaf, metric, query::look_up_under, run};
use serde_json::{Value, json};

use crate::faults::{is_full, within};

const ID: &str = "0f4e2a10-0000-4000-8000-00000000abcd";
/// What a batch may need beside what a gateway at rest has.
const MOST_KIB: u64 = 64 * 1024;
/// Threads beside those of a gateway at rest: one a duty in the background, and the two that read receipts. One a line would be
/// many more.
const MOST_THREADS: u64 = 20;

/// A batch of so many lines, of which half came.
struct Half {
    gateway: Gateway,
    body: String,
    caller: Caller,
    begun: Instant,
    grown: Grown,
    received: usize,
}

/// Asks until half of the lines have come.
fn half(count: usize) -> Half {
    let folder = spacious();
    let body = lines(&folder, count);
    let gateway = Gateway::serve(folder);
    let caller = gateway.folder().caller("housing");
    let begun = Instant::now();
    let (grown, received) = grew(&gateway, || run(until(&caller, &body, 0, count / 2)));
    Half { gateway, body, caller, begun, grown, received }
}

/// Where so many lines are within every limit.
pub(crate) fn spacious() -> Folder {
    let folder = Folder::new();
    folder.set_of_institution("housing", "rate_per_s = 2000", "rate_per_s = 100000");
    folder.set_of_institution("housing", "burst = 4000", "burst = 100000");
    folder.set_of_institution("housing", "look_ups_a_person_a_day = 100000", "look_ups_a_person_a_day = 1000000");
    folder
}

/// A line a person and case, about everybody whom the folder has.
pub(crate) fn lines(folder: &Folder, count: usize) -> String {
    let people = folder.noted("clean");
    let line = |number: usize| {
        let mut line = look_up_under(&people[number % people.len()], &format!("LARGE-{number}"));
        line["line"] = json!(number);
        format!("{line}\n")
    };
    (1..=count).map(line).collect()
}

/// Sends the batch and reads until so many lines have come; says how many came whole, whatever ended it. Each must be the
/// answer to its line.
async fn until(caller: &Caller, body: &str, after: usize, lines: usize) -> usize {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let mut stream = caller.stream("http/1.1").await.unwrap();
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nBatch-Id: {ID}\r\nBatch-After: {after}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let (mut reader, mut received, mut line) = (BufReader::new(stream), 0, String::new());
    while received < lines {
        line.clear();
        let read = tokio::time::timeout(Duration::from_secs(30), reader.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(1..))) {
            break;
        }
        // Between the lines are the frames of chunks.
        if line.starts_with("{\"line\":") && line.ends_with("}\n") {
            let answer: Value = serde_json::from_str(&line).unwrap();
            received += 1;
            let expected = ((after + received) as u64, 200);
            assert_eq!((answer["line"].as_u64().unwrap(), answer["status"].as_u64().unwrap()), expected, "{line}");
        }
    }
    received
}

/// A figure that Linux gives of a process: memory in KiB, or a count.
fn figure(gateway: &Gateway, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// By how much a gateway exceeded what it had at rest, at most.
#[derive(Debug)]
struct Grown {
    kib: u64,
    threads: u64,
}

impl Grown {
    fn is_bounded(&self) -> bool {
        self.kib <= MOST_KIB && self.threads <= MOST_THREADS
    }
}

/// Waits until a gateway is at rest: a second after its start it still takes what the log has into index, coverage and reviews.
fn rest(gateway: &Gateway) {
    let port = gateway.folder().port_base();
    let done = || {
        ["index", "coverage", "reviews"]
            .map(|duty| metric(port, &format!("credit_gateway_duty_last_success_seconds{{duty=\"{duty}\"}}")))
    };
    let before = done();
    let is_done = || before.iter().zip(done()).all(|(before, done)| done > *before);
    assert!(within(Duration::from_secs(60), is_done), "index, coverage and reviews do not follow the log");
}

/// Runs something, and says how much more than before the gateway had of memory and threads.
fn grew<T>(gateway: &Gateway, work: impl FnOnce() -> T) -> (Grown, T) {
    rest(gateway);
    let now = || [figure(gateway, "VmRSS:"), figure(gateway, "Threads:")];
    let (rest, most, ends) = (now(), [const { AtomicU64::new(0) }; 2], AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                for (most, now) in most.iter().zip(now()) {
                    most.fetch_max(now, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let ends = Ends(&ends);
        let done = work();
        drop(ends);
        let [kib, threads] = [0, 1].map(|at| most[at].load(Ordering::Relaxed).saturating_sub(rest[at]));
        (Grown { kib, threads }, done)
    })
}

/// Of the lines that were answered, how often without and with `repeats`.
fn answered(folder: &Folder) -> HashMap<String, (u32, u32)> {
    let mut by_case: HashMap<String, (u32, u32)> = HashMap::new();
    let is_answer = |leaf: &&Leaf| leaf.json["kind"] == "query" && leaf.json["outcome"] == "answered";
    for leaf in folder.leaves().iter().filter(is_answer) {
        let case = leaf.json["ground"]["case"].as_str().unwrap().to_owned();
        let (first, again) = by_case.entry(case).or_default();
        *(if leaf.json.get("repeats").is_none() { first } else { again }) += 1;
    }
    by_case
}

#[test]
fn the_largest_batch_is_answered_once_a_line_in_bounded_memory_though_the_gateway_is_killed() {
    let count = if is_full() { 100_000 } else { 2_000 };
    let Half { gateway, body, caller, begun, grown: before, received } = half(count);
    let folder = gateway.kill();
    assert!((count / 2..count).contains(&received), "{received} of {count}");

    let gateway = Gateway::serve(folder);
    let (after, rest) = grew(&gateway, || run(until(&caller, &body, received, count - received)));
    let took = begun.elapsed();
    assert_eq!(received + rest, count);
    let folder = gateway.stop();
    check_once(&answered(&folder), count);
    let told = format!("{count} lines in {took:?}: {before:?} and, after the kill, {after:?} above rest");
    assert!(before.is_bounded() && after.is_bounded(), "{told}");
}

/// Each line has one answer that is no repeat, and at most one that is.
#[track_caller]
fn check_once(counted: &HashMap<String, (u32, u32)>, count: usize) {
    assert_eq!(counted.len(), count);
    let twice: Vec<_> = counted.iter().filter(|(_, (first, again))| *first != 1 || *again > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Asks all of a batch whose caller is gone, once its place is free; how many lines came.
fn asked_again(gateway: &Gateway, caller: &Caller, body: &str, count: usize) -> usize {
    let port = gateway.folder().port_base();
    let mut received = 0;
    let is_answered = || {
        // Its lines that were begun are recorded all the same: a repeat of one of them would be refused.
        let is_over = (0..4).all(|_| {
            std::thread::sleep(Duration::from_millis(50));
            metric(port, "credit_gateway_queries_under_way") == 0
        });
        received = if is_over { run(until(caller, body, 0, count)) } else { 0 };
        received > 0
    };
    assert!(within(Duration::from_secs(30), is_answered), "the batch was not taken again");
    received
}

#[test]
fn the_largest_batch_whose_caller_is_killed_uses_nothing_twice_when_all_of_it_is_asked_again() {
    let count = if is_full() { 100_000 } else { 800 };
    let Half { gateway, body, caller, begun, grown: before, received } = half(count);
    assert_eq!(received, count / 2);

    // Nothing that came is kept, so each of those lines is a repeat.
    let (after, again) = grew(&gateway, || asked_again(&gateway, &caller, &body, count));
    let took = begun.elapsed();
    assert_eq!(again, count);
    let counted = answered(&gateway.stop());
    check_once(&counted, count);
    let were_recorded = (1..=received).all(|line| counted[&format!("LARGE-{line}")] == (1, 1));
    assert!(were_recorded, "a line that was answered was not on the record");
    let told =
        format!("{count} lines, {received} of them twice, in {took:?}: {before:?} and, again, {after:?} above rest");
    assert!(before.is_bounded() && after.is_bounded(), "{told}");
}
