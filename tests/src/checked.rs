//! What holds for every answer and every refusal: form, receipt, record. Computed here anew, with nothing of the
//! gateway's or the audit's own code.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::{Folder, Leaf, Reply, process::is_shared, wire};

/// Codes that say nothing of the request or of who asks, so that their problem documents have no `detail`. All others have one.
const WITHOUT_DETAIL: [&str; 12] = [
    "certificate-unknown",
    "statute-forbids",
    "subject-minor",
    "not-found",
    "rate-limited",
    "distinct-subjects-exceeded",
    "internal-error",
    "store-failed",
    "store-timeout",
    "not-recordable",
    "draining",
    "overloaded",
];

/// Checks a refusal that must have a leaf of its own, and gives the leaf. At the gateway that most tests share the room for
/// such leaves is used up by all of them together: there a refusal that names nobody may share its leaf.
#[track_caller]
pub fn refusal(folder: &Folder, institution: &str, reply: &Reply, status: u16, code: &str) -> Leaf {
    recorded_problem(reply, status, code);
    if shares_its_leaf(reply) && is_shared(folder) {
        return shared_refusal(folder, institution, reply, status, code);
    }
    assert!(!shares_its_leaf(reply), "it has no leaf of its own: {}", reply.text());
    let leaf = recorded(folder, institution, reply);
    assert_eq!((leaf.text("outcome"), leaf.text("code")), ("refused", code));
    for key in ["fields", "notice"] {
        assert!(leaf.json.get(key).is_none(), "a refusal's leaf has `{key}`");
    }
    leaf
}

/// Whether a refusal says that it shares its leaf with others.
#[must_use]
pub fn shares_its_leaf(reply: &Reply) -> bool {
    reply.json()["receipt"].get("opening").is_none()
}

/// Checks a refusal that shares its leaf with others, and gives the leaf.
#[track_caller]
pub fn shared_refusal(folder: &Folder, institution: &str, reply: &Reply, status: u16, code: &str) -> Leaf {
    recorded_problem(reply, status, code);
    let leaf = folder.leaf(reply.index());
    assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "institution", "seq", "counts", "seqs"]);
    assert_eq!((leaf.text("kind"), leaf.text("institution")), ("refusals", institution));
    assert!(leaf.json["counts"][code].as_u64() >= Some(1), "{leaf:?} has no `{code}`");
    let [first, last] = [0, 1].map(|place| leaf.json["seqs"][place].as_u64().expect("a number"));
    let counted: u64 = leaf.json["counts"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!((leaf.json["seq"].as_u64(), counted), (Some(last), last - first + 1));

    // One leaf cannot commit to many bodies.
    let json = reply.json();
    assert!(shares_its_leaf(reply), "{}", reply.text());
    assert_eq!(json["query"], leaf.text("id"));
    assert_eq!(json["receipt"]["proof"], format!("/v1/receipts/{}", leaf.text("id")));
    assert_eq!(decoded(&json["receipt"]["leaf"]), leaf.hash(), "the receipt has another leaf hash");
    leaf
}

/// Checks the form of a refusal with a receipt.
#[track_caller]
fn recorded_problem(reply: &Reply, status: u16, code: &str) {
    problem(reply, status, code);
    let bound = (code == "consent-exceeds-bound").then_some("bound");
    let members: Vec<_> = plain_members(code).chain(bound).chain(["query", "receipt"]).collect();
    assert_eq!(wire::keys(&reply.body), members, "{}", reply.text());
}

/// Checks a refusal without a record: a fixed body.
#[track_caller]
pub fn fixed(reply: &Reply, status: u16, code: &str) {
    problem(reply, status, code);
    assert_eq!(wire::keys(&reply.body), plain_members(code).collect::<Vec<_>>(), "{}", reply.text());
}

/// The members of every problem document with this code, in their order.
fn plain_members(code: &str) -> impl Iterator<Item = &'static str> + use<> {
    let detail = (!WITHOUT_DETAIL.contains(&code)).then_some("detail");
    ["code", "title", "status"].into_iter().chain(detail)
}

/// Checks the form of any problem document.
#[track_caller]
fn problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json; charset=utf-8"));
    common_headers(reply);
    let json = reply.json();
    assert_eq!(json["status"], status);
    let title = json["title"].as_str().expect("a title");
    let is_chinese = title.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    match reply.header("content-language") {
        Some("zh") => assert!(is_chinese, "`{title}` is not Chinese"),
        Some("en") => assert!(!is_chinese && title.len() > 10, "`{title}` is not English"),
        other => panic!("content-language is {other:?}"),
    }
    match status {
        401 => assert!(reply.header("www-authenticate").is_some()),
        405 => assert!(reply.header("allow").is_some()),
        429 => {
            for name in ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
                let value = reply.header(name).unwrap_or_else(|| panic!("429 without `{name}`"));
                value.parse::<u64>().unwrap_or_else(|_| panic!("`{name}: {value}` is no number"));
            }
            assert_ne!(reply.header("retry-after"), Some("0"));
        }
        503 => assert!(reply.header("retry-after").is_some()),
        _ => {}
    }
}

fn common_headers(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("content-encoding"), None);
}

/// Checks an answer, and gives its leaf.
#[track_caller]
pub fn answer(folder: &Folder, institution: &str, reply: &Reply) -> Leaf {
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    common_headers(reply);
    let leaf = recorded(folder, institution, reply);
    assert_eq!(leaf.text("outcome"), "answered");
    assert!(leaf.json.get("code").is_none());
    leaf
}

/// The receipt names a leaf of the published log, and is of it.
#[track_caller]
fn recorded(folder: &Folder, institution: &str, reply: &Reply) -> Leaf {
    let leaf = folder.leaf(reply.index());
    receipt(institution, reply, &leaf);
    leaf
}

/// The receipt is of this very leaf and body: leaf hash, and the commitment to what stands before the receipt.
#[track_caller]
pub fn receipt(institution: &str, reply: &Reply, leaf: &Leaf) {
    let (body, json) = (reply.text(), reply.json());
    let members = wire::members(&reply.body);
    let (last, receipt) = members.last().expect("members");
    assert_eq!(last, "receipt", "{body}");
    let mut expected = vec!["log", "index", "leaf", "opening", "proof"];
    if json["receipt"].get("tlog_proof").is_some() {
        expected.push("tlog_proof");
    }
    assert_eq!(wire::keys(receipt.as_bytes()), expected);

    let query = json["query"].as_str().expect("a query id");
    assert_eq!(json["receipt"]["proof"], format!("/v1/receipts/{query}"));
    assert_eq!(
        (leaf.text("kind"), leaf.text("id"), leaf.text("institution")),
        ("query", query, institution),
        "the receipt names another leaf"
    );
    assert_eq!(decoded(&json["receipt"]["leaf"]), leaf.hash(), "the receipt has another leaf hash");

    let cut: Vec<&str> = body.split(",\"receipt\":").collect();
    assert_eq!(cut.len(), 2, "the receipt begins once: {body}");
    let opening = decoded(&json["receipt"]["opening"]);
    assert_eq!(opening.len(), 32);
    let mut mac = Hmac::<Sha256>::new_from_slice(&opening).expect("any length");
    mac.update(format!("{}}}", cut[0]).as_bytes());
    assert_eq!(
        decoded(&leaf.json["answer"]),
        mac.finalize().into_bytes().to_vec(),
        "the commitment is to another body"
    );
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap_or_default()).expect("base64 with padding")
}
