//! What is counted of cases that must be checked: by the own log where a gateway counts alone, and by the logs of all where several
//! count together.

mod part;
mod stored;
mod together;

use std::{collections::BTreeSet, path::Path};

use credit_audit::{
    coverage::{Coverage, CoverageFigures, Elsewhere, Event, first_whole},
    edge::Edge,
    leaf::{BodyError, Leaf, Peek, parse_after},
};
use jiff::{Timestamp, tz::Offset};

pub(crate) use part::{Begins, EVENTS, LEAVES, Part};
pub(crate) use together::{CountedLog, Together};

/// See the module.
pub(crate) enum Covering {
    /// By the own log.
    Alone(Box<Coverage>),
    /// By the logs of all.
    Together(Box<Together>),
}

impl Covering {
    /// Of one gateway, of which nothing is read yet but what comes before an edge.
    pub(crate) fn alone(offset: Offset, edge: Option<&Edge>) -> Self {
        let mut coverage = Coverage::new(offset);
        edge.into_iter().for_each(|edge| coverage.begin_at(edge));
        Self::Alone(Box::new(coverage))
    }

    /// The same of one of several; what the others have is kept in the data folder.
    pub(crate) fn together(data: &Path, own: &str, offset: Offset, edge: Option<&Edge>) -> Self {
        let begins = edge.map(|edge| (edge.head.until, first_whole(edge, offset)));
        Self::Together(Box::new(Together::new(data, own, offset, begins.unwrap_or((0, Timestamp::MIN)))))
    }

    /// The first leaf of the own log that is not taken in.
    pub(crate) fn next_leaf(&self) -> u64 {
        match self {
            Self::Alone(coverage) => coverage.size(),
            Self::Together(all) => all.next_leaf(),
        }
    }

    /// Whether the next leaf can be taken in now: what waits for the other logs is bounded.
    pub(crate) fn has_room(&self) -> bool {
        match self {
            Self::Alone(_) => true,
            Self::Together(all) => all.has_room(),
        }
    }

    /// Takes in the next leaf of the own log.
    ///
    /// # Errors
    /// When it is none of its kind.
    pub(crate) fn leaf(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        match self {
            Self::Alone(coverage) => coverage.leaf(index, head),
            Self::Together(all) => {
                let leaf = if Event::may_be_in(head.kind) { parse_after(head)? } else { None };
                all.own_leaf(index, head.at, leaf.and_then(|leaf| Event::of(index, &leaf)));
                Ok(())
            }
        }
    }

    /// The same, of one that was parsed already; `None` where it says nothing of cases.
    pub(crate) fn parsed(&mut self, index: u64, at: Timestamp, leaf: Option<&Leaf<'_>>) {
        match self {
            Self::Alone(coverage) => coverage.parsed(0, index, leaf),
            Self::Together(all) => all.own_leaf(index, at, leaf.and_then(|leaf| Event::of(index, leaf))),
        }
    }

    /// Counts what is known by now, where these others count too.
    pub(crate) fn advance(&mut self, others: Option<BTreeSet<String>>) {
        if let Self::Together(all) = self {
            others.into_iter().for_each(|others| all.know(others));
            all.advance();
        }
    }

    /// Counts by what a gateway that served here had of the other logs; false where it is not known which there are.
    pub(crate) fn as_before(&mut self) -> bool {
        match self {
            Self::Alone(_) => true,
            Self::Together(all) => all.know_as_before(),
        }
    }

    /// The figures of a month, or of all.
    pub(crate) fn figures(&self, month: Option<&str>) -> CoverageFigures {
        match self {
            Self::Alone(coverage) => coverage.figures(month),
            Self::Together(all) => all.figures(month),
        }
    }

    /// Department and scenario of each decision of the own log without a look-up before it that was not handed over.
    pub(crate) fn not_handed_over(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Alone(coverage) => coverage.not_handed_over(0).collect(),
            Self::Together(all) => all.not_handed_over().collect(),
        }
    }

    /// How many decisions of the own log there are of which it is not known yet whether there was a look-up before them.
    pub(crate) fn unknown(&self) -> u64 {
        self.unknown_since(Timestamp::MAX).len() as u64
    }

    /// Department and scenario of each of them that was recorded before a time.
    pub(crate) fn unknown_since(&self, before: Timestamp) -> Vec<(&str, &str)> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::Together(all) => all.unknown(before).collect(),
        }
    }

    /// Whether the other gateways are to be asked now, since a case of which was heard at this microsecond is not counted yet; and
    /// whether some time, since who was missed may have been looked up late.
    pub(crate) fn is_due(&self, heard: i64) -> (bool, bool) {
        match self {
            Self::Alone(_) => (false, false),
            Self::Together(all) => (all.is_due(heard), all.is_due_some_time()),
        }
    }

    /// The last decisions that were looked up in another log than their own.
    pub(crate) fn elsewhere(&self, month: Option<&str>) -> Vec<Elsewhere> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::Together(all) => all.elsewhere(month),
        }
    }

    /// Of several gateways, which logs were counted, and how far.
    pub(crate) fn counted(&self) -> Vec<CountedLog> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::Together(all) => all.counted(),
        }
    }

    /// What counts over all gateways, where there are several.
    pub(crate) fn several(&self) -> Option<&Together> {
        match self {
            Self::Alone(_) => None,
            Self::Together(all) => Some(&**all).filter(|all| !all.is_alone()),
        }
    }

    /// Of several gateways, what counts over all of them.
    pub(crate) fn of_all(&mut self) -> Option<&mut Together> {
        match self {
            Self::Alone(_) => None,
            Self::Together(all) => Some(all),
        }
    }
}
