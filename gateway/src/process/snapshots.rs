//! Keeping the snapshot of the state up with the log, so that a start has little to read and the log's write-ahead segments
//! can go.

use std::fs;

use credit_audit::log::ReleaseError;

use crate::{
    gateway::Gateway,
    process::start::state_file,
    state::snapshot::{self, Following},
};

/// Leaves that the snapshot may be behind: so many a start takes in, at most, and a little time more.
const BEHIND: u64 = 65_536;

/// A snapshot is written whole. For each so many bytes of it one more leaf is waited for, so that writing it costs no more
/// than the log itself.
const BYTES_A_LEAF: u64 = 2_048;

/// Why the log's segments need more and more room.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAdvanced {
    /// No snapshot.
    #[error("the snapshot of the state could not be written; the next start takes longer: {0}")]
    Snapshot(String),
    /// No segment removed.
    #[error("write-ahead segments could not be removed; they need room until they are: {0}")]
    Segments(#[from] ReleaseError),
    /// A defect.
    #[error("the snapshot panicked")]
    Panicked,
}

/// When a snapshot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// If the one that is there is far behind.
    Behind,
    /// If there is anything new for it.
    Now,
}

/// Takes published leaves into the snapshot, if it is due, and removes the write-ahead segments that it covers. `covered`
/// is what the last call gave back: how many leaves the snapshot covers. Blocks.
///
/// # Errors
/// When the snapshot cannot be written, or segments cannot be removed.
pub(super) fn advance(gateway: &Gateway, covered: Option<u64>, due: Due) -> Result<u64, NotAdvanced> {
    let (origin, path) = (&gateway.settings.log.origin, state_file(&gateway.settings));
    // Whole bundles only: a narrower one may be cleaned up while it is read.
    let published = gateway.log.published() / 256 * 256;
    let covered = covered.unwrap_or_else(|| snapshot::covered(&path, origin));
    let bytes = fs::metadata(&path).map_or(0, |file| file.len());
    let behind = match due {
        Due::Behind => BEHIND.max(bytes / BYTES_A_LEAF),
        Due::Now => 256,
    };
    // The last one covers what is published, not only what was followed so far.
    let (at_the_end, following) = (Following::default(), &gateway.following);
    let following = if due == Due::Now { &at_the_end } else { following };
    let is_soon = following.is_near(covered, published, behind);
    let covered = if published.saturating_sub(covered) < behind || is_soon {
        covered
    } else {
        let (log, catalogue) = (gateway.log_folder(), gateway.catalogue());
        let next = snapshot::advance(&path, origin, &log, &catalogue, published, following)
            .map_err(|error| NotAdvanced::Snapshot(error.to_string()))?;
        let covered = next.ledger.size;
        if due == Due::Behind {
            gateway.follow_from(next);
        }
        covered
    };
    // Bundles have every leaf of them, and are compared before a segment is removed.
    gateway.log.release_segments(covered)?;
    Ok(covered)
}
