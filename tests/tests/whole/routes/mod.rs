//! Routes: an interface that knows nothing of the gateway, before which it stands. Its clients change the address and add
//! headers, and get what the scenario may have.

mod answers;
mod commands;
mod corrections;
mod hostile;
mod nginx;
mod page;
mod repeats;
mod requests;
mod starts;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_tests::{Folder, Leaf, Reply};
use hmac::{Hmac, KeyInit, Mac};
use hyper::Method;
use serde_json::Value;
use sha2::Sha256;

use crate::consents::{EDDSA, bearer, fields, grant, new_jti, sign};

/// In no answer, line or leaf.
const CANARY: &str = "不可外泄之人";

/// The fields of the bank's scenario that the route tells.
const FIELDS: [&str; 6] = [
    "black_listed",
    "housing",
    "installment_rate_in_percentage_of_disposable_income",
    "loan_overdue_band",
    "number_of_existing_credits_at_this_bank",
    "score_band",
];

/// The route of most tests, and its members.
const ROUTE: &str = r#"
[[route]]
name = "report"
method = "GET"
path = "/reports/{citizen_number}?view=full"
scenario = "commercial-loan"
store = "reports"
headers = { "x-report-version" = "2" }
map = "report.toml"

[[route.member]]
at = ["subject", "id"]
person = true

[[route.member]]
at = ["finance", "housing"]
field = "housing"

[[route.member]]
at = ["finance", "rate"]
field = "installment_rate_in_percentage_of_disposable_income"

[[route.member]]
at = ["finance", "credits"]
field = "number_of_existing_credits_at_this_bank"

[[route.member]]
at = ["score", "value"]
field = "score_band"

[[route.member]]
at = ["overdue"]
source = "overdue"
show = [["no"], ["since"], ["bank"], ["amount"], ["at", "branch"], ["note"], ["rate"]]

[[route.member]]
at = ["lists"]
source = "lists"
show = [["of", "id"], ["kind"], ["from"]]
"#;

/// A folder with a store behind an interface, and routes before it.
fn before(url: &str, routes: &str) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.join("report.toml"), include_str!("report.toml")).unwrap();
    let store = format!("\n[[store]]\nname = \"reports\"\nkind = \"http\"\nurl = \"{url}\"\nclasses = []\n");
    folder.edit_config(|config| config + &store + routes);
    folder
}

