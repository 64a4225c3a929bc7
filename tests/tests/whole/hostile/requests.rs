//! Single requests that no client would send: shapes in which requests are smuggled, heads of HTTP/2 that are none, and
//! bodies that parsers read in different ways. None of them is answered, none of them is anything but a refusal or the end
//! of the connection, and behind none of them another request gets through.

use std::{sync::LazyLock, time::Duration};

use credit_tests::{Folder, Gateway, checked, each, parse_reply, query::look_up, run};
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire::{
    self, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, QUERY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, begin, block, frame, request,
};

/// One of these tests' own: so many records would push others' out of the shared one's last tile.
fn own() -> &'static Folder {
    static OWN: LazyLock<Gateway> = LazyLock::new(|| Gateway::serve(Folder::new()));
    OWN.folder()
}

/// Lines of a head with their ends; `#` stands for the length of the body, which is a whole query.
const SMUGGLED: &[&str] = &[
    // Whose length counts (RFC 9112 §6.3)?
    "Content-Length: #\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: #\r\n",
    "Content-Length: #\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: #\r\nTransfer-Encoding: gzip, chunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding: chunked, identity\r\n",
    "Content-Length: #\r\nTransfer-Encoding: xchunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding: \"chunked\"\r\n",
    "Content-Length: #\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: #\r\nTRANSFER-ENCODING: Chunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding:\tchunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding:\r\n",
    "Content-Length: #\r\nTransfer-Encoding : chunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding\t: chunked\r\n",
    "Content-Length: #\r\n Transfer-Encoding: chunked\r\n",
    "Content-Length: #\r\nX: y\r\n Transfer-Encoding: chunked\r\n",
    "Content-Length: #\r\nX: y\n\nTransfer-Encoding: chunked\r\n",
    "Content-Length: #\r\nX: y\rTransfer-Encoding: chunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding:\r\n chunked\r\n",
    "Content-Length: #\r\nTransfer\u{0}-Encoding: chunked\r\n",
    "Content-Length: #\r\nTransfer-Encoding: chunked\u{b}\r\n",
    // Lengths that two parties read in two ways.
    "Content-Length: #\r\nContent-Length: 0\r\n",
    "Content-Length: 0\r\nContent-Length: #\r\n",
    "Content-Length: #, #\r\n",
    "Content-Length: #,0\r\n",
    "Content-Length: +#\r\n",
    "Content-Length: -#\r\n",
    "Content-Length: #.0\r\n",
    "Content-Length: 1e3\r\n",
    "Content-Length: 0x#\r\n",
    "Content-Length: # #\r\n",
    "Content-Length: \"#\"\r\n",
    "Content-Length: \u{661}\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Content-Length: 99999999999999999999999999\r\n",
    "Content-Length : #\r\n",
    "Content-Length\u{0}: #\r\n",
    "Content-Length: #\r\n\tX: y\r\n",
    "Content-Length: \r\n #\r\n",
    // Lines that are none.
    "Content-Length: #\r\nno colon\r\n",
    "Content-Length: #\r\n: no name\r\n",
    "Content-Length: #\r\nX y: z\r\n",
    "Content-Length: #\r\nX(y): z\r\n",
    "Content-Length: #\r\nX: \u{0}\r\n",
    "Content-Length: #\r\nX: \u{7f}\r\n",
    "Content-Length: #\nX: y\r\n",
];

#[test]
fn nothing_is_smuggled_in_behind_a_head() {
    let folder = own();
    let caller = folder.caller("housing");
    let body = look_up(&folder.person("clean", 8)).to_string();
    let message = |lines: &str| {
        let lines = lines.replace('#', &body.len().to_string());
        let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        format!("{head}{lines}\r\n{body}")
    };
    each(SMUGGLED, |lines| {
        let both = format!("{}{}", message(lines), message("Connection: close\r\nContent-Length: #\r\n"));
        let answer = caller.raw(both.as_bytes()).unwrap();
        // Closed without a word, or with one refusal; the whole query that follows is not looked at.
        if !answer.is_empty() {
            let (reply, rest) = parse_reply(&answer);
            assert!(rest.is_empty(), "{}", String::from_utf8_lossy(rest));
            assert_eq!(reply.status, 400, "{}", reply.text());
        }
    });
    // The same body with nothing wrong about its head is a query.
    let answer = caller.raw(message("Connection: close\r\nContent-Length: #\r\n").as_bytes()).unwrap();
    checked::answer(folder, "housing", &parse_reply(&answer).0);
}

