//! The list of misses that is handed over: a note signed by the log's key (`FORMAT.md` §12).

use std::fmt::Write as _;

use jiff::Timestamp;

use super::figures::{CoverageFigures, Miss};
use crate::note::{self, NoteError, VerifierKey};

/// The first line: no checkpoint begins like it.
const FORM: &str = "credit-gateway/coverage/1";
/// That of a list for which all logs of a set were counted.
const FORM_OF_SET: &str = "credit-gateway/coverage/2";

/// The lines before the first miss, of a list for which one log was counted.
pub(super) const HEAD_LINES: usize = 4;

/// Why a list is not that of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// It is not signed by this log's key.
    #[error("the list is not signed by the log's key: {0}")]
    Signature(#[from] NoteError),
    /// It is no such list.
    #[error(
        "the note is no list of misses: its lines are `credit-gateway/coverage/1`, `log`, `size`, `month` and the misses; or \
         `credit-gateway/coverage/2`, `log`, `logs`, `until`, `month` and the misses"
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
    /// One log says nothing of it.
    #[error("the list counts over several logs: name all of them, with the directory that lists them")]
    OfSet,
    /// It was made without one of the logs.
    #[error("the list leaves out the log `{0}`, which has entries of its time")]
    LeftOut(String),
}

/// The text that is signed where one log was counted: of the misses of a month, or of all.
#[must_use]
pub fn list_text(origin: &str, month: Option<&str>, figures: &CoverageFigures) -> String {
    let head = format!("{FORM}\nlog {origin}\nsize {}\nmonth {}\n", figures.size, month.unwrap_or("all"));
    with_misses(head, &figures.misses.iter().collect::<Vec<_>>())
}

/// The text that is signed where these logs were counted, their leaves before a time: of the misses of one of them, whose decisions
/// stand there.
#[must_use]
pub fn list_text_of_set(
    origin: &str,
    (logs, until): (&[String], Timestamp),
    month: Option<&str>,
    figures: &CoverageFigures,
) -> String {
    let (logs, month) = (logs.join(" "), month.unwrap_or("all"));
    let head = format!("{FORM_OF_SET}\nlog {origin}\nlogs {logs}\nuntil {until:.6}\nmonth {month}\n");
    let misses: Vec<_> = figures.misses.iter().filter(|miss| miss.log.as_deref() == Some(origin)).collect();
    with_misses(head, &misses)
}

fn with_misses(mut text: String, misses: &[&Miss]) -> String {
    for miss in misses {
        let late = match (miss.late, &miss.late_log) {
            (None, _) => "missed".to_owned(),
            (Some(index), Some(log)) if Some(log) != miss.log.as_ref() => format!("late {index} {log}"),
            (Some(index), _) => format!("late {index}"),
        };
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

/// What was counted for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covers {
    /// So many leaves of the log that signed it.
    Leaves(u64),
    /// The leaves of several logs before a time.
    Logs {
        /// Their origins.
        logs: Vec<String>,
        /// The time.
        until: Timestamp,
    },
}

/// A list whose signature is valid.
#[derive(Debug, Clone)]
pub struct SignedList {
    /// The log that signed it.
    pub origin: String,
    /// What was counted for it.
    pub covers: Covers,
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
        let form = lines.next().filter(|form| [FORM, FORM_OF_SET].contains(form));
        let origin = form.and_then(|_| lines.next()?.strip_prefix("log "));
        origin.ok_or(ListFault::Form)
    }

    /// What a list says that it covers, once its signature is valid.
    ///
    /// # Errors
    /// When it is not signed by this key, or is no list of its log.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, ListFault> {
        let note = note::open(signed, std::slice::from_ref(key))?;
        let read = Self::read(note.text()).filter(|list| list.origin == key.name());
        read.ok_or(ListFault::Form)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let form = lines.next()?;
        let mut value = |name: &str| lines.next()?.strip_prefix(name).map(str::to_owned);
        let origin = value("log ")?;
        let covers = match form {
            FORM => Covers::Leaves(value("size ")?.parse().ok()?),
            FORM_OF_SET => {
                let logs: Vec<_> = value("logs ")?.split(' ').map(str::to_owned).collect();
                let until = value("until ")?.parse().ok()?;
                Some(Covers::Logs { logs, until }).filter(|covers| covers.has(&origin))?
            }
            _ => return None,
        };
        let month = Some(value("month ")?).filter(|month| month != "all");
        Some(Self { origin, covers, month, text: text.to_owned() })
    }

    /// Whether it is what its log comes to: by the figures of its month and of as many leaves as it covers; of a list of several
    /// logs, by the figures of all of them up to its time.
    ///
    /// # Errors
    /// The first line that differs, or that there are not so many leaves.
    pub fn is_of(&self, figures: &CoverageFigures) -> Result<(), ListFault> {
        let month = self.month.as_deref();
        let ours = match &self.covers {
            Covers::Leaves(size) if figures.size != *size => {
                return Err(ListFault::Beyond { list: *size, log: figures.size });
            }
            Covers::Leaves(_) => list_text(&self.origin, month, figures),
            Covers::Logs { logs, until } => list_text_of_set(&self.origin, (logs, *until), month, figures),
        };
        let theirs = &self.text;
        let differs = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
        let differs = differs.or_else(|| (ours != *theirs).then(|| ours.lines().count().min(theirs.lines().count())));
        differs.map_or(Ok(()), |line| Err(ListFault::Differs(line + 1)))
    }
}

impl Covers {
    fn has(&self, origin: &str) -> bool {
        matches!(self, Self::Logs { logs, .. } if logs.iter().any(|log| log == origin))
    }
}
