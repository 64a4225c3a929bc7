//! What is not waited for, and what there may not be more of: over, the connection is closed, and counted.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use credit_tests::{Folder, Gateway, metric, query::look_up, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::faults::within;

use super::wire::{self, HEADERS, PING, QUERY, begin, block, frame, request};

fn closed(folder: &Folder, why: &str) -> u64 {
    metric(folder.port_base(), &format!("credit_gateway_closed_connections_total{{why=\"{why}\"}}"))
}

/// Whether so many were counted; it is counted just after the connection is closed.
fn soon(folder: &Folder, why: &str, number: u64) -> bool {
    within(Duration::from_secs(5), || closed(folder, why) == number)
}

/// Sends these bytes over HTTP/2 and, if so wished, goes on sending others; gives the time until the other side closes.
fn closed_after(folder: &Folder, bytes: &[u8], again: Option<&[u8]>) -> Duration {
    let caller = folder.caller("bank");
    run(async {
        let stream = caller.stream("h2").await.unwrap();
        let began = Instant::now();
        let (mut reading, mut writing) = tokio::io::split(stream);
        let read = async {
            let mut buffer = [0; 16 * 1024];
            while reading.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        };
        let write = async {
            drop(writing.write_all(bytes).await);
            drop(writing.flush().await);
            while let Some(again) = again {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if writing.write_all(again).await.is_err() || writing.flush().await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            tokio::select! { () = read => {}, () = write => {} }
        });
        assert!(ended.await.is_ok(), "it was not closed");
        began.elapsed()
    })
}

#[test]
fn http2_connections_that_ask_nothing_or_leave_something_open_are_closed() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 400");
    folder.replace_in_config("idle_s = 600", "idle_s = 2");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let slow = Duration::from_secs(8);
    // Idle, and idle but for pings, which are no requests.
    for again in [None, Some(&frame(PING, 0, 0, &[0; 8])[..])] {
        let took = closed_after(folder, &begin(&[]), again);
        assert!((Duration::from_millis(1_900)..slow).contains(&took), "idle: {took:?}");
    }
    assert_eq!(closed(folder, "stalled"), 0);
    // A head that does not go on; one that does, in empty pieces; and answers for which no window opens.
    let head = [begin(&[]), frame(HEADERS, 0, 1, &block(&QUERY))].concat();
    let refused = [begin(&[(4, 0)]), request(1, b"{}"), request(3, b"{}")].concat();
    for bytes in [&head, &refused] {
        let took = closed_after(folder, bytes, None);
        assert!((Duration::from_millis(1_100)..slow).contains(&took), "stalled: {took:?}");
    }
    assert!(soon(folder, "stalled", 2));
    assert_eq!(folder.caller("housing").ask(&look_up(&folder.person("clean", 0))).status, 200);
}