/// Bodies that are not in chunks as they must be: what extensions, trailers and sizes can be made of.
const CHUNKED: &[&str] = &[
    "000000002\r\n{}\r\n0\r\n\r\n",
    "2 \r\n{}\r\n0\r\n\r\n",
    "\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}\r\n0\r\n\n",
    "2\r{}\r\n0\r\n\r\n",
    "3\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}\r\n0;\r\n\r\n",
    "2;x=y\r\n{}\r\n0\r\n\r\n",
    "2;\n\r\n{}\r\n0\r\n\r\n",
    "0x2\r\n{}\r\n0\r\n\r\n",
    "+2\r\n{}\r\n0\r\n\r\n",
    "-2\r\n{}\r\n0\r\n\r\n",
    "ffffffffffffffff0\r\n{}\r\n0\r\n\r\n",
    "2\n{}\n0\n\n",
    "2\r\n{}0\r\n\r\n",
    "0\r\nContent-Length: 9\r\n\r\n",
];

#[test]
fn bodies_in_chunks_of_another_form_are_refused_and_nothing_behind_them_is_read() {
    let caller = own().caller("housing");
    each(CHUNKED, |chunks| {
        let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        let behind = "GET /v1/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answer =
            caller.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}{behind}").as_bytes()).unwrap();
        if !answer.is_empty() {
            let (reply, rest) = parse_reply(&answer);
            assert!(rest.is_empty(), "{}", String::from_utf8_lossy(rest));
            assert!(matches!(reply.status.as_u16(), 400 | 408), "{}", reply.text());
        }
    });
}

#[test]
fn a_body_in_chunks_is_a_body_like_any_other_and_the_next_request_follows() {
    let folder = own();
    let caller = folder.caller("housing");
    let body = look_up(&folder.person("clean", 8)).to_string();
    let (one, other) = body.split_at(9);
    let (one_size, other_size) = (one.len(), other.len());
    let whole = format!("{:X}\r\n{body}\r\n", body.len());
    let single: String = body.chars().map(|one| format!("1\r\n{one}\r\n")).collect();
    for chunks in [whole, format!("{one_size:08x}\r\n{one}\r\n{other_size:x}\r\n{other}\r\n"), single] {
        let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        let behind = "GET /v1/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let sent = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n{behind}");
        let answer = caller.raw(sent.as_bytes()).unwrap();
        let (reply, rest) = parse_reply(&answer);
        checked::answer(folder, "housing", &reply);
        assert_eq!(parse_reply(rest).0.status, 404, "{}", String::from_utf8_lossy(rest));
    }
    // 16 KiB count after decoding.
    let long = " ".repeat(16 * 1024);
    let sent = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}{long}\r\n0\r\n\r\n",
        body.len() + long.len()
    );
    assert_eq!(parse_reply(&caller.raw(sent.as_bytes()).unwrap()).0.status, 413);
}

type Fields = &'static [(&'static str, &'static str)];

