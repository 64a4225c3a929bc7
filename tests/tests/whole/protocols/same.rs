//! The same request over either protocol: same status, code, detail and headers.

use credit_tests::{
    Broken, Caller, Folder, Gateway, Reply, checked, each, metric, parse_reply,
    query::{look_up_under, new_case},
    request, run, shared,
};
use hyper::{Method, Request};

/// A request: method, path, authority (nothing: the door's own), headers, body.
#[derive(Debug)]
struct Case {
    method: &'static str,
    path: &'static str,
    authority: Option<&'static str>,
    headers: Vec<(String, String)>,
    body: String,
}

impl Case {
    fn of(folder: &Folder) -> Self {
        let body = look_up_under(&folder.person("clean", 8), &new_case()).to_string();
        let headers = vec![("content-type".into(), "application/json".into())];
        Self { method: "POST", path: "/v1/queries", authority: None, headers, body }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn without_type(mut self) -> Self {
        self.headers.clear();
        self
    }

    fn to(self, method: &'static str, path: &'static str) -> Self {
        Self { method, path, ..self }
    }

    fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn at(self, authority: &'static str) -> Self {
        Self { authority: Some(authority), ..self }
    }

    fn over_http1(&self, caller: &Caller) -> Reply {
        let own = caller.address().to_string();
        let lines: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.path, self.authority.unwrap_or(&own));
        let message = format!("{head}{lines}content-length: {}\r\n\r\n{}", self.body.len(), self.body);
        run(async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = caller.stream("http/1.1").await.unwrap();
            stream.write_all(message.as_bytes()).await.unwrap();
            stream.write_all(b"GET /end HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            drop(tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut answer)).await);
            parse_reply(&answer).0
        })
    }

    fn over_http2(&self, caller: &Caller) -> Result<Reply, Broken> {
        let own = caller.address().to_string();
        let method: Method = self.method.parse()?;
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        let (mut head, body) = request(method, self.path, &headers, self.body.clone()).into_parts();
        head.headers.insert("content-length", self.body.len().into());
        head.uri = format!("https://{}{}", self.authority.unwrap_or(&own), self.path).parse()?;
        run(async {
            let connection = caller.http2().await?;
            let mut sender = connection.share().expect("HTTP/2");
            let answer = sender.send_request(Request::from_parts(head, body)).await?;
            let (head, body) = answer.into_parts();
            let body = http_body_util::BodyExt::collect(body).await?.to_bytes().to_vec();
            Ok(Reply { status: head.status, headers: head.headers, body })
        })
    }
}

/// What must not differ.
fn said(reply: &Reply) -> String {
    let names = ["content-type", "content-language", "content-length", "cache-control", "allow", "retry-after"];
    let headers: Vec<_> = names.iter().map(|name| reply.header(name).map(str::to_owned)).collect();
    let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let (code, detail, recorded) = (&json["code"], &json["detail"], json.get("receipt").is_some());
    // An index or an id of another length is another length.
    let headers = if recorded { [&headers[..2], &headers[3..]].concat() } else { headers };
    let dated = reply.header("date").is_some_and(|date| date.ends_with(" GMT") && date.len() == 29);
    format!("{} {code} {detail} recorded {recorded} {headers:?} dated {dated}", reply.status)
}

#[test]
fn a_request_is_answered_or_refused_alike_over_both_protocols() {
    // Of its own: an institution that was refused much shares leaves, and its receipts are shorter.
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let case = || Case::of(folder);
    let long = |length: usize| case().with("authorization", format!("Bearer {}", "x".repeat(length)));
    let many = |count: usize| (0..count).fold(case(), |case, nr| case.with(&format!("x-{nr}"), "1"));
    let table = [
        ("sound", 200, case()),
        ("charset", 200, case().without_type().with("content-type", "application/json; charset=utf-8")),
        (
            "charset without hyphen",
            200,
            case().without_type().with("content-type", "application/json; Charset=\"UTF8\";"),
        ),
        ("another charset", 415, case().without_type().with("content-type", "application/json; charset=utf-16")),
        ("half a quotation", 415, case().without_type().with("content-type", "application/json; charset=\"utf-8")),
        ("an expectation that is none", 200, case().with("expect", "something")),
        ("another method", 405, case().to("PUT", "/v1/queries")),
        ("a method of nobody", 405, case().to("BREW", "/v1/queries")),
        ("nothing but the head", 405, case().to("HEAD", "/v1/queries").body("")),
        ("reading with a body", 405, case().to("GET", "/v1/queries")),
        ("no such path", 404, case().to("POST", "/v1/nothing")),
        ("a receipt's path", 405, case().to("POST", "/v1/receipts/01900000-0000-7000-8000-000000000000")),
        ("a query string", 400, case().to("POST", "/v1/queries?a=b")),
        ("no type", 415, case().without_type()),
        ("text", 415, case().without_type().with("content-type", "text/plain")),
        ("two types", 415, case().with("content-type", "application/json")),
        ("compressed", 415, case().with("content-encoding", "gzip")),
        ("no body", 400, case().body("")),
        ("an array", 400, case().body("[]")),
        ("a mark before the object", 400, case().body("\u{feff}{}")),
        ("an idempotency key that is none", 400, case().with("idempotency-key", "a b")),
        ("16 KiB", 400, case().body("x".repeat(16 * 1024))),
        ("a byte more", 413, case().body("x".repeat(16 * 1024 + 1))),
        ("nearly 1 MiB", 413, case().body("x".repeat(1024 * 1024 - 10))),
        ("another host", 400, case().with("host", "other.example")),
        ("a user's name", 400, case().at("user@localhost")),
        ("a user's name and password", 400, case().at("user:secret@localhost:8443")),
        ("as many lines as may be", 200, many(59)),
        ("a line more", 431, many(60)),
        ("200 lines", 431, many(200)),
        ("16 KiB of a head and more", 431, long(16 * 1024)),
        ("30 KiB of a head", 431, long(30 * 1024)),
        ("100 KiB of a head", 431, long(100 * 1024)),
    ];
    each(table, |(name, status, case)| {
        let (first, second) = (case.over_http1(&caller), case.over_http2(&caller));
        let second = second.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(first.status.as_u16(), *status, "{name}: {}", first.text());
        assert_eq!(said(&first), said(&second), "{name}");
        if *status == 431 {
            checked::fixed(&second, 431, "headers-too-large");
        }
    });
}

#[test]
fn a_head_may_have_as_many_bytes_over_the_one_protocol_as_over_the_other() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let name = r#"credit_gateway_floods_total{code="headers-too-large",institution="housing"}"#;
    let before = metric(folder.port_base(), name);
    let case = |fill: usize| Case::of(folder).with("x-fill", "x".repeat(fill));
    let body = case(0).body.len();
    let rest = format!(
        "POST /v1/queries HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-fill: \r\ncontent-length: {body}\r\n\r\n",
        caller.address()
    );
    let most = 16 * 1024 - rest.len();
    for (fill, status) in [(most, 200), (most + 1, 431)] {
        assert_eq!(case(fill).over_http1(&caller).status.as_u16(), status, "HTTP/1.1, {fill}");
        assert_eq!(case(fill).over_http2(&caller).unwrap().status.as_u16(), status, "HTTP/2, {fill}");
    }
    assert!(metric(folder.port_base(), name) >= before + 2, "not counted");
}
