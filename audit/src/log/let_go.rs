//! Letting records go, once two officers decided so: what is left of them is noted, then their bundles are removed.

use std::io;
use std::sync::atomic::Ordering;

use super::disk::failure::Step;
use super::disk::staged;
use super::publish::removed::remove;
use super::read::scrub::compare;
use super::threads::shared::Shared;
use super::wal::lower_edge::LowerEdge;
use crate::pruned::{PRUNED, Pruned};
use crate::tile::FULL_WIDTH;

/// See [`crate::log::Log::let_go`].
pub(super) fn let_go(shared: &Shared, pruned: &Pruned) -> io::Result<()> {
    let (store, head) = (&shared.tile_store, &pruned.head);
    let before = shared.let_go.load(Ordering::Acquire);
    let released = LowerEdge::read(&shared.settings.wal_dir(), &shared.settings.origin).map_err(io::Error::other)?;
    let full = u64::from(FULL_WIDTH);
    if head.until > released.first || head.leaf >= shared.published().size || head.until < before {
        return Err(io::Error::other("the write-ahead log has these records still, or they are not published"));
    }
    // What is left must prove what goes: each bundle once more against the hash tiles up to the published root.
    let whole = shared.published().size / full * full;
    for index in before / full..head.until / full {
        compare(shared, whole, index).map_err(|damaged| io::Error::other(damaged.to_string()))?;
    }
    store.probe.at(Step::LetGo)?;
    staged::replace(&store.dir.join(PRUNED), &pruned.to_bytes()?)?;
    // Crash from here on: the next start removes what is below the edge.
    shared.let_go.store(head.until, Ordering::Release);
    remove(store, head.until)
}
