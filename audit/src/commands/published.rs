//! `credit-audit figures`: published figures, held against the log that they name, or against all logs of a set.

use credit_audit::leaf::Peek;
use credit_audit::published::{PublishedFigures, Recorded};
use credit_audit::replay::SetReplay;
use credit_audit::set::{SetLeaf, SetVisitor};
use credit_audit::verify::{self, CheckError, Violation, Visitor};
use jiff::Timestamp;
use serde_json::json;

use super::arguments::FiguresArguments;
use super::set::{Opened, one};
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest file has.
const LONGEST_BYTES: u64 = 16 * 1024 * 1024;

/// Checks the files and the logs; gives what is to be printed.
pub(super) fn run(arguments: &FiguresArguments, language: Language) -> Result<String, Stop> {
    let mut files = Vec::new();
    for file in &arguments.file {
        let bytes = read_up_to(file, LONGEST_BYTES)?;
        files.push(PublishedFigures::of(&bytes).map_err(Violation::Figures)?);
    }
    let (recorded, began) = match Opened::of(&arguments.set, &arguments.log, &[], language)? {
        Some(opened) => {
            let origins = opened.set.origins().map(str::to_owned).collect();
            let promises = SetReplay::promises(&opened.set);
            let mut fold = FoldOfSet { promises, origins, recorded: Recorded::default() };
            opened.set.check(&[], &mut fold)?;
            (fold.recorded, opened.set.directory.listing.logs().map(|log| log.from).collect::<Vec<Timestamp>>())
        }
        None => (of_log(arguments, language)?, Vec::new()),
    };
    let mut said = String::new();
    for file in &files {
        let index = recorded.has(file, &began, arguments.utc_offset).map_err(Violation::Figures)?;
        said += &match arguments.json {
            true => format!(
                "{}\n",
                json!({"holds": true, "origin": file.origin, "period": file.period, "index": index, "epsilon": file.epsilon, "logs": file.logs})
            ),
            false => language.figures_hold(file, index),
        };
    }
    Ok(said)
}

fn of_log(arguments: &FiguresArguments, language: Language) -> Result<Recorded, Stop> {
    let Some(folder) = one(&arguments.log, language)? else { return Err(Stop::Usage(language.several_logs())) };
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let mut fold = Fold { origin: key.name().to_owned(), recorded: Recorded::default() };
    verify::directory(folder, &key, &[], &mut fold)?;
    Ok(fold.recorded)
}

struct Fold {
    origin: String,
    recorded: Recorded,
}

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        self.recorded.leaf(&self.origin, index, peek).map_err(|error| unreadable(index, &error))
    }
}

/// The same of a set, whose logs must keep their promises together.
struct FoldOfSet<'a> {
    promises: SetReplay<'a>,
    /// Of the logs, by their place in the set.
    origins: Vec<String>,
    recorded: Recorded,
}

impl SetVisitor for FoldOfSet<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.promises.leaf(leaf)?;
        let origin = self.origins.get(leaf.log).map(String::as_str).unwrap_or_default();
        self.recorded.leaf(origin, leaf.index, &leaf.peek).map_err(|error| unreadable(leaf.index, &error))
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.promises.end()
    }
}

fn unreadable(index: u64, error: &credit_audit::leaf::BodyError) -> CheckError {
    CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() }
}
