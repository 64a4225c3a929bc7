//! Opening a log: everything is checked before anything is changed. The write-ahead log is the truth; the published
//! tree gives the place to begin reading it, the rollback guard says how far it must reach.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::rebuild::{Failed, Rebuild, Rebuilt, Signed};
use super::repair_tail;
use super::row::{Row, row};
use super::signed::{published, rollback_guard};
use crate::clock::Clock;
use crate::log::disk::failure::Probe;
use crate::log::disk::files;
use crate::log::error::{RecoverError, read_error};
use crate::log::publish::bundles::CheckedBundles;
use crate::log::publish::instance::Instance;
use crate::log::publish::rollback_guard::RollbackGuard;
use crate::log::publish::tile_store::TileStore;
use crate::log::read::leaf_reader::LeafReader;
use crate::log::settings::Settings;
use crate::log::threads::publisher::CHECKPOINT;
use crate::log::threads::shared::Published;
use crate::log::tree::frontier::{Frontier, bundle_start};
use crate::log::tree::recent::Recent;
use crate::log::wal::append::OpenSegment;
use crate::log::wal::reserve::NEXT;
use crate::log::wal::segment::SegmentFile;
use crate::merkle::{HASH_LEN, Hash};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// The file that a process locks while it has the log.
const LOCK: &str = "lock";

/// A log that was read and checked, and not started: nothing is written to it yet.
#[must_use]
pub struct Recovered {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lock: File,
    pub(crate) rollback_guard: RollbackGuard,
    pub(crate) instance: Instance,
    pub(crate) published: Published,
    /// Up to this size tiles and bundles are on disk; what lies below is not held in `recent` any more.
    pub(crate) stored: u64,
    pub(crate) frontier: Frontier,
    pub(crate) recent: Recent,
    pub(crate) current: Option<OpenSegment>,
    segments: Vec<SegmentFile>,
    /// Leaves before this one are in bundles only.
    released: u64,
}

impl Recovered {
    /// Leaves in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.recent.head().size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.recent.head().root
    }

    /// `at` of the last leaf; `None` in a log without leaves.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        (self.size() > 0).then(|| self.recent.head().at)
    }

    /// The leaves from index `from` on with their indices, in order, read from the write-ahead log and, below
    /// what it released, from bundles. Ends after the first error.
    #[must_use]
    pub fn leaves(&self, from: u64) -> LeafReader {
        let store = TileStore { dir: self.settings.log_dir(), probe: Probe::default() };
        let bundles = CheckedBundles::new(store, bundle_start(self.published.size));
        LeafReader::new(bundles, self.released, &self.segments, &self.settings.origin, from..self.size())
    }
}

