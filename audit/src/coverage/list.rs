//! The list of misses that is handed over: a note signed by the log's key (`FORMAT.md` §12).

use std::fmt::Write as _;

use super::figures::CoverageFigures;
use crate::note::{self, NoteError, VerifierKey};

/// The first line: no checkpoint begins like it.
const FORM: &str = "credit-gateway/coverage/1";

/// Why a list is not that of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// It is not signed by this log's key.
    #[error("the list is not signed by the log's key: {0}")]
    Signature(#[from] NoteError),
    /// It is no such list.
    #[error(
        "the note is no list of misses: its lines are `credit-gateway/coverage/1`, `log`, `size`, `month` and the misses"
    )]
    Form,
    /// It covers more than there is.
    #[error("the list covers {list} entries, but the log has {log}")]
    Beyond {
        /// Entries that it covers.
        list: u64,
        /// Entries of the log.
        log: u64,
    },
    /// The log says something else.
    #[error("the list differs from what the log's entries come to, at its line {0}")]
    Differs(usize),
}

/// The text that is signed: of the misses of a month, or of all.
#[must_use]
pub fn list_text(origin: &str, month: Option<&str>, figures: &CoverageFigures) -> String {
    let mut text = format!("{FORM}\nlog {origin}\nsize {}\nmonth {}\n", figures.size, month.unwrap_or("all"));
    for miss in &figures.misses {
        let late = miss.late.map_or_else(|| "missed".to_owned(), |index| format!("late {index}"));
        // Writing into a text does not fail.
        writeln!(
            text,
            "{} {late}\t{}\t{}\t{}\t{}\t{}",
            miss.index, miss.on, miss.institution, miss.scenario, miss.operator, miss.case
        )
        .unwrap_or_default();
    }
    // A note has no control character but line breaks.
    text.replace('\t', " | ")
}

/// What a signed list says it covers: its size and its month.
///
/// # Errors
/// [`ListFault`].
pub fn check_list(signed: &str, key: &VerifierKey) -> Result<(u64, Option<String>, String), ListFault> {
    let note = note::open(signed, std::slice::from_ref(key))?;
    let mut lines = note.text().lines();
    let mut value = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).map(str::to_owned);
    let head = (value(FORM), value("log "), value("size "), value("month "));
    let (Some(form), Some(origin), Some(size), Some(month)) = head else { return Err(ListFault::Form) };
    let size = size.parse().ok().filter(|_| form.is_empty() && origin == key.name()).ok_or(ListFault::Form)?;
    Ok((size, Some(month).filter(|month| month != "all"), note.text().to_owned()))
}
