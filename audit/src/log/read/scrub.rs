//! Reading published bundles again, one after the other: what rots below the edge is noticed before somebody needs it.

use crate::log::error::Damaged;
use crate::log::publish::bundles::CheckedBundles;
use crate::log::threads::shared::Shared;
use crate::merkle::{Hash, leaf_hash};
use crate::tile::{self, FULL_WIDTH};

/// See [`crate::log::Log::scrub`].
pub(crate) fn scrub(shared: &Shared, index: u64) -> Result<u64, Damaged> {
    let full = u64::from(FULL_WIDTH);
    let bundles = shared.published().size / full;
    if bundles == 0 {
        return Ok(0);
    }
    let (index, store) = (index % bundles, &shared.tile_store);
    let leaves = CheckedBundles::new(store.clone(), bundles * full).read(index);
    let leaves = leaves.map_err(|error| Damaged(error.to_string()))?;
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let path = || store.dir.join(tile::path(0, index, FULL_WIDTH)).display().to_string();
    match store.read_hashes(0, index, FULL_WIDTH) {
        Ok(tile) if tile == hashes.as_flattened() => Ok((index + 1) % bundles),
        Ok(_) => Err(Damaged(format!("`{}`: its hashes are not those of its records", path()))),
        Err(error) => Err(Damaged(format!("`{}`: {error}", path()))),
    }
}
