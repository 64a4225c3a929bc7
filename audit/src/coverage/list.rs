//! The list of misses that is handed over: a note signed by the log's key (`FORMAT.md` §12).

use std::fmt::Write as _;

use super::figures::CoverageFigures;
use crate::note::{self, NoteError, VerifierKey};

/// The first line: no checkpoint begins like it.
const FORM: &str = "credit-gateway/coverage/1";

/// The lines before the first miss.
pub(super) const HEAD_LINES: usize = 4;

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

/// A list whose signature is valid.
#[derive(Debug, Clone)]
pub struct SignedList {
    /// The log that signed it.
    pub origin: String,
    /// Leaves of the log that it covers.
    pub size: u64,
    /// The month of its misses; nothing where it has all.
    pub month: Option<String>,
    text: String,
}

impl SignedList {
    /// The log that a list says it is of, which nothing proves yet: by whose key it is to be opened.
    ///
    /// # Errors
    /// When it is no list.
    pub fn origin_of(signed: &str) -> Result<&str, ListFault> {
        let mut lines = signed.lines();
        let origin = lines.next().filter(|form| *form == FORM).and_then(|_| lines.next()?.strip_prefix("log "));
        origin.ok_or(ListFault::Form)
    }

    /// What a list says that it covers, once its signature is valid.
    ///
    /// # Errors
    /// When it is not signed by this key, or is no list of its log.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, ListFault> {
        let note = note::open(signed, std::slice::from_ref(key))?;
        let mut lines = note.text().lines();
        let mut value = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).map(str::to_owned);
        let head = (value(FORM), value("log "), value("size "), value("month "));
        let (Some(form), Some(origin), Some(size), Some(month)) = head else { return Err(ListFault::Form) };
        let size = size.parse().ok().filter(|_| form.is_empty() && origin == key.name()).ok_or(ListFault::Form)?;
        let month = Some(month).filter(|month| month != "all");
        Ok(Self { origin, size, month, text: note.text().to_owned() })
    }

    /// Whether it is what its log comes to: by the figures of its month and of as many leaves as it covers.
    ///
    /// # Errors
    /// The first line that differs, or that there are not so many leaves.
    pub fn is_of(&self, figures: &CoverageFigures) -> Result<(), ListFault> {
        if figures.size != self.size {
            return Err(ListFault::Beyond { list: self.size, log: figures.size });
        }
        let (ours, theirs) = (list_text(&self.origin, self.month.as_deref(), figures), &self.text);
        let differs = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
        let differs = differs.or_else(|| (ours != *theirs).then(|| ours.lines().count().min(theirs.lines().count())));
        differs.map_or(Ok(()), |line| Err(ListFault::Differs(line + 1)))
    }
}
