//! Lists of misses of a set: each is checked against the log that signed it, and against what the other logs have.

use std::collections::BTreeMap;

use jiff::tz::Offset;
use serde::Serialize;

use super::fold::{Coverage, LookUp, Tag};
use super::list::{HEAD_LINES, ListFault, SignedList};
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
    /// What its log alone comes to.
    own: Coverage,
    /// Its misses that another log has a look-up for: by the leaf of the decision and the person.
    elsewhere: BTreeMap<(u64, Tag), LookUp>,
}

impl ListInSet {
    /// Of no leaf yet. `log` is the place of its log in the set.
    #[must_use]
    pub fn new(list: SignedList, log: usize, offset: Offset) -> Self {
        Self { list, log, own: Coverage::new(offset), elsewhere: BTreeMap::new() }
    }

    /// The list.
    #[must_use]
    pub fn list(&self) -> &SignedList {
        &self.list
    }

    /// As [`Coverage::begin_at`], where it is the log of the list.
    pub fn begin_in(&mut self, log: usize, edge: &Edge) {
        if log == self.log {
            self.own.begin_at(edge);
        }
    }

    /// Takes in the next leaf of the set, before `all` does.
    ///
    /// # Errors
    /// When the leaf is none of its kind.
    pub fn leaf_in(&mut self, log: usize, index: u64, head: Peek<'_>, all: &Coverage) -> Result<(), BodyError> {
        if log != self.log || index >= self.list.size {
            return Ok(());
        }
        self.own.leaf(index, head)?;
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
    /// When the list is not what its own log comes to.
    pub fn looked_up(&self, all: &Coverage) -> Result<Vec<LookedUp>, ListFault> {
        let month = self.list.month.as_deref();
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
