//! The end: SIGTERM ends the process within `drain_notice_s` + `drain_s` + 2 s whatever hangs, and so does a start that
//! fails.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use credit_tests::{Folder, Gateway, run};
use rusqlite::Connection;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;

use super::{
    is_full,
    preload::{full_pipe, into_a_pipe, on_a_disk, pipe},
    query, readiness, within,
};

/// `drain_notice_s` and `drain_s` of these tests are one second each.
const MOST: Duration = Duration::from_secs(1 + 1 + 2);

const TURNS: Duration = Duration::from_secs(5);

fn hasty() -> Folder {
    let folder = Folder::new();
    folder.replace_in_config("drain_notice_s = 0", "drain_notice_s = 1");
    folder.replace_in_config("drain_s = 20", "drain_s = 1");
    folder
}

#[track_caller]
fn ends(mut gateway: Gateway) -> Option<i32> {
    let began = Instant::now();
    gateway.signal(Signal::TERM);
    let status = gateway.wait();
    assert!(began.elapsed() < MOST, "{:?}", began.elapsed());
    status.code()
}

/// Somebody who waits for an answer that does not come.
fn waiting(folder: &Folder) -> std::thread::JoinHandle<()> {
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    std::thread::spawn(move || {
        run(async {
            let mut connection = caller.http1().await.expect("a connection");
            drop(connection.ask(&query(&number, "waits", "waits")).await);
        });
    })
}

#[test]
fn although_the_second_place_hangs() {
    let (gateway, hangs) = on_a_disk(hasty(), "HANG_WHILE", "second-place");
    fs::write(hangs, "").unwrap();
    let waits = waiting(gateway.folder());
    let turned = || readiness(gateway.folder()) == (503, "not-recordable: publication\n".to_owned());
    assert!(within(TURNS, turned), "{:?}", readiness(gateway.folder()));
    assert_eq!(ends(gateway), Some(69), "its last checkpoint is not signed");
    waits.join().unwrap();
}

#[test]
fn although_its_main_thread_hangs() {
    // A scrape reads files of `/proc` on the thread that hears signals.
    let (gateway, hangs) = on_a_disk(hasty(), "HANG_READ_WHILE", "/proc/");
    fs::write(hangs, "").unwrap();
    let mut scrape = TcpStream::connect(("127.0.0.1", gateway.folder().port_base() + 4)).unwrap();
    scrape.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    scrape.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(scrape.read(&mut [0]).is_err(), "it answers");
    assert_eq!(ends(gateway), Some(69));
}

#[test]
fn although_the_store_is_locked_for_ever() {
    let gateway = Gateway::serve(hasty());
    let mut store = Connection::open(gateway.folder().join("data/store.sqlite")).unwrap();
    let lock = store.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    let waits = waiting(gateway.folder());
    assert_eq!(ends(gateway), Some(0));
    waits.join().unwrap();
    drop(lock);
}

#[test]
fn although_the_store_is_a_pipe_and_it_comes_back_when_that_is_a_file_again() {
    let gateway = Gateway::serve(hasty());
    let folder = gateway.folder();
    let (store, kept) = (folder.join("data/store.sqlite"), folder.join("kept.sqlite"));
    fs::rename(&store, &kept).unwrap();
    pipe(&store);
    let is = |status, text: &str| readiness(folder) == (status, text.to_owned());
    assert!(within(TURNS, || is(503, "store-failed\n")), "{:?}", readiness(folder));
    let is_in_the_log = || gateway.err().text().contains("no regular file");
    assert!(within(TURNS, is_in_the_log), "{}", gateway.err().text());
    fs::rename(&kept, &store).unwrap();
    assert!(within(TURNS, || is(200, "ready\n")), "{:?}", readiness(folder));
    fs::rename(&store, &kept).unwrap();
    pipe(&store);
    assert!(within(TURNS, || is(503, "store-failed\n")), "{:?}", readiness(folder));
    assert_eq!(ends(gateway), Some(0));
}

#[test]
fn although_nobody_reads_what_it_writes() {
    let folder = hasty();
    let path = folder.join("unread");
    let unread = full_pipe(&path);
    let command = into_a_pipe(&Gateway::serve_command(&folder), &path);
    let gateway = Gateway::spawn(folder, command);
    let port = gateway.folder().port_base() + 4;
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(within(Duration::from_secs(30), listens));
    let ready = || readiness(gateway.folder()) == (200, "ready\n".to_owned());
    assert!(within(TURNS, ready), "{:?}", readiness(gateway.folder()));
    // Its upkeep goes on, though the line `ready` finds no room.
    let (caller, number) = (gateway.folder().caller("housing"), gateway.folder().person("clean", 0));
    assert_eq!(caller.ask(&query(&number, "staff", "case")).status, 200);
    assert_eq!(ends(gateway), Some(0));
    drop(unread);
}

#[test]
fn a_start_that_fails_ends_although_nobody_reads_why() {
    let folder = hasty();
    let path = folder.join("unread");
    let unread = full_pipe(&path);
    folder.edit_config(|text| text.replace("linger_us", "lingers_us"));
    for word in ["serve", "check"] {
        let mut command = Gateway::serve_command(&folder);
        if word == "check" {
            command = std::process::Command::new(command.get_program());
            command.arg(word).arg("--config").arg(folder.config());
        }
        let began = Instant::now();
        let mut child = into_a_pipe(&command, &path).spawn().unwrap();
        let ended = within(Duration::from_secs(10), || child.try_wait().unwrap().is_some());
        if !ended {
            child.kill().unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(64), "{word}");
        assert!(began.elapsed() < Duration::from_secs(5), "{word}: {:?}", began.elapsed());
    }
    drop(unread);
}

#[test]
fn although_callers_do_not_read_their_answers() {
    let folder = hasty();
    folder.set_of_institution("housing", "rate_per_s = 200", "rate_per_s = 100000");
    let gateway = Gateway::serve(folder);
    let (caller, number) = (gateway.folder().caller("housing"), gateway.folder().person("clean", 0));
    let count = if is_full() { 512 } else { 64 };
    run(async {
        let mut callers = Vec::new();
        for nr in 0..count {
            let mut stream = caller.stream("http/1.1").await.expect("a connection");
            let body = query(&number, "unread", &format!("case-{nr}")).to_string();
            let head = format!(
                "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            // More than the socket takes: the gateway's answers wait for a reader.
            let many = format!("{head}{body}").repeat(400);
            drop(tokio::time::timeout(Duration::from_millis(20), stream.write_all(many.as_bytes())).await);
            callers.push(stream);
        }
        let code = tokio::task::spawn_blocking(move || ends(gateway)).await.unwrap();
        assert_eq!(code, Some(0));
        drop(callers);
    });
}
