//! Reviews of the logs of a set: each is drawn and reviewed by itself.

use credit_audit::edge::Edge;
use credit_audit::replay::SetReplay;
use credit_audit::review::{ReviewFigures, ReviewSums};
use credit_audit::set::{LogSet, SetLeaf, SetVisitor};
use credit_audit::verify::{CheckError, Violation, Visitor as _};
use jiff::Timestamp;
use serde::Serialize;

use super::super::arguments::ReviewArguments;
use super::super::stop::Stop;
use super::super::words::Language;
use super::fold::{Fold, policy};
use super::shown::rows;

/// Checks the set, then counts and checks the draws of each of its logs.
pub(super) fn run(set: &LogSet, arguments: &ReviewArguments, language: Language) -> Result<String, Stop> {
    let policy = policy(arguments)?;
    let logs = set.origins().map(|origin| Fold::new(origin, policy.clone(), arguments.utc_offset)).collect();
    let mut fold = FoldOfSet { promises: SetReplay::promises(set), logs };
    drop(set.check(&[], &mut fold)?);
    let last = fold.logs.iter().map(|log| log.last).max().unwrap_or(Timestamp::MIN);
    let mut all = Vec::new();
    for (origin, log) in set.origins().zip(&fold.logs) {
        let in_log = |fault| Violation::InLog { origin: origin.to_owned(), cause: Box::new(fault) };
        let figures = log.figures(arguments.at.unwrap_or(last)).map_err(in_log)?;
        all.push(OfLog { log: origin.to_owned(), figures });
    }
    let sums = ReviewSums::of(all.iter().map(|one| &one.figures));
    Ok(match arguments.json {
        true => format!("{}\n", serde_json::to_string(&Said { logs: all, sums }).unwrap_or_default()),
        false => table(&all, &sums, language),
    })
}

/// The figures of each log, and their sums.
#[derive(Serialize)]
struct Said {
    logs: Vec<OfLog>,
    sums: ReviewSums,
}

/// The figures of one log.
#[derive(Serialize)]
struct OfLog {
    log: String,
    #[serde(flatten)]
    figures: ReviewFigures,
}

/// The figures for people: a line for each log and period, then the sums.
fn table(all: &[OfLog], sums: &ReviewSums, language: Language) -> String {
    let [log, together] = language.log_column();
    let mut lines = vec![format!("{log}  {}\n", language.review_columns().join("  "))];
    for one in all {
        let of_log = ReviewSums::of(std::iter::once(&one.figures));
        lines.extend(rows(&of_log).map(|row| format!("{}  {row}\n", one.log)));
    }
    lines.extend(rows(sums).map(|row| format!("{together}  {row}\n")));
    lines.concat()
}

/// Takes in the leaves of all logs, which must keep their promises together.
struct FoldOfSet<'a> {
    promises: SetReplay<'a>,
    logs: Vec<Fold>,
}

impl SetVisitor for FoldOfSet<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.promises.leaf(leaf)?;
        match self.logs.get_mut(leaf.log) {
            Some(log) => log.leaf(leaf.index, &leaf.peek, leaf.bytes),
            None => Ok(()),
        }
    }

    fn edge(&mut self, log: usize, edge: &Edge) -> Result<(), CheckError> {
        self.logs.get_mut(log).map_or(Ok(()), |log| log.edge(edge))
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.promises.end()
    }
}
