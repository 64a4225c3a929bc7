//! Batches: one leaf a line, answers in order, and each line answered once whatever breaks.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use credit_tests::{
    Caller, Ended, Folder, Gateway, Leaf, Reply, checked, gateway,
    query::{look_up, look_up_under},
    request, run, wire,
};
use hyper::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};

use crate::faults::within;

const PATH: &str = "/v1/batches";
const LINES: &str = "application/x-ndjson";

fn id(number: u32) -> String {
    format!("0f4e2a10-0000-4000-8000-{number:012}")
}

/// Look-ups about the folder's people, each under a case of its own.
fn lines(folder: &Folder, count: usize) -> Vec<Value> {
    let people = folder.noted("clean");
    let line = |number: usize| {
        let mut line = look_up(&people[number % people.len()]);
        line["line"] = json!(number);
        line
    };
    (1..=count).map(line).collect()
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn send(caller: &Caller, id: &str, more: &[(&str, &str)], body: String) -> Reply {
    caller.send(Method::POST, PATH, &[&[("content-type", LINES), ("batch-id", id)], more].concat(), body)
}

/// A batch as it stands on the wire.
fn bytes(caller: &Caller, body: &str) -> Vec<u8> {
    let (host, id, length) = (caller.address(), id(1), body.len());
    let head = format!("Host: {host}\r\nContent-Type: {LINES}\r\nBatch-Id: {id}\r\nContent-Length: {length}");
    format!("POST {PATH} HTTP/1.1\r\n{head}\r\n\r\n{body}").into_bytes()
}

/// The lines of an answer.
#[track_caller]
fn answers(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(answers: &[Value]) -> Vec<u64> {
    answers.iter().map(|answer| answer["line"].as_u64().unwrap()).collect()
}

/// A line as the reply that the same query alone would have had.
pub(crate) fn alone(line: &str) -> Reply {
    let status: u16 = serde_json::from_str::<Value>(line).unwrap()["status"].as_u64().unwrap().try_into().unwrap();
    let (_, rest) = line.split_once(',').unwrap();
    let rest = rest.strip_prefix("\"status\":200,").unwrap_or(rest);
    let mut headers = HeaderMap::new();
    let media_type = if status == 200 { "application/json" } else { "application/problem+json" };
    for (name, value) in [
        ("content-type", format!("{media_type}; charset=utf-8")),
        ("cache-control", "no-store".to_owned()),
        ("content-language", "zh".to_owned()),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
    }
    Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: format!("{{{rest}").into_bytes() }
}

/// Of the answered leaves, by case: those that repeat none, and those that do.
fn answered(folder: &Folder) -> BTreeMap<String, (u32, u32)> {
    let mut by_case: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let is_answer = |leaf: &&Leaf| leaf.json["kind"] == "query" && leaf.json["outcome"] == "answered";
    for leaf in folder.leaves().iter().filter(is_answer) {
        let case = leaf.json["ground"]["case"].as_str().unwrap_or_default().to_owned();
        let (first, again) = by_case.entry(case).or_default();
        *(if leaf.json.get("repeats").is_none() { first } else { again }) += 1;
    }
    by_case
}

#[test]
fn what_is_no_batch_is_refused_whole_and_recorded() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, body) = (folder.caller("housing"), text(&lines(folder, 1)));
    let send = |headers: &[(&str, &str)], body: &str| caller.send(Method::POST, PATH, headers, body.to_owned());
    let (kind, batch) = (("content-type", LINES), id(1));
    let named = ("batch-id", batch.as_str());
    for (reply, status, code) in [
        (send(&[("content-type", "application/json"), named], &body), 415, "unsupported-media-type"),
        (send(&[kind], &body), 400, "malformed-request"),
        (send(&[kind, ("batch-id", "1")], &body), 400, "malformed-request"),
        (send(&[kind, ("batch-id", &batch.replace('f', "F"))], &body), 400, "malformed-request"),
        (send(&[kind, named, named], &body), 400, "malformed-request"),
        (send(&[kind, named, ("batch-after", "-1")], &body), 400, "malformed-request"),
        (send(&[kind, named, ("batch-after", "one")], &body), 400, "malformed-request"),
        (send(&[kind, named], ""), 400, "malformed-request"),
        (send(&[kind, named], &"\n".repeat(100_001)), 413, "payload-too-large"),
        (caller.send(Method::GET, PATH, &[], ""), 405, "method-not-allowed"),
        (caller.send(Method::POST, "/v1/batches?x", &[kind, named], body.clone()), 400, "malformed-request"),
    ] {
        checked::refusal(folder, "housing", &reply, status, code);
        assert!(reply.json()["detail"].is_string(), "{}", reply.text());
        let title = reply.json()["title"].to_string();
        assert!(!title.contains("application/json") && !title.contains("16 KiB"), "not of a batch: {title}");
    }
    let own = answers(&send(&[kind, named], &body));
    assert_eq!(numbers(&own), [1], "what was refused whole left nothing under its id");
}

