//! Reviews of one log.

use credit_audit::verify;

use super::super::arguments::ReviewArguments;
use super::super::set::one;
use super::super::stop::{Stop, read_key};
use super::super::words::Language;
use super::fold::{Fold, policy};
use super::shown::table;

/// Checks the log, counts, and checks the draws.
pub(super) fn run(arguments: &ReviewArguments, language: Language) -> Result<String, Stop> {
    let Some(folder) = one(&arguments.log, language)? else { return Err(Stop::Usage(language.several_logs())) };
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let mut fold = Fold::new(key.name(), policy(arguments)?, arguments.utc_offset);
    verify::directory(folder, &key, &[], &mut fold)?;
    let figures = fold.figures(arguments.at.unwrap_or(fold.last))?;
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&figures).unwrap_or_default()),
        false => table(&figures, language),
    })
}
