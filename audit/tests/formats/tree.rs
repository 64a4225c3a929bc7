//! A whole tree in memory, for tests.

use std::borrow::Cow;
use std::io;

use credit_audit::merkle::{Hash, HashReader, ReadError, leaf_hash, node_hash};

/// Every complete subtree of a tree, by height.
pub(crate) struct Tree {
    heights: Vec<Vec<Hash>>,
    /// Whether interior nodes are looked up rather than hashed from tiles.
    pub(crate) remembers: bool,
}

impl Tree {
    pub(crate) fn of(leaves: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut heights = vec![leaves.map(|leaf| leaf_hash(&leaf)).collect::<Vec<_>>()];
        while heights.last().unwrap().len() > 1 {
            let below = heights.last().unwrap().chunks_exact(2);
            let above = below.map(|pair| node_hash(&pair[0], &pair[1])).collect();
            heights.push(above);
        }
        Self { heights, remembers: true }
    }

    pub(crate) fn node(&self, height: u8, index: u64) -> Hash {
        self.heights[usize::from(height)][usize::try_from(index).unwrap()]
    }
}

impl HashReader for Tree {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let hashes = self.heights.get(usize::from(level) * 8);
        let first = usize::try_from(index * 256).unwrap();
        let tile = hashes.and_then(|hashes| hashes.get(first..first + usize::from(width)));
        tile.map(|tile| Cow::Borrowed(tile.as_flattened())).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn subtree(&self, height: u8, index: u64, size: u64) -> Result<Hash, ReadError> {
        if self.remembers {
            return Ok(self.node(height, index));
        }
        FromTiles(self).subtree(height, index, size)
    }
}

/// The same tree, read as the default does it.
struct FromTiles<'a>(&'a Tree);

impl HashReader for FromTiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        self.0.tile(level, index, width)
    }
}
