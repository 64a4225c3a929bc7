//! Callers who ask and do not read what they are answered: at every listener and over each protocol, the connection is ended
//! after `bounds.request_ms`, or three times that where HTTP/2 gives no window for the answer.

use std::{
    ffi::OsStr,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::{fd::AsFd, unix::net::UnixStream},
    time::{Duration, Instant},
};

use credit_tests::{Caller, Folder, Gateway, checked, metric, plain, query::look_up, run};
use rustix::net::sockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire::{self, END_HEADERS, END_STREAM, HEADERS, begin, block};
use crate::faults::within;

/// Far longer than the gateway waits in this test; on a busy machine it takes a while until all buffers between are full.
const MOST: Duration = Duration::from_secs(60);

/// As little room on this side as there may be, so that an answer that nobody reads does not go far.
fn narrow(stream: impl AsFd) {
    sockopt::set_socket_recv_buffer_size(stream, 4_096).expect("a smaller buffer");
}

fn stalled(folder: &Folder) -> u64 {
    metric(folder.port_base(), r#"credit_gateway_closed_connections_total{why="stalled"}"#)
}

/// Sends requests for as long as they are taken; how long that was.
fn ask_in_clear(port: u16, request: &str) -> Duration {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    narrow(&stream);
    stream.set_write_timeout(Some(MOST)).expect("a time-out");
    let (began, requests) = (Instant::now(), request.repeat(500));
    loop {
        match stream.write(requests.as_bytes()) {
            Ok(_) if began.elapsed() < MOST => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return began.elapsed(),
        }
    }
}

/// The same over TLS.
fn ask_over_tls(caller: &Caller, request: &str) -> Duration {
    run(async {
        let mut stream = caller.stream("http/1.1").await.expect("a connection");
        narrow(stream.get_ref().0);
        let (began, requests) = (Instant::now(), request.repeat(100));
        let all = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
        drop(tokio::time::timeout(MOST, all).await);
        began.elapsed()
    })
}

/// Asks once over HTTP/2 and opens no window for the answer; how long the connection stays.
fn ask_without_a_window(caller: &Caller, path: &str) -> Duration {
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let head = [(":method", "GET"), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", path)];
    let asked = wire::frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&head));
    run(async {
        let mut stream = caller.stream("h2").await.expect("a connection");
        stream.write_all(&[begin(&[(INITIAL_WINDOW_SIZE, 0)]), asked].concat()).await.expect("it is taken");
        let (began, mut buffer) = (Instant::now(), [0; 4_096]);
        let ended = async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
        drop(tokio::time::timeout(MOST, ended).await);
        began.elapsed()
    })
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn who_does_not_read_is_ended_at_every_plain_door() {
    let folder = Folder::new();
    let readiness = folder.port_base() + 6;
    folder.replace_in_config("# readiness = \"192.0.2.1:8449\"", &format!("readiness = \"127.0.0.1:{readiness}\""));
    folder.replace_in_config("request_ms = 10000", "request_ms = 700");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let port = folder.port_base();
    let in_clear = [(port + 3, "/openapi.json"), (port + 4, "/metrics"), (readiness, "/readyz")];
    let mut ended = 0;
    for (port, path) in in_clear {
        let took = ask_in_clear(port, &get(path));
        assert!(took < MOST, "who asks for {path} is waited for");
        ended += 1;
        assert!(stalled(folder) >= ended, "{path}");
        assert_eq!(plain(port, "GET", path).status, 200, "{path}");
    }
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
}

#[test]
fn who_does_not_read_is_ended_at_every_door_behind_tls_over_both_protocols() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 700");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (port, housing) = (folder.port_base(), folder.caller("housing"));
    let asked = housing.ask(&look_up(&folder.person("clean", 0)));
    let receipt = format!("/v1/receipts/{}", asked.json()["query"].as_str().expect("an id"));
    drop(housing.get_when_there(&receipt));
    let auditor = folder.caller("officer").at(port + 2);
    let mut ended = 0;
    for (caller, path) in [(&housing, receipt.as_str()), (&housing.at(port + 1), "/"), (&auditor, "/checkpoint")] {
        let (read, at) = (caller.get(path), caller.address());
        assert!(!read.body.is_empty(), "{at}: nothing that could be left unread");
        for over in ["HTTP/1.1", "HTTP/2"] {
            let took = match over {
                "HTTP/1.1" => ask_over_tls(caller, &get(path)),
                _ => ask_without_a_window(caller, path),
            };
            assert!((Duration::from_millis(700)..MOST).contains(&took), "{at}, {over}: {took:?}");
            ended += 1;
            assert!(within(Duration::from_secs(5), || stalled(folder) == ended), "{at}, {over}: {}", stalled(folder));
        }
        assert_eq!(caller.get(path).status, read.status, "{at}");
    }
}

#[test]
fn who_says_nothing_at_the_admin_socket_is_ended_and_delays_nobody() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let began = Instant::now();
    let silent: Vec<_> =
        (0..50).map(|_| UnixStream::connect(folder.join("data/admin.sock")).expect("a connection")).collect();
    // Half a request is none, and who asks and does not read is like one who says nothing.
    for (mut caller, said) in silent.iter().zip(["{", "{\"no\":1}\n"].iter().cycle().take(20)) {
        caller.write_all(said.as_bytes()).expect("it is taken");
    }
    let config = folder.config();
    let words = ["institution", "list", "--config"].map(OsStr::new);
    let list = credit_tests::gateway(&[&words[..], &[config.as_os_str()]].concat()).held();
    assert!(list.contains("housing"), "{list}");
    assert!(began.elapsed() < Duration::from_secs(5), "the command waited {:?}", began.elapsed());
    for mut caller in silent {
        caller.set_read_timeout(Some(MOST)).expect("a time-out");
        let mut said = Vec::new();
        caller.read_to_end(&mut said).expect("it is ended");
        assert!(said.is_empty() || said.starts_with(b"{\"error\":"), "{}", String::from_utf8_lossy(&said));
    }
    assert!(began.elapsed() < MOST, "{:?}", began.elapsed());
}

#[test]
fn who_does_not_read_keeps_nobody_else_from_the_doors_of_everybody() {
    let folder = Folder::new();
    folder.replace_in_config("side_connections = 512", "side_connections = 64");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let port = folder.port_base();
    for (port, path) in [(port + 3, "/openapi.json"), (port + 4, "/metrics")] {
        let callers: Vec<_> = (0..200).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        for mut caller in &callers {
            narrow(caller);
            caller.set_nonblocking(true).unwrap();
            drop(caller.write(get(path).repeat(400).as_bytes()));
        }
        for _ in 0..5 {
            let began = Instant::now();
            assert_eq!(plain(port, "GET", path).status, 200, "{path}");
            assert!(began.elapsed() < Duration::from_secs(5), "{path}: {:?}", began.elapsed());
        }
    }
    let crowded = metric(port, r#"credit_gateway_closed_connections_total{why="too-many"}"#);
    assert!(crowded >= 200, "{crowded}");
}
