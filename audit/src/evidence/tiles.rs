//! Hash tiles of a log in a folder, each read once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use crate::checkpoint::Checkpoint;
use crate::merkle::{self, HASH_LEN, HashReader, ReadError, leaf_hash, perfect_root};
use crate::tile::{self, FULL_WIDTH, TileKind, TileName};

/// Tiles that were read, by level and number.
type Read = HashMap<(u8, u64), Rc<[u8]>>;

/// Whether the log in a folder has that root at that size: whether it is, or continues, what the checkpoint is of. Its tiles must
/// be there; signatures are not looked at.
///
/// # Errors
/// When a tile cannot be read, also where the log is shorter.
pub fn is_head_of(folder: &Path, checkpoint: &Checkpoint) -> Result<bool, ReadError> {
    Ok(merkle::root(checkpoint.size, &Tiles::of(folder))? == checkpoint.root)
}

/// Whether the bytes of a tile or bundle are those of the tree in a folder, by what stands above it there: a bundle by its hash
/// tile, a full tile by the hash of it one level higher. A partial tile stands below nothing but the root: [`is_head_of`].
///
/// # Errors
/// When the tile above cannot be read.
pub fn is_of_tree(folder: &Path, name: &TileName, bytes: &[u8]) -> Result<bool, ReadError> {
    let full = u64::from(FULL_WIDTH);
    let above = |level, index, width| {
        let fail = |source| ReadError { path: tile::path(level, index, width), source };
        Tiles::of(folder).tile(level, index, width).map(Cow::into_owned).map_err(fail)
    };
    match name.kind {
        TileKind::Entries => {
            let hashes: Result<Vec<_>, _> = tile::entries(bytes).map(|entry| entry.map(leaf_hash)).collect();
            let Ok(hashes) = hashes else { return Ok(false) };
            Ok(above(0, name.index, name.width)? == hashes.as_flattened())
        }
        TileKind::Hashes(_) if name.width < FULL_WIDTH => Ok(bytes.len() == usize::from(name.width) * HASH_LEN),
        TileKind::Hashes(level) => {
            let place = name.index % full;
            let tile = above(level + 1, name.index / full, u16::try_from(place + 1).unwrap_or(FULL_WIDTH))?;
            let is_long = bytes.len() == usize::from(FULL_WIDTH) * HASH_LEN;
            Ok(is_long && tile.last_chunk::<HASH_LEN>() == Some(&perfect_root(bytes)))
        }
    }
}

/// The tiles below a folder.
pub(crate) struct Tiles {
    folder: PathBuf,
    read: RefCell<Read>,
}

impl Tiles {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: RefCell::default() }
    }

    /// The tile with this width or a wider one: a running gateway removes narrow ones.
    fn find(&self, level: u8, index: u64, width: u16) -> io::Result<Vec<u8>> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for width in std::iter::once(width).chain(std::iter::once(tile::FULL_WIDTH)).chain(width..tile::FULL_WIDTH) {
            match fs::read(self.folder.join(tile::path(level, index, width))) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl HashReader for Tiles {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let length = usize::from(width) * HASH_LEN;
        let known = self.read.borrow().get(&(level, index)).cloned();
        let bytes = match known.filter(|bytes| bytes.len() >= length) {
            Some(bytes) => bytes,
            None => {
                let bytes: Rc<[u8]> = self.find(level, index, width)?.into();
                self.read.borrow_mut().insert((level, index), Rc::clone(&bytes));
                bytes
            }
        };
        let beginning = bytes.get(..length).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Cow::Owned(beginning.to_vec()))
    }
}
