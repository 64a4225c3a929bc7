//! What is durable but not yet published: leaves and hashes of the tree's right edge. Memory is bounded by the
//! publish lag, not by the log's size.

use std::sync::Arc;

use jiff::Timestamp;

use super::frontier::bundle_start;
use crate::merkle::{self, Hash};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// A leaf with its hash.
#[derive(Debug, Clone)]
pub(crate) struct Hashed {
    pub(crate) hash: Hash,
    pub(crate) leaf: Arc<[u8]>,
}

/// The head of the durable tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeHead {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// `at` of the last leaf.
    pub(crate) at: Timestamp,
}

/// Leaves from the start of the bundle that the published tree left partial; hashes of each level from the start of
/// the tile that it left partial.
#[derive(Debug)]
pub(crate) struct Recent {
    base: u64,
    leaves: Vec<Arc<[u8]>>,
    levels: Vec<Level>,
    head: TreeHead,
}

#[derive(Debug, Default, Clone)]
struct Level {
    /// Index within the level of the first hash held, a multiple of 256.
    first: u64,
    hashes: Vec<Hash>,
}

impl Recent {
    /// A tree of `base` leaves, a multiple of 256, whose partial tiles of level 1, 2, … are `edge`.
    pub(crate) fn new(base: u64, edge: &[Vec<Hash>], head: TreeHead) -> Self {
        let mut levels = vec![Level { first: base, hashes: Vec::new() }];
        for level in 1..MAX_LEVELS {
            let hashes = edge.get(usize::from(level) - 1).cloned().unwrap_or_default();
            levels.push(Level { first: bundle_start(tile::hashes_at(level, base)), hashes });
        }
        Self { base, leaves: Vec::new(), levels, head }
    }

    /// The durable tree's head.
    pub(crate) fn head(&self) -> TreeHead {
        self.head
    }

    /// The number of a leaf that is held and for which `is_wanted` says yes: it must be quick, for the writer waits.
    pub(crate) fn find(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Option<u64> {
        (self.base..).zip(&self.leaves).find(|(_, leaf)| is_wanted(leaf)).map(|(index, _)| index)
    }

    /// Adds a batch: its leaves, and the roots of the tiles that it filled with the level on which they stand.
    pub(crate) fn extend(&mut self, batch: impl IntoIterator<Item = Hashed>, full: &[(u8, Hash)], head: TreeHead) {
        if let Some(level) = self.levels.first_mut() {
            for hashed in batch {
                level.hashes.push(hashed.hash);
                self.leaves.push(hashed.leaf);
            }
        }
        for (level, hash) in full {
            if let Some(level) = self.levels.get_mut(usize::from(*level)) {
                level.hashes.push(*hash);
            }
        }
        self.head = head;
    }

    /// Forgets what a tree of `published` leaves has in full tiles and bundles.
    pub(crate) fn trim(&mut self, published: u64) {
        let base = bundle_start(published);
        drop(self.leaves.drain(..held(self.leaves.len(), self.base, base)));
        self.base = base;
        for (number, level) in (0..MAX_LEVELS).zip(&mut self.levels) {
            let first = bundle_start(tile::hashes_at(number, published));
            drop(level.hashes.drain(..held(level.hashes.len(), level.first, first)));
            level.first = first;
        }
        // A burst must not keep its memory for ever.
        self.leaves.shrink_to(4096);
        if let Some(level) = self.levels.first_mut() {
            level.hashes.shrink_to(4096);
        }
    }

    /// The bytes of a tile or bundle, if all of it is held.
    pub(crate) fn bytes(&self, name: &TileName) -> Option<Vec<u8>> {
        match name.kind {
            TileKind::Hashes(level) => {
                let level = self.levels.get(usize::from(level))?;
                range(&level.hashes, level.first, name).map(|hashes| hashes.as_flattened().to_vec())
            }
            TileKind::Entries => {
                let leaves = range(&self.leaves, self.base, name)?;
                let mut bundle = Vec::with_capacity(leaves.iter().map(|leaf| leaf.len() + 2).sum());
                for leaf in leaves {
                    // A leaf is at most 16 KiB, a bundle's entry at most 64.
                    tile::push_entry(&mut bundle, leaf).ok()?;
                }
                Some(bundle)
            }
        }
    }
}

/// How many of `len` items, the first of which is number `first`, come before number `to`.
fn held(len: usize, first: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(first)).map_or(len, |count| count.min(len))
}

/// The items of one tile out of those held from number `first` on.
fn range<'a, T>(items: &'a [T], first: u64, name: &TileName) -> Option<&'a [T]> {
    let from = name.index.checked_mul(u64::from(FULL_WIDTH))?.checked_sub(first)?;
    let from = usize::try_from(from).ok()?;
    items.get(from..from + usize::from(name.width))
}

/// The head of the empty tree.
pub(crate) fn empty_head() -> TreeHead {
    TreeHead { size: 0, root: merkle::empty_root(), at: Timestamp::UNIX_EPOCH }
}