#[test]
fn who_does_not_take_the_answers_is_given_up_and_its_queries_are_on_the_record() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 400");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let before = folder.leaves().len();
    let body = look_up(&folder.person("clean", 0)).to_string();
    let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length:";
    let many = format!("{head} {}\r\n\r\n{body}", body.len()).repeat(100);
    let most = Duration::from_secs(60);
    let took = run(async {
        let mut stream = folder.caller("housing").stream("http/1.1").await.unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(stream.get_ref().0, 4_096).unwrap();
        let began = Instant::now();
        let all = async { while stream.write_all(many.as_bytes()).await.is_ok() {} };
        drop(tokio::time::timeout(most, all).await);
        began.elapsed()
    });
    assert!((Duration::from_millis(400)..most).contains(&took), "{took:?}");
    assert!(soon(folder, "stalled", 1), "{}", closed(folder, "stalled"));
    // It ends for this reason, and not since its institution floods.
    assert_eq!(metric(folder.port_base(), r#"credit_gateway_floods_total{code="cut-off",institution="housing"}"#), 0);
    let leaves = folder.leaves();
    let queries: Vec<_> = leaves[before..].iter().filter(|leaf| leaf.text("kind") == "query").collect();
    assert!(queries.len() > 10, "only {} queries", queries.len());
    // One case has three look-ups on one person; the others are refused, each on the record.
    let answered = queries.iter().filter(|leaf| leaf.text("outcome") == "answered").count();
    let refused = queries.iter().filter(|leaf| leaf.json["code"] == "case-already-used").count();
    assert_eq!((answered, refused), (3, queries.len() - 3));
}

#[test]
fn too_many_frames_that_ask_for_nothing_end_the_connection() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let floods = [
        frame(PING, 0, 0, &[0; 8]),
        frame(wire::SETTINGS, 0, 0, &[]),
        frame(wire::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(wire::PRIORITY, 0, 1, &[0, 0, 0, 0, 9]),
        frame(0xbe, 0, 0, &[]),
    ];
    for (nr, flood) in (1..).zip(floods) {
        // A hundred are fine.
        let few = [begin(&[]), flood.repeat(100), request(1, b"{}")].concat();
        let text = run(async {
            let mut stream = folder.caller("bank").stream("h2").await.unwrap();
            stream.write_all(&few).await.unwrap();
            stream.flush().await.unwrap();
            let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
            while !String::from_utf8_lossy(&said).contains("\"receipt\"") {
                let read = stream.read(&mut buffer).await.unwrap();
                assert!(read > 0, "closed after a hundred");
                said.extend_from_slice(&buffer[..read]);
            }
            said
        });
        assert!(!text.is_empty());
        let took = closed_after(folder, &[begin(&[]), flood.repeat(4_000)].concat(), None);
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(soon(folder, "flooding", nr));
    }
    // The institution's next flood leaf tells it.
    let counted = metric(folder.port_base(), "credit_gateway_floods_total{code=\"cut-off\",institution=\"bank\"}");
    assert_eq!(counted, 5);
}

#[test]
fn a_busy_connection_is_no_flood() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    run(async {
        let mut connection = caller.http2().await.unwrap();
        // Three times as many frames as may come before an answer.
        for _ in 0..3_000 {
            let reply = connection.ask(&look_up(&number)).await.unwrap();
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    });
    assert_eq!(closed(folder, "flooding"), 0);
}

#[test]
fn an_institution_s_connections_are_bounded_and_others_have_theirs() {
    let folder = Folder::new();
    folder.replace_in_config("connections_per_institution = 2048", "connections_per_institution = 3");
    folder.unregister("employer");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (bank, housing, person) = (folder.caller("bank"), folder.caller("housing"), folder.person("clean", 0));
    run(async {
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut connection = bank.http2().await.unwrap();
            assert_eq!(connection.ask(&look_up(&person)).await.unwrap().code(), "scenario-not-allowed");
            open.push(connection);
        }
        let mut one_too_many = bank.stream("http/1.1").await.unwrap();
        assert_eq!(one_too_many.read(&mut [0; 1]).await.unwrap_or_default(), 0);
        assert_eq!(housing.http1().await.unwrap().ask(&look_up(&person)).await.unwrap().status, 200);
        open.pop();
        let again = async {
            loop {
                if let Ok(mut connection) = bank.http2().await
                    && let Ok(reply) = connection.ask(&look_up(&person)).await
                {
                    return reply;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let reply = tokio::time::timeout(Duration::from_secs(5), again).await.expect("a place came free");
        assert_eq!(reply.code(), "scenario-not-allowed");
        // Those who are in no register have a few together, and are told so.
        let employer = folder.caller("employer");
        let mut strangers = Vec::new();
        for _ in 0..80 {
            strangers.push(employer.stream("http/1.1").await.unwrap());
        }
        assert_eq!(housing.http1().await.unwrap().ask(&look_up(&person)).await.unwrap().status, 200);
        drop(strangers);
    });
    let counted = metric(folder.port_base(), "credit_gateway_floods_total{code=\"overloaded\",institution=\"bank\"}");
    assert!(counted >= 1, "{counted}");
    // One of the bank's own; and of the strangers', all but sixty-four.
    assert!(closed(folder, "too-many") >= 1 + 80 - 64, "{}", closed(folder, "too-many"));
}

#[test]
fn of_too_many_handshakes_those_that_say_nothing_go_first() {
    let folder = Folder::new();
    folder.replace_in_config("handshakes = 2048", "handshakes = 8");
    folder.replace_in_config("handshake_ms = 5000", "handshake_ms = 60000");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let connect = || TcpStream::connect(("127.0.0.1", folder.port_base())).unwrap();
    let mut speaking = connect();
    speaking.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let silent: Vec<_> = (0..40).map(|_| connect()).collect();
    // Those before it have their time first.
    assert_eq!(folder.caller("housing").ask(&look_up(&folder.person("clean", 0))).status, 200);
    let gone = |mut stream: &TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        match stream.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    };
    assert!(!gone(&speaking), "it had begun");
    assert!(silent.iter().filter(|stream| gone(stream)).count() >= 40 - 8);
}

#[test]
fn with_few_files_to_open_there_are_few_connections_and_records_all_the_same() {
    let folder = Folder::new();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 400 && exec \"$@\"", "sh"]);
    let serve = Gateway::serve_command(&folder);
    command.arg(serve.get_program()).args(serve.get_args());
    let gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    assert!(gateway.err().wait(|text| text.contains("ulimit -n")));
    let (bank, housing, person) = (folder.caller("bank"), folder.caller("housing"), folder.person("clean", 0));
    run(async {
        let mut kept = housing.http1().await.unwrap();
        let mut held = Vec::new();
        for _ in 0..400 {
            held.extend(bank.stream("http/1.1").await.ok());
        }
        for _ in 0..20 {
            assert_eq!(kept.ask(&look_up(&person)).await.unwrap().status, 200);
        }
    });
    assert_eq!(credit_tests::plain(folder.port_base() + 4, "GET", "/readyz").status, 200);
    assert!(!gateway.err().text().contains("could not be accepted"), "it ran out of files");
}
