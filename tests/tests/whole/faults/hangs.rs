//! What hangs instead of failing: the disk under a commit, the reader of standard error, callers who do not read. Health
//! says so in time, nobody else waits, and SIGTERM ends the process in bounded time all the same.

use credit_audit::clock::{Clock, SystemClock};
use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use credit_tests::{
    Folder, Gateway, checked, metric, plain,
    query::{look_up, with},
    run,
};
use rustix::process::Signal;

use super::{
    namespace::Namespace,
    preload::{pipe, preload},
    query, readiness, record, within,
};

const READY: (u16, &str) = (200, "ready\n");

/// The longest time that readiness may take to turn.
const TURNS: Duration = Duration::from_secs(5);

fn is(folder: &Folder, wanted: (u16, &str)) -> bool {
    readiness(folder) == (wanted.0, wanted.1.to_owned())
}

/// A gateway whose disk hangs while the file that is given back exists.
fn on_a_hanging_disk() -> (Gateway, PathBuf) {
    let folder = Folder::new();
    folder.replace_in_config("drain_s = 20", "drain_s = 1");
    let hangs = folder.join("hangs");
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("HANG_WHILE", &hangs);
    (Gateway::start(folder, command), hangs)
}

#[test]
fn a_disk_that_hangs_is_seen_in_time_and_nobody_waits_for_it_for_ever() {
    let (gateway, hangs) = on_a_hanging_disk();
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    fs::write(&hangs, "").unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| caller.ask(&query(&number, "waits", "waits")));
        assert!(within(TURNS, || is(folder, (503, "not-recordable: slow\n"))), "{:?}", readiness(folder));
        let refused = Instant::now();
        checked::fixed(&caller.ask(&query(&number, "new", "new")), 503, "not-recordable");
        assert!(refused.elapsed() < Duration::from_secs(1), "{:?}", refused.elapsed());
        checked::fixed(&waiting.join().unwrap(), 503, "not-recordable");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    });
    let figures = plain(folder.port_base() + 4, "GET", "/metrics").text();
    let under_way = figures.lines().find_map(|line| line.strip_prefix("credit_gateway_log_commit_under_way_seconds "));
    assert!(under_way.unwrap().parse::<f64>().unwrap() > 2.0, "{under_way:?}");
    let is_in_the_log = || gateway.err().text().contains(r#""cause":"slow""#);
    assert!(within(TURNS, is_in_the_log), "{}", gateway.err().text());
    fs::remove_file(&hangs).unwrap();
    assert!(within(TURNS, || is(folder, READY)), "{:?}", readiness(folder));
    checked::answer(folder, "housing", &caller.ask(&look_up(&number)));
    // Who was given up may be on the record, as after any 503: here it is, and it has no answer without a record.
    let folder = gateway.stop();
    let leaves = folder.leaves();
    let operators: Vec<_> = record::queries(&leaves).map(|leaf| leaf.text("operator")).collect();
    assert!(operators.contains(&"waits") && !operators.contains(&"new"), "{operators:?}");
}

#[test]
fn sigterm_ends_a_process_whose_disk_hangs() {
    let (mut gateway, hangs) = on_a_hanging_disk();
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    fs::write(&hangs, "").unwrap();
    let waiting = std::thread::spawn(move || {
        run(async {
            let mut connection = caller.http1().await.expect("a connection");
            drop(connection.ask(&query(&number, "waits", "waits")).await);
        });
    });
    assert!(within(TURNS, || is(folder, (503, "not-recordable: slow\n"))), "{:?}", readiness(folder));
    let began = Instant::now();
    gateway.signal(Signal::TERM);
    let status = gateway.wait();
    // drain_s and two seconds.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(status.code(), Some(69), "{}", gateway.err().all());
    waiting.join().unwrap();
}

