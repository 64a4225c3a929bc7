//! What a refusal says is at fault: for every cause that a caller can correct, over both protocols, in both languages.

use credit_tests::{
    Reply, parse_reply,
    query::{look_up, new_case, with, without, wrong_check},
    request, run, shared,
};
use hyper::Method;
use serde_json::{Value, json};

/// One cause: path, headers beside the usual one, body, code, and what the detail must name.
struct Cause {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    code: &'static str,
    names: &'static str,
}

fn cause(code: &'static str, names: &'static str, body: impl ToString) -> Cause {
    Cause { path: "/v1/queries", headers: Vec::new(), body: body.to_string(), code, names }
}

/// The number with another birth date, and the check character that fits.
fn born_on(number: &str, born: &str) -> String {
    let digits = format!("{}{born}{}", &number[..6], &number[14..17]);
    let sum = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    format!("{digits}{}", &"0123456789X"[(12 - sum) as usize % 11..][..1])
}

fn of_members(number: &str) -> Vec<Cause> {
    let body = look_up(number);
    let text = body.to_string();
    let twice = text.replacen('{', "{\"case\":\"HZ-1\",", 1);
    let spaced = format!("{} {} {}", &number[..6], &number[6..14], &number[14..]);
    let bad = "malformed-request";
    let mut causes = vec![
        cause(bad, "`fields`|`fields` must", with(body.clone(), "fields", Value::Null)),
        cause(bad, "`fields`|`fields` must", with(body.clone(), "fields", json!([1]))),
        cause(bad, "`scenario`|unknown member", with(body.clone(), "secret-member", 1)),
        cause(bad, "`case`|`case` must be a string", with(body.clone(), "case", 7)),
        cause(bad, "`case`|`case` is given twice", twice),
        cause(bad, "`case`|1 to 64", with(body.clone(), "case", "案".repeat(70))),
        cause(bad, "`case`|`case` may have", with(body.clone(), "case", "a#1")),
        cause(bad, "`case`|citizen number", with(body.clone(), "case", spaced.as_str())),
        cause(bad, "`operator`|`operator` may have", with(body.clone(), "operator", "张三")),
        cause(bad, "`operator`|`operator` may have", with(body.clone(), "operator", "s p")),
        cause(bad, "`operator`|1 to 64", with(body.clone(), "operator", "")),
        cause(bad, "`operator`|citizen number", with(body.clone(), "operator", format!("a-{number}"))),
        cause(bad, "`subject`|`subject` is missing", without(body.clone(), "subject")),
        cause(bad, "`subject`|`subject` must be a string", with(body.clone(), "subject", 990)),
        cause(bad, "`scenario`|`scenario` is missing", without(body.clone(), "scenario")),
        cause(bad, "JSON 对象|one JSON object", "[]"),
        cause(bad, "JSON 对象|one JSON object", ""),
        cause(bad, "JSON|no valid JSON", format!("{text}x")),
        cause(bad, "BOM|BOM", format!("\u{feff}{text}")),
        cause(
            bad,
            "第 2 项|entry 2 of `fields`",
            with(body.clone(), "fields", json!(["black_listed", "black_listed"])),
        ),
        cause(bad, "`operator`|`operator` must be a string", text.replace("staff-0017", "\\ud800")),
        cause("operator-required", "`operator`|`operator` is missing", without(body.clone(), "operator")),
        cause("case-required", "`case`|`case` is missing", without(body.clone(), "case")),
        cause("unknown-scenario", "`scenario`|`scenario` is no name", with(body.clone(), "scenario", "curiosity")),
        cause("scenario-not-allowed", "`scenario`|`scenario`", with(body.clone(), "scenario", "joint-restraint")),
        cause("unknown-field", "第 2 项|entry 2 of", with(body.clone(), "fields", json!(["black_listed", "scores"]))),
        cause("field-not-allowed", "第 1 项|entry 1 of", with(body.clone(), "fields", json!(["age_in_years"]))),
    ];
    let [no_day, too_old, not_born] = ["20010229", "18991231", "29990101"].map(|born| born_on(number, born));
    for (subject, names) in [
        ("990101", "18 位|18 characters"),
        (&spaced, "不含空格|without spaces"),
        (&wrong_check(number), "校验码|check character"),
        (&no_day, "1900|since 1900"),
        (&too_old, "1900|since 1900"),
        (&not_born, "尚未到来|in the future"),
    ] {
        causes.push(cause("invalid-citizen-number", names, with(body.clone(), "subject", subject)));
    }
    causes
}

