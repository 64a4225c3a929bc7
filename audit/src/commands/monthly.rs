//! `credit-audit report`: the monthly compliance report.

use std::fs;

use credit_audit::leaf::{BodyError, Peek};
use credit_audit::monthly::{Monthly, MonthlyFigures, MonthlyOfSet, page};
use credit_audit::replay::SetReplay;
use credit_audit::set::{LogSet, SetLeaf, SetVisitor};
use credit_audit::translation;
use credit_audit::verify::{self, CheckError, Report, Visitor};

use super::arguments::MonthlyArguments;
use super::set::{Opened, one};
use super::stop::{Stop, read_key};
use super::words::Language;

/// Checks the log and counts; gives what is to be printed.
pub(super) fn run(arguments: &MonthlyArguments, language: Language) -> Result<String, Stop> {
    let figures = match Opened::of(&arguments.set, &arguments.log, &[], language)? {
        Some(opened) => of_set(&opened.set, arguments)?,
        None => of_log(arguments, language)?,
    };
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

fn of_log(arguments: &MonthlyArguments, language: Language) -> Result<MonthlyFigures, Stop> {
    let Some(folder) = one(&arguments.log, language)? else { return Err(Stop::Usage(language.several_logs())) };
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let mut fold = Fold(Monthly::new(&arguments.month, arguments.utc_offset));
    let report = verify::directory(folder, &key, &[], &mut fold)?;
    is_whole(arguments, &report)?;
    Ok(fold.0.figures(&report.checkpoint))
}

fn of_set(set: &LogSet, arguments: &MonthlyArguments) -> Result<MonthlyFigures, Stop> {
    let promises = SetReplay::promises(set);
    let mut fold = FoldOfSet { promises, monthly: MonthlyOfSet::new(&arguments.month, arguments.utc_offset, set) };
    let logs = set.check(&[], &mut fold)?;
    logs.iter().try_for_each(|log| is_whole(arguments, log))?;
    Ok(fold.monthly.figures(&set.directory.report, &logs))
}

/// Of a month of which records were let go no figure would be true.
fn is_whole(arguments: &MonthlyArguments, report: &Report) -> Result<(), CheckError> {
    let last = report.let_go.as_ref().map(|let_go| arguments.utc_offset.to_datetime(let_go.last_at).date());
    let is_gone = last.is_some_and(|last| arguments.month <= last.strftime("%Y-%m").to_string());
    if is_gone {
        Err(CheckError::Unavailable {
            what: arguments.month.clone(),
            why: "records of this month were let go by two officers".to_owned(),
        })
    } else {
        Ok(())
    }
}

struct Fold(Monthly);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        self.0.leaf(index, *peek).map_err(|error| unreadable(index, &error))
    }
}

/// The same of a set, whose logs must keep their promises together.
struct FoldOfSet<'a> {
    promises: SetReplay<'a>,
    monthly: MonthlyOfSet,
}

impl SetVisitor for FoldOfSet<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.promises.leaf(leaf)?;
        self.monthly.leaf(leaf).map_err(|error| unreadable(leaf.index, &error))
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.promises.end()
    }
}

fn unreadable(index: u64, error: &BodyError) -> CheckError {
    CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() }
}
