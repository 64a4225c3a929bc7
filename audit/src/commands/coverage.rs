//! `credit-audit coverage`: which cases that must be checked were looked up, from the log alone.

use std::path::Path;

use credit_audit::coverage::{Coverage, CoverageFigures, ListFault, check_list, list_text};
use credit_audit::edge::Edge;
use credit_audit::leaf::Peek;
use credit_audit::verify::{self, CheckError, Violation, Visitor};

use super::arguments::CoverageArguments;
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest list has.
const LONGEST_BYTES: u64 = 64 * 1024 * 1024;

/// Checks the log and counts; gives what is to be printed.
pub(super) fn run(arguments: &CoverageArguments, language: Language) -> Result<String, Stop> {
    let folder: &Path = &arguments.log;
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let list = arguments.list.as_deref().map(|file| {
        let text = String::from_utf8(read_up_to(file, LONGEST_BYTES)?).unwrap_or_default();
        check_list(&text, &key).map_err(|fault| Stop::from(Violation::List(fault)))
    });
    let list = list.transpose()?;
    let until = list.as_ref().map_or(u64::MAX, |(size, _, _)| *size);
    let mut fold = Fold { coverage: Coverage::new(arguments.utc_offset), until };
    verify::directory(folder, &key, &[], &mut fold)?;
    let month = list.as_ref().map_or(arguments.month.clone(), |(_, month, _)| month.clone());
    let figures = fold.coverage.figures(month.as_deref());
    if let Some((size, month, text)) = &list {
        if figures.size != *size {
            return Err(Violation::List(ListFault::Beyond { list: *size, log: figures.size }).into());
        }
        let ours = list_text(key.name(), month.as_deref(), &figures);
        let differs = ours.lines().zip(text.lines()).position(|(ours, theirs)| ours != theirs);
        let differs = differs.or_else(|| (ours != *text).then(|| ours.lines().count().min(text.lines().count())));
        if let Some(line) = differs {
            return Err(Violation::List(ListFault::Differs(line + 1)).into());
        }
    }
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&figures).unwrap_or_default()),
        false => table(&figures, language) + &list.map(|_| language.list_holds()).unwrap_or_default(),
    })
}

/// The figures for people.
fn table(figures: &CoverageFigures, language: Language) -> String {
    let mut lines = vec![language.coverage_columns().join("  ")];
    for one in &figures.departments {
        let counts = [one.registered, one.decided, one.looked_up, one.late, one.missed, one.carried, one.unregistered];
        let counts = counts.map(|count| count.to_string()).join("  ");
        lines.push(format!("{}  {}  {}  {counts}", one.month, one.institution, one.scenario));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Takes in the leaves below a size while the log is checked.
struct Fold {
    coverage: Coverage,
    until: u64,
}

impl Visitor for Fold {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.coverage.begin_at(edge);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if index < self.until {
            let taken = self.coverage.leaf(index, *peek);
            taken
                .map_err(|error| CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() })?;
        }
        Ok(())
    }
}
