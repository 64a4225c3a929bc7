//! The publisher: makes the durable tree readable by others. Tiles and bundles, and the rollback guard beside them; their names, and the
//! signed checkpoint beside them, under a name that nobody reads; then the checkpoint's name. Each of the three is durable before the
//! next begins: a commit of a batch waits beside each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::shared::{Published, Shared};
use crate::log::disk::beside::both;
use crate::log::disk::failure::{Step, at_path};
use crate::log::disk::staged::{Staged, Synced};
use crate::log::publish::checkpoint_signer::Unsigned;
use crate::log::recordability::Cause;
use crate::log::tree::recent::TreeHead;

/// How long to wait before a failed publication is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The file that names the published tree.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Why a publication did not come about.
enum Unpublished {
    Failed(io::Error),
    /// The rollback guard failed, and the log stopped.
    Stopped,
}

/// The thread: until the log closes and everything is published. Tiles and bundles up to `stored` are on disk.
pub(crate) fn run(shared: &Arc<Shared>, mut stored: u64) {
    if shared.published().note.is_empty() {
        // A log without leaves has a checkpoint too.
        shared.not_published(shared.clock.monotonic());
    }
    while let Some((head, since)) = shared.wait_for_growth() {
        let started = Instant::now();
        let is_news = head.size > shared.published().size;
        shared.publication.begin(&*shared.clock);
        let done = publish(shared, stored, &head);
        shared.publication.end();
        match done {
            Ok(()) => {
                stored = head.size;
                shared.recordability.unblock(Cause::Publication);
                if is_news {
                    let lag = shared.clock.monotonic().saturating_sub(since);
                    shared.meters.publish_lag.add_time(lag);
                    let distance = shared.settings.publish_every;
                    shared.pause(distance.saturating_sub(started.elapsed()));
                }
            }
            Err(Unpublished::Failed(error)) => {
                shared.recordability.block(Cause::Publication, &error.to_string());
                if shared.is_closing() {
                    // The write-ahead log has everything; the next start publishes it.
                    return;
                }
                shared.not_published(since);
                shared.pause(RETRY);
            }
            Err(Unpublished::Stopped) => {
                shared.recordability.block(Cause::Stopped, "the rollback guard failed");
                return;
            }
        }
    }
}

fn publish(shared: &Shared, from: u64, head: &TreeHead) -> Result<(), Unpublished> {
    let failed = |error| Unpublished::Failed(at_path(&error, &shared.tile_store.dir));
    let bytes = |name: &_| shared.with_recent(|recent| recent.bytes(name));
    let tiles = shared.tile_store.stage(from, head.size, bytes).map_err(failed)?;
    // The head is durable in the write-ahead log: it may be signed before its tiles are there.
    let (note, tiles) = both(&|| shared.checkpoint_signer.sign(head), || tiles.sync());
    // Crash here: signed, but nobody has seen it. The rollback guard knows the size, and the log has it.
    let note = match note {
        Ok(note) => Ok(note),
        Err(Unsigned::Away(error)) => Err(Unpublished::Failed(error)),
        Err(Unsigned::Stopped) => return Err(Unpublished::Stopped),
    };
    // Where nothing was signed too: the next attempt finds them.
    let tiles = tiles.and_then(Synced::rename).map_err(failed)?;
    let note = note?;
    shared.meters.checkpoints.fetch_add(1, Ordering::Relaxed);
    let checkpoint = Staged::of(&shared.tile_store.dir.join(CHECKPOINT), note.as_bytes()).map_err(failed)?;
    let (tiles, checkpoint) = both(&|| tiles.sync(), || checkpoint.sync());
    tiles.map_err(failed)?;
    // Crash here: tiles that no checkpoint needs yet. The next start finds them right, or writes over them.
    shared.tile_store.tidy(from, head.size).map_err(failed)?;
    // Crash here: the published checkpoint's partial tiles may be gone; the full ones, which begin with them, are there.
    shared.tile_store.probe.at(Step::Checkpoint).map_err(failed)?;
    checkpoint.and_then(Synced::rename).and_then(|checkpoint| checkpoint.sync()).map_err(failed)?;
    // Crash from here on: published; everything that the checkpoint needs is there.
    shared.set_published(Published { size: head.size, at: head.at, note });
    shared.with_recent(|recent| recent.trim(head.size));
    Ok(())
}
