//! Heads that two parties could read in two ways, and heads and bodies that do not end: refused before hyper's leniency
//! takes them, and the connection closed.

use std::time::{Duration, Instant};

use credit_tests::{Caller, Folder, Gateway, Reply, checked, each, metric, parse_reply, query::look_up, run, shared};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn body() -> String {
    look_up(&shared().folder().person("clean", 8)).to_string()
}

/// A request in bare bytes, from its lines.
fn message(lines: &[&str], body: &str) -> String {
    let host = shared().folder().caller("housing").address();
    let head = lines.join("\r\n").replace("{host}", &host.to_string()).replace("{length}", &body.len().to_string());
    format!("{head}\r\n\r\n{body}")
}

const REQUEST: &str = "POST /v1/queries HTTP/1.1";
const JSON: &str = "Content-Type: application/json";
const LENGTH: &str = "Content-Length: {length}";
const HOST: &str = "Host: {host}";

/// Sends a message with another whole request behind it: that one must not be answered, the connection closes.
#[track_caller]
fn refused_and_closed(caller: &Caller, message: &str) -> Reply {
    let behind = self::message(&[REQUEST, HOST, JSON, LENGTH, "Connection: close"], &body());
    let answer = caller.raw(format!("{message}{behind}").as_bytes()).unwrap();
    let (reply, rest) = parse_reply(&answer);
    assert!(rest.is_empty(), "something was answered behind it: {}", String::from_utf8_lossy(rest));
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "malformed-request"), "{message}");
    assert_eq!(reply.header("connection"), Some("close"), "{message}");
    reply
}

#[test]
fn ambiguous_heads_are_refused_recorded_and_the_connection_closed() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let (body, empty) = (body(), String::new());
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    #[rustfmt::skip]
    let table: &[(&[&str], &str)] = &[
        (&[REQUEST, HOST, JSON, "Transfer-Encoding: chunked", LENGTH], &chunked),
        (&[REQUEST, HOST, JSON, LENGTH, "Transfer-Encoding: chunked"], &chunked),
        (&[REQUEST, HOST, JSON, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], &chunked),
        (&[REQUEST, HOST, JSON, "Transfer-Encoding: gzip, chunked"], &chunked),
        (&[REQUEST, HOST, JSON, "Transfer-Encoding: Chunked"], &chunked),
        (&[REQUEST, HOST, JSON, LENGTH, LENGTH], &body),
        (&[REQUEST, HOST, HOST, JSON, LENGTH], &body),
        (&[REQUEST, HOST, "Host: other.example", JSON, LENGTH], &body),
        (&[REQUEST, JSON, LENGTH], &body),
        (&["POST /v1/queries HTTP/1.0", JSON, LENGTH], &body),
        (&["POST http://other.example/v1/queries HTTP/1.1", HOST, JSON, LENGTH], &body),
        (&["POST https://other.example:443/v1/queries HTTP/1.1", HOST, JSON, LENGTH], &body),
        (&["GET /v1/receipts/01900000-0000-7000-8000-000000000000 HTTP/1.1", HOST, HOST], &empty),
    ];
    each(table, |(lines, body)| {
        let reply = refused_and_closed(&caller, &message(lines, body));
        checked::refusal(folder, "housing", &reply, 400, "malformed-request");
    });
}

#[test]
fn ambiguous_heads_of_http2_are_refused_too() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let (body, own) = (body(), caller.address().to_string());
    let length = body.len().to_string();
    let other = "other.example";
    let table: &[&[(&str, &str)]] = &[
        &[("host", &own), ("host", &own)],
        &[("host", &own), ("host", other)],
        &[("host", other)],
        &[("content-length", &length), ("content-length", &length)],
        &[("content-length", &length), ("content-length", "1")],
        &[("content-length", "1")],
    ];
    each(table, |more| {
        let headers = [&[("content-type", "application/json")][..], more].concat();
        let request = credit_tests::request(hyper::Method::POST, "/v1/queries", &headers, body.clone());
        // A stream that is reset is no answer, either.
        if let Ok(reply) = run(async { caller.http2().await.unwrap().send(request).await }) {
            checked::refusal(folder, "housing", &reply, 400, "malformed-request");
        }
    });
    let headers = [("content-type", "application/json"), ("host", &own), ("content-length", &length)];
    let request = credit_tests::request(hyper::Method::POST, "/v1/queries", &headers, body);
    let reply = run(async { caller.http2().await.unwrap().send(request).await.unwrap() });
    checked::answer(folder, "housing", &reply);
}

