//! `credit-audit report`: the monthly compliance report.

use std::fs;
use std::path::Path;

use credit_audit::leaf::Peek;
use credit_audit::monthly::{Monthly, page};
use credit_audit::translation;
use credit_audit::verify::{self, CheckError, Visitor};

use super::arguments::MonthlyArguments;
use super::stop::{Stop, read_key};
use super::words::Language;

/// Checks the log and counts; gives what is to be printed.
pub(super) fn run(arguments: &MonthlyArguments, language: Language) -> Result<String, Stop> {
    let folder: &Path = &arguments.log;
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let mut fold = Fold(Monthly::new(&arguments.month, arguments.utc_offset));
    let report = verify::directory(folder, &key, &[], &mut fold)?;
    let figures = fold.0.figures(&report.checkpoint);
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string(&figures).unwrap_or_default()),
        false => page(&figures, translation::language()),
    };
    let Some(out) = &arguments.out else { return Ok(text) };
    fs::write(out, text).map_err(|error| {
        Stop::Check(CheckError::Unavailable { what: out.display().to_string(), why: error.to_string() })
    })?;
    Ok(String::new())
}

struct Fold(Monthly);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        let taken = self.0.leaf(index, *peek);
        taken.map_err(|error| CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() })
    }
}
