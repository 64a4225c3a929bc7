//! Hostile answers, made of one that is in order: each with one fault.

use std::time::Duration;

use serde_json::{Value, json};

use super::service::{Step, ok, reply};

/// One answer with one fault.
pub(super) struct Hostile {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    /// Whether it is late, and not wrong.
    pub(super) is_late: bool,
}

/// All of them, about one person; `other` is a second person's number.
pub(super) fn all(well: &Value, other: &str) -> Vec<Hostile> {
    let body = well.to_string();
    let mut all = Vec::new();
    let mut add = |name: String, steps: Vec<Step>| all.push(Hostile { name, steps, is_late: false });
    for (name, steps) in heads(&body).into_iter().chain(broken(&body)).chain(sizes(well)).chain(texts(&body, other)) {
        add(name, steps);
    }
    for (name, wrong) in members(well, other).into_iter().chain(values(well, other)) {
        assert_ne!(wrong, body, "`{name}` changes nothing");
        add(name, ok(wrong.as_bytes()));
    }
    let late = slow(&body).into_iter();
    all.extend(late.map(|(name, steps)| Hostile { name, steps, is_late: true }));
    all
}

pub(crate) type Made = (String, Vec<Step>);

pub(crate) fn heads(body: &str) -> Vec<Made> {
    let (json, body) = ("Content-Type: application/json\r\n", body.as_bytes());
    let mut all = Vec::new();
    for status in [
        "201 Created",
        "202 Accepted",
        "203 Changed",
        "204 None",
        "205 Reset",
        "206 Part",
        "301 Moved",
        "302 Found",
        "303 See",
        "304 Same",
        "307 There",
        "308 There",
        "400 Bad",
        "401 Who",
        "403 No",
        "404 None",
        "409 Clash",
        "410 Gone",
        "429 Slow",
        "500 Broken",
        "502 Bad",
        "503 Away",
        "504 Late",
        "600 More",
    ] {
        let more = format!("{json}Location: http://127.0.0.1:9/other\r\nContent-Range: bytes 0-9/99\r\n");
        all.push((format!("status {status}"), vec![Step::Send(reply(status, &more, body)), Step::Close]));
    }
    for header in [
        "Content-Encoding: gzip",
        "Content-Encoding: br",
        "Content-Encoding: deflate",
        "Content-Encoding: zstd",
        "Content-Encoding: identity\r\nContent-Encoding: gzip",
        "Age: 1",
        "Age: 3600",
        "Age: soon",
        "Age: 0\r\nAge: 7",
        "Content-Type: application/json",
        "Content-Length: 7",
        "Transfer-Encoding: gzip",
        "Bad Name: 1",
        ": 1",
    ] {
        let bytes = reply("200 OK", &format!("{json}{header}\r\n"), body);
        all.push((header.to_owned(), vec![Step::Send(bytes), Step::Close]));
    }
    for charset in ["utf-16", "iso-8859-1", "big5", "", "utf-8; charset=gbk"] {
        let header = format!("Content-Type: application/json; charset={charset}\r\n");
        all.push((format!("charset `{charset}`"), vec![Step::Send(reply("200 OK", &header, body))]));
    }
    let many = "X-More: 1\r\n".repeat(80);
    let large = format!("X-More: {}\r\n", "1".repeat(40_000));
    for (name, more) in [("80 headers", many), ("a head of 40 kB", large)] {
        all.push((name.to_owned(), vec![Step::Send(reply("200 OK", &format!("{json}{more}"), body)), Step::Close]));
    }
    all
}