#[test]
fn what_is_wrong_with_a_line_is_said_in_the_words_of_a_line() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let mut sound = lines(folder, 7);
    sound[0]["extra"] = json!(1);
    sound[1]["operator"] = json!(1);
    sound[2]["consent"] = json!(1);
    sound[3]["scenario"] = json!("commercial-loan");
    sound[5]["line"] = json!(6.0);
    sound[6]["line"] = json!("7");
    let mut body = text(&sound);
    body.push_str(&format!("{}\nno object\n\u{feff}{{}}\n", " ".repeat(32 * 1024 + 1)));
    let batch = id(1);
    let caller = folder.caller("bank");
    let reply = caller.send(
        Method::POST,
        PATH,
        &[("content-type", LINES), ("batch-id", &batch), ("accept-language", "en")],
        body,
    );
    let told = answers(&reply);
    let expected = [
        ("malformed-request", "each line must be one JSON object"),
        ("malformed-request", "`operator`"),
        ("malformed-request", "each line must be one JSON object"),
        ("consent-required", "the member `consent` of the line"),
        ("scenario-not-allowed", ""),
        ("malformed-request", "`line`, a whole number"),
        ("malformed-request", "`line`, a whole number"),
        ("payload-too-large", "a line may have 32 KiB"),
        ("malformed-request", "each line must be one JSON object"),
        ("malformed-request", "byte order mark"),
    ];
    assert_eq!(told.len(), expected.len());
    for (answer, (code, detail)) in told.iter().zip(expected) {
        let said = answer["detail"].as_str().unwrap_or_default();
        assert!(answer["code"] == code && said.contains(detail), "{code} {detail}: {answer}");
        // The title holds for whatever is sent: a line is no body, and has its consent in itself.
        let title = answer["title"].as_str().unwrap();
        for other in ["16 KiB", "body", "`Authorization`", "missing"] {
            assert!(!title.contains(other), "{answer}");
        }
    }
}

