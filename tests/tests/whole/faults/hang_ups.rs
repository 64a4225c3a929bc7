//! Callers who hang up: once a request is complete it leaves its leaf, whatever becomes of its caller; before that, none.

use std::{io, time::Duration};

use credit_tests::{Caller, Folder, Gateway, run};
use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::{
    frames::{self, Reason},
    query, record, within,
};

/// Each way to hang up is tried so often: what matters is where the gateway was just then.
const TIMES: usize = 12;

/// How a caller leaves a connection.
#[derive(Clone, Copy, Debug)]
enum Leave {
    /// The socket is closed, without the farewell of TLS.
    Close,
    /// Farewell of TLS, then the socket is closed.
    Farewell,
    /// The socket's writing side only; nobody reads.
    Shutdown,
    /// A reset, as of a machine that lost its power.
    Reset,
}

const LEAVES: [Leave; 4] = [Leave::Close, Leave::Farewell, Leave::Shutdown, Leave::Reset];

impl Leave {
    async fn leave(self, mut stream: TlsStream<TcpStream>) {
        match self {
            Self::Close => {}
            Self::Farewell => drop(stream.shutdown().await),
            Self::Shutdown => {
                drop(stream.get_mut().0.shutdown().await);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Self::Reset => set_socket_linger(stream.get_ref().0, Some(Duration::ZERO)).expect("a socket"),
        }
    }
}

/// Head and body of a query over HTTP/1.1.
fn http1(body: &Value) -> (String, String) {
    let body = body.to_string();
    let head = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head, body)
}

async fn open(caller: &Caller, protocol: &str) -> TlsStream<TcpStream> {
    let mut stream = caller.stream(protocol).await.expect("a connection");
    if protocol == "h2" {
        write(&mut stream, &frames::preface()).await;
        // Until the server's settings are here, it may not have begun with HTTP/2 at all.
        let mut settings = [0; 9];
        stream.read_exact(&mut settings).await.expect("settings");
    }
    stream
}

async fn write(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("sent");
    stream.flush().await.expect("sent");
}

/// Waits until a look-up of each of these operators is in the published log.
#[track_caller]
fn assert_recorded(folder: &Folder, operators: &[String]) {
    let missing = || {
        let leaves = folder.leaves();
        let seen: Vec<&str> = record::queries(&leaves).map(|leaf| leaf.text("operator")).collect();
        operators.iter().filter(|operator| !seen.contains(&operator.as_str())).cloned().collect::<Vec<_>>()
    };
    let all = within(Duration::from_secs(4), || missing().is_empty());
    assert!(all, "complete requests left no leaf: {:?}", missing());
}

/// Lets callers send complete queries and leave, each under an operator of its own; then all of them are recorded.
#[track_caller]
fn assert_recorded_though_gone(leave: impl AsyncFnOnce(&Caller, &mut dyn FnMut(String) -> Value)) {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let mut operators = Vec::new();
    run(leave(&caller, &mut |operator| {
        let body = query(&number, &operator, &operator);
        operators.push(operator);
        body
    }));
    assert_recorded(folder, &operators);
    assert_serves(&gateway, "after");
    drop(gateway.stop());
}

/// The gateway is alive, and serves others.
#[track_caller]
fn assert_serves(gateway: &Gateway, case: &str) {
    let folder = gateway.folder();
    assert_eq!(folder.caller("housing").ask(&query(&folder.person("clean", 9), "others", case)).status, 200);
}

