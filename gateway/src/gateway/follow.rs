//! What follows the log: each published leaf is read and parsed once for all of them.

use std::sync::PoisonError;

use credit_audit::{
    coverage::Coverage,
    leaf::{Leaf, Peek, peek},
    merkle::Hash,
};

use super::Gateway;
use crate::{
    index::{IndexError, Sources, each_leaf},
    state::projection::Projection,
};

/// Leaves that are read at once while others wait, at most.
const NEAR: u64 = 65_536;

impl Gateway {
    /// Takes the published leaves into the coverage of cases, and looks at it. Blocks.
    ///
    /// # Errors
    /// When a leaf cannot be read.
    pub(crate) fn covered<T>(&self, look: impl FnOnce(&Coverage) -> T) -> Result<T, IndexError> {
        // What the index takes in until there need not be read again here.
        let published = self.log.published();
        self.follow_log_together();
        let mut coverage = self.cases.coverage.lock().unwrap_or_else(PoisonError::into_inner);
        let from = coverage.size();
        if from < published {
            each_leaf(&self.log_folder(), from, published, |index, bytes| {
                let taken = peek(bytes).ok().map(|head| coverage.leaf(index, head));
                taken.and_then(Result::ok).ok_or(IndexError::Leaf(index))
            })?;
        }
        Ok(look(&coverage))
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
            let mut coverage = self.cases.coverage.lock().unwrap_or_else(PoisonError::into_inner);
            if coverage.size() == leaf {
                coverage.parsed(0, leaf, parsed);
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