#[test]
fn each_line_has_its_own_answer_leaf_and_receipt_in_order_over_both_protocols() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let mut lines = lines(folder, 100);
    lines[3]["scenario"] = json!("nothing");
    lines[4]["subject"] = json!("990001195901018777");
    lines[5]["line"] = json!(60);
    lines[6].as_object_mut().unwrap().remove("case");
    let minor = folder.person("minor", 0);
    lines[7]["subject"] = json!(minor);
    let mut body = text(&lines);
    body.push_str("no object\n");
    for (number, protocol) in [(1, "http/1.1"), (2, "h2")] {
        let (batch, caller) = (id(number), folder.caller("housing"));
        let headers = [("content-type", LINES), ("batch-id", &batch), ("accept-language", "zh")];
        let asked = request(Method::POST, PATH, &headers, body.clone());
        let reply = run(async {
            let mut connection = if protocol == "h2" { caller.http2().await? } else { caller.http1().await? };
            connection.send(asked).await
        });
        let reply = reply.unwrap();
        let all = answers(&reply);
        assert_eq!(numbers(&all), (1..=101).collect::<Vec<_>>());
        let refused: BTreeMap<_, _> = all
            .iter()
            .filter(|answer| answer["status"] != 200)
            .map(|answer| (answer["line"].as_u64().unwrap(), answer["code"].as_str().unwrap()))
            .collect();
        // The second time the cases of the others are used by the first, but a case may be looked up three times.
        let expected = [
            (4, "unknown-scenario"),
            (5, "invalid-citizen-number"),
            (6, "malformed-request"),
            (7, "case-required"),
            (8, "subject-minor"),
            (101, "malformed-request"),
        ];
        assert_eq!(refused, BTreeMap::from(expected), "{protocol}");
        for line in reply.text().lines() {
            let (reply, json): (_, Value) = (alone(line), serde_json::from_str(line).unwrap());
            match json["code"].as_str() {
                None => drop(checked::answer(folder, "housing", &reply)),
                Some(code) => drop(checked::refusal(folder, "housing", &reply, reply.status.as_u16(), code)),
            }
        }
        let members: BTreeSet<_> = wire::keys(reply.text().lines().next().unwrap().as_bytes()).into_iter().collect();
        assert!(members.is_superset(&["line", "status", "query", "data", "receipt"].map(str::to_owned).into()));
    }
}

#[test]
fn another_text_under_the_same_id_is_a_conflict_on_each_line() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, mut lines) = (folder.caller("housing"), lines(folder, 3));
    assert!(answers(&send(&caller, &id(1), &[], text(&lines))).iter().all(|answer| answer["status"] == 200));
    lines[2]["case"] = json!("ANOTHER-CASE");
    let all = answers(&send(&caller, &id(1), &[], text(&lines)));
    assert!(all.iter().all(|answer| answer["code"] == "idempotency-conflict"), "{all:?}");
    for answer in &all {
        let (title, detail) = (answer["title"].to_string(), answer["detail"].to_string());
        assert!(detail.contains("`Batch-Id`") && !(title + &detail).contains("Idempotency-Key"), "{answer}");
    }
    let all = answers(&send(&caller, &id(2), &[], text(&lines)));
    assert!(all.iter().all(|answer| answer["status"] == 200 && answer.get("repeats").is_none()), "{all:?}");
}

#[test]
fn a_caller_who_was_cut_off_goes_on_and_nothing_is_counted_twice() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, lines) = (folder.caller("housing"), lines(folder, 300));
    let body = text(&lines);
    // It reads the head and the first lines, and is gone.
    run(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = caller.stream("http/1.1").await.unwrap();
        stream.write_all(&bytes(&caller, &body)).await.unwrap();
        let mut some = vec![0; 4_000];
        stream.read_exact(&mut some).await.unwrap();
    });
    // Its place is free again as soon as the gateway has seen that.
    let begun = Instant::now();
    let reply = loop {
        let reply = send(&caller, &id(1), &[("batch-after", "2")], body.clone());
        if reply.status != StatusCode::SERVICE_UNAVAILABLE || begun.elapsed() > Duration::from_secs(10) {
            break reply;
        }
    };
    let all = answers(&reply);
    assert_eq!(numbers(&all), (3..=300).collect::<Vec<_>>());
    assert!(all.iter().all(|answer| answer["status"] == 200), "{all:?}");
    assert!(within(Duration::from_secs(10), || answered(folder).len() == 300));
    let counted = answered(folder);
    assert!(counted.values().all(|(first, _)| *first == 1), "{counted:?}");
}

