//! Lists as they are read, and figures as they are shown.

use std::path::Path;

use credit_audit::coverage::{CoverageFigures, ListFault};
use credit_audit::leaf::BodyError;
use credit_audit::verify::{CheckError, Violation};

use super::super::stop::{Stop, read_up_to};
use super::super::words::Language;

/// More than the longest list has.
const LONGEST_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn text_of(list: &Path) -> Result<String, Stop> {
    Ok(String::from_utf8(read_up_to(list, LONGEST_BYTES)?).unwrap_or_default())
}

pub(super) fn faulty(fault: ListFault) -> Stop {
    Violation::List(fault).into()
}

/// The figures for people.
pub(super) fn table(figures: &CoverageFigures, language: Language) -> String {
    let mut lines = vec![language.coverage_columns().join("  ")];
    for one in &figures.departments {
        let counts = [one.registered, one.decided, one.looked_up, one.late, one.missed, one.carried, one.unregistered];
        let counts = counts.map(|count| count.to_string()).join("  ");
        lines.push(format!("{}  {}  {}  {counts}", one.month, one.institution, one.scenario));
    }
    lines.push(String::new());
    lines.join("\n")
}

pub(super) fn unreadable(index: u64, error: &BodyError) -> CheckError {
    CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() }
}
