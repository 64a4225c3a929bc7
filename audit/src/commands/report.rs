//! Results as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::checkpoint::Checkpoint;
use credit_audit::directory::Directory;
use credit_audit::links::LinkReport;
use credit_audit::person::Checked;
use credit_audit::trust_policy::{TrustPolicy, Witnessed};
use credit_audit::verify::{LeafReport, LetGo, Report};
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

/// What two logs say of each other.
pub(super) struct Links {
    /// The other log.
    pub(super) origin: String,
    pub(super) report: LinkReport,
}

/// A result that holds, on one line.
pub(super) fn json(
    log: Option<&Report>,
    receipt: Option<&(u64, Checkpoint)>,
    decided: Option<Decided>,
    links: Option<&Links>,
    witnessed: Option<(&TrustPolicy, &Witnessed)>,
) -> String {
    let mut result = json!({ "holds": true });
    if let Value::Object(members) = &mut result {
        members.extend(log.map(|log| ("log".to_owned(), log_json(log))));
        members.extend(receipt.map(|(index, checkpoint)| {
            ("receipt".to_owned(), json!({ "index": index, "origin": checkpoint.origin, "size": checkpoint.size }))
        }));
        members.extend(decided.into_iter().flat_map(decided_json));
    }
    if let (Value::Object(members), Some(Links { origin, report })) = (&mut result, links) {
        let LinkReport { linked, refused, refused_there, open } = report;
        let links = json!({ "origin": origin, "linked": linked, "refused_here": refused, "refused_there": refused_there, "open": open });
        members.insert("links".to_owned(), links);
    }
    if let (Value::Object(members), Some((policy, witnessed))) = (&mut result, witnessed) {
        members.insert("witnessed".to_owned(), witnessed_json(policy, witnessed));
    }
    format!("{result}\n")
}

/// What witnesses cosigned.
fn witnessed_json(policy: &TrustPolicy, Witnessed { checkpoint, by }: &Witnessed) -> Value {
    let name = |place: usize| policy.witnesses.get(place).map(|witness| witness.name.as_str());
    let by: Vec<Value> = by.iter().map(|(place, at)| json!({ "name": name(*place), "at": at })).collect();
    json!({ "size": checkpoint.size, "by": by })
}

/// A set that holds, on one line; what witnesses cosigned of each log, where there is a policy.
pub(super) fn set(
    directory: &Directory,
    logs: &[Report],
    decided: Option<Decided>,
    policy: Option<&TrustPolicy>,
    witnessed: &[Witnessed],
) -> String {
    let mut logs: Vec<Value> = logs.iter().map(log_json).collect();
    for (log, witnessed) in logs.iter_mut().zip(witnessed) {
        if let (Value::Object(log), Some(policy)) = (log, policy) {
            log.insert("witnessed".to_owned(), witnessed_json(policy, witnessed));
        }
    }
    let mut result = json!({ "holds": true, "directory": log_json(&directory.report), "logs": logs });
    if let Value::Object(members) = &mut result {
        members.extend(decided.into_iter().flat_map(decided_json));
    }
    format!("{result}\n")
}

fn decided_json(Decided { queries, verified, unverified }: Decided) -> [(String, Value); 2] {
    let consents = json!({ "verified": verified, "unverified": unverified });
    [("decided_again".to_owned(), json!(queries)), ("consents".to_owned(), consents)]
}

/// An export that holds, on one line.
pub(super) fn export(export: &Checked, log: Option<&Report>) -> String {
    let Checked { checkpoint, statement, entries, done_for, left_out, goes_on, .. } = export;
    let result = json!({
        "holds": true,
        "export": {
            "origin": checkpoint.origin, "size": checkpoint.size, "statement": statement, "entries": entries,
            "done_for": done_for,
            "left_out": left_out, "goes_on": goes_on,
        },
        "log": log.map(log_json),
    });
    format!("{result}\n")
}

fn log_json(log: &Report) -> Value {
    let mut said = checked_json(log);
    if let (Value::Object(members), Some(LetGo { until, kept, last_at, leaf, proposal })) = (&mut said, &log.let_go) {
        let last_at = last_at.to_string();
        let pruned = json!({ "until": until, "kept": kept, "last_at": last_at, "leaf": leaf, "proposal": proposal });
        members.insert("pruned".to_owned(), pruned);
    }
    said
}

fn checked_json(log: &Report) -> Value {
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