/// Heads of HTTP/2 that are malformed (RFC 9113 §8): without the pseudo-header, or with the fields, that are named.
const HEADS: &[(&[&str], Fields)] = &[
    (&[":method"], &[]),
    (&[":scheme"], &[]),
    (&[":path"], &[]),
    (&[":method", ":scheme", ":authority", ":path"], &[]),
    (&[], &[(":method", "POST")]),
    (&[], &[(":path", "/v1/nothing")]),
    (&[], &[(":scheme", "http")]),
    (&[], &[(":authority", "127.0.0.1")]),
    (&[], &[(":status", "200")]),
    (&[], &[(":protocol", "websocket")]),
    (&[], &[(":unknown", "x")]),
    (&[":path"], &[(":path", "/v1/queries")]),
    (&[], &[("Content-Type", "application/json")]),
    (&[], &[("X", "y")]),
    (&[], &[("x y", "z")]),
    (&[], &[("x:y", "z")]),
    (&[], &[("", "z")]),
    (&[], &[("x", "a\r\nb: c")]),
    (&[], &[("x", "a\nb")]),
    (&[], &[("x", "a\0b")]),
    (&[], &[("connection", "close")]),
    (&[], &[("keep-alive", "5")]),
    (&[], &[("proxy-connection", "close")]),
    (&[], &[("transfer-encoding", "chunked")]),
    (&[], &[("upgrade", "h2c")]),
    (&[], &[("te", "gzip")]),
    (&[], &[("content-length", "1")]),
    (&[], &[("content-length", "-1")]),
    (&[], &[("content-length", "99999999999999999999")]),
    (&[], &[("host", "other.example")]),
];

/// What a server sent within a while on a connection over which these bytes went.
fn said(bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let caller = own().caller("housing");
    run(async {
        let mut stream = caller.stream("h2").await.unwrap();
        drop(stream.write_all(bytes).await);
        drop(stream.flush().await);
        let (mut said, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        // Until the stream is answered or ended, or the connection is.
        while let Ok(Ok(read @ 1..)) = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer)).await {
            said.extend_from_slice(&buffer[..read]);
            let over = |(kind, flags, stream, _): &(u8, u8, u32, Vec<u8>)| match *kind {
                DATA | HEADERS => *stream == 1 && flags & END_STREAM != 0,
                RST_STREAM | GOAWAY => true,
                _ => false,
            };
            if wire::parse(&said).iter().any(over) {
                break;
            }
        }
        wire::parse(&said)
    })
}

/// Nothing of it was answered: the stream or the connection was ended, or refused in words.
#[track_caller]
fn assert_refused(said: &[(u8, u8, u32, Vec<u8>)]) {
    let text: Vec<u8> = said.iter().filter(|(kind, ..)| *kind == DATA).flat_map(|(.., bytes)| bytes.clone()).collect();
    let text = String::from_utf8_lossy(&text);
    assert!(!text.contains("\"data\":"), "{text}");
    let ended = said.iter().any(|(kind, ..)| matches!(*kind, RST_STREAM | GOAWAY)) || text.contains("\"status\":4");
    // Some faults are told by closing alone.
    let closed = said.iter().all(|(kind, ..)| *kind != HEADERS);
    assert!(ended || closed, "{text}, {:?}", said.iter().map(|(kind, ..)| kind).collect::<Vec<_>>());
}

fn a_body() -> String {
    look_up(&own().person("clean", 8)).to_string()
}

#[test]
fn heads_of_http2_that_are_malformed_are_no_queries() {
    let body = a_body();
    each(HEADS, |(without, with)| {
        let kept = QUERY.iter().filter(|(name, _)| !without.contains(name));
        // A pseudo-header that is added comes after the others, and after a header.
        let fields: Vec<_> = kept.chain(*with).copied().collect();
        let head = frame(HEADERS, END_HEADERS, 1, &block(&fields));
        assert_refused(&said(&[begin(&[]), head, frame(DATA, END_STREAM, 1, body.as_bytes())].concat()));
    });
    let said = said(&[begin(&[]), request(1, body.as_bytes())].concat());
    let text: Vec<u8> = said.into_iter().filter(|(kind, ..)| *kind == DATA).flat_map(|(.., bytes)| bytes).collect();
    assert!(String::from_utf8_lossy(&text).contains("\"data\":"), "nothing wrong about it, and not answered");
}

