//! What an old client gets.

use credit_tests::{Gateway, checked::refusal, request, run};
use hyper::{Method, header::HeaderValue};
use serde_json::json;

use super::{CANARY, FIELDS, ROUTE, allowed, ask, before, checked, consent, consent_to, nothing, path, report, told};
use crate::{
    consents::assert_sound,
    stores::http::service::{Service, Step, ok, reply},
};

pub(super) fn served(routes: &str) -> (Service, Gateway) {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(before(&service.url(), routes));
    (service, gateway)
}

#[test]
fn a_client_of_the_interface_gets_the_members_of_the_scenario_and_the_store_nothing_of_the_client() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let whole = report(&number, &other);
    let body = whole.clone().into_bytes();
    let more = "Content-Type: application/json\r\nSet-Cookie: a=b\r\nETag: \"1\"\r\nLast-Modified: now\r\nAge: 0\r\n\
                Connection: keep-alive\r\nX-Powered-By: it\r\nVary: *\r\nAccept-Ranges: bytes\r\nServer: it\r\n";
    service.answers(move |_| vec![Step::Send(reply("200 OK", more, &body))]);
    let consent = consent(folder, &number, 3);
    let client = [
        ("cookie", "session=1"),
        ("range", "bytes=0-9"),
        ("if-none-match", "\"1\""),
        ("if-modified-since", "Sat, 28 Nov 2026 00:00:00 GMT"),
        ("accept-encoding", "gzip, br"),
        ("x-forwarded-for", "10.0.0.1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-report-version", "1"),
    ];
    let reply = ask(folder, &path(&number), &consent, &client);
    let leaf = checked(folder, &reply, allowed);
    assert_eq!(leaf.json["fields"], json!(FIELDS));
    assert_eq!((leaf.text("scenario"), leaf.text("operator")), ("commercial-loan", "staff-0017"));
    let beside = told(&reply, "credit-answer");
    assert_eq!(beside["marks"], json!(["loan_overdue_band"]), "one entry has an open objection");
    assert_eq!(beside["obligations"]["onward"], "forbidden");
    for word in [CANARY, &number, &other] {
        assert!(!reply.text().contains(word) && !format!("{:?}", reply.headers).contains(word));
        assert!(!leaf.json.to_string().contains(word));
    }

    let asked = service.asked();
    assert_eq!(asked.len(), 1, "one request a look-up");
    let mut lines: Vec<_> = asked[0].head.trim_end().split("\r\n").map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), format!("get /credit/reports/{number}?view=full http/1.1"));
    lines.sort();
    let host = format!("host: 127.0.0.1:{}", service.port());
    assert_eq!(
        lines,
        [
            "accept-encoding: identity",
            "accept: application/json",
            "cache-control: no-store",
            &host,
            "x-report-version: 2"
        ]
    );

    let folder = gateway.stop();
    assert_sound(&folder);
}

#[test]
fn the_protocol_and_the_spelling_of_a_number_make_no_difference_and_the_store_is_asked_in_both() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let with_x = folder.persons().into_iter().map(|person| person.number).find(|number| number.ends_with('X'));
    let number = with_x.expect("one of a hundred");
    let whole = report(&number, &folder.person("late", 0));
    service.answers(move |_| ok(whole.as_bytes()));
    let consent = consent(folder, &number, 2);
    let headers = [("credit-operator", "staff-0017"), ("authorization", consent.as_str()), ("prefer", "receipt=proof")];
    let lower = number.to_lowercase();
    let replies = run(async {
        let mut connection = folder.caller("bank").http2().await.unwrap();
        let mut ask =
            async |number: &str| connection.send(request(Method::GET, &path(number), &headers, "")).await.unwrap();
        [ask(&number).await, ask(&lower).await]
    });
    for reply in &replies {
        checked(folder, reply, allowed);
        assert!(reply.header("credit-receipt").unwrap().is_ascii());
        let proof = told(reply, "credit-receipt")["tlog_proof"].as_str().unwrap().to_owned();
        assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n") && proof.contains("\u{2014} "), "{proof}");
    }
    let asked: Vec<_> = service.asked().iter().map(|asked| asked.head.lines().next().unwrap().to_owned()).collect();
    let line = |number: &str| format!("GET /credit{} HTTP/1.1", path(number));
    let both = std::collections::BTreeSet::from([line(&number), line(&lower)]);
    for asked in asked.chunks(2) {
        assert_eq!(std::collections::BTreeSet::from_iter(asked.to_vec()), both);
    }
    assert_eq!(asked.len(), 4);
}

