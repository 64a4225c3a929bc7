//! Coverage of one log, and a list that it signed.

use credit_audit::coverage::{Coverage, Covers, ListFault, SignedList};
use credit_audit::edge::Edge;
use credit_audit::leaf::Peek;
use credit_audit::verify::{self, CheckError, Visitor};

use super::super::arguments::CoverageArguments;
use super::super::set::one;
use super::super::stop::{Stop, read_key};
use super::super::words::Language;
use super::shown::{faulty, table, text_of, unreadable};

/// Checks the log and counts.
pub(super) fn run(arguments: &CoverageArguments, language: Language) -> Result<String, Stop> {
    let Some(folder) = one(&arguments.log, language)? else { return Err(Stop::Usage(language.several_logs())) };
    let list = match arguments.list.as_slice() {
        [] => None,
        [file] => Some(file),
        [_, ..] => return Err(Stop::Usage(language.several_lists())),
    };
    let beside = verify::log_directory(folder).join("log.vkey");
    let key = read_key(arguments.vkey.as_deref().unwrap_or(&beside), language)?;
    let list = list.map(|file| SignedList::open(&text_of(file)?, &key).map_err(faulty)).transpose()?;
    let until = match list.as_ref().map(|list| &list.covers) {
        None => u64::MAX,
        Some(Covers::Leaves(size)) => *size,
        Some(Covers::Logs { .. }) => return Err(faulty(ListFault::OfSet)),
    };
    let mut fold = Fold { coverage: Coverage::new(arguments.utc_offset), until };
    verify::directory(folder, &key, &[], &mut fold)?;
    let month = list.as_ref().map_or(arguments.month.clone(), |list| list.month.clone());
    let figures = fold.coverage.figures(month.as_deref());
    list.as_ref().map_or(Ok(()), |list| list.is_of(&figures).map_err(faulty))?;
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&figures).unwrap_or_default()),
        false => table(&figures, language) + &list.map(|_| language.list_holds()).unwrap_or_default(),
    })
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
            self.coverage.leaf(index, *peek).map_err(|error| unreadable(index, &error))?;
        }
        Ok(())
    }
}