#[test]
fn a_gateway_that_was_killed_in_the_middle_goes_on_from_there() {
    let gateway = Gateway::serve(Folder::new());
    let (caller, lines) = (gateway.folder().caller("housing"), lines(gateway.folder(), 400));
    let body = text(&lines);
    let (received, folder) = run(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = caller.stream("http/1.1").await.unwrap();
        stream.write_all(&bytes(&caller, &body)).await.unwrap();
        let mut received = vec![0; 30_000];
        stream.read_exact(&mut received).await.unwrap();
        (received, gateway.kill())
    });
    let text = String::from_utf8_lossy(&received);
    let last = text.lines().filter(|line| line.starts_with("{\"line\":") && line.ends_with('}')).count();
    assert!((1..400).contains(&last), "{last}");
    let gateway = Gateway::serve(folder);
    let after = last.to_string();
    let all = answers(&send(&caller, &id(1), &[("batch-after", &after)], body));
    assert_eq!(numbers(&all), (last as u64 + 1..=400).collect::<Vec<_>>());
    assert!(all.iter().all(|answer| answer["status"] == 200), "{all:?}");
    let folder = gateway.stop();
    let counted = answered(&folder);
    assert_eq!(counted.len(), 400);
    assert!(counted.values().all(|(first, _)| *first == 1), "{counted:?}");
}

#[test]
fn lines_wait_for_the_rate_and_one_batch_is_under_way_at_a_time() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "rate_per_s = 2000", "rate_per_s = 40");
    folder.set_of_institution("housing", "burst = 4000", "burst = 20");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, lines) = (folder.caller("housing"), lines(folder, 100));
    let begun = Instant::now();
    let other = std::thread::scope(|scope| {
        let first = scope.spawn(|| answers(&send(&caller, &id(1), &[], text(&lines))));
        std::thread::sleep(Duration::from_millis(500));
        let other = send(&caller, &id(2), &[], text(&lines[..1]));
        let first = first.join().unwrap();
        assert!(first.iter().all(|answer| answer["status"] == 200), "{first:?}");
        other
    });
    assert!(begun.elapsed() >= Duration::from_millis(1_800), "{:?}", begun.elapsed());
    assert!([429, 503].contains(&other.status.as_u16()), "{}", other.text());
}

#[test]
fn a_caller_who_takes_no_answers_holds_nothing_up_and_is_given_up() {
    let folder = Folder::new();
    folder.replace_in_config("request_ms = 10000", "request_ms = 1000");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, lines) = (folder.caller("housing"), lines(folder, 2_000));
    let (batch, body) = (id(1), text(&lines));
    run(async {
        let io = TokioIo::new(caller.stream("h2").await.unwrap());
        let mut http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let small = http2.initial_stream_window_size(16_384);
        let (mut sender, connection) = small.handshake(io).await.unwrap();
        tokio::spawn(connection);
        let headers = [("content-type", LINES), ("batch-id", &batch)];
        let mut asked = request(Method::POST, PATH, &headers, body);
        *asked.uri_mut() = format!("https://{}{PATH}", caller.address()).parse().unwrap();
        let unread = sender.send_request(asked).await.unwrap();
        assert_eq!(unread.status(), StatusCode::OK);
        let under_case = look_up_under(&folder.person("clean", 0), "BESIDE-IT");
        let reply = caller.http1().await.unwrap().ask(&under_case).await.unwrap();
        checked::answer(folder, "housing", &reply);
        // Its window was filled long ago; it is given up after three times the time of a request.
        let latest = Instant::now() + Duration::from_secs(20);
        loop {
            let headers = [("content-type", LINES), ("batch-id", &id(2))];
            let one = request(Method::POST, PATH, &headers, text(&lines[..1]));
            if caller.http1().await.unwrap().send(one).await.unwrap().status == StatusCode::OK {
                break;
            }
            assert!(Instant::now() < latest, "its place is not free");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        drop(unread);
    });
    let asked = answered(folder).len();
    assert!(asked < 1_000, "{asked} lines were asked although nobody took the answers");
}

#[test]
fn the_command_says_why_its_certificate_is_refused() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let file = folder.join("one.json").to_str().unwrap().to_owned();
    std::fs::write(&file, text(&lines(folder, 1))).unwrap();
    let said = ask_as("revoked", folder, folder.port_base(), &[&file]);
    assert!(said.failed(69).to_lowercase().contains("revoked"));
}

