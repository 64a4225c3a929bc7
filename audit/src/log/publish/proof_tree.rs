//! Hashes for proofs: those of the durable tree, from memory or from the published tiles.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use super::tile_store::TileStore;
use crate::merkle::{Hash, HashReader, ReadError};
use crate::tile::{TileKind, TileName};

/// The bytes of a tile that is not published yet; `None` once it is.
type Unpublished<'a> = dyn Fn(&TileName) -> Option<Vec<u8>> + 'a;

/// Hashes of the durable tree for one round of proofs: from memory where they are not published, else from the files;
/// each tile is read once, and each subtree hashed once.
pub(crate) struct Tree<'a> {
    tiles: Tiles<'a>,
    subtrees: RefCell<HashMap<(u8, u64, u64), Hash>>,
}

impl<'a> Tree<'a> {
    /// `unpublished` returns a tile that is in memory, without I/O.
    pub(crate) fn new(unpublished: &'a Unpublished<'a>, tile_store: &'a TileStore) -> Self {
        Self { tiles: Tiles { unpublished, tile_store, read: RefCell::default() }, subtrees: RefCell::default() }
    }
}

impl HashReader for Tree<'_> {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        self.tiles.tile(level, index, width)
    }

    fn subtree(&self, height: u8, index: u64, size: u64) -> Result<Hash, ReadError> {
        let key = (height, index, size);
        if let Some(hash) = self.subtrees.borrow().get(&key) {
            return Ok(*hash);
        }
        let hash = self.tiles.subtree(height, index, size)?;
        self.subtrees.borrow_mut().insert(key, hash);
        Ok(hash)
    }
}

struct Tiles<'a> {
    unpublished: &'a Unpublished<'a>,
    tile_store: &'a TileStore,
    read: RefCell<HashMap<TileName, Rc<[u8]>>>,
}

impl HashReader for Tiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let name = TileName { kind: TileKind::Hashes(level), index, width };
        if let Some(bytes) = self.read.borrow().get(&name) {
            return Ok(Cow::Owned(bytes.to_vec()));
        }
        let bytes = match (self.unpublished)(&name) {
            Some(bytes) => bytes,
            // Not held any more means published: the files have it.
            None => self.tile_store.read_hashes(level, index, width)?,
        };
        self.read.borrow_mut().insert(name, bytes.as_slice().into());
        Ok(Cow::Owned(bytes))
    }
}
