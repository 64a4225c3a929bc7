//! What the caller gets: made from [`Recorded`] only. The bypasses are the fixed bodies of [`super::super::problems`].

use credit_policy::Language;
use hyper::{
    Response, Version,
    header::{self, HeaderValue},
};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::{
    doors::problems::{refuse, set},
    journey::{
        exchange::{AnswerView, Ended},
        record::{Receipt, Recorded},
    },
    transport::{Body, whole},
};

/// What the receipt says (`docs/formats.md` §2).
#[derive(Serialize)]
struct ReceiptBody<'a> {
    log: &'a str,
    index: u64,
    leaf: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<&'a str>,
    proof: ProofPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    tlog_proof: Option<&'a str>,
}

/// Where the proof of a query is read.
struct ProofPath(Uuid);

impl Serialize for ProofPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("/v1/receipts/{}", self.0))
    }
}

/// The reply to what was recorded in the log named `origin`.
#[must_use]
pub fn reply(recorded: Recorded, ended: Ended, origin: &str, language: Language, version: Version) -> Response<Body> {
    let (body, refusal, receipt) = recorded.into_parts();
    let mut response = match &receipt.beside {
        Some(beside) => report(body, beside, origin, &receipt),
        None => Response::new(whole(with_receipt(body, origin, &receipt))),
    };
    let closes = refusal.as_ref().is_some_and(|refusal| refusal.closes);
    match &refusal {
        None => set(response.headers_mut(), header::CONTENT_TYPE, "application/json; charset=utf-8"),
        Some(refusal) => refuse(&mut response, refusal, language),
    }
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    if (ended == Ended::TooLong || closes) && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A store's own answer: what an answer has beside its data stands in headers.
fn report(body: Vec<u8>, beside: &[u8], origin: &str, receipt: &Receipt) -> Response<Body> {
    let mut response = Response::new(whole(body));
    let headers = response.headers_mut();
    let texts = [
        ("credit-query", receipt.query.to_string().into_bytes()),
        ("credit-receipt", serde_json::to_vec(&ReceiptBody::of(origin, receipt)).unwrap_or_default()),
        ("credit-answer", beside.to_vec()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&in_ascii(&text)) {
            headers.insert(name, value);
        }
    }
    response
}

/// JSON in ASCII, as headers have it: the signatures of a proof begin with a dash that is none.
fn in_ascii(json: &[u8]) -> String {
    let mut text = String::with_capacity(json.len());
    for c in String::from_utf8_lossy(json).chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

impl<'a> ReceiptBody<'a> {
    fn of(origin: &'a str, receipt: &'a Receipt) -> Self {
        Self {
            log: origin,
            index: receipt.index,
            leaf: &receipt.leaf,
            opening: receipt.opening.as_deref(),
            proof: ProofPath(receipt.query),
            tlog_proof: receipt.proof.as_deref(),
        }
    }
}

/// Most answers are shorter, their receipts included.
const USUAL_BYTES: usize = 1_536;

/// An answer, with room for its receipt.
pub(super) fn rendered(answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, answer).map(|()| body)
}

/// Adds the receipt as the last member.
pub(super) fn with_receipt(mut body: Vec<u8>, origin: &str, receipt: &Receipt) -> Vec<u8> {
    let receipt = ReceiptBody::of(origin, receipt);
    // The body is an object that this door wrote: its last byte is the closing brace.
    body.pop();
    body.extend_from_slice(b",\"receipt\":");
    // Neither texts nor writing into a vector fails.
    serde_json::to_writer(&mut body, &receipt).unwrap_or_default();
    body.push(b'}');
    body
}