/// Opens the log in a data folder, for this process alone, and checks it. A folder without a log gets an empty one.
///
/// The cost does not grow with the log: it reads the write-ahead log from the bundle that the published tree left
/// partial, and only where the published tiles are missing or wrong all of it, to rebuild them.
///
/// # Errors
/// When the log is damaged, incomplete, contradicts what was signed, belongs to another origin or to another process,
/// as [`RecoverError`] says. No record, tile or signature on disk is changed then.
pub fn recover(settings: Settings, clock: Arc<dyn Clock>) -> Result<Recovered, RecoverError> {
    let (wal, log) = (settings.wal_dir(), settings.log_dir());
    for dir in [&wal, &log] {
        files::make_dir_durably(dir).map_err(|source| RecoverError::Io {
            doing: "making",
            path: dir.clone(),
            source,
        })?;
    }
    let lock = lock(&wal.join(LOCK))?;
    let Row { edge, segments, leftover } = row(&wal, &settings.origin)?;
    let (published, note) = published(&log, &settings.origin)?;
    let mut instance = Instance::read(&wal).map_err(|source| read_error(&wal, source))?;
    let rollback_guard =
        rollback_guard(&settings, &mut instance, published.is_some() || edge.first > 0 || !segments.is_empty())?;
    let published_size = published.as_ref().map_or(0, |checkpoint| checkpoint.size);
    if published_size > rollback_guard.size() {
        return Err(RecoverError::RollbackGuardBehind {
            path: rollback_guard.path().to_owned(),
            remembered: rollback_guard.size(),
            published: published_size,
        });
    }
    let mut signed = vec![Signed {
        size: rollback_guard.size(),
        root: rollback_guard.root(),
        witness: rollback_guard.path().to_owned(),
    }];
    signed.extend(published.map(|checkpoint| Signed {
        size: checkpoint.size,
        root: checkpoint.root,
        witness: log.join(CHECKPOINT),
    }));
    let tile_store = TileStore { dir: log, probe: Probe::default() };
    let unbound = (!instance.knows(rollback_guard.instance())).then(|| (settings.dir.as_path(), rollback_guard.path()));
    let rebuild = Rebuild {
        segments: &segments,
        released: edge.first,
        origin: &settings.origin,
        tile_store: &tile_store,
        signed: &signed,
        unbound,
    };
    let rebuilt = rebuild_from_published(&rebuild, published_size)?;
    // Every check has passed. Only now is anything changed on disk.
    drop(fs::remove_file(wal.join(NEXT)));
    // A release that was interrupted; what cannot be removed now is removed with the next release.
    leftover.iter().for_each(|named| drop(fs::remove_file(&named.path)));
    let Rebuilt { frontier, recent, end, published_at, stored } = rebuilt;
    let current = end.map(repair_tail::repair_tail).transpose()?;
    let published = Published { size: published_size, at: published_at, note };
    Ok(Recovered {
        settings,
        clock,
        lock,
        rollback_guard,
        instance,
        published,
        stored,
        frontier,
        recent,
        current,
        segments,
        released: edge.first,
    })
}

/// Begins with the published tree's tiles; where they are missing or do not lead to what was signed, with nothing.
fn rebuild_from_published(rebuild: &Rebuild<'_>, published: u64) -> Result<Rebuilt, RecoverError> {
    let base = bundle_start(published);
    let released_bundles = rebuild.released.next_multiple_of(FULL_WIDTH.into());
    let missing = rebuild.tile_store.first_missing(released_bundles);
    let missing = missing.map_err(|source| read_error(&rebuild.tile_store.dir, source))?;
    if let Some(TileName { kind: TileKind::Entries, .. }) = missing {
        let path = rebuild.tile_store.dir.join(missing.map(|name| name.path()).unwrap_or_default());
        return Err(RecoverError::Bundle { path, why: "it is missing".to_owned() });
    }
    // Hash tiles that are missing are rebuilt from the bundles.
    if base > 0
        && missing.is_none()
        && let Ok(edge) = edge(rebuild.tile_store, base)
    {
        match rebuild.run(base, &edge, published) {
            Ok(rebuilt) => return Ok(rebuilt),
            Err(Failed::Root(_)) => {}
            Err(Failed::Other(error)) => return Err(error),
        }
    }
    rebuild.run(0, &[], published).map_err(|failed| match failed {
        Failed::Root(error) | Failed::Other(error) => error,
    })
}

/// The hashes of the partial tiles of level 1, 2, … of a tree of `size` leaves.
fn edge(tile_store: &TileStore, size: u64) -> io::Result<Vec<Vec<Hash>>> {
    let mut edge = Vec::new();
    for level in 1..MAX_LEVELS {
        let hashes = tile::hashes_at(level, size);
        let (index, width) = (hashes / u64::from(FULL_WIDTH), (hashes % u64::from(FULL_WIDTH)) as u16);
        let bytes = if width == 0 { Vec::new() } else { tile_store.read_hashes(level, index, width)? };
        edge.push(bytes.as_chunks::<HASH_LEN>().0.to_vec());
    }
    Ok(edge)
}

/// Takes the lock, which lasts as long as the file is open.
fn lock(path: &Path) -> Result<File, RecoverError> {
    let io_error = |source| RecoverError::Io { doing: "locking", path: path.to_owned(), source };
    let file = files::private().open(path).map_err(io_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RecoverError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(io_error(error)),
    }
}
