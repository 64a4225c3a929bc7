//! Requests that look like those of a route and are none; each is on the record, and no store is asked.

use credit_tests::{Gateway, checked::refusal, plain, request, run};
use hyper::Method;
use serde_json::{Value, json};

use super::{ROUTE, allowed, ask, before, checked, consent, path, report};
use crate::stores::http::service::{Service, Step, ok};

const SEARCH: &str = r#"
[[route]]
name = "search"
method = "POST"
path = "/reports/search"
body = '{"id": "{citizen_number}", "page": {"nr": 1}}'
scenario = "commercial-loan"
store = "reports"
consent = { member = "token" }

[[route.member]]
at = ["finance", "housing"]
field = "housing"

[[route]]
name = "found"
method = "POST"
path = "/reports/{citizen_number}"
body = "{}"
scenario = "commercial-loan"
store = "reports"

[[route.member]]
at = ["finance", "housing"]
field = "housing"
"#;

/// Targets of GET that are none, and what each is refused as.
fn targets(number: &str, other: &str) -> Vec<(String, u16, &'static str)> {
    let percent = format!("%{:X}{}", number.as_bytes()[0], &number[1..]);
    // What is written otherwise is another path.
    let paths = [
        format!("/Reports/{number}?view=full"),
        format!("/reports//{number}?view=full"),
        format!("/reports/{number}/?view=full"),
        format!("/reports/{number}/history?view=full"),
        format!("/reports%2F{number}?view=full"),
        format!("/%72eports/{number}?view=full"),
        format!("/reports/../reports/{number}?view=full"),
        format!("/credit/reports/{number}?view=full"),
        "/reports/?view=full".to_owned(),
        "/reports".to_owned(),
    ];
    let numbers = [
        percent,
        format!("%25{number}"),
        format!("{number}%00"),
        format!("{number};v=1"),
        format!("{number}%2Fhistory"),
        number[..17].to_owned(),
    ];
    let queries = [
        "",
        "?",
        "?view",
        "?view=Full",
        "?View=full",
        "?view=full&view=full",
        "?view=full&page=2",
        "?view=full&",
        "?view=%66ull%",
        "?view=%2566ull",
    ];
    let mut all: Vec<_> = paths.into_iter().map(|path| (path, 404, "not-found")).collect();
    all.extend(numbers.map(|number| (path(&number), 400, "invalid-citizen-number")));
    all.extend(queries.map(|query| (format!("/reports/{number}{query}"), 400, "malformed-request")));
    all.push((format!("/reports/{number}?view=full&id={other}"), 400, "malformed-request"));
    all
}

/// Bodies of POST that are none.
fn bodies(number: &str, other: &str, token: &str) -> Vec<(String, u16, &'static str)> {
    let well = json!({"id": number, "page": {"nr": 1}, "token": token});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = well.clone();
        change(&mut body);
        body.to_string()
    };
    let without = |name: &str| with(&|body| drop(body.as_object_mut().unwrap().remove(name)));
    let malformed = [
        String::new(),
        "[]".to_owned(),
        format!("\u{feff}{well}"),
        format!("{well} x"),
        format!("{{\"id\":\"{other}\",{}", &well.to_string()[1..]),
        well.to_string().replace("{\"nr\":1}", "{\"nr\":1,\"nr\":1}"),
        with(&|body| body["more"] = 1.into()),
        with(&|body| body["page"]["size"] = 100.into()),
        with(&|body| body["page"]["nr"] = 2.into()),
        with(&|body| body["page"] = 1.into()),
        with(&|body| body["id"] = json!([number])),
        with(&|body| body["id"] = json!(990_101)),
        without("id"),
        with(&|body| body["token"] = 1.into()),
    ];
    let mut all: Vec<_> = malformed.into_iter().map(|body| (body, 400, "malformed-request")).collect();
    all.push((with(&|body| body["id"] = json!(number[..17])), 400, "invalid-citizen-number"));
    all.push((without("token"), 401, "consent-required"));
    all.push((format!("{}{well}", " ".repeat(17_000)), 413, "payload-too-large"));
    all
}

