//! Leaves as they are published, and where each lies in its bundle.

use std::{fs, io, path::Path};

use credit_audit::{
    leaf::{BodyError, Peek, peek},
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

/// A bundle with at least so many leaves: the full one, or the one that was published with this width or a greater one.
pub(super) fn read(log_folder: &Path, bundle: u64, least: u16) -> io::Result<Vec<u8>> {
    let read = |width| fs::read(log_folder.join(tile::entries_path(bundle, width)));
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