#[test]
fn a_ring_that_is_read_only_when_a_month_begins_is_seen_in_time_and_mended_without_a_restart() {
    const BEFORE_S: i64 = 6;
    let folder = Folder::new();
    let keys = folder.join("keys");
    let namespace = Namespace::new(r#"mount --bind "$1" "$1""#, &[&keys]);
    // Nothing but the clock of this process is ahead.
    let now = SystemClock::new().now().to_zoned(jiff::tz::TimeZone::UTC);
    let month = now.last_of_month().and_then(|day| day.end_of_day()).unwrap();
    let ahead = month.timestamp().as_second() - now.timestamp().as_second() - BEFORE_S;
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_S", ahead.to_string());
    let gateway = Gateway::start(folder, namespace.inside(&command));
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    namespace.mount(&["-o", "remount,bind,ro"], &[&keys]);
    assert_eq!(caller.ask(&query(&number, "before", "before")).status, 200);
    let seen = within(Duration::from_secs(BEFORE_S.unsigned_abs() + 2) + TURNS, || {
        is(folder, (503, "not-recordable: keys\n"))
    });
    assert!(seen, "{:?}", readiness(folder));
    checked::fixed(&caller.ask(&query(&number, "during", "during")), 503, "not-recordable");
    let failures = metric(folder.port_base(), r#"credit_gateway_duty_failures_total{duty="keys"}"#);
    assert!(failures >= 1, "{failures}");
    let lines = gateway.err().text();
    assert_eq!(lines.matches("a duty in the background fails").count(), 1, "{lines}");
    namespace.mount(&["-o", "remount,bind,rw"], &[&keys]);
    assert!(within(TURNS, || is(folder, READY)), "{:?}", readiness(folder));
    assert_eq!(caller.ask(&query(&number, "after", "after")).status, 200);
    // It ends in bounded time, too: drain_s and two seconds.
    namespace.mount(&["-o", "remount,bind,ro"], &[&keys]);
    let began = Instant::now();
    let folder = gateway.stop();
    assert!(began.elapsed() < Duration::from_secs(22), "{:?}", began.elapsed());
    let leaves = folder.leaves();
    let keys: Vec<_> = record::queries(&leaves).map(|leaf| (leaf.text("operator"), leaf.text("key"))).collect();
    assert_eq!((keys.len(), keys[0].0, keys[1].0), (2, "before", "after"), "{keys:?}");
    assert_ne!(keys[0].1, keys[1].1, "records of two months under one key");
}

#[test]
fn a_standard_error_that_nobody_reads_delays_nobody() {
    let folder = Folder::new();
    let err = folder.join("err");
    pipe(&err);
    // Linux opens a pipe for both at once; so nobody waits for the other side.
    let unread = OpenOptions::new().read(true).write(true).open(&err).unwrap();
    let serve = Gateway::serve_command(&folder);
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$0" "$@" 2> "$ERR""#]).arg(serve.get_program()).args(serve.get_args());
    command.env("ERR", &err).env("RUST_LOG", "trace");
    let mut gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let dropped = || metric(folder.port_base(), "credit_gateway_lines_dropped_total");
    // Each is refused with a line, and names a person, so that it shares its leaf with none.
    let twice = with(look_up(&number), "fields", serde_json::json!(["black_listed", "black_listed"]));
    for round in 0.. {
        run(async {
            let mut connection = caller.http1().await.expect("a connection");
            for _ in 0..100 {
                if connection.ask(&twice).await.is_err() {
                    break;
                }
            }
        });
        let began = Instant::now();
        assert_eq!(caller.ask(&query(&number, "staff-1", &format!("case-{round}"))).status, 200);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert!(is(folder, READY));
        if dropped() > 0 {
            break;
        }
        assert!(round < 60, "the queue is too long to be bounded");
    }
    let lines = BufReader::new(File::open(&err).unwrap()).lines().map(Result::unwrap);
    let report = lines.take(20_000).find(|line| line.contains("lines were dropped"));
    assert!(report.is_some());
    let began = Instant::now();
    gateway.signal(Signal::TERM);
    assert!(gateway.wait().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(unread);
}

#[test]
fn callers_who_do_not_read_are_ended_at_the_plain_doors_too() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 700");
    folder.replace_in_config("side_connections = 512", "side_connections = 8");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for (offset, path) in [(3, "/openapi.json"), (4, "/metrics")] {
        let stalled = || metric(folder.port_base(), r#"credit_gateway_closed_connections_total{why="stalled"}"#);
        let port = folder.port_base() + offset;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(1_000);
        let mut callers: Vec<_> = (0..7).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        for caller in &mut callers {
            caller.set_nonblocking(true).unwrap();
            drop(caller.write(request.as_bytes()));
        }
        let before = if offset == 3 { 0 } else { 7 };
        assert!(within(Duration::from_secs(10), || stalled() >= before + 7), "{path}: {}", stalled());
        assert_eq!(plain(port, "GET", path).status, 200);
        drop(callers);
    }
}

#[test]
fn a_hang_up_while_it_starts_is_harmless() {
    let folder = Folder::new();
    let text = fs::read(folder.config()).unwrap();
    fs::remove_file(folder.config()).unwrap();
    pipe(&folder.config());
    let command = Gateway::serve_command(&folder);
    let gateway = Gateway::spawn(folder, command);
    // It has begun to read its configuration once somebody opens the pipe for it.
    let mut config = OpenOptions::new().write(true).open(gateway.folder().config()).unwrap();
    gateway.signal(Signal::HUP);
    config.write_all(&text).unwrap();
    drop(config);
    gateway.signal(Signal::HUP);
    assert!(gateway.is_ready(), "{}", gateway.err().all());
    drop(gateway.stop());
}

#[test]
fn readiness_is_false_before_queries_are_refused() {
    let folder = Folder::new();
    folder.replace_in_config("drain_notice_s = 0", "drain_notice_s = 2");
    let mut gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let began = Instant::now();
    gateway.signal(Signal::TERM);
    assert!(within(Duration::from_secs(1), || is(folder, (503, "draining\n"))), "{:?}", readiness(folder));
    checked::answer(folder, "housing", &caller.ask(&look_up(&number)));
    assert!(gateway.wait().success());
    assert!((2..5).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn the_door_of_readiness_has_no_metrics() {
    let folder = Folder::new();
    let port = folder.port_base() + 6;
    folder.replace_in_config("# readiness = \"192.0.2.1:8449\"", &format!("readiness = \"127.0.0.1:{port}\""));
    let gateway = Gateway::serve(folder);
    for (path, status, text) in [("/metrics", 404, "not found\n"), ("/", 404, "not found\n"), ("/healthz", 200, "ok\n")]
    {
        let reply = plain(port, "GET", path);
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (status, text), "{path}");
    }
    assert_eq!(credit_tests::readiness(port), (200, "ready\n".to_owned()));
    drop(gateway.stop());
}