#[test]
fn heads_that_are_no_http_are_refused_and_the_connection_closed() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let body = body();
    let whole = message(&[REQUEST, HOST, JSON, LENGTH], &body);
    let (head, _) = whole.split_at(whole.len() - body.len());
    let bare = |head: &str| format!("{}{body}", head);
    #[rustfmt::skip]
    let table = [
        bare(&head.replace("\r\n", "\n")),
        bare(&head.replacen("\r\n", "\n", 1)),
        bare(&head.replace("application/json\r\n", "application/json\n")),
        bare(&head.replace("\r\n\r\n", "\r\n\n")),
        bare(&head.replace("\r\n\r\n", "\n\r\n")),
        bare(&head.replace("Host: ", "Host : ")),
        bare(&head.replace("Content-Type: ", "Content-Type: \r\n ")),
        bare(&head.replace("HTTP/1.1", "HTTP/1.1 HTTP/1.1")),
        bare(&head.replace("HTTP/1.1", "HTTP/9.9")),
        bare(&head.replace("/v1/queries", "/v1/queries#x")),
        bare(&head.replace("Content-Length: ", "Content-Length: +")),
        bare(&head.replace("Content-Length: ", "Content-Length: -")),
        bare(&head.replace("Content-Length: ", "Content-Length: 0x")),
        bare(&head.replace("Content-Length: ", "Content-Length: 1, ")),
        bare(&head.replace("application/json", "application/json\u{0}")),
        "\u{16}\u{3}\u{1}\u{2}\u{0}".repeat(40),
    ];
    each(table, |message| {
        let answer = caller.raw(message.as_bytes()).unwrap();
        // Closed without a word, or with 400; and in no case taken for a query.
        if !answer.is_empty() {
            let (reply, rest) = parse_reply(&answer);
            assert_eq!((reply.status.as_u16(), rest), (400, &b""[..]), "{}", reply.text());
        }
    });
}

#[test]
fn a_bare_line_feed_in_the_head_is_told_what_it_is() {
    let caller = shared().folder().caller("housing");
    let whole = message(&[REQUEST, HOST, JSON, LENGTH], &body());
    for message in [whole.replacen("\r\n", "\n", 1), whole.replacen("\r\n", "\n", 2), whole.replace("\r\n", "\n")] {
        refused_and_closed(&caller, &message);
    }
}

#[test]
fn more_than_is_worth_reading_is_refused_and_the_connection_closed() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let send = |length: usize| {
        let body = "x".repeat(length);
        let answer = caller.raw(message(&[REQUEST, HOST, JSON, LENGTH, "Connection: close"], &body).as_bytes());
        parse_reply(&answer.unwrap()).0
    };
    for length in [1024 * 1024 - 10, 3 * 1024 * 1024] {
        checked::refusal(folder, "housing", &send(length), 413, "payload-too-large");
    }
    // Of what is announced to be larger than that, the rest is not waited for.
    let head = message(&[REQUEST, HOST, JSON, "Content-Length: 100000000"], "");
    let part = format!("{head}{}", "x".repeat(1024 * 1024 + 64 * 1024));
    let began = Instant::now();
    let (reply, rest) = {
        let answer = caller.raw(part.as_bytes()).unwrap();
        let (reply, rest) = parse_reply(&answer);
        (reply, rest.to_vec())
    };
    assert!(rest.is_empty() && began.elapsed() < Duration::from_secs(5), "it waited for the rest");
    assert_eq!(reply.header("connection"), Some("close"));
    checked::refusal(folder, "housing", &reply, 413, "payload-too-large");
}

#[test]
fn who_waits_to_be_asked_for_a_body_is_not_asked_for_one_that_is_too_long() {
    let folder = shared().folder();
    let head = |length: usize| {
        let length = format!("Content-Length: {length}");
        message(&[REQUEST, HOST, JSON, &length, "Expect: 100-continue", "Connection: close"], "")
    };
    let answer = folder.caller("housing").raw(head(3_000_000).as_bytes()).unwrap();
    checked::refusal(folder, "housing", &parse_reply(&answer).0, 413, "payload-too-large");
    let asked = folder.caller("housing").raw(head(3_000).as_bytes()).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&asked));
}