fn of_the_head(number: &str) -> Vec<Cause> {
    let body = look_up(number).to_string();
    let cause = |code, names| cause(code, names, &body);
    let header = |name, value: &str, cause: Cause| Cause { headers: vec![(name, value.to_owned())], ..cause };
    vec![
        Cause { path: "/v1/queries?a=b", ..cause("malformed-request", "查询字符串|query string") },
        header("content-encoding", "gzip", cause("unsupported-media-type", "`Content-Encoding`|`Content-Encoding`")),
        header("content-type", "text/plain", cause("unsupported-media-type", "`Content-Type`|`Content-Type`")),
        header("idempotency-key", &"k".repeat(65), cause("malformed-request", "`Idempotency-Key`|`Idempotency-Key`")),
        Cause { body: " ".repeat(16 * 1024 + 1), ..cause("payload-too-large", "16 KiB|16 KiB") },
    ]
}

#[track_caller]
fn assert_named(reply: &Reply, cause: &Cause, language: &str, number: &str) {
    let json = reply.json();
    assert_eq!(json["code"], cause.code, "{json}");
    let detail = json["detail"].as_str().unwrap_or_else(|| panic!("no detail: {json}"));
    let (chinese, english) = cause.names.split_once('|').unwrap();
    let names = if language == "zh" { chinese } else { english };
    assert!(detail.contains(names), "`{names}` is not named: {detail}");
    let is_chinese = detail.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert_eq!(is_chinese, language == "zh", "{detail}");
    for value in [&number[6..14], "张三", "curiosity", "secret-member", "scores", "a#1"] {
        assert!(!detail.contains(value), "the value stands in it: {detail}");
    }
}

#[test]
fn every_cause_that_a_caller_can_correct_is_named_over_both_protocols() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let number = folder.person("clean", 8);
    let causes: Vec<_> = of_members(&number).into_iter().chain(of_the_head(&number)).collect();
    run(async {
        for protocol in ["http/1.1", "h2"] {
            for (cause, language) in causes.iter().flat_map(|cause| [(cause, "zh"), (cause, "en")]) {
                // A body that is too large ends its connection, so each has one of its own.
                let mut connection =
                    if protocol == "h2" { caller.http2().await } else { caller.http1().await }.unwrap();
                let mut headers = vec![("accept-language", language)];
                if cause.headers.iter().all(|(name, _)| *name != "content-type") {
                    headers.push(("content-type", "application/json"));
                }
                headers.extend(cause.headers.iter().map(|(name, value)| (*name, value.as_str())));
                let request = request(Method::POST, cause.path, &headers, cause.body.clone());
                let reply = connection.send(request).await.unwrap_or_else(|error| panic!("{}: {error}", cause.names));
                assert_named(&reply, cause, language, &number);
            }
        }
    });
}

#[test]
fn a_head_that_can_be_read_in_two_ways_is_named_too() {
    let folder = shared().folder();
    let body = look_up_text();
    for more in ["Host: elsewhere\r\n", "Transfer-Encoding: gzip, chunked\r\n"] {
        let head = format!(
            "POST /v1/queries HTTP/1.1\r\nHost: a\r\n{more}Accept-Language: en\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let bytes = folder.caller("housing").raw(head.as_bytes()).unwrap();
        let (reply, _) = parse_reply(&bytes);
        let json = reply.json();
        assert_eq!(json["code"], "malformed-request", "{json}");
        assert!(json["detail"].as_str().is_some_and(|detail| detail.contains("`Host`")), "{json}");
    }
}

fn look_up_text() -> String {
    with(look_up(&shared().folder().person("clean", 8)), "case", new_case()).to_string()
}

#[test]
fn limits_and_methods_are_named_as_well() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let english = [("content-type", "application/json"), ("accept-language", "en")];
    let get = caller.send(Method::PUT, "/v1/queries", &english, "{}");
    assert_eq!(get.json()["detail"], "the path does not take this method: see `Allow`");
    let bank = folder.caller("bank");
    let body = json!({"scenario": "commercial-loan", "operator": "staff-1"});
    let reply = bank.send(Method::POST, "/v1/queries", &english, body.to_string());
    assert_eq!(reply.code(), "consent-required");
    assert!(reply.json()["detail"].as_str().is_some_and(|detail| detail.contains("`Authorization`")));
}
