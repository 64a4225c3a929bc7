//! Coverage over the logs of a set, and the lists that they signed.

use std::path::Path;

use credit_audit::coverage::{Coverage, CoverageFigures, ListFault, ListInSet, SignedList};
use credit_audit::edge::Edge;
use credit_audit::monthly::LogHead;
use credit_audit::replay::SetReplay;
use credit_audit::set::{LogSet, SetFault, SetLeaf, SetVisitor};
use credit_audit::verify::{CheckError, Violation};
use serde::Serialize;

use super::super::arguments::CoverageArguments;
use super::super::stop::{Elsewhere, Stop};
use super::super::words::Language;
use super::shown::{faulty, table, text_of, unreadable};

/// Checks the set and counts over all its logs; then each list, by its own log and by the others.
pub(super) fn run(set: &LogSet, arguments: &CoverageArguments, language: Language) -> Result<String, Stop> {
    let offset = arguments.utc_offset;
    let lists = arguments.list.iter().map(|file| {
        let (log, list) = listed(set, file)?;
        Ok(ListInSet::new(list, log, offset, set.origins().map(str::to_owned).collect()))
    });
    let lists = lists.collect::<Result<Vec<_>, Stop>>()?;
    let origins = set.origins().map(str::to_owned).collect();
    let mut fold = Fold { promises: SetReplay::promises(set), all: Coverage::of_set(offset, origins), lists };
    let logs = set.check(&[], &mut fold)?;
    let mut elsewhere = Vec::new();
    for (file, in_set) in arguments.list.iter().zip(&fold.lists) {
        let SignedList { origin, .. } = in_set.list();
        let found = in_set.looked_up(&fold.all).map_err(|fault| faulty_in(origin, fault))?;
        let of = |found| Elsewhere { list: file.display().to_string(), signed_by: origin.clone(), found };
        elsewhere.extend(found.into_iter().map(of));
    }
    if !elsewhere.is_empty() {
        return Err(Stop::LookedUp(elsewhere));
    }
    let figures = fold.all.figures(arguments.month.as_deref());
    let logs: Vec<_> = logs.iter().map(LogHead::of).collect();
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&OfSet { logs, figures: &figures }).unwrap_or_default()),
        false => {
            let held = arguments.list.iter().zip(&fold.lists);
            let held = held.map(|(file, in_set)| language.list_of_set_holds(file, &in_set.list().origin));
            table(&figures, language) + &held.collect::<String>()
        }
    })
}

/// The list in a file, opened by the key under which the directory lists the log that it is of, and the place of that log.
fn listed(set: &LogSet, file: &Path) -> Result<(usize, SignedList), Stop> {
    let signed = text_of(file)?;
    let origin = SignedList::origin_of(&signed).map_err(faulty)?;
    let listed = set.directory.listing.log(origin).zip(set.origins().position(|of| of == origin));
    let (listed, log) = listed.ok_or_else(|| Violation::from(SetFault::Unlisted(origin.to_owned())))?;
    Ok((log, SignedList::open(&signed, &listed.key).map_err(|fault| faulty_in(origin, fault))?))
}

fn faulty_in(origin: &str, fault: ListFault) -> Stop {
    Violation::InLog { origin: origin.to_owned(), cause: Box::new(Violation::List(fault)) }.into()
}

/// The figures of a set, and up to where its logs were checked.
#[derive(Serialize)]
struct OfSet<'a> {
    logs: Vec<LogHead>,
    #[serde(flatten)]
    figures: &'a CoverageFigures,
}

/// Takes in the leaves of all logs, which must keep their promises together.
struct Fold<'a> {
    promises: SetReplay<'a>,
    all: Coverage,
    lists: Vec<ListInSet>,
}

impl SetVisitor for Fold<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.promises.leaf(leaf)?;
        let SetLeaf { log, index, peek, .. } = *leaf;
        for list in &mut self.lists {
            list.leaf_in(log, index, peek, &self.all).map_err(|error| unreadable(index, &error))?;
        }
        self.all.leaf_in(log, index, peek).map_err(|error| unreadable(index, &error))
    }

    fn edge(&mut self, log: usize, edge: &Edge) -> Result<(), CheckError> {
        self.lists.iter_mut().for_each(|list| list.begin_in(log, edge));
        self.all.begin_in(log, edge);
        Ok(())
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.promises.end()
    }
}