/// Paths of HTTP/2 that are another than that of a query, or none (RFC 9113 §8.3.1).
const PATHS: &[&str] =
    &["", "*", "v1/queries", "/v1/queries?x#y", "/v1/nothing#/v1/queries", "//v1/queries", "/v1/queries/"];

#[test]
fn paths_of_http2_that_are_not_that_of_a_query_are_not_answered() {
    let body = a_body();
    let ask = |path: &str| {
        let fields = QUERY.map(|(name, value)| (name, if name == ":path" { path } else { value }));
        let head = frame(HEADERS, END_HEADERS, 1, &block(&fields));
        said(&[begin(&[]), head, frame(DATA, END_STREAM, 1, body.as_bytes())].concat())
    };
    each(PATHS, |path| assert_refused(&ask(path)));
    // A fragment is dropped where HTTP/2 is read, before anything of ours sees it: the path is then that of a query, and
    // nobody reads it in another way (docs/formats.md §2).
    let answered = ask("/v1/queries#/v1/nothing");
    let text: Vec<u8> = answered.into_iter().filter(|(kind, ..)| *kind == DATA).flat_map(|(.., bytes)| bytes).collect();
    assert!(String::from_utf8_lossy(&text).contains("\"data\":"), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn frames_of_http2_that_are_malformed_end_the_connection_or_the_stream() {
    let (body, head) = (a_body(), block(&QUERY));
    let body = body.as_bytes();
    let zero = [0; 4];
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("no preface", vec![b'x'; 64]),
        ("a frame that is too long", frame(DATA, 0, 1, &[0; 20_000])),
        ("a head for stream 0", frame(HEADERS, END_HEADERS, 0, &head)),
        ("a head for a server's stream", frame(HEADERS, END_HEADERS, 2, &head)),
        ("a body without a head", frame(DATA, END_STREAM, 1, body)),
        ("a body for stream 0", frame(DATA, END_STREAM, 0, body)),
        ("the rest of no head", frame(CONTINUATION, END_HEADERS, 1, &head)),
        ("something within a head", [frame(HEADERS, 0, 1, &head), frame(DATA, END_STREAM, 1, body)].concat()),
        ("another head within a head", [frame(HEADERS, 0, 1, &head), frame(HEADERS, END_HEADERS, 3, &head)].concat()),
        ("a stream that goes back", [request(5, body), request(1, body)].concat()),
        ("a number that is in no table", frame(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0xff, 0x7f])),
        ("a number without an end", frame(HEADERS, END_HEADERS, 1, &[0xff; 64])),
        ("letters that are in no code", frame(HEADERS, END_HEADERS, 1, &[0x10, 0x84, 0xff, 0xff, 0xff, 0xff])),
        ("a table that is too large", frame(HEADERS, END_HEADERS, 1, &[&[0x3f, 0xff, 0xff, 0x7f], &head[..]].concat())),
        ("more padding than frame", frame(DATA, PADDED | END_STREAM, 1, &[255, 0])),
        ("a reset of stream 0", frame(RST_STREAM, 0, 0, &zero)),
        ("a reset of an idle stream", frame(RST_STREAM, 0, 9, &zero)),
        ("a reset that is cut short", [frame(HEADERS, END_HEADERS, 1, &head), frame(RST_STREAM, 0, 1, &[0])].concat()),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("settings that are cut short", frame(SETTINGS, 0, 0, &[0; 5])),
        ("an answer to settings with settings", frame(SETTINGS, 1, 0, &[0; 6])),
        ("a window that is too large", frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])),
        ("frames that are too small", frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1])),
        ("push that is neither", frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2])),
        ("a ping that is cut short", frame(wire::PING, 0, 0, &[0; 7])),
        ("a ping of a stream", frame(wire::PING, 0, 1, &[0; 8])),
        ("a window that opens by nothing", frame(WINDOW_UPDATE, 0, 0, &zero)),
        ("a window that opens too far", frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("a window of an idle stream", frame(WINDOW_UPDATE, 0, 9, &[0, 0, 0, 1])),
        ("a promise by a caller", frame(5, END_HEADERS, 1, &[&[0, 0, 0, 2], &head[..]].concat())),
        ("a stream that leans on itself", frame(HEADERS, END_HEADERS | 0x20, 1, &[&[0, 0, 0, 1, 9], &head[..]].concat())),
        ("a body after its end", [request(1, b"{}"), frame(DATA, END_STREAM, 1, body)].concat()),
        ("pseudo-headers behind a body", [
            frame(HEADERS, END_HEADERS, 1, &head), frame(DATA, 0, 1, body), frame(HEADERS, END_HEADERS | END_STREAM, 1, &head),
        ].concat()),
    ];
    assert!(table.len() >= 30);
    each(table, |(what, frames)| {
        let before = if *what == "no preface" { Vec::new() } else { begin(&[]) };
        assert_refused(&said(&[before, frames.clone()].concat()));
    });
}