pub(crate) fn broken(body: &str) -> Vec<Made> {
    let whole = reply("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
    let mut all = Vec::new();
    for part in 0..10 {
        let end = whole.len() * part / 10;
        let sent = Step::Send(whole[..end].to_vec());
        all.push((format!("closed after {part} tenths"), vec![sent.clone(), Step::Close]));
        if part % 3 == 0 {
            all.push((format!("reset after {part} tenths"), vec![sent, Step::Reset]));
        }
    }
    let (first, second) = body.split_at(body.len() / 2);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (name, chunks) in [
        ("chunks without an end", format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n", first.len(), second.len())),
        ("a chunk that is cut", format!("{:x}\r\n{first}", body.len())),
        ("a chunk of no size", format!("zz\r\n{body}\r\n0\r\n\r\n")),
        ("half of it in chunks", format!("{:x}\r\n{first}\r\n0\r\n\r\n", first.len())),
    ] {
        all.push((name.to_owned(), vec![Step::Send(format!("{chunked}{chunks}").into_bytes()), Step::Close]));
    }
    for line in ["HTTP/0.9 200 OK", "ICY 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 OK", "HTTP/3 200 OK", "SSH-2.0-x", ""] {
        let bytes = format!("{line}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        all.push((format!("status line `{line}`"), vec![Step::Send(bytes.into_bytes()), Step::Close]));
    }
    all.push(("no head".to_owned(), vec![Step::Send(body.as_bytes().to_vec()), Step::Close]));
    all
}

pub(crate) fn sizes(well: &Value) -> Vec<Made> {
    let with = |value: Value| {
        let mut body = well.clone();
        body["more"] = value;
        body.to_string()
    };
    let nested =
        |depth: usize| format!("{{\"more\":{}{},{}", "[".repeat(depth), "]".repeat(depth), &well.to_string()[1..]);
    let large = with("字".repeat(400_000).into());
    let unknown = format!("HTTP/1.1 200 OK\r\n\r\n{large}").into_bytes();
    vec![
        ("1.2 MB".to_owned(), ok(large.as_bytes())),
        ("1.2 MB without a length".to_owned(), vec![Step::Send(unknown), Step::Close]),
        ("32 deep".to_owned(), ok(nested(32).as_bytes())),
        ("100 deep".to_owned(), ok(nested(100).as_bytes())),
        ("200,000 deep".to_owned(), ok(nested(200_000).as_bytes())),
        ("a million rows".to_owned(), ok(with(json!(vec![0; 600_000])).as_bytes())),
    ]
}

/// What is no JSON text in its charset.
fn texts(body: &str, other: &str) -> Vec<Made> {
    let typed = |charset: &str, bytes: &[u8]| {
        vec![Step::Send(reply("200 OK", &format!("Content-Type: application/json; charset={charset}\r\n"), bytes))]
    };
    let replaced = |from: &str, to: &[u8]| {
        let at = body.find(from).unwrap();
        [&body.as_bytes()[..at], to, &body.as_bytes()[at + from.len()..]].concat()
    };
    let mut all = vec![
        ("GBK as UTF-8".to_owned(), typed("utf-8", &replaced("不可外泄之人", b"\xb2\xbb\xbf\xc9"))),
        ("half a character of GB18030".to_owned(), typed("gb18030", &replaced("不可外泄之人", b"\x81\x30\x81"))),
        ("UTF-8 cut in a character".to_owned(), typed("utf-8", &replaced("不可外泄之人", b"\xe4\xb8"))),
        ("a surrogate in bytes".to_owned(), typed("utf-8", &replaced("不可外泄之人", b"\xed\xa0\x80"))),
        ("UTF-16".to_owned(), typed("utf-8", &body.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())),
        ("NUL".to_owned(), typed("utf-8", &replaced("不可外泄之人", b"\0"))),
        ("empty".to_owned(), ok(b"")),
        ("a page".to_owned(), ok(b"<!DOCTYPE html><title>Sign in</title>")),
    ];
    for text in ["null", "[]", "\"\"", "0", "{}", "{\"error\":\"no such person\"}"] {
        all.push((format!("`{text}`"), ok(text.as_bytes())));
    }
    for end in [",", "}", " {}", other, "\0"] {
        all.push((format!("`{}` behind it", end.len()), ok(format!("{body}{end}").as_bytes())));
    }
    for (from, to) in [
        ("\"records\":[", "\"records\":[,"),
        ("\"disputed\":false", "\"disputed\":False"),
        ("\"nr\":", "\"nr\":0"),
        ("\"nr\":", "\"nr\":+"),
        ("\"nr\":", "\"nr\":NaN,\"n\":"),
        ("\"name\":", "name:"),
        ("\"name\":", "/* who */\"name\":"),
        ("\"name\":\"", "\"name\":'"),
        ("不可外泄之人", "\\x41"),
        ("不可外泄之人", "\n"),
    ] {
        assert!(body.contains(from), "{from}");
        all.push((format!("`{from}` as `{}`", to.escape_debug()), ok(body.replacen(from, to, 1).as_bytes())));
    }
    all
}

/// A member that must be there is away, twice, or of another type.
fn members(well: &Value, other: &str) -> Vec<(String, String)> {
    let body = well.to_string();
    let mut all = Vec::new();
    for name in ["citizen_number", "records", "listings"] {
        let mut without = well.clone();
        without.as_object_mut().unwrap().remove(name);
        all.push((format!("no `{name}`"), without.to_string()));
        let twice = format!("{{\"{name}\":{},{}", well[name], &body[1..]);
        all.push((format!("`{name}` twice"), twice));
        all.push((format!("`{name}` in another case"), body.replacen(name, &name.to_uppercase(), 1)));
    }
    all.push(("an unlisted member twice".to_owned(), format!("{{\"name\":1,{}", &body[1..])));
    all.push(("an escaped name twice".to_owned(), format!("{{\"record\\u0073\":[],{}", &body[1..])));
    let masked = "990101********0040";
    for number in
        [json!(null), json!(0), json!([]), json!(other), json!(masked), json!(""), json!("00000000000000000X")]
    {
        let mut wrong = well.clone();
        wrong["citizen_number"] = number.clone();
        let is_other = number == other;
        all.push((
            if is_other { "another person's".to_owned() } else { format!("number {number}") },
            wrong.to_string(),
        ));
    }
    for name in ["records", "listings"] {
        for value in [json!(null), json!({}), json!(""), json!(1), json!([1]), json!([null]), json!([[]]), json!([{}])]
        {
            let mut wrong = well.clone();
            wrong[name] = value.clone();
            all.push((format!("`{name}` {value}"), wrong.to_string()));
        }
        let row = well[name][0].to_string();
        let twice = body.replacen(&row, &format!("{{\"disputed\":true,{}", &row[1..]), 1);
        all.push((format!("a member twice in a row of `{name}`"), twice));
    }
    all
}

/// A value of a row that is no value of its column.
fn values(well: &Value, other: &str) -> Vec<(String, String)> {
    let days = [
        json!("2026-02-30"),
        json!("2026/01/02"),
        json!("20260102"),
        json!(20_260_102),
        json!("1899-12-31"),
        json!(""),
    ];
    let names = [json!(null), json!(1), json!("无"), json!(other), json!(format!("说明{other}")), json!({"is": "red"})];
    // A text that is no name of what was asked for is passed over.
    let classes = [
        json!(null),
        json!(1),
        json!({"is": "red"}),
        json!(["tax"]),
        json!("Court_Judgment"),
        json!(" court-judgment"),
    ];
    let lists = [json!(null), json!(1), json!({"is": "red"}), json!(["red"]), json!("Black"), json!("black ")];
    let flags = [json!(null), json!(0), json!("false"), json!([])];
    let mut all = Vec::new();
    for (member, column, wrong) in [
        ("records", "class", &classes[..]),
        ("records", "severity", &names[..]),
        ("records", "act", &days[..]),
        ("records", "determined", &days[..]),
        ("records", "sentence_end", &days[..]),
        ("records", "effect_end", &days[..]),
        ("records", "repaired", &days[..]),
        ("records", "repair_revoked", &days[..]),
        ("records", "disputed", &flags[..]),
        ("listings", "list", &lists[..]),
        ("listings", "since", &days[..]),
        ("listings", "until", &days[..]),
        ("listings", "disputed", &flags[..]),
    ] {
        for value in wrong {
            let mut body = well.clone();
            body[member][0][column] = value.clone();
            let shown =
                if value.to_string().contains(other) { "another's number".to_owned() } else { value.to_string() };
            all.push((format!("{member}.{column} {shown}"), body.to_string()));
        }
    }
    for (member, column, day) in
        [("records", "determined", "1999-01-01"), ("records", "act", "2190-01-01"), ("listings", "until", "1999-01-01")]
    {
        let mut body = well.clone();
        body[member][0][column] = day.into();
        all.push((format!("{member}.{column} out of order"), body.to_string()));
    }
    all
}

pub(crate) fn slow(body: &str) -> Vec<Made> {
    let whole = reply("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
    let (wait, half) = (Step::Wait(Duration::from_secs(2)), whole.len() / 2);
    let drops =
        whole.chunks(8).take(40).flat_map(|part| [Step::Send(part.to_vec()), Step::Wait(Duration::from_millis(50))]);
    vec![
        ("nothing comes".to_owned(), vec![wait.clone(), Step::Close]),
        ("half of it comes".to_owned(), vec![Step::Send(whole[..half].to_vec()), wait, Step::Close]),
        ("it comes in drops".to_owned(), drops.chain([Step::Close]).collect()),
    ]
}
