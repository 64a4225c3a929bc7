//! Leaves as they are published, and where each lies in its bundle.

use std::{fs, io, path::Path};

use credit_audit::{
    leaf::{BodyError, Peek, peek},
    merkle::{HASH_LEN, Hash, leaf_hash},
    pruned::PrunedHead,
    tile,
};

use super::{error::IndexError, place::Place};

/// Bytes before each leaf of a bundle: its length.
const LENGTH_BYTES: u64 = 2;

/// Gives the leaves `from` to `until` in order, each with its place; none of those that were let go.
///
/// # Errors
/// When a bundle is not there or is not framed as one, and what `take` says.
pub(super) fn each(
    log_folder: &Path,
    from: u64,
    until: u64,
    mut take: impl FnMut(Place, &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let width = u64::from(tile::FULL_WIDTH);
    let mut next = from / width;
    while next < until.div_ceil(width) {
        let bundle = next;
        let first = bundle * width;
        let wanted = u16::try_from((until - first).min(width)).unwrap_or(tile::FULL_WIDTH);
        let bytes = match read(log_folder, bundle, wanted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match let_go(log_folder)? {
                Some(edge) if first < edge => {
                    next = edge / width;
                    continue;
                }
                Some(_) | None => return Err(error.into()),
            },
            bytes => bytes?,
        };
        next += 1;
        let mut offset = LENGTH_BYTES;
        for (leaf, entry) in (first..until).zip(tile::entries(&bytes)) {
            let entry = entry.map_err(|_| IndexError::Leaf(leaf))?;
            let length = entry.len() as u64;
            if leaf >= from {
                take(Place { leaf, offset, length }, entry)?;
            }
            offset += length + LENGTH_BYTES;
        }
    }
    Ok(())
}

/// The leaves before this one were let go.
fn let_go(log_folder: &Path) -> io::Result<Option<u64>> {
    Ok(PrunedHead::read(log_folder, None)?.map(|head| head.until))
}

/// Gives the leaves from `from` on that are published, so many at most.
///
/// # Errors
/// As [`each`]; [`IndexError::Behind`] where more is published.
pub(super) fn go_on(
    log_folder: &Path,
    (from, published, at_once): (u64, u64, u64),
    mut take: impl FnMut(u64, Peek<'_>, &[u8]) -> Result<(), BodyError>,
) -> Result<(), IndexError> {
    let until = published.clamp(from, from + at_once);
    each(log_folder, from, until, |place, bytes| {
        let fault = || IndexError::Leaf(place.leaf);
        let head = peek(bytes).map_err(|_| fault())?;
        take(place.leaf, head, bytes).map_err(|_| fault())
    })?;
    if until < published { Err(IndexError::Behind(published - until)) } else { Ok(()) }
}

/// Hashes of leaves as they are published beside them, so that none is made again. The scrub compares both.
pub(super) struct Hashes<'a> {
    log_folder: &'a Path,
    until: u64,
    /// The number of a tile, and what stands in it.
    tile: Option<(u64, Vec<u8>)>,
}

impl<'a> Hashes<'a> {
    /// Of leaves before this one, which are published.
    pub(super) fn new(log_folder: &'a Path, until: u64) -> Self {
        Self { log_folder, until, tile: None }
    }

    /// The hash of a leaf: where no tile has it, it is made.
    pub(super) fn of(&mut self, leaf: u64, bytes: &[u8]) -> Hash {
        let width = u64::from(tile::FULL_WIDTH);
        let (number, within) = (leaf / width, usize::try_from(leaf % width).unwrap_or(usize::MAX));
        if self.tile.as_ref().is_none_or(|(known, _)| *known != number) {
            let least = self.until.saturating_sub(number * width).min(width);
            let read = widest(self.log_folder, u16::try_from(least).unwrap_or(1), |width| tile::path(0, number, width));
            self.tile = Some((number, read.unwrap_or_default()));
        }
        let hashes = self.tile.as_ref().map(|(_, bytes)| bytes.as_chunks::<HASH_LEN>().0);
        hashes.and_then(|hashes| hashes.get(within)).copied().unwrap_or_else(|| leaf_hash(bytes))
    }
}

/// A bundle with at least so many leaves: the full one, or the one that was published with this width or a greater one.
pub(super) fn read(log_folder: &Path, bundle: u64, least: u16) -> io::Result<Vec<u8>> {
    widest(log_folder, least, |width| tile::entries_path(bundle, width))
}

fn widest(log_folder: &Path, least: u16, path: impl Fn(u16) -> String) -> io::Result<Vec<u8>> {
    let read = |width| fs::read(log_folder.join(path(width)));
    // A narrower one may be cleaned up while it is looked for.
    let mut last = read(tile::FULL_WIDTH);
    for width in least..tile::FULL_WIDTH {
        match last {
            Err(error) if error.kind() == io::ErrorKind::NotFound => last = read(width),
            other => return other,
        }
    }
    match last {
        Err(error) if error.kind() == io::ErrorKind::NotFound => read(tile::FULL_WIDTH),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_hash_is_that_of_the_tile_and_made_where_no_tile_has_it() {
        let folder = Scratch::new();
        let tile = folder.path().join(tile::path(0, 1, 3));
        fs::create_dir_all(tile.parent().unwrap()).unwrap();
        fs::write(&tile, [[7; 32], [8; 32], [9; 32]].concat()).unwrap();
        // Two leaves are wanted of the second tile; the one that is there has more.
        let mut hashes = Hashes::new(folder.path(), 258);
        assert_eq!(hashes.of(255, b"leaf"), leaf_hash(b"leaf"), "there is no tile");
        assert_eq!([256, 257].map(|leaf| hashes.of(leaf, b"leaf")), [[7; 32], [8; 32]]);
        fs::write(&tile, [7; 40]).unwrap();
        let mut hashes = Hashes::new(folder.path(), 258);
        assert_eq!([256, 257].map(|leaf| hashes.of(leaf, b"leaf")), [[7; 32], leaf_hash(b"leaf")], "it is cut short");
    }
}
