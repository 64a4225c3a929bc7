//! What follows the log: each published leaf is read and parsed once for all of them.

use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
};

use credit_audit::{
    coverage::{Event, first_whole},
    edge::Edge,
    leaf::{Leaf, Peek, parse_after, peek},
    merkle::Hash,
};
use jiff::Timestamp;

use super::{
    Gateway,
    covering::{Begins, Covering, EVENTS, LEAVES, Part},
};
use crate::{
    index::{IndexError, Sources, each_leaf},
    state::projection::Projection,
};

/// Leaves that are read at once while others wait, at most.
const NEAR: u64 = 65_536;
/// Leaves that are read for the coverage before what they say is counted.
const AT_ONCE: u64 = 65_536;
/// Leaves that are looked at together for another gateway.
const BUNDLE: usize = 256;

impl Gateway {
    /// Takes the published leaves into the coverage of cases, and looks at it. Blocks.
    ///
    /// # Errors
    /// When a leaf cannot be read.
    pub(crate) fn covered<T>(&self, look: impl FnOnce(&Covering) -> T) -> Result<T, IndexError> {
        // What the index takes in until there need not be read again here.
        let published = self.log.published();
        self.follow_log_together();
        let mut covering = self.covering();
        loop {
            covering.advance(self.logs_of_others());
            let from = covering.next_leaf();
            if from >= published || !covering.has_room() {
                return Ok(look(&covering));
            }
            each_leaf(&self.log_folder(), from, published.min(from + AT_ONCE), |index, bytes| {
                let taken = peek(bytes).ok().map(|head| covering.leaf(index, head));
                taken.and_then(Result::ok).ok_or(IndexError::Leaf(index))
            })?;
        }
    }

    /// The coverage of cases, as far as it was read.
    pub(crate) fn covering(&self) -> MutexGuard<'_, Covering> {
        self.cases.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logs of the other gateways that count together with this one; nothing where it is not known yet which there are.
    fn logs_of_others(&self) -> Option<BTreeSet<String>> {
        let named = self.cluster.as_ref()?.named()?;
        let configured = self.settings.persons.iter().flat_map(|persons| &persons.gateways);
        let named = named.iter().map(|replica| replica.log.clone());
        Some(named.chain(configured.map(|other| other.log.clone())).collect())
    }

    /// What this log says of cases from a leaf on, for another gateway. Blocks.
    ///
    /// # Errors
    /// When a leaf cannot be read.
    pub(crate) fn says_of_cases(&self, wanted: u64) -> Result<Part, IndexError> {
        let (folder, published) = (self.log_folder(), self.log.published());
        let log = self.settings.log.origin.clone();
        let edge = Edge::read(&folder, &log)?.filter(|edge| edge.head.until > wanted);
        let offset = self.catalogue().offset();
        let begins = edge.map(|edge| Begins { leaf: edge.head.until, whole_from: first_whole(&edge, offset) });
        let from = begins.map_or(wanted, |begins| begins.leaf).min(published);
        let (most, mut until, mut at) = (published.min(from.saturating_add(LEAVES)), from, Timestamp::MIN);
        let mut events = Vec::new();
        while until < most && events.len() + BUNDLE <= EVENTS {
            let next = most.min(until + BUNDLE as u64);
            each_leaf(&folder, until, next, |index, bytes| {
                let head = peek(bytes).map_err(|_| IndexError::Leaf(index))?;
                at = head.at;
                if Event::may_be_in(head.kind) {
                    let leaf = parse_after(head).map_err(|_| IndexError::Leaf(index))?;
                    events.extend(leaf.and_then(|leaf| Event::of(index, &leaf)));
                }
                Ok(())
            })?;
            until = next;
        }
        Ok(Part { log, begins, from, until, at, is_all: until == published, events })
    }

    /// Takes what is published into the index, and into what follows the log beside it, so that each leaf is read once; returns how
    /// many leaves the index covers. Where there is no index, each reads for itself. Blocks.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn follow_log(&self) -> Result<u64, IndexError> {
        let Some(index) = &self.index else { return Ok(0) };
        let catalogue = self.catalogue();
        let sources = Sources { keys: &self.keys, catalogue: &catalogue };
        let also = &mut |leaf: u64, head: &Peek<'_>, parsed: Option<&Leaf<'_>>, hash: Hash| {
            self.reviews.next(leaf, head.at, parsed, hash);
            self.following.next(&catalogue, leaf, head, parsed);
            let mut covering = self.covering();
            if covering.next_leaf() == leaf {
                covering.parsed(leaf, head.at, parsed);
            }
        };
        index.advance(self.log.published(), sources, also)
    }

    /// Has what comes after a snapshot followed beside the index, from where that is on; the few leaves between both are read. Where
    /// they are many, the next snapshot reads for itself. Blocks.
    pub(crate) fn follow_from(&self, mut next: Projection) {
        let from = next.ledger.size;
        let Some(index) = self.index.as_ref().filter(|_| !self.following.follows(from)) else { return };
        let (folder, catalogue) = (self.log_folder(), self.catalogue());
        index.at_rest(|covers| {
            let between = covers.checked_sub(from).is_some_and(|between| between <= NEAR);
            let read = |run: &mut Projection| {
                each_leaf(&folder, from, covers, |leaf, bytes| {
                    run.apply(&catalogue, leaf, bytes).map_err(|_| IndexError::Leaf(leaf))
                })
            };
            if covers < from || between && read(&mut next).is_ok() {
                self.following.begin(from, next);
            }
        });
    }

    /// The same, for who also reads for itself: while the index is made anew, that goes on beside it. What is wrong with the index, its
    /// own duty says. Blocks.
    pub(crate) fn follow_log_together(&self) {
        if self.index.as_ref().is_some_and(|index| index.size() + NEAR >= self.log.published()) {
            drop(self.follow_log());
        }
    }
}