#[test]
fn a_head_that_is_too_large_is_refused_with_a_fixed_body() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let long = format!("X-Long: {}", "x".repeat(40_000));
    let many: Vec<String> = (0..200).map(|number| format!("X-{number}: 1")).collect();
    let mut lines = vec![REQUEST, HOST, JSON, LENGTH];
    lines.extend(many.iter().map(String::as_str));
    for message in [message(&[REQUEST, HOST, JSON, LENGTH, &long], &body()), message(&lines, &body())] {
        let answer = caller.raw(message.as_bytes()).unwrap();
        let (reply, rest) = parse_reply(&answer);
        assert_eq!((reply.status.as_u16(), rest), (431, &b""[..]), "{}", reply.text());
        assert!(reply.json().get("receipt").is_none());
        checked::fixed(&reply, 431, "headers-too-large");
    }
}

#[test]
fn what_does_not_arrive_in_time_is_no_query() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 400");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let before = folder.leaves().len();
    let host = format!("Host: {}", caller.address());
    let head = [REQUEST, &host, JSON, "Content-Length: 300", "", ""].join("\r\n");

    let began = Instant::now();
    let answer = caller.raw(format!("{head}{{\"scenario\"").as_bytes()).unwrap();
    let (reply, rest) = parse_reply(&answer);
    assert!(rest.is_empty());
    checked::fixed(&reply, 408, "request-timeout");
    assert!(began.elapsed() < Duration::from_secs(3), "a body that stops is waited for");

    let began = Instant::now();
    let answer = caller.raw(&head.as_bytes()[..head.len() - 10]).unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "a head that stops is waited for");
    if !answer.is_empty() {
        checked::fixed(&parse_reply(&answer).0, 408, "request-timeout");
    }
    assert_eq!(folder.leaves().len(), before, "something was recorded that is no query");
    assert!(metric(folder.port_base(), "credit_gateway_broken_off_total") >= 1);
}

#[test]
fn a_connection_goes_on_after_a_refusal() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let number = folder.person("clean", 8);
    run(async {
        let mut connection = caller.http1().await.unwrap();
        for _ in 0..3 {
            let refused = connection.ask(&look_up("x")).await.unwrap();
            assert_eq!(refused.code(), "invalid-citizen-number");
            let answered = connection.ask(&look_up(&number)).await.unwrap();
            assert_eq!(answered.status, 200);
        }
    });
}

#[test]
fn the_absolute_form_of_the_own_host_and_empty_lines_before_a_request_are_taken() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let own = format!("POST https://{}/v1/queries HTTP/1.1", caller.address());
    for (before, first) in [("", own.as_str()), ("\r\n", REQUEST), ("", "POST /v1/queries HTTP/1.0")] {
        let whole = message(&[first, HOST, JSON, LENGTH, "Connection: close"], &body());
        let answer = caller.raw(format!("{before}{whole}").as_bytes()).unwrap();
        let (reply, rest) = parse_reply(&answer);
        assert!(rest.is_empty());
        checked::answer(folder, "housing", &reply);
    }
}

#[test]
fn targets_that_are_no_path_are_refused_and_recorded() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    for first in ["OPTIONS * HTTP/1.1", "CONNECT {host} HTTP/1.1", "BREW /v1/queries HTTP/1.1"] {
        let answer = caller.raw(message(&[first, HOST, "Connection: close"], "").as_bytes()).unwrap();
        let (reply, rest) = parse_reply(&answer);
        assert!(rest.is_empty());
        assert!(matches!(reply.status.as_u16(), 400 | 404 | 405), "{first}: {}", reply.text());
        checked::refusal(folder, "housing", &reply, reply.status.as_u16(), &reply.code());
    }
}

#[test]
fn requests_behind_one_another_are_answered_in_order() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let good = message(&[REQUEST, HOST, JSON, LENGTH], &body());
    let wrong = message(&[REQUEST, HOST, JSON, LENGTH], "{}");
    let last = message(&[REQUEST, HOST, JSON, LENGTH, "Connection: close"], &body());
    let answer = run(async {
        let mut stream = caller.stream("http/1.1").await.unwrap();
        stream.write_all(format!("{good}{wrong}{last}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map(|_| answer).unwrap()
    });
    let (first, rest) = parse_reply(&answer);
    let (second, rest) = parse_reply(rest);
    let (third, rest) = parse_reply(rest);
    assert_eq!([first.status, second.status, third.status].map(|status| status.as_u16()), [200, 400, 200]);
    assert!(rest.is_empty());
    assert!(first.index() < second.index() && second.index() < third.index());
}
