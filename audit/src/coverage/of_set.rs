//! Lists of misses of a set: each is checked against the log that signed it, and against what the other logs have.

use std::collections::BTreeMap;

use jiff::tz::Offset;
use serde::Serialize;

use super::event::Tag;
use super::fold::{Coverage, LookUp};
use super::list::{Covers, HEAD_LINES, ListFault, SignedList};
use crate::edge::Edge;
use crate::leaf::{BodyError, Kind, Peek};

/// A person in a list of misses who was looked up before the decision, in another log than the one that signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookedUp {
    /// The line of the list, from 1.
    pub line: usize,
    /// Among its misses, from 1.
    pub place: usize,
    /// The leaf of the decision, in the log that signed the list.
    pub index: u64,
    /// The log that has the look-up.
    pub log: String,
    /// The leaf of the look-up, in that log.
    pub leaf: u64,
}

/// Takes in the leaves of a set in their order, and compares a list that one of its logs signed.
#[derive(Debug)]
pub struct ListInSet {
    list: SignedList,
    log: usize,
    /// What its log alone comes to; or, of a list of several logs, all of them, up to its time.
    own: Coverage,
    /// Its misses that another log has a look-up for: by the leaf of the decision and the person. A list of several logs has none.
    elsewhere: BTreeMap<(u64, Tag), LookUp>,
    origins: Vec<String>,
    /// A log of the set that a list of several logs leaves out, although it has leaves of that time.
    left_out: Option<String>,
}

impl ListInSet {
    /// Of no leaf yet. `log` is the place of its log in the set of logs with these origins.
    #[must_use]
    pub fn new(list: SignedList, log: usize, offset: Offset, origins: Vec<String>) -> Self {
        let own = match list.covers {
            Covers::Leaves(_) => Coverage::new(offset),
            Covers::Logs { .. } => Coverage::of_set(offset, origins.clone()),
        };
        Self { list, log, own, elsewhere: BTreeMap::new(), origins, left_out: None }
    }

    /// The list.
    #[must_use]
    pub fn list(&self) -> &SignedList {
        &self.list
    }

    /// As [`Coverage::begin_in`], of what the list is of.
    pub fn begin_in(&mut self, log: usize, edge: &Edge) {
        match self.list.covers {
            Covers::Leaves(_) if log == self.log => self.own.begin_at(edge),
            Covers::Leaves(_) => {}
            Covers::Logs { .. } => self.own.begin_in(log, edge),
        }
    }

    /// Takes in the next leaf of the set, before `all` does.
    ///
    /// # Errors
    /// When the leaf is none of its kind.
    pub fn leaf_in(&mut self, log: usize, index: u64, head: Peek<'_>, all: &Coverage) -> Result<(), BodyError> {
        match &self.list.covers {
            Covers::Leaves(size) if log == self.log && index < *size => self.own.leaf(index, head)?,
            Covers::Leaves(_) => return Ok(()),
            Covers::Logs { logs, until } if head.at < *until => {
                let origin = self.origins.get(log).filter(|origin| !logs.contains(origin));
                self.left_out = self.left_out.take().or_else(|| origin.cloned());
                return self.own.leaf_in(log, index, head);
            }
            Covers::Logs { .. } => return Ok(()),
        }
        if head.kind != Kind::Case.as_str() {
            return Ok(());
        }
        for (place, missed) in self.own.missed_by(index) {
            if let Some(look_up) = all.look_up_before(place, missed) {
                self.elsewhere.insert((index, missed.person.tag), look_up);
            }
        }
        Ok(())
    }

    /// Which of its misses were looked up elsewhere, once every leaf was taken in.
    ///
    /// # Errors
    /// When the list is not what its own log comes to; or, where it is of several logs, what these do.
    pub fn looked_up(&self, all: &Coverage) -> Result<Vec<LookedUp>, ListFault> {
        let month = self.list.month.as_deref();
        if let Some(log) = &self.left_out {
            return Err(ListFault::LeftOut(log.clone()));
        }
        self.list.is_of(&self.own.figures(month))?;
        let misses = self.own.misses(month);
        let found = misses.iter().zip(1..).filter_map(|((_, missed), place)| {
            let look_up = self.elsewhere.get(&(missed.index, missed.person.tag))?;
            let log = all.origin(look_up.log)?;
            Some(LookedUp { line: HEAD_LINES + place, place, index: missed.index, log, leaf: look_up.index })
        });
        Ok(found.collect())
    }
}
