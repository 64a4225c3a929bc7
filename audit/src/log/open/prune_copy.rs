//! Taking out of the second copy of a write-ahead log what a published log has: else it needs as much disk as the log, for ever, and
//! keeps what was let go. Whoever keeps the copy may go on with it meanwhile: its last segment stays.

use std::fs;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::leaf::{self, Body};
use crate::log::disk::failure::Probe;
use crate::log::disk::files;
use crate::log::error::{RecoverError, RestoreError, read_error};
use crate::log::publish::bundles;
use crate::log::publish::copy_folder::goes_on;
use crate::log::publish::tile_store::TileStore;
use crate::log::release::{Released, first_unlike};
use crate::log::wal::segment;
use crate::note;
use crate::pruned::{PRUNED, PrunedHead};
use crate::tile::{self, FULL_WIDTH, TileKind, TileName};

/// Removes the oldest segments of a copy, as long as a published log has each of their leaves byte for byte, or let it go. From then on
/// the log comes back from that log, or a later one, and the copy together.
///
/// That the published log is whole and signed is not looked at here: `credit-audit verify` does that.
///
/// # Errors
/// When one of the folders is not what it should be, or a segment has other leaves: then nothing is removed.
pub fn prune_copy(copy: &Path, log: &Path) -> Result<Released, RestoreError> {
    let no_copy = || RestoreError::NoCopy(copy.to_owned());
    goes_on(copy).ok().flatten().ok_or_else(no_copy)?;
    let Checkpoint { origin, size, .. } = published(log)?;
    let store = TileStore { dir: log.to_owned(), probe: Probe::default() };
    let let_go = let_go(&store, &origin, size)?;
    let row = segment::list(copy).map_err(|source| read_error(copy, source))?;
    let full = size / u64::from(FULL_WIDTH) * u64::from(FULL_WIDTH);
    let gone = row.iter().zip(row.iter().skip(1)).take_while(|(_, next)| next.first <= full).map(|(named, _)| named);
    for named in gone.clone() {
        if let Some(index) = first_unlike(&store, &origin, named, let_go)? {
            let own = log.join(tile::entries_path(index / u64::from(FULL_WIDTH), FULL_WIDTH));
            return Err(RestoreError::Contradicts { copy: named.path.clone(), own });
        }
    }
    let mut removed = Released::default();
    for named in gone {
        let failed = |source| RecoverError::Io { doing: "removing", path: named.path.clone(), source };
        removed.bytes += fs::metadata(&named.path).map_err(failed)?.len();
        fs::remove_file(&named.path).map_err(failed)?;
        removed.segments += 1;
    }
    if removed.segments > 0 {
        files::sync_dir(copy).map_err(|source| RecoverError::Io { doing: "syncing", path: copy.to_owned(), source })?;
    }
    Ok(removed)
}

/// The checkpoint of a published log; its signature is not looked at.
pub(super) fn published(log: &Path) -> Result<Checkpoint, RecoverError> {
    let path = log.join("checkpoint");
    let signed = fs::read_to_string(&path).map_err(|source| read_error(&path, source))?;
    let text = note::parts(&signed).map_err(|error| error.to_string());
    let checkpoint = text.and_then(|parts| Checkpoint::parse(parts.text).map_err(|error| error.to_string()));
    checkpoint.map_err(|why| RecoverError::Checkpoint { path, why })
}

/// The leaves before this one were let go, as a leaf says.
fn let_go(store: &TileStore, origin: &str, size: u64) -> Result<u64, RecoverError> {
    let path = store.dir.join(PRUNED);
    let head = PrunedHead::read(&store.dir, Some(origin)).map_err(|source| read_error(&path, source))?;
    let Some(head) = head else { return Ok(0) };
    let said = if head.leaf < size { leaf(store, size, head.leaf)? } else { Vec::new() };
    let said = leaf::parse(&said).ok().flatten();
    match said {
        Some(leaf) if matches!(&leaf.body, Body::Prune(prune) if prune.until == head.until) => Ok(head.until),
        Some(_) | None => Err(RecoverError::Pruned { path, leaf: head.leaf }),
    }
}

/// A leaf, which may stand in the last bundle.
fn leaf(store: &TileStore, size: u64, index: u64) -> Result<Vec<u8>, RecoverError> {
    let full = u64::from(FULL_WIDTH);
    let (number, place) = (index / full, usize::try_from(index % full).unwrap_or(usize::MAX));
    if number < size / full {
        return Ok(bundles::read(store, number)?.get(place).map(|leaf| leaf.to_vec()).unwrap_or_default());
    }
    let width = u16::try_from(size % full).unwrap_or(FULL_WIDTH);
    let name = TileName { kind: TileKind::Entries, index: number, width };
    let bytes = store.read(&name).map_err(|source| read_error(&store.dir.join(name.path()), source))?;
    Ok(tile::entries(&bytes).nth(place).and_then(Result::ok).map(<[u8]>::to_vec).unwrap_or_default())
}
