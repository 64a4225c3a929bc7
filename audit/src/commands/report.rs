//! Results as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::checkpoint::Checkpoint;
use credit_audit::verify::{LeafReport, Report};
use serde_json::{Value, json};

/// A result that holds, on one line.
pub(super) fn json(log: Option<&Report>, receipt: Option<&(u64, Checkpoint)>, decided: Option<u64>) -> String {
    let mut result = json!({ "holds": true });
    if let Value::Object(members) = &mut result {
        members.extend(log.map(|log| ("log".to_owned(), log_json(log))));
        members.extend(receipt.map(|(index, checkpoint)| {
            ("receipt".to_owned(), json!({ "index": index, "origin": checkpoint.origin, "size": checkpoint.size }))
        }));
        members.extend(decided.map(|decided| ("decided_again".to_owned(), json!(decided))));
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