#[test]
fn what_the_store_has_under_one_spelling_alone_is_found_by_either() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let with_x = folder.persons().into_iter().map(|person| person.number).find(|number| number.ends_with('X'));
    let number = with_x.expect("one of a hundred");
    let lower = number.to_lowercase();
    let (whole, empty) = (report(&number, &folder.person("late", 0)), br#"{"lists": [], "overdue": []}"#);
    let consent = consent(folder, &number, 9);
    let not_found = || vec![Step::Send(reply("404 Not Found", "", b""))];
    for (known, unknown) in [(&number, &lower), (&lower, &number)] {
        for is_404 in [true, false] {
            let (whole, unknown, known) = (whole.clone(), unknown.clone(), path(known));
            service.answers(move |asked| match asked.head.contains(&known) {
                true => ok(whole.as_bytes()),
                false if is_404 => not_found(),
                false => ok(empty),
            });
            for spelling in [&number, &unknown] {
                let reply = ask(folder, &path(spelling), &consent, &[]);
                assert_eq!(reply.status.as_u16(), 200, "{}", gateway.err().text());
                checked(folder, &reply, allowed);
            }
        }
    }
    // Under both, and not the same.
    let less = whole.replace("\"since\": \"2026-01-05\"", "\"since\": \"2026-01-06\"");
    assert_ne!(less, whole);
    let of_lower = path(&lower);
    service
        .answers(move |asked| if asked.head.contains(&of_lower) { ok(less.as_bytes()) } else { ok(whole.as_bytes()) });
    let refused = ask(folder, &path(&number), &consent, &[]);
    drop(refusal(folder, "bank", &refused, 502, "store-failed"));
}

