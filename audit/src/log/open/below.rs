//! The hash tiles over records that were let go, made again from those of the lowest level, which are all that is left.

use std::io;

use crate::log::disk::staged::Staged;
use crate::log::error::RecoverError;
use crate::log::publish::tile_store::TileStore;
use crate::merkle::{Hash, perfect_root};
use crate::tile::{FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// Of a tree that ends where a bundle ends.
pub(super) struct Below {
    /// The hashes of the partial tiles of level 1, 2, … .
    pub(super) edge: Vec<Vec<Hash>>,
    /// The full ones.
    full: Vec<(TileName, Vec<u8>)>,
}

impl Below {
    /// Over the leaves before `until`.
    pub(super) fn of(store: &TileStore, until: u64) -> io::Result<Self> {
        let mut hashes = Vec::new();
        for index in 0..until / u64::from(FULL_WIDTH) {
            hashes.push(perfect_root(&store.read_hashes(0, index, FULL_WIDTH)?));
        }
        let mut below = Self { edge: Vec::new(), full: Vec::new() };
        for level in 1..MAX_LEVELS {
            let tiles = hashes.chunks_exact(usize::from(FULL_WIDTH));
            below.edge.push(tiles.remainder().to_vec());
            let mut above = Vec::new();
            for (index, tile) in (0..).zip(tiles) {
                let bytes = tile.as_flattened().to_vec();
                above.push(perfect_root(&bytes));
                below.full.push((TileName { kind: TileKind::Hashes(level), index, width: FULL_WIDTH }, bytes));
            }
            hashes = above;
        }
        Ok(below)
    }

    /// Puts the full ones in place that are not there as they must be.
    pub(super) fn write(self, store: &TileStore) -> Result<(), RecoverError> {
        let mut staged = Staged::default();
        let mut write = || {
            for (name, bytes) in &self.full {
                if !store.read(name).is_ok_and(|there| there == *bytes) {
                    staged.write(&store.dir.join(name.path()), bytes)?;
                }
            }
            Ok(())
        };
        let written = write().and_then(|()| staged.publish());
        written.map_err(|source| RecoverError::Io { doing: "rebuilding tiles in", path: store.dir.clone(), source })
    }
}