#[test]
fn a_long_batch_that_is_refused_is_read_to_its_end_over_both_protocols() {
    let served = Gateway::serve(Folder::new());
    let caller = served.folder().caller("housing");
    let long = "x".repeat(3 * 1024 * 1024);
    let kind = [("content-type", LINES)];
    run(async {
        for mut connection in [caller.http1().await.unwrap(), caller.http2().await.unwrap()] {
            let url = format!("https://{}{PATH}", caller.address());
            let reply = connection.send(request(Method::POST, &url, &kind, long.clone())).await.unwrap();
            assert_eq!(reply.status, 400, "{}", reply.text());
            // The connection goes on, so all of it was read.
            let reply = connection.send(request(Method::POST, &url, &kind, String::new())).await.unwrap();
            assert_eq!(reply.status, 400, "{}", reply.text());
        }
    });
}

fn ask(folder: &Folder, port: u16, arguments: &[&str]) -> Ended {
    ask_as("housing", folder, port, arguments)
}

fn ask_as(institution: &str, folder: &Folder, port: u16, arguments: &[&str]) -> Ended {
    let url = format!("https://127.0.0.1:{port}");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (authority, certificate, key) = (
        path("ca.pem"),
        path(&format!("institutions/{institution}.pem")),
        path(&format!("institutions/{institution}.key")),
    );
    let mut all = vec!["ask", "--url", &url, "--authority", &authority, "--certificate", &certificate, "--key", &key];
    all.extend_from_slice(arguments);
    gateway(&all)
}

#[test]
fn the_command_asks_a_file_of_queries_and_goes_on_where_it_broke_off() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let port = folder.port_base();
    let mut queries = lines(folder, 60);
    for query in &mut queries {
        query.as_object_mut().unwrap().remove("line");
    }
    queries[9]["scenario"] = json!("nothing");
    let [file, out] = ["queries.ndjson", "answers.ndjson"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    std::fs::write(&file, text(&queries)).unwrap();
    let batch = ["--batch", &file, "--out", &out, "--json"];
    let said = ask(folder, port, &batch);
    assert!(said.out.ends_with("{\"answered\":59,\"refused\":1,\"of\":60}\n"), "{said:?}");
    assert_eq!((said.code, said.err.contains("refused: 1")), (Some(1), true), "{said:?}");
    let whole = std::fs::read_to_string(&out).unwrap();
    assert_eq!(whole.lines().count(), 60);

    // As if the last answers had been lost in the middle of one: they come again, as repeats.
    let kept: usize = whole.split_inclusive('\n').take(40).map(str::len).sum();
    std::fs::write(&out, &whole.as_bytes()[..kept + 10]).unwrap();
    let said = ask(folder, port, &batch);
    assert!(said.out.ends_with("{\"answered\":59,\"refused\":1,\"of\":60}\n"), "{said:?}");
    let again = std::fs::read_to_string(&out).unwrap();
    assert_eq!((again.lines().count(), &again[..kept]), (60, &whole[..kept]));
    assert_eq!(again.matches("\"repeats\":").count(), 20);
    assert!(within(Duration::from_secs(10), || answered(folder).values().all(|(first, _)| *first == 1)));

    // Other queries are not put into the same file.
    std::fs::write(&file, text(&queries[..2])).unwrap();
    assert!(ask(folder, port, &batch).failed(64).contains("the answers to other queries"));
}

#[test]
fn the_command_asks_one_query_and_says_why_nobody_answers() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let file = folder.join("query.json").to_str().unwrap().to_owned();
    std::fs::write(&file, look_up(&folder.person("clean", 0)).to_string()).unwrap();
    let answer: Value = serde_json::from_str(&ask(folder, folder.port_base(), &[&file]).held()).unwrap();
    assert!(answer["data"].is_object() && answer["receipt"].is_object(), "{answer}");
    std::fs::write(&file, "{}").unwrap();
    let refused = ask(folder, folder.port_base(), &[&file]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(serde_json::from_str::<Value>(&refused.out).unwrap()["code"], "malformed-request");
    // Nothing listens there.
    assert!(ask(folder, folder.port_base() + 9, &[&file]).failed(69).contains("cannot ask"));
    assert!(ask(folder, folder.port_base(), &["nowhere.json"]).failed(64).contains("cannot read"));
}
