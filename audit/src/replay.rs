//! Decisions made again from leaf and catalogue alone.

use std::path::Path;
use std::{fmt, fs, io};

use credit_policy::{Catalogue, Code, Decision, FieldName, RuleId, decide};
use jiff::SignedDuration;

use crate::leaf::{Kind, Outcome, Peek, QueryLeaf};
use crate::verify::{Failure, Fault, Watcher};

/// How long before its record a decision may have been made. Only the date counts, so this matters at midnight.
const LONGEST_QUERY: SignedDuration = SignedDuration::from_mins(5);

/// Where a leaf and its decision made again differ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The leaf does not read as a query.
    #[error("the leaf is no query: {0}")]
    Malformed(String),
    /// The leaf was decided under another catalogue.
    #[error("it was decided under the catalogue `{0}`")]
    Catalogue(String),
    /// The decision's date is not that of the record.
    #[error("`inputs.on` is not the date of `at`")]
    Date,
    /// An answered query lacks a key, or a refused one has a key that only an answer has.
    #[error("`{0}` is missing, or is there without an answer")]
    Key(&'static str),
    /// Another outcome or code.
    #[error("the leaf says {leaf}, the rules say {again}")]
    Outcome {
        /// What the leaf says.
        leaf: Verdict,
        /// What the rules say.
        again: Verdict,
    },
    /// Other fields released.
    #[error("`fields` are not those that the rules release")]
    Fields,
    /// Other rules named.
    #[error("`rules` are not those that decide")]
    Rules,
    /// Another notice to the person.
    #[error("`notice` is not the one that the catalogue says")]
    Notice,
}

/// Answered, or refused for a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answered.
    Answered,
    /// Refused, with this code.
    Refused(Option<Code>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered"),
            Self::Refused(None) => f.write_str("refused"),
            Self::Refused(Some(code)) => write!(f, "refused for `{}`", code.as_str()),
        }
    }
}

/// Decides a query of the log again, from its leaf and the catalogue that the leaf names.
///
/// # Errors
/// The first difference found.
pub fn decide_again(catalogue: &Catalogue, leaf: &QueryLeaf) -> Result<(), Mismatch> {
    if leaf.catalogue != catalogue.label() {
        return Err(Mismatch::Catalogue(leaf.catalogue.clone()));
    }
    let earliest = leaf.at.checked_sub(LONGEST_QUERY).unwrap_or(leaf.at);
    if ![leaf.at, earliest].map(|at| catalogue.today(at)).contains(&leaf.inputs.on) {
        return Err(Mismatch::Date);
    }
    complete(leaf)?;
    let said = match leaf.outcome {
        Outcome::Answered => Verdict::Answered,
        Outcome::Refused => Verdict::Refused(leaf.code),
    };
    match decide(catalogue, leaf.scenario.as_ref(), &leaf.inputs) {
        Decision::Permit(permit) => {
            same_verdict(said, Verdict::Answered)?;
            same_names(leaf.fields.as_deref(), permit.fields())?;
            same_rules(&leaf.rules, permit.rules())?;
            if leaf.notice.as_deref() == Some(permit.notice()) { Ok(()) } else { Err(Mismatch::Notice) }
        }
        Decision::Refuse { code, rules, bound: _ } => {
            same_verdict(said, Verdict::Refused(Some(code)))?;
            same_rules(&leaf.rules, &rules)
        }
    }
}

/// An answer's leaf has every key that an answer needs; a refusal's has none that says what was released.
fn complete(leaf: &QueryLeaf) -> Result<(), Mismatch> {
    let answered = leaf.outcome == Outcome::Answered;
    let released = [("fields", leaf.fields.is_some()), ("notice", leaf.notice.is_some())];
    let needed = [
        ("operator", leaf.operator.is_some()),
        ("scenario", leaf.scenario.is_some()),
        ("ground", leaf.ground.is_some()),
        ("answer", leaf.answer.is_some()),
        ("subject", leaf.subject.is_some()),
        ("key", leaf.key.is_some()),
        ("sealed", leaf.sealed.is_some()),
        ("commit", leaf.commit.is_some()),
    ];
    let wrong = released.iter().find(|(_, there)| *there != answered);
    let wrong = wrong.or_else(|| needed.iter().find(|(_, there)| answered && !there));
    wrong.map_or(Ok(()), |(key, _)| Err(Mismatch::Key(key)))
}

fn same_verdict(leaf: Verdict, again: Verdict) -> Result<(), Mismatch> {
    if leaf == again { Ok(()) } else { Err(Mismatch::Outcome { leaf, again }) }
}

fn same_names(leaf: Option<&[FieldName]>, again: &[FieldName]) -> Result<(), Mismatch> {
    if leaf == Some(again) { Ok(()) } else { Err(Mismatch::Fields) }
}

fn same_rules(leaf: &[RuleId], again: &[RuleId]) -> Result<(), Mismatch> {
    if leaf == again { Ok(()) } else { Err(Mismatch::Rules) }
}

/// Decides every query of a log again while the log is checked ([`crate::verify::directory`]).
pub struct Replay<'a> {
    catalogues: &'a [Catalogue],
    decided: u64,
}

impl<'a> Replay<'a> {
    /// Decides by these catalogues, each leaf by the one that it names.
    #[must_use]
    pub fn new(catalogues: &'a [Catalogue]) -> Self {
        Self { catalogues, decided: 0 }
    }

    /// How many queries were decided again, and came out as recorded.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.decided
    }
}

impl Watcher for Replay<'_> {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), Failure> {
        if peek.kind != Kind::Query.as_str() {
            return Ok(());
        }
        let fault = |cause| Fault::Decision { index, cause };
        let query = QueryLeaf::parse(bytes).map_err(|error| fault(Mismatch::Malformed(error.to_string())))?;
        let catalogue = self.catalogues.iter().find(|catalogue| catalogue.label() == query.catalogue);
        let Some(catalogue) = catalogue else {
            let why = format!("entry {index} was decided by it; give its folder with --catalogue");
            return Err(Failure::unavailable(query.catalogue, &why));
        };
        decide_again(catalogue, &query).map_err(fault)?;
        self.decided += 1;
        Ok(())
    }
}

/// The files of a catalogue's folder, as [`Catalogue::load`] takes them: tables, statutes and their schema, by path below the folder.
///
/// # Errors
/// When the folder or a file cannot be read, or is not UTF-8.
pub fn catalogue_files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((place, prefix)) = folders.pop() {
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else if [".toml", ".cedar", ".cedarschema"].iter().any(|end| name.ends_with(end)) {
                files.push((name, fs::read_to_string(entry.path())?));
            }
        }
    }
    files.sort();
    Ok(files)
}