#[test]
fn a_person_of_whom_the_store_has_nothing_and_one_of_whom_nothing_counts_get_the_same_bytes() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let consent = consent(folder, &number, 12);
    let gone =
        |status: &str, body: &[u8]| vec![Step::Send(reply(status, "Content-Type: text/html; charset=big5\r\n", body))];
    let ghosts = format!(
        r#"{{"subject": {{"id": "{number}"}}, "lists": [], "overdue": [{{"no": "1", "since": "2010-01-05", "state": "1"}}, {{"since": "2026-01-05", "state": "2"}}]}}"#
    );
    let answers = [
        gone("404 Not Found", b"<h1>no such person</h1>"),
        gone("404 Not Found", b""),
        ok(br#"{"lists": [], "overdue": []}"#),
        ok(ghosts.as_bytes()),
        ok(br#"{"lists": [], "overdue": [], "finance": null, "subject": {}}"#),
        ok(br#"{"finance": {"housing": null}, "overdue": [], "lists": []}"#),
    ];
    let mut bodies = Vec::new();
    for answer in answers {
        service.answers(move |_| answer.clone());
        let reply = ask(folder, &path(&number), &consent, &[]);
        checked(folder, &reply, nothing);
        bodies.push(reply.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same pseudonym, too");
    let connections: Vec<_> = service.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, vec![connections[0]; 6], "who has no file is not told by a slower connection");
}

#[test]
fn a_consent_to_fewer_fields_gets_fewer_members_and_one_to_none_is_refused() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let whole = report(&number, &other);
    service.answers(move |_| ok(whole.as_bytes()));
    let reply = ask(folder, &path(&number), &consent_to(folder, &number, 1, &["housing", "clean_three_years"]), &[]);
    let leaf = checked(folder, &reply, |pseudonym| {
        format!(r#"{{"subject":{{"id":"{pseudonym}"}},"finance":{{"housing":"own"}}}}"#)
    });
    assert_eq!(leaf.json["fields"], json!(["housing"]));
    let none = consent_to(folder, &number, 1, &["clean_three_years"]);
    for (language, says) in [("zh", "授权不含此路由"), ("en", "the consent covers none of what this route tells")]
    {
        let reply = ask(folder, &path(&number), &none, &[("accept-language", language)]);
        refusal(folder, "bank", &reply, 403, "field-not-allowed");
        assert!(reply.text().contains(says) && !reply.text().contains("fields"), "{}", reply.text());
    }
    assert_eq!(service.asked().len(), 1, "a refusal asks no store");
}

#[test]
fn a_department_asks_under_a_statute_and_gets_yes_or_no_in_the_place_of_entries() {
    let (service, gateway) = served(
        r#"
[[route]]
name = "black-list"
method = "POST"
path = "/search"
body = '{"type": "01", "filter": {"id": ["{citizen_number}"]}}'
scenario = "public-rental-housing"
store = "reports"
map = "report.toml"
staff = { member = "user" }
case = { header = "X-Case-Nr" }

[[route.member]]
at = ["lists"]
source = "lists"
field = "black_listed"
"#,
    );
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let sent = json!({"user": "staff-0017", "filter": {"id": [number]}, "type": "01"}).to_string();
    let ask = || {
        let mut request = request(Method::POST, "/search", &[("content-type", "application/json")], sent.clone());
        let case = HeaderValue::from_bytes("（2026）房 1 号".as_bytes()).unwrap();
        request.headers_mut().insert("x-case-nr", case);
        run(async { folder.caller("housing").http1().await.unwrap().send(request).await.unwrap() })
    };
    let whole = report(&number, &other);
    service.answers(move |_| ok(whole.as_bytes()));
    let leaf = checked(folder, &ask(), |_| r#"{"lists":true}"#.to_owned());
    assert_eq!((leaf.text("operator"), leaf.text("institution")), ("staff-0017", "housing"));
    assert_eq!(leaf.json["ground"]["case"], "（2026）房 1 号");
    service.answers(|_| vec![Step::Send(reply("404 Not Found", "", b""))]);
    checked(folder, &ask(), |_| r#"{"lists":false}"#.to_owned());
    let asked = service.asked();
    assert!(asked[0].head.starts_with("POST /credit/search HTTP/1.1\r\n"), "{}", asked[0].head.len());
    assert_eq!(asked[0].body, json!({"type": "01", "filter": {"id": [number]}}));
}

#[test]
fn rows_of_an_interface_that_answers_with_an_array_are_entries_of_it() {
    let (service, gateway) = served(
        r#"
[[route]]
name = "rows"
method = "GET"
path = "/rest/overdue?id_number=eq.{citizen_number}&order=since.desc&select=*"
scenario = "commercial-loan"
store = "reports"
map = "report.toml"
staff = { parameter = "user" }

[[route.member]]
at = []
source = "overdue"
show = [["no"], ["amount"]]
"#,
    );
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let consent = consent(folder, &number, 3);
    let rows = r#"[{"no": 1, "since": "2026-01-05", "state": "1", "amount": 10.10, "more": [1]},
        {"no": 2, "since": "2009-01-05", "state": "1", "amount": 2}, {"no": 3, "since": "2026-02-05", "state": "1", "amount": null}]"#;
    service.answers(move |_| ok(rows.as_bytes()));
    let path = format!("/rest/overdue?user=staff-0017&select=*&id_number=eq.{number}&order=since.desc");
    let ask = || folder.caller("bank").send(Method::GET, &path, &[("authorization", consent.as_str())], "");
    let leaf = checked(folder, &ask(), |_| r#"[{"no":1,"amount":10.10},{"no":3,"amount":null}]"#.to_owned());
    assert_eq!(leaf.json["fields"], json!(["loan_overdue_band"]));
    let first = service.asked()[0].head.lines().next().unwrap().to_owned();
    assert_eq!(first, format!("GET /credit/rest/overdue?id_number=eq.{number}&order=since.desc&select=* HTTP/1.1"));
    for none in [ok(b"[]"), vec![Step::Send(reply("404 Not Found", "", b""))]] {
        service.answers(move |_| none.clone());
        checked(folder, &ask(), |_| "[]".to_owned());
    }
}

/// A department's question, which is answered by yes or no.
const BLACK: &str = r#"
[[route]]
name = "black-list"
method = "GET"
path = "/black?id={citizen_number}"
scenario = "public-rental-housing"
store = "reports"
map = "report.toml"

[[route.member]]
at = ["data", "lists"]
source = "lists"
field = "black_listed"
"#;

#[test]
fn an_error_that_is_sent_with_the_status_200_clears_nobody() {
    let ok_by_code = BLACK.replace("map =", "ok = { at = [\"code\"], is = [\"0\", \"200\"] }\nmap =");
    let none = r#"{"code": 0, "data": {"lists": []}}"#;
    let of_any = [
        r#"{"code": 500, "msg": "系统繁忙"}"#,
        "{}",
        r#"{"data": null}"#,
        r#"{"code": 0, "data": {}}"#,
        r#"{"code": 0, "data": {"lists": null}}"#,
        r#"{"code": 0, "data": {"lists": {}}}"#,
    ];
    let of_code = [
        r#"{"code": 500, "data": {"lists": []}}"#,
        r#"{"data": {"lists": []}}"#,
        r#"{"code": null, "data": {"lists": []}}"#,
        r#"{"code": [0], "data": {"lists": []}}"#,
    ];
    for (route, of_route) in [(BLACK, &[][..]), (&ok_by_code, &of_code)] {
        let (service, gateway) = served(route);
        let folder = gateway.folder();
        let number = folder.person("clean", 0);
        let ask = || {
            let headers = [("credit-operator", "staff-0017"), ("credit-case", "C-1")];
            folder.caller("housing").send(Method::GET, &format!("/black?id={number}"), &headers, "")
        };
        for wrong in of_any.iter().chain(of_route) {
            let wrong = ok(wrong.as_bytes());
            service.answers(move |_| wrong.clone());
            refusal(folder, "housing", &ask(), 502, "store-failed");
        }
        let right = [ok(none.as_bytes()), vec![Step::Send(reply("404 Not Found", "", b""))]];
        for right in right {
            service.answers(move |_| right.clone());
            checked(folder, &ask(), |_| r#"{"data":{"lists":false}}"#.to_owned());
        }
    }
}