/// What the interface has of one person: a good deal more than a bank may see, a second person in it, too.
fn report(number: &str, other: &str) -> String {
    let entry = |no: &str, since: &str, state: &str, more: &str| {
        format!(
            r#"{{ "no": "{no}", "since": "{since}", "state": "{state}", "bank": "\u67d0\u94f6行", "amount": 1200.50,
              "at": {{"branch": "城东", "officer": "{CANARY}", "ids": ["{other}"]}}, "rate": 5.00e-2{more}}}"#
        )
    };
    let overdue = [
        entry("ov-1", "2026-01-05", "1", &format!(r#", "note": "担保人 {other}""#)),
        entry("ov-2", "2010-01-05", "1", r#", "note": "long ago""#),
        entry("ov-3", "2026-02-05", "2", r#", "note": "withdrawn""#),
        entry("ov-4", "2026-03-05", "3", r#", "note": "repaired""#),
        entry("ov-5", "未知", "1", r#", "note": "nobody knows since when""#),
        entry("ov-6", "2026-04-05", "4", r#", "note": "a \"disputed\" one""#),
    ];
    let list = |from: &str, to: &str| {
        format!(
            r#"{{"kind": "B", "from": "{from}", "to": "{to}", "basis": "{CANARY}", "of": {{"id": "{number}", "name": "{CANARY}"}}}}"#
        )
    };
    format!(
        r#"{{"made": "2026-11-01T08:00:00Z", "subject": {{"name": "{CANARY}", "id": "{number}", "spouse": {{"id": "{other}"}}}},
  "finance": {{"income": [120000.50, 1e3], "housing": "own", "rate": 4, "credits": 2, "accounts": [{{"id": "{other}"}}]}},
  "score": {{"value": 712, "model": "m-v3", "as_of": "2026-11-01"}},
  "overdue": [{}], "lists": [{}, {}], "remarks": [["{CANARY}", "{other}"]]}}"#,
        overdue.join(",\n"),
        list("2026/01/01", ""),
        list("2020/01/01", "2021/01/01"),
    )
}

/// What of it leaves.
fn allowed(pseudonym: &str) -> String {
    let entry = |no: &str, since: &str, note: &str| {
        format!(
            r#"{{"no":"{no}","since":"{since}","bank":"\u67d0\u94f6行","amount":1200.50,"at":{{"branch":"城东"}},{note}"rate":5.00e-2}}"#
        )
    };
    let overdue = [entry("ov-1", "2026-01-05", ""), entry("ov-6", "2026-04-05", r#""note":"a \"disputed\" one","#)];
    format!(
        r#"{{"subject":{{"id":"{pseudonym}"}},"finance":{{"housing":"own","rate":4,"credits":2}},"score":{{"value":"B"}},"overdue":[{}],"lists":[{{"of":{{"id":"{pseudonym}"}},"kind":"B","from":"2026/01/01"}}]}}"#,
        overdue.join(","),
    )
}

/// What leaves of a person of whom there is nothing.
fn nothing(pseudonym: &str) -> String {
    format!(
        r#"{{"subject":{{"id":"{pseudonym}"}},"finance":{{"housing":null,"rate":null,"credits":null}},"score":{{"value":null}},"overdue":[],"lists":[]}}"#
    )
}

/// A consent to all that the route tells, good for some uses.
fn consent(folder: &Folder, number: &str, uses: u64) -> String {
    consent_to(folder, number, uses, &FIELDS)
}

fn consent_to(folder: &Folder, number: &str, uses: u64, names: &[&str]) -> String {
    let mut grant = grant(folder, &new_jti());
    (grant.terms.uses, grant.terms.fields) = (uses, fields(names));
    bearer(&sign(folder, EDDSA, &grant, number))
}

fn path(number: &str) -> String {
    format!("/reports/{number}?view=full")
}

/// What an old client sends, with the headers that it was taught.
fn ask(folder: &Folder, path: &str, consent: &str, more: &[(&str, &str)]) -> Reply {
    let headers = [&[("credit-operator", "staff-0017"), ("authorization", consent)], more].concat();
    folder.caller("bank").send(Method::GET, path, &headers, "")
}

/// A member of a header that is JSON.
fn told(reply: &Reply, header: &str) -> Value {
    serde_json::from_str(reply.header(header).unwrap_or_else(|| panic!("no `{header}`: {}", reply.text()))).unwrap()
}

/// Checks an answer of a route against its leaf, with nothing of the gateway's code, and gives the leaf.
#[track_caller]
fn checked(folder: &Folder, reply: &Reply, pseudonym: impl Fn(&str) -> String) -> Leaf {
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    assert_eq!(reply.text(), pseudonym(told(reply, "credit-answer")["subject"].as_str().unwrap()));
    let names: Vec<_> = reply.headers.keys().map(|name| name.as_str()).filter(|name| *name != "date").collect();
    let mut expected =
        ["cache-control", "content-length", "content-type", "credit-answer", "credit-query", "credit-receipt"];
    expected.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    let receipt = told(reply, "credit-receipt");
    let leaf = folder.leaf(receipt["index"].as_u64().unwrap());
    assert_eq!((leaf.text("kind"), leaf.text("outcome")), ("query", "answered"));
    assert_eq!(reply.header("credit-query"), Some(leaf.text("id")));
    assert_eq!(receipt["proof"], format!("/v1/receipts/{}", leaf.text("id")));
    let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    assert_eq!(decoded(&receipt["leaf"]), leaf.hash());
    let mut mac = Hmac::<Sha256>::new_from_slice(&decoded(&receipt["opening"])).unwrap();
    mac.update(&reply.body);
    assert_eq!(
        decoded(&leaf.json["answer"]),
        mac.finalize().into_bytes().to_vec(),
        "the commitment is to another body"
    );
    leaf
}
