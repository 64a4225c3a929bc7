//! Reading leaves back from entry bundles, which are their only place once the write-ahead log has released them.

use std::io;
use std::sync::Arc;

use super::tile_store::TileStore;
use crate::log::error::RecoverError;
use crate::merkle::{HASH_LEN, Hash, leaf_hash, perfect_root};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// The leaves of a full bundle, as they stand there.
type Leaves = Vec<Arc<[u8]>>;

/// Reads the leaves of a full bundle.
pub(crate) fn read(store: &TileStore, index: u64) -> Result<Leaves, RecoverError> {
    let name = TileName { kind: TileKind::Entries, index, width: FULL_WIDTH };
    let lost = |why: String| RecoverError::Bundle { path: store.dir.join(name.path()), why };
    let bytes = store.read(&name).map_err(|error| lost(error.to_string()))?;
    let leaves: Result<Leaves, _> = tile::entries(&bytes).map(|leaf| leaf.map(Arc::from)).collect();
    match leaves {
        Ok(leaves) if leaves.len() == usize::from(FULL_WIDTH) => Ok(leaves),
        Ok(leaves) => Err(lost(format!("it has {} records instead of {FULL_WIDTH}", leaves.len()))),
        Err(error) => Err(lost(error.to_string())),
    }
}

/// Bundles whose leaves are checked against the hash tiles above them, up to the partial tiles of a tree that was
/// compared with a signed root.
#[derive(Debug)]
pub(crate) struct CheckedBundles {
    store: TileStore,
    /// Leaves of that tree, a multiple of 256.
    size: u64,
    /// The tile of each level that was checked last.
    tiles: [Option<(u64, Vec<Hash>)>; MAX_LEVELS as usize],
}

impl CheckedBundles {
    pub(crate) fn new(store: TileStore, size: u64) -> Self {
        Self { store, size, tiles: Default::default() }
    }

    /// The leaves of a full bundle.
    pub(crate) fn read(&mut self, index: u64) -> Result<Leaves, RecoverError> {
        self.hashed(index).map(|(leaves, _)| leaves)
    }

    /// The same, with their hashes.
    pub(crate) fn hashed(&mut self, index: u64) -> Result<(Leaves, Vec<Hash>), RecoverError> {
        let leaves = read(&self.store, index)?;
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        match self.is_in_tree(index, perfect_root(hashes.as_flattened())) {
            Ok(true) => Ok((leaves, hashes)),
            Ok(false) => Err(self.lost(index, "its records are not those of the tree".to_owned())),
            Err(error) => Err(self.lost(index, format!("the hash tiles above it: {error}"))),
        }
    }

    fn lost(&self, index: u64, why: String) -> RecoverError {
        RecoverError::Bundle { path: self.store.dir.join(tile::entries_path(index, FULL_WIDTH)), why }
    }

    /// Whether the `place`-th hash of level 1 is this one, and the tile that says so is in the tree.
    fn is_in_tree(&mut self, mut place: u64, mut hash: Hash) -> io::Result<bool> {
        let full = u64::from(FULL_WIDTH);
        for (level, known) in (0..MAX_LEVELS).zip(&mut self.tiles).skip(1) {
            let (index, within) = (place / full, usize::try_from(place % full).unwrap_or(usize::MAX));
            let width = tile::width_at(level, index, self.size);
            if width == 0 {
                // Beyond the tree that was checked: a log whose checkpoint was removed was read whole instead.
                return Ok(true);
            }
            if let Some((_, hashes)) = known.as_ref().filter(|(known, _)| *known == index) {
                return Ok(hashes.get(within) == Some(&hash));
            }
            let bytes = self.store.read_hashes(level, index, width)?;
            let hashes = bytes.as_chunks::<HASH_LEN>().0;
            if hashes.get(within) != Some(&hash) {
                return Ok(false);
            }
            *known = Some((index, hashes.to_vec()));
            if width < FULL_WIDTH {
                return Ok(true);
            }
            (place, hash) = (index, perfect_root(&bytes));
        }
        Ok(true)
    }
}