#[test]
fn a_request_that_never_becomes_complete_leaves_nothing() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 700");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let body = query(&number, "never", "never");
    let (head, text) = http1(&body);
    // A whole query, and still not all that was announced.
    let longer = head.replace(&format!("Length: {}", text.len()), &format!("Length: {}", text.len() + 1));
    run(async {
        for leave in LEAVES {
            for piece in [&head[..40], &head, &format!("{head}{}", &text[..30]), &format!("{longer}{text}")] {
                let mut stream = open(&caller, "http/1.1").await;
                write(&mut stream, piece.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
                leave.leave(stream).await;
            }
            let mut stream = open(&caller, "h2").await;
            write(&mut stream, &[frames::head(1, None), frames::data(1, text.as_bytes(), false)].concat()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            leave.leave(stream).await;
        }
        for reason in [Reason::NoError, Reason::InternalError, Reason::Cancel] {
            for (announced, sent) in [(None, &text[..30]), (None, &text[..]), (Some(text.len()), &text[..30])] {
                let mut stream = open(&caller, "h2").await;
                write(&mut stream, &[frames::head(1, announced), frames::data(1, sent.as_bytes(), false)].concat())
                    .await;
                tokio::time::sleep(Duration::from_millis(5)).await;
                write(&mut stream, &frames::reset(1, reason)).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        // One that only waits is told so, or closed; it must not be answered as a query.
        let mut stream = open(&caller, "http/1.1").await;
        write(&mut stream, format!("{longer}{text}").as_bytes()).await;
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "a body that does not come is waited for without end");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(!answer.contains("receipt"), "{answer}");
    });
    std::thread::sleep(Duration::from_millis(1_500));
    assert_serves(&gateway, "after");
    assert_recorded(folder, &["others".to_owned()]);
    let leaves = folder.leaves();
    let queries: Vec<_> = record::queries(&leaves).map(|leaf| (leaf.text("operator"), leaf.text("code"))).collect();
    assert_eq!(queries, [("others", "")]);
}

#[test]
fn a_complete_request_is_recorded_though_its_caller_is_gone() {
    assert_recorded_though_gone(async |caller, body| {
        for nr in 0..TIMES {
            for leave in LEAVES {
                // In one piece, and in two, on a new connection and on one that was used.
                for (used, whole) in [(false, true), (false, false), (true, true), (true, false)] {
                    let mut stream = open(caller, "http/1.1").await;
                    if used {
                        let (head, text) = http1(&body(format!("first.{leave:?}.{whole}.{nr}")));
                        write(&mut stream, format!("{head}{text}").as_bytes()).await;
                        assert!(stream.read(&mut [0; 16]).await.expect("an answer") > 0);
                    }
                    let (head, text) = http1(&body(format!("http1.{leave:?}.{used}.{whole}.{nr}")));
                    if whole {
                        write(&mut stream, format!("{head}{text}").as_bytes()).await;
                    } else {
                        write(&mut stream, head.as_bytes()).await;
                        tokio::task::yield_now().await;
                        write(&mut stream, text.as_bytes()).await;
                    }
                    leave.leave(stream).await;
                }
            }
        }
    });
}

#[test]
fn a_complete_request_is_recorded_though_its_http2_caller_is_gone() {
    assert_recorded_though_gone(async |caller, body| {
        for nr in 0..TIMES {
            for leave in LEAVES {
                // Right after it, and while it is looked into.
                for pause_us in [0, 300, 3_000] {
                    let operator = format!("http2.{leave:?}.{pause_us}.{nr}");
                    let text = body(operator).to_string();
                    let mut stream = open(caller, "h2").await;
                    write(&mut stream, &[frames::head(1, None), frames::data(1, text.as_bytes(), true)].concat()).await;
                    if pause_us > 0 {
                        tokio::time::sleep(Duration::from_micros(pause_us)).await;
                    }
                    leave.leave(stream).await;
                }
            }
        }
    });
}

#[test]
fn a_complete_request_is_recorded_though_its_stream_is_reset() {
    assert_recorded_though_gone(async |caller, body| {
        for nr in 0..TIMES {
            for reason in [Reason::NoError, Reason::InternalError, Reason::Cancel] {
                // With the request, right after it, and while it is looked into.
                for pause_us in [None, Some(0_u32), Some(300), Some(3_000)] {
                    let operator = format!("reset.{reason:?}.{}.{nr}", pause_us.map_or(-1, i64::from));
                    let text = body(operator).to_string();
                    let mut stream = open(caller, "h2").await;
                    let mut request = [frames::head(1, None), frames::data(1, text.as_bytes(), true)].concat();
                    match pause_us {
                        None => request.extend(frames::reset(1, reason)),
                        Some(pause) => {
                            write(&mut stream, &request).await;
                            tokio::time::sleep(Duration::from_micros(u64::from(pause))).await;
                            request = frames::reset(1, reason);
                        }
                    }
                    write(&mut stream, &request).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    });
}

#[test]
fn a_caller_who_only_stops_writing_gets_the_answer() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    run(async {
        for nr in 0..TIMES {
            let operator = format!("half.{nr}");
            let (head, text) = http1(&query(&number, &operator, &operator));
            let mut stream = open(&caller, "http/1.1").await;
            write(&mut stream, format!("{head}{text}").as_bytes()).await;
            // Farewell of TLS, then the socket's writing side.
            stream.shutdown().await.expect("half closed");
            let mut answer = Vec::new();
            match tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("in time")
            {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            }
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"receipt\""), "{nr}: {answer}");
        }
    });
    assert_serves(&gateway, "after");
}
