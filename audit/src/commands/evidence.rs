//! `credit-audit export` and `credit-audit evidence`.

use std::fs;
use std::path::Path;

use credit_audit::evidence::{Checked, Scope, make};
use credit_audit::verify::{self, CheckError, Violation};
use serde_json::json;

use super::arguments::{EvidenceArguments, ExportArguments};
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest evidence has.
const LONGEST_BYTES: u64 = 1024 * 1024 * 1024;

/// Gathers evidence into a file.
pub(super) fn export(arguments: &ExportArguments, language: Language) -> Result<String, Stop> {
    let folder: &Path = &arguments.log;
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let scope = Scope {
        institution: arguments.institution.clone(),
        operator: arguments.operator.clone(),
        since: arguments.since,
        until: arguments.until,
    };
    let gathered = make(folder, &key, &scope)?;
    fs::write(&arguments.out, gathered.json).map_err(|error| {
        Stop::Check(CheckError::Unavailable { what: arguments.out.display().to_string(), why: error.to_string() })
    })?;
    Ok(language.gathered(gathered.entries, &gathered.checkpoint))
}

/// Checks evidence; gives what is to be printed.
pub(super) fn check(arguments: &EvidenceArguments, language: Language) -> Result<String, Stop> {
    let key = arguments.vkey.as_deref().map(|file| read_key(file, language)).transpose()?;
    let bytes = read_up_to(&arguments.file, LONGEST_BYTES)?;
    let checked = Checked::of(&bytes, key.as_ref()).map_err(Violation::Evidence)?;
    let log = arguments.log.as_deref().map(|folder| checked.against(folder)).transpose()?;
    if !arguments.json {
        return Ok(language.evidence(&checked, log.is_some(), key.is_some()));
    }
    let (edges, checkpoint) = (&checked.edges, &checked.checkpoint);
    let result = json!({
        "holds": true,
        "evidence": {
            "origin": checkpoint.origin, "size": checkpoint.size, "scope": checked.scope,
            "entries": checked.indices.len(),
            "nothing_missing": { "before": edges.before, "between": edges.between, "after": edges.after },
        },
        "log": log.map(|log| log.checkpoint.size),
    });
    Ok(format!("{result}\n"))
}
