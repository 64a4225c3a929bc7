//! Too much at once: streams, queries, connections, and patience.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use credit_tests::{Folder, Gateway, Reply, checked, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    frames::{self, Reason},
    query, record, verify,
};

const RST_STREAM: u8 = 3;
const REFUSED_STREAM: u32 = 7;

#[test]
fn more_streams_than_a_connection_may_have_are_refused_and_the_others_answered() {
    let folder = Folder::new();
    folder.replace_in_config("journeys_per_connection = 128", "journeys_per_connection = 4");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let text = |stream: u32| query(&number, "staff-0017", &format!("stream-{stream}")).to_string();
    let sent = run(async {
        let mut connection = caller.stream("h2").await.expect("a connection");
        let streams: Vec<u32> = (0..12).map(|nr| 2 * nr + 1).collect();
        let heads: Vec<u8> = streams.iter().flat_map(|stream| frames::head(*stream, None)).collect();
        connection.write_all(&[frames::preface(), heads].concat()).await.expect("sent");
        // All are open now: four of them as queries, the rest is refused before it is one.
        tokio::time::sleep(Duration::from_millis(300)).await;
        for stream in &streams[..4] {
            connection.write_all(&frames::data(*stream, text(*stream).as_bytes(), true)).await.expect("sent");
        }
        let mut bytes = Vec::new();
        let reading = tokio::time::timeout(Duration::from_millis(1_500), connection.read_to_end(&mut bytes)).await;
        assert!(reading.is_err(), "the connection was closed: {reading:?}");
        frames::parse(&bytes)
    });
    let refused: Vec<u32> = sent
        .iter()
        .filter(|(kind, _, _, payload)| *kind == RST_STREAM && payload[..] == REFUSED_STREAM.to_be_bytes())
        .map(|(_, _, stream, _)| *stream)
        .collect();
    assert_eq!(refused, [9, 11, 13, 15, 17, 19, 21, 23]);
    let bodies = [1, 3, 5, 7].map(|wanted| {
        let pieces = sent.iter().filter(|(kind, _, stream, _)| (*kind, *stream) == (0, wanted));
        let body: Vec<u8> = pieces.flat_map(|(_, _, _, payload)| payload.clone()).collect();
        Reply { status: hyper::StatusCode::OK, headers: hyper::HeaderMap::new(), body }
    });
    let last = bodies.iter().map(Reply::index).max().expect("four");
    assert_eq!(folder.leaf(last).index, last);
    let leaves = folder.leaves();
    record::assert_whole(&leaves, &bodies, &folder.vkey());
    assert_eq!(record::queries(&leaves).count(), 4);
}

#[test]
fn rapid_resets_gain_nothing() {
    let folder = Folder::new();
    folder.replace_in_config("journeys_per_connection = 128", "journeys_per_connection = 8");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    run(async {
        for round in 0..5 {
            let mut connection = caller.stream("h2").await.expect("a connection");
            let mut bytes = frames::preface();
            for nr in 0..400 {
                let text = query(&number, "rapid", &format!("rapid-{round}-{nr}")).to_string();
                let stream = 2 * nr + 1;
                bytes.extend(frames::head(stream, None));
                bytes.extend(frames::data(stream, text.as_bytes(), true));
                bytes.extend(frames::reset(stream, Reason::Cancel));
            }
            // The gateway may well close the connection in the middle of it.
            drop(connection.write_all(&bytes).await);
            drop(tokio::time::timeout(Duration::from_millis(200), connection.read(&mut [0; 4096])).await);
        }
    });
    let reply = folder.caller("housing").ask(&query(&folder.person("clean", 1), "others", "others"));
    assert_eq!(reply.status, 200);
    let folder = gateway.stop();
    verify(&folder.join("data"), &folder.log().join("log.vkey"), None);
    record::assert_whole(&folder.leaves(), &[reply], &folder.vkey());
}

#[test]
fn more_queries_under_way_than_an_institution_may_have_are_refused_and_others_are_served() {
    let folder = Folder::new();
    folder.replace_in_config("journeys_per_institution = 2048", "journeys_per_institution = 3");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    run(async {
        // Three that have sent their heads and take their time.
        let mut slow = Vec::new();
        for _ in 0..3 {
            let mut stream = caller.stream("http/1.1").await.expect("a connection");
            let head =
                b"POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
            stream.write_all(head).await.expect("sent");
            slow.push(stream);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut connection = caller.http1().await.expect("a connection");
        let reply = connection.ask(&query(&number, "staff-0017", "one too many")).await.expect("a reply");
        checked::fixed(&reply, 503, "overloaded");
        let mut other = folder.caller("bank").http1().await.expect("a connection");
        let reply = other.ask(&query(&number, "staff-0017", "another")).await.expect("a reply");
        assert_eq!(reply.code(), "scenario-not-allowed");
        drop(slow);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let reply = connection.ask(&query(&number, "staff-0017", "there is room")).await.expect("a reply");
        assert_eq!(reply.status, 200);
    });
}

#[test]
fn more_connections_than_there_may_be_are_closed_and_places_come_free() {
    let folder = Folder::new();
    folder.replace_in_config("connections = 12000", "connections = 5");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    run(async {
        let mut open = Vec::new();
        for nr in 0..5 {
            let mut connection = caller.http1().await.expect("a connection");
            let reply = connection.ask(&query(&number, "staff-0017", &format!("open-{nr}"))).await.expect("a reply");
            assert_eq!(reply.status, 200);
            open.push(connection);
        }
        for _ in 0..10 {
            assert!(caller.http1().await.is_err(), "one connection too many");
        }
        drop(open);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut connection = caller.http1().await.expect("a connection");
        assert_eq!(connection.ask(&query(&number, "staff-0017", "after")).await.expect("a reply").status, 200);
    });
}

/// The time until the other side closes, after these bytes were sent and nothing more.
fn closed_after(port: u16, bytes: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let began = Instant::now();
    stream.write_all(bytes).expect("sent");
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    began.elapsed()
}

#[test]
fn a_handshake_a_head_and_a_body_that_never_end_are_not_waited_for() {
    let folder = Folder::new();
    folder.replace_in_config("handshake_ms = 5000", "handshake_ms = 400");
    folder.replace_in_config("request_ms = 10000", "request_ms = 500");
    folder.replace_in_config("idle_s = 600", "idle_s = 1");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let due = Duration::from_millis(300)..Duration::from_millis(2_500);
    // Nothing at all, and the first bytes of a handshake that announces more.
    for bytes in [&b""[..], &[22, 3, 1, 1, 0, 1, 0]] {
        let took = closed_after(folder.port_base(), bytes);
        assert!(due.contains(&took), "{took:?}");
    }
    let caller = folder.caller("housing");
    let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    run(async {
        for piece in ["", "POST /v1/que", head] {
            let mut stream = caller.stream("http/1.1").await.expect("a connection");
            stream.write_all(piece.as_bytes()).await.expect("sent");
            let began = Instant::now();
            let mut answer = Vec::new();
            let reading = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(reading.is_ok() && due.contains(&began.elapsed()), "{piece:?}: {:?}, {answer}", began.elapsed());
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{piece:?}: {answer}");
        }
    });
    let reply = caller.ask(&query(&folder.person("clean", 0), "others", "others"));
    assert_eq!(reply.status, 200);
    let leaf = folder.leaf(reply.index());
    assert_eq!(record::queries(&folder.leaves()).map(|leaf| leaf.index).collect::<Vec<_>>(), [leaf.index]);
}
