//! SIGTERM under load.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use credit_audit::{clock::SystemClock, log};
use credit_tests::{Folder, Gateway, Leaf, Reply, checked, run};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{keep, load::Load, query, readiness, record, verify, within};

/// Leaves of the write-ahead log, which is the truth, read as the next start would.
fn durable(folder: &Folder) -> u64 {
    let settings = log::Settings::new(folder.join("data"), "credit-gateway.example/demo/r1");
    let recovered = log::recover(settings, std::sync::Arc::new(SystemClock::new())).expect("a log that recovers");
    recovered.size()
}

#[test]
fn what_is_under_way_ends_with_its_record_and_nothing_begins() {
    let gateway = Gateway::serve(Folder::new());
    let vkey = keep(gateway.folder(), &gateway.folder().log().join("log.vkey"), "kept.vkey");
    let load = Load::start(gateway.folder(), "drain");
    load.goes_on(300);
    let began = Instant::now();
    // Says that it ended with 0.
    let folder = gateway.stop();
    assert!(began.elapsed() < Duration::from_secs(5), "the drain took {:?}", began.elapsed());
    let held = load.end().recorded("draining");
    verify(&folder.join("data"), &vkey, None);
    let leaves = folder.leaves();
    assert_eq!(leaves.len() as u64, durable(&folder), "not published up to the last leaf");
    record::assert_whole(&leaves, &held, &folder.vkey());
    assert_eq!(record::queries(&leaves).count(), held.len(), "a query under way got its leaf and no answer");
}

#[test]
fn while_a_query_is_under_way_it_is_waited_for_and_the_doors_are_shut() {
    let mut gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let other = query(&number, "staff-0017", "too late");
    let slow = query(&number, "slow", "slow").to_string();
    let head = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        slow.len()
    );
    let (first, rest) = slow.split_at(20);
    let answer = run(async {
        let mut under_way = caller.stream("http/1.1").await.expect("a connection");
        under_way.write_all(format!("{head}{first}").as_bytes()).await.expect("sent");
        let mut waiting = [caller.http1().await.expect("a connection"), caller.http2().await.expect("a connection")];
        for (connection, case) in waiting.iter_mut().zip(["one", "two"]) {
            let reply = connection.ask(&query(&number, "staff-0017", case)).await.expect("a reply");
            assert_eq!(reply.status, 200);
        }
        gateway.signal(Signal::TERM);
        let seen = within(Duration::from_secs(2), || readiness(folder) == (503, "draining\n".to_owned()));
        assert!(seen, "readiness stays true: {:?}", readiness(folder));
        for (connection, last) in waiting.iter_mut().zip([Some("close"), None]) {
            if let Ok(reply) = connection.ask(&other).await {
                checked::fixed(&reply, 503, "draining");
                assert_eq!(reply.header("connection"), last);
            }
        }
        // A new caller is turned away at once, so that it can go elsewhere.
        let late = tokio::time::timeout(Duration::from_secs(2), caller.http1()).await;
        match late.expect("a new connection is left waiting") {
            Err(_) => {}
            Ok(mut connection) => {
                let reply = connection.ask(&other).await.expect("a reply");
                checked::fixed(&reply, 503, "draining");
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        under_way.write_all(rest.as_bytes()).await.expect("still open");
        let mut answer = Vec::new();
        drop(under_way.read_to_end(&mut answer).await);
        String::from_utf8_lossy(&answer).into_owned()
    });
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.as_bytes().to_vec()).expect("a body");
    assert!(gateway.wait().success());
    let folder = gateway.folder();
    assert!(TcpStream::connect(("127.0.0.1", folder.port_base())).is_err());
    let leaves = Leaf::all(&folder.log());
    let reply = Reply { status: hyper::StatusCode::OK, headers: hyper::HeaderMap::new(), body };
    record::assert_whole(&leaves, &[reply], &folder.vkey());
    assert_eq!(record::queries(&leaves).count(), 3);
    assert_eq!(leaves.len() as u64, durable(folder));
}
