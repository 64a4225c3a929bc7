//! `credit-audit mirror`.

use credit_audit::verify::{self, ClientFiles, Remote};
use serde_json::json;

use super::arguments::MirrorArguments;
use super::progress::Progress;
use super::stop::{Stop, read_key};
use super::words::Language;

/// Brings the copy up to date; gives what is to be printed.
pub(super) fn run(arguments: &MirrorArguments, language: Language) -> Result<String, Stop> {
    let key = read_key(&arguments.vkey, language)?;
    let identity = arguments.cert.clone().zip(arguments.key.clone());
    let leaves = identity.is_some();
    let files = ClientFiles { authorities: arguments.ca.clone(), identity };
    let remote =
        Remote::new(&arguments.log, &files).map_err(|error| Stop::Usage(language.fault(&error.to_string())))?;
    let (report, fetched) = verify::mirror(remote, &arguments.folder, leaves, &key, &mut Progress::new())?;
    if !arguments.json {
        return Ok(language.holds(Some(&report), None, None) + &language.mirrored(fetched));
    }
    let (checkpoint, before) = (&report.checkpoint, report.earlier.first());
    let result = json!({
        "holds": true, "origin": checkpoint.origin, "size": checkpoint.size, "before": before,
        "entries": leaves, "fetched": fetched,
    });
    Ok(format!("{result}\n"))
}