/// Bodies that are no query in any reader's eyes, or in two readers' eyes two queries. `@` stands for a citizen number.
const BODIES: &[&[u8]] = &[
    b"",
    b" ",
    b"null",
    b"0",
    b"\"\"",
    b"[]",
    b"{",
    b"{}}",
    b"{}{}",
    b"\xef\xbb\xbf{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"}",
    b"\xff\xfe{\0}\0",
    b"\0",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"}\0",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"} x",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"case\":\"1\"}",
    b"{\"subject\":\"@\",\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"\\u0063ase\":\"2\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"Case\":\"2\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"__proto__\":{}}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":1}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":[\"a\"],\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":990101199001011234,\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":9.9e17,\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":{\"$ne\":\"\"},\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\\u0000\",\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\\ud800\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\xc0\xaf\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\xed\xa0\x80\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\n\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"fields\":{}}",
    b"{\"scenario\":\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\",\"fields\":[1]}",
    b"{'scenario':'public-rental-housing','subject':'@','operator':'a','case':'1'}",
    b"{scenario:\"public-rental-housing\",\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"scenario\":\"public-rental-housing\",/**/\"subject\":\"@\",\"operator\":\"a\",\"case\":\"1\"}",
    b"{\"a\":NaN}",
    b"{\"a\":Infinity}",
    b"{\"a\":1e999999999}",
    b"{\"a\":-0.0e-999999}",
    b"{\"a\":0123}",
];

#[test]
fn bodies_that_are_read_in_two_ways_are_refused_and_recorded() {
    let folder = own();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 9));
    let filled =
        |body: &[u8]| -> Vec<u8> { body.split(|byte| *byte == b'@').collect::<Vec<_>>().join(number.as_bytes()) };
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(1_500), close.repeat(1_500)).into_bytes();
    let made = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        vec![b'['; 16_000],
        format!("{{\"a\":{}}}", "9".repeat(16_000)).into_bytes(),
        format!("{{\"{}\":1}}", "a".repeat(16_000)).into_bytes(),
        format!("{{{}\"b\":1}}", "\"a\":1,".repeat(2_500)).into_bytes(),
        format!("{{\"a\":\"{}\"}}", "\\u0000".repeat(2_500)).into_bytes(),
    ];
    let all = BODIES.iter().map(|body| filled(body)).chain(made);
    run(async {
        let mut connection = caller.http1().await.unwrap();
        for body in all {
            let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).replace(&number, "@");
            let headers = [("content-type", "application/json")];
            let request = credit_tests::request(Method::POST, "/v1/queries", &headers, body);
            let reply = connection.send(request).await.unwrap();
            let code = reply.code();
            assert!(matches!(code.as_str(), "malformed-request" | "invalid-citizen-number"), "{shown}: {code}");
            checked::refusal(folder, "housing", &reply, 400, &code);
        }
    });
}

#[test]
fn there_are_enough_of_them() {
    let all = SMUGGLED.len() + CHUNKED.len() + HEADS.len() + PATHS.len() + BODIES.len();
    assert!(all >= 60, "{all}");
}