#[test]
fn what_is_not_the_request_of_a_route_is_refused_and_asks_nobody() {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(before(&service.url(), &format!("{ROUTE}{SEARCH}")));
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let consent = consent(folder, &number, 12);
    let headers = [("credit-operator", "staff-0017"), ("authorization", consent.as_str())];
    let json = [&headers[..], &[("content-type", "application/json")]].concat();
    let (targets, bodies) = (targets(&number, &other), bodies(&number, &other, &consent["Bearer ".len()..]));
    let gets = targets.into_iter().map(|sent| (request(Method::GET, &sent.0, &headers, ""), sent));
    let posts = bodies.into_iter().map(|sent| (request(Method::POST, "/reports/search", &json, sent.0.clone()), sent));
    let untyped = request(Method::POST, "/reports/search", &headers, "{}");
    let others = [
        (untyped, ("{}".to_owned(), 415, "unsupported-media-type")),
        (request(Method::GET, &path(&number), &headers, "{}"), ("{}".to_owned(), 400, "malformed-request")),
    ];
    for (request, (sent, status, code)) in gets.chain(posts).chain(others) {
        let reply = run(async { folder.caller("bank").http1().await.unwrap().send(request).await.unwrap() });
        let shown = |text: &str| text.replace(&number[..17], "…").replace(&other, "…");
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", shown(&sent));
        refusal(folder, "bank", &reply, status, code);
        assert!(!reply.text().contains(&number[..17]), "{}", shown(&sent));
    }
    for (method, target, allow) in [
        (Method::HEAD, path(&number), "GET, POST"),
        (Method::OPTIONS, path(&number), "GET, POST"),
        (Method::DELETE, path(&number), "GET, POST"),
        (Method::PATCH, path(&number), "GET, POST"),
        (Method::GET, "/v1/queries".to_owned(), "POST"),
    ] {
        let reply = folder.caller("bank").send(method.clone(), &target, &headers, "");
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, Some(allow)), "{method}");
    }
    assert_eq!(service.asked().len(), 0, "a store was asked");
    // And the request of it is one, also with a percent sign where none is needed.
    let whole = report(&number, &other);
    service.answers(move |_| ok(whole.as_bytes()));
    for target in [path(&number), format!("/reports/{number}?%76iew=f%75ll")] {
        checked(folder, &ask(folder, &target, &consent, &[]), allowed);
    }
    let heard = gateway.err().text() + &gateway.out().text() + &plain(folder.port_base() + 4, "GET", "/metrics").text();
    assert!(heard.contains("commercial-loan"), "the metrics");
    let leaves: String = folder.leaves().iter().map(|leaf| leaf.json.to_string()).collect();
    let is_told = |number: &String| heard.contains(number) || leaves.contains(number);
    assert!(!folder.persons().iter().any(|person| is_told(&person.number)), "a line or a leaf has a number");
}

#[test]
fn staff_case_and_consent_are_asked_for_as_of_a_query() {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(before(&service.url(), ROUTE));
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let (own, of_other) = (consent(folder, &number, 2), consent(folder, &other, 2));
    let staff = ("credit-operator", "staff-0017");
    for (headers, status, code) in [
        (vec![("authorization", own.as_str())], 400, "operator-required"),
        (vec![("credit-operator", "a b"), ("authorization", &own)], 400, "malformed-request"),
        (vec![staff, staff, ("authorization", &own)], 400, "malformed-request"),
        (vec![staff], 401, "consent-required"),
        (vec![staff, ("authorization", "Basic YTpi")], 401, "consent-invalid"),
        (vec![staff, ("authorization", &own), ("authorization", &own)], 401, "consent-invalid"),
        (vec![staff, ("authorization", &of_other)], 403, "consent-wrong-subject"),
        (vec![staff, ("authorization", &own), ("idempotency-key", "a b")], 400, "malformed-request"),
    ] {
        let reply = folder.caller("bank").send(Method::GET, &path(&number), &headers, "");
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.text());
        refusal(folder, "bank", &reply, status, code);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        let names_header = match code {
            "operator-required" => detail.contains("`Credit-Operator`"),
            "consent-required" => detail.contains("`Authorization`"),
            _ => true,
        };
        assert!(names_header, "{detail}");
        for member in ["`subject`", "`operator`", "`case`", "`scenario`", "`fields`"] {
            assert!(!reply.text().contains(member), "no client of a route sends {member}: {}", reply.text());
        }
    }
    // Who may not use the scenario is told so.
    let reply = folder.caller("housing").send(Method::GET, &path(&number), &[staff, ("authorization", &own)], "");
    refusal(folder, "housing", &reply, 403, "scenario-not-allowed");
    assert_eq!(service.asked().len(), 0);
}
