//! Results as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::checkpoint::Checkpoint;
use credit_audit::verify::{LeafReport, Report};
use serde_json::{Value, json};

/// What was decided again.
#[derive(Clone, Copy)]
pub(super) struct Decided {
    pub(super) queries: u64,
    /// Consents whose signature was verified.
    pub(super) verified: u64,
    /// Consents of which no key is on the record.
    pub(super) unverified: u64,
}

/// A result that holds, on one line.
pub(super) fn json(log: Option<&Report>, receipt: Option<&(u64, Checkpoint)>, decided: Option<Decided>) -> String {
    let mut result = json!({ "holds": true });
    if let Value::Object(members) = &mut result {
        members.extend(log.map(|log| ("log".to_owned(), log_json(log))));
        members.extend(receipt.map(|(index, checkpoint)| {
            ("receipt".to_owned(), json!({ "index": index, "origin": checkpoint.origin, "size": checkpoint.size }))
        }));
        if let Some(Decided { queries, verified, unverified }) = decided {
            members.insert("decided_again".to_owned(), json!(queries));
            members.insert("consents".to_owned(), json!({ "verified": verified, "unverified": unverified }));
        }
    }
    format!("{result}\n")
}

fn log_json(log: &Report) -> Value {
    json!({
        "origin": log.checkpoint.origin,
        "size": log.checkpoint.size,
        "root": STANDARD.encode(log.checkpoint.root),
        "files": log.files,
        "continues": log.earlier,
        "leaves": log.leaves.as_ref().map(leaves_json),
    })
}

fn leaves_json(leaves: &LeafReport) -> Value {
    json!({
        "count": leaves.count,
        "kinds": leaves.kinds,
        "institutions": leaves.institutions,
        "last_at": leaves.last_at.map(|at| at.to_string()),
    })
}
