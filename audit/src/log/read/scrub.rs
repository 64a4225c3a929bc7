//! Reading published bundles again, one after the other: what rots below the edge is noticed before somebody needs it, and
//! made again where that can be.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::restore::restore;
use crate::log::error::Damaged;
use crate::log::publish::bundles::CheckedBundles;
use crate::log::threads::shared::Shared;
use crate::tile::{self, FULL_WIDTH};

/// What [`crate::log::Log::scrub`] found.
#[derive(Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// The bundle that is next.
    pub next: u64,
    /// Files that were missing or not what they were, and were made again.
    pub restored: Vec<PathBuf>,
}

/// See [`crate::log::Log::scrub`].
pub(crate) fn scrub(shared: &Shared, index: u64) -> Result<Scrubbed, Damaged> {
    let full = u64::from(FULL_WIDTH);
    let bundles = shared.published().size / full;
    if bundles == 0 {
        return Ok(Scrubbed { next: 0, restored: Vec::new() });
    }
    let first = shared.first_bundle().min(bundles - 1);
    let index = (index % bundles).max(first);
    let next = ((index + 1) % bundles).max(first);
    let Err(damaged) = compare(shared, bundles * full, index) else {
        return Ok(Scrubbed { next, restored: Vec::new() });
    };
    match restore(shared, index) {
        Ok(restored) if compare(shared, bundles * full, index).is_ok() => {
            let count = u64::try_from(restored.len()).unwrap_or(u64::MAX);
            shared.meters.restored.fetch_add(count, Ordering::Relaxed);
            Ok(Scrubbed { next, restored })
        }
        Ok(_) | Err(_) => Err(damaged),
    }
}

/// Compares a full bundle with the hash tiles up to those of a tree of `size` leaves.
pub(crate) fn compare(shared: &Shared, size: u64, index: u64) -> Result<(), Damaged> {
    let store = &shared.tile_store;
    let checked = CheckedBundles::new(store.clone(), size).hashed(index);
    let (_, hashes) = checked.map_err(|error| Damaged(error.to_string()))?;
    let path = || store.dir.join(tile::path(0, index, FULL_WIDTH)).display().to_string();
    match store.read_hashes(0, index, FULL_WIDTH) {
        Ok(tile) if tile == hashes.as_flattened() => Ok(()),
        Ok(_) => Err(Damaged(format!("`{}`: its hashes are not those of its records", path()))),
        Err(error) => Err(Damaged(format!("`{}`: {error}", path()))),
    }
}
