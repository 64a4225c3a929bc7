//! Refusals for which no body is needed, as Debian's curl gets them over HTTP/2: each with status and body, and no
//! "Stream error". A few of each; 60 with `CREDIT_TESTS_FULL=1`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use credit_tests::{Folder, Gateway, each, parse_reply, run, scratch, sh};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::faults::{frames, is_full};

/// curl's calls: certificate, door, what follows the URL's host, and curl's options.
#[derive(Debug)]
struct Call<'a> {
    folder: &'a Path,
    port: u16,
    institution: &'a str,
    door: u16,
    path: &'a str,
    options: &'a str,
    body: usize,
}

impl Call<'_> {
    /// Each of the calls gives this status and word.
    #[track_caller]
    fn always(&self, status: u16, word: &str) {
        let times = if is_full() { 60 } else { 6 };
        let Self { folder, port, institution, door, path, options, body } = self;
        let file = scratch::folder("early").join("body");
        std::fs::write(&file, "x".repeat(*body)).unwrap();
        let (file, folder, port) = (file.display(), folder.display(), port + door);
        let said = sh(&format!(
            "cd {folder}; for nr in $(seq {times}); do curl -sS --http2 -m 20 --cacert ca.pem \
             --cert institutions/{institution}.pem --key institutions/{institution}.key -w '\\n%{{http_code}}\\n' \
             -H 'Content-Type: application/json' --data-binary @{file} {options} https://localhost:{port}{path} 2>&1; done",
        ));
        let (answers, words) =
            (said.out.lines().filter(|line| *line == status.to_string()), said.out.matches(word).count());
        assert_eq!((answers.count(), words), (times, times), "{path} {options}: {}", said.out);
    }
}

/// A call with a body of a look-up's size.
fn post<'a>(folder: &'a Folder, institution: &'a str, door: u16, path: &'a str, options: &'a str) -> Call<'a> {
    Call { folder: folder.path(), port: folder.port_base(), institution, door, path, options, body: 200 }
}

const QUERIES: &str = "/v1/queries";

#[test]
fn early_answers_reach_curl_over_http2_at_every_door() {
    let folder = Folder::new();
    folder.unregister("bank");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let auditors = 2;
    let long = format!("-H 'X-Long: {}'", "x".repeat(20_000));
    let table = [
        (post(folder, "bank", 0, QUERIES, ""), 401, "certificate-unknown"),
        (post(folder, "bank", auditors, "/checkpoint", ""), 401, "certificate-unknown"),
        (post(folder, "housing", auditors, "/checkpoint", ""), 403, "officers and auditors"),
        (post(folder, "officer", auditors, "/checkpoint", ""), 405, "only GET"),
        (post(folder, "housing", 1, "/login", ""), 405, "此地址不接受这种请求"),
        (post(folder, "housing", 0, QUERIES, "-X PUT"), 405, "method-not-allowed"),
        (post(folder, "housing", 0, "/v1/nothing", ""), 404, "not-found"),
        (post(folder, "housing", 0, QUERIES, "-H 'Content-Type: text/plain'"), 415, "unsupported-media-type"),
        (post(folder, "housing", 0, QUERIES, &long), 431, "headers-too-large"),
        (Call { body: 20_000, ..post(folder, "housing", 0, QUERIES, "") }, 413, "payload-too-large"),
        (Call { body: 900_000, ..post(folder, "housing", 0, QUERIES, "") }, 413, "payload-too-large"),
        (Call { body: 60_000, ..post(folder, "bank", 0, QUERIES, "") }, 401, "certificate-unknown"),
        (Call { body: 900_000, ..post(folder, "bank", 0, QUERIES, "") }, 401, "certificate-unknown"),
        (Call { body: 4_000_000, ..post(folder, "bank", 0, QUERIES, "") }, 401, "certificate-unknown"),
        (Call { body: 4_000_000, ..post(folder, "bank", 0, QUERIES, "-H Expect:") }, 401, "certificate-unknown"),
    ];
    each(table, |(call, status, word)| call.always(*status, word));
}

#[test]
fn refusals_for_want_of_room_reach_curl_over_http2() {
    let folder = Folder::new();
    folder.replace_in_config("journeys_per_institution = 2048", "journeys_per_institution = 1");
    // As long as curl's calls may take.
    folder.replace_in_config("request_ms = 10000", "request_ms = 300000");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    run(async {
        let mut slow = folder.caller("housing").stream("http/1.1").await.expect("a connection");
        let head =
            b"POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        slow.write_all(head).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(200)).await;
        post(folder, "housing", 0, QUERIES, "").always(503, "overloaded");
        Call { body: 300_000, ..post(folder, "housing", 0, QUERIES, "") }.always(503, "overloaded");
    });
}

/// What comes on a connection until it says nothing for two seconds, and when the first of it came.
async fn said(folder: &Folder, protocol: &str, bytes: &[u8]) -> (Vec<u8>, Duration) {
    let mut stream = folder.caller("bank").stream(protocol).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let (mut said, mut first, began) = (Vec::new(), None, Instant::now());
    let mut buffer = [0; 4096];
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut buffer)).await {
        said.extend_from_slice(&buffer[..read]);
        let is_answer = protocol != "h2" || frames::parse(&said).iter().any(|(kind, ..)| *kind == DATA);
        first = first.or(is_answer.then(|| began.elapsed()));
    }
    (said, first.unwrap_or_default())
}

const DATA: u8 = 0;
const RST_STREAM: u8 = 3;

#[test]
fn a_body_that_does_not_come_or_does_not_end_is_waited_for_no_longer_than_it_may_take() {
    let folder = Folder::new();
    folder.unregister("bank");
    folder.replace_in_config("request_ms = 10000", "request_ms = 600");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let in_time = Duration::from_millis(500)..Duration::from_secs(5);
    run(async {
        let head =
            b"POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        let (said, took) = said(folder, "http/1.1", head).await;
        assert_eq!(parse_reply(&said).0.code(), "certificate-unknown");
        assert!(in_time.contains(&took), "{took:?}");

        let request = [frames::preface(), frames::head(1, None), frames::data(1, b"{", false)].concat();
        let (said, took) = self::said(folder, "h2", &request).await;
        assert!(in_time.contains(&took), "{took:?}");
        let sent = frames::parse(&said);
        let last = sent.iter().filter(|(_, _, stream, _)| *stream == 1).map(|(kind, flags, ..)| (*kind, flags & 1));
        let last: Vec<_> = last.collect();
        // Head, body with the stream's end, and only then the reset.
        assert_eq!(last, [(1, 0), (DATA, 1), (RST_STREAM, 0)]);
        let reset = sent.iter().find(|(kind, ..)| *kind == RST_STREAM).map(|(.., reason)| reason.clone());
        assert_eq!(reset, Some((frames::Reason::NoError as u32).to_be_bytes().to_vec()));
    });
}
