//! Removing write-ahead segments whose leaves are in published bundles: the disk then has each leaf once.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::disk::failure::Step;
use super::disk::files;
use super::error::{RecoverError, ReleaseError, read_error};
use super::publish::bundles;
use super::publish::tile_store::TileStore;
use super::threads::shared::Shared;
use super::tree::frontier::bundle_start;
use super::wal::lower_edge::LowerEdge;
use super::wal::segment::{self, Found, Segment, SegmentFile};
use crate::tile::FULL_WIDTH;

/// Segments in one call: the bundles of each are read, and closing the log waits for that.
const MOST: usize = 64;

/// What [`super::Log::release_segments`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Released {
    /// Segment files.
    pub segments: usize,
    /// Their bytes on the disk.
    pub bytes: u64,
}

pub(super) fn release(shared: &Shared, covered: u64) -> Result<Released, ReleaseError> {
    let (wal, origin) = (shared.settings.wal_dir(), &shared.settings.origin);
    // The next start reads from the bundle that the published tree left partial, and the one leaf before it.
    let needed = covered.min(bundle_start(shared.published().size).saturating_sub(1));
    let edge = LowerEdge::read(&wal, origin)?;
    let row = segment::list(&wal).map_err(|source| read_error(&wal, source))?;
    let keep = row.iter().rposition(|segment| segment.first <= needed).unwrap_or(0);
    let keep = keep.min(row.iter().filter(|segment| segment.first < edge.first).count() + MOST);
    let (Some(removed), Some(first_kept)) = (row.get(..keep).filter(|row| !row.is_empty()), row.get(keep)) else {
        return Ok(Released::default());
    };
    for named in removed.iter().filter(|segment| segment.first >= edge.first) {
        compare(shared, named)?;
    }
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| ReleaseError::Io { doing, path, source }
    };
    let next = LowerEdge { ordinal: Segment::open(first_kept, origin)?.header().ordinal, first: first_kept.first };
    let probe = &shared.settings.probe;
    probe
        .at(Step::Release)
        .and_then(|()| next.write(&wal, origin))
        .map_err(failed("writing the lower edge in", &wal))?;
    // Crash from here on: the next start takes the first kept segment for the beginning, and removes what is before.
    let mut released = Released::default();
    for named in removed {
        let remove = || -> io::Result<u64> {
            probe.at(Step::RemoveSegment)?;
            let bytes = fs::metadata(&named.path)?.len();
            fs::remove_file(&named.path)?;
            Ok(bytes)
        };
        released.bytes += remove().map_err(failed("removing", &named.path))?;
        released.segments += 1;
    }
    files::sync_dir(&wal).map_err(failed("syncing", &wal))?;
    Ok(released)
}

/// Whether the bundles have the segment's leaves, byte for byte: they will be the only copy.
fn compare(shared: &Shared, named: &SegmentFile) -> Result<(), ReleaseError> {
    match first_unlike(&shared.tile_store, &shared.settings.origin, named, 0)? {
        None => Ok(()),
        Some(index) => Err(ReleaseError::Unlike { segment: named.path.clone(), index }),
    }
}

/// The first leaf of a segment from `from` on that full bundles have not byte for byte.
pub(super) fn first_unlike(
    store: &TileStore,
    origin: &str,
    named: &SegmentFile,
    from: u64,
) -> Result<Option<u64>, RecoverError> {
    let mut segment = Segment::open(named, origin)?;
    let full = u64::from(FULL_WIDTH);
    let mut bundle: Option<(u64, Vec<Arc<[u8]>>)> = None;
    loop {
        let batch = match segment.next_batch().map_err(|source| read_error(&named.path, source))? {
            Found::Batch(batch) => batch,
            Found::Nothing => return Ok(None),
            Found::Broken(what) => {
                return Err(RecoverError::Damaged { segment: named.path.clone(), offset: 0, what });
            }
        };
        for (index, leaf) in (batch.first..).zip(&batch.leaves).filter(|(index, _)| *index >= from) {
            let leaves = match bundle.take() {
                Some((number, leaves)) if number == index / full => leaves,
                Some(_) | None => bundles::read(store, index / full)?,
            };
            let same = usize::try_from(index % full).ok().and_then(|place| leaves.get(place)) == Some(leaf);
            bundle = Some((index / full, leaves));
            if !same {
                return Ok(Some(index));
            }
        }
    }
}
