//! Opening a log: everything is checked before anything is changed. The write-ahead log is the truth; the published
//! tree gives the place to begin reading it, the rollback guard says how far it must reach.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::below::Below;
use super::rebuild::{Failed, Rebuild, Rebuilt, Signed};
use super::repair_tail;
use super::row::{Row, row};
use super::signed::{published, rollback_guard};
use crate::checkpoint::Checkpoint;
use crate::clock::Clock;
use crate::leaf::{self, Body};
use crate::log::disk::failure::Probe;
use crate::log::disk::files;
use crate::log::error::{RecoverError, read_error};
use crate::log::publish::bundles::CheckedBundles;
use crate::log::publish::instance::Instance;
use crate::log::publish::removed;
use crate::log::publish::rollback_guard::RollbackGuard;
use crate::log::publish::tile_store::TileStore;
use crate::log::read::leaf_reader::LeafReader;
use crate::log::settings::Settings;
use crate::log::threads::publisher::CHECKPOINT;
use crate::log::threads::shared::Published;
use crate::log::tree::frontier::{Frontier, bundle_start};
use crate::log::tree::recent::{Recent, TreeHead};
use crate::log::wal::append::OpenSegment;
use crate::log::wal::reserve::NEXT;
use crate::log::wal::segment::SegmentFile;
use crate::merkle::{HASH_LEN, Hash};
use crate::pruned::{PRUNED, Pruned, PrunedHead};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// The file that a process locks while it has the log.
pub(super) const LOCK: &str = "lock";

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
    pub(crate) contents: Contents,
}

impl Recovered {
    /// What the log has.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Leaves in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.contents.size()
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.contents.head.root
    }

    /// `at` of the last leaf; `None` in a log without leaves.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        self.contents.last_at()
    }

    /// The leaves from index `from` on, as [`Contents::leaves`] has them.
    #[must_use]
    pub fn leaves(&self, from: u64) -> LeafReader {
        self.contents.leaves(from)
    }
}

/// What a log has, checked when it was read.
pub struct Contents {
    origin: String,
    log: PathBuf,
    head: TreeHead,
    published: u64,
    segments: Vec<SegmentFile>,
    /// Leaves before this one are in bundles only.
    released: u64,
    /// What is left of those that were let go.
    pruned: Option<Pruned>,
}

impl Contents {
    /// Leaves in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// `at` of the last leaf; `None` in a log without leaves.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        (self.size() > 0).then_some(self.head.at)
    }

    /// The leaves before this one were let go; 0 where none was.
    #[must_use]
    pub fn let_go(&self) -> u64 {
        self.pruned.as_ref().map_or(0, |pruned| pruned.head.until)
    }

    /// What is said of those that were let go, where some were.
    #[must_use]
    pub fn pruned(&self) -> Option<&PrunedHead> {
        self.pruned.as_ref().map(|pruned| &pruned.head)
    }

    /// The leaves from index `from` on with their indices, in order, read from the write-ahead log and, below
    /// what it released, from bundles; of those that were let go the ones that are kept. Ends after the first error.
    #[must_use]
    pub fn leaves(&self, from: u64) -> LeafReader {
        let store = TileStore { dir: self.log.clone(), probe: Probe::default() };
        let bundles = CheckedBundles::new(store, bundle_start(self.published));
        let first = from.max(self.let_go());
        let leaves = LeafReader::new(bundles, self.released, &self.segments, &self.origin, first..self.size());
        match &self.pruned {
            Some(pruned) if from < first => leaves.after(pruned.kept_from(from)),
            Some(_) | None => leaves,
        }
    }
}

impl Contents {
    /// Nothing is taken for let go but what a leaf of this log says: else it is lost.
    fn check_let_go(&self) -> Result<(), RecoverError> {
        let Some(Pruned { head, .. }) = &self.pruned else { return Ok(()) };
        let leaf = if head.leaf < self.size() { self.leaves(head.leaf).next().transpose()? } else { None };
        let said = leaf.as_ref().and_then(|(_, leaf)| leaf::parse(leaf).ok().flatten());
        let is_said = said.is_some_and(|leaf| matches!(leaf.body, Body::Prune(prune) if prune.until == head.until));
        let is_released = head.until <= self.released;
        let path = || self.log.join(PRUNED);
        if is_said && is_released { Ok(()) } else { Err(RecoverError::Pruned { path: path(), leaf: head.leaf }) }
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
    let mut found = Found::read(&settings)?;
    let has_log = found.has_log();
    let rollback_guard = rollback_guard(&settings, &mut found.instance, has_log)?;
    let (rebuilt, contents) = found.check(&settings, &rollback_guard)?;
    // Every check has passed. Only now is anything changed on disk.
    drop(fs::remove_file(wal.join(NEXT)));
    // A release that was interrupted; what cannot be removed now is removed with the next release.
    found.row.leftover.iter().for_each(|named| drop(fs::remove_file(&named.path)));
    let store = TileStore { dir: settings.log_dir(), probe: Probe::default() };
    if contents.let_go() > 0 {
        // Of an act that was interrupted.
        removed::remove(&store, contents.let_go()).map_err(|source| RecoverError::Io {
            doing: "removing what was let go in",
            path: store.dir.clone(),
            source,
        })?;
    }
    let Rebuilt { frontier, recent, end, published_at, stored } = rebuilt;
    let current = end.map(repair_tail::repair_tail).transpose()?;
    let published = Published { size: contents.published, at: published_at, note: found.note };
    let instance = found.instance;
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
        contents,
    })
}

/// What [`examine`] found.
pub struct Examined {
    /// The log, where one was begun.
    pub contents: Option<Contents>,
    /// A process has it open.
    pub is_in_use: bool,
}

/// How often a log that changes meanwhile is read before its fault is believed.
const TRIES: u32 = 5;

/// Reads and checks the log in a data folder as [`recover`] would, and changes nothing: no file is made, mended or
/// removed. A log that no process has open is locked meanwhile; one that is in use is read as it is.
///
/// # Errors
/// As for [`recover`], but not because the log is in use.
pub fn examine(settings: &Settings) -> Result<Examined, RecoverError> {
    let path = settings.wal_dir().join(LOCK);
    let lock = match File::open(&path) {
        Ok(file) => locked(file, &path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(read_error(&path, source)),
    };
    let (_lock, is_in_use) = match lock {
        Err(RecoverError::Locked(_)) => (None, true),
        lock => (lock?, false),
    };
    let mut tries = if is_in_use { TRIES } else { 1 };
    loop {
        tries -= 1;
        match contents(settings, is_in_use) {
            Ok(contents) => return Ok(Examined { contents, is_in_use }),
            // Its writer is faster than we are: a segment is gone by now.
            Err(_) if tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

fn contents(settings: &Settings, is_in_use: bool) -> Result<Option<Contents>, RecoverError> {
    // Before the leaves: they may grow meanwhile, and what was signed is never above them.
    let open = if is_in_use { RollbackGuard::look } else { RollbackGuard::open };
    let guard = open(&settings.rollback_guard, &settings.origin)?;
    let found = Found::read(settings)?;
    match guard {
        Some(guard) => found.check(settings, &guard).map(|(_, contents)| Some(contents)),
        None if found.has_log() => Err(RecoverError::RollbackGuardMissing(settings.rollback_guard.clone())),
        None => Ok(None),
    }
}

/// What is on disk, before it is checked.
struct Found {
    row: Row,
    published: Option<Checkpoint>,
    note: String,
    instance: Instance,
    pruned: Option<Pruned>,
}

impl Found {
    fn read(settings: &Settings) -> Result<Self, RecoverError> {
        let (wal, log) = (settings.wal_dir(), settings.log_dir());
        let row = row(&wal, &settings.origin)?;
        let (published, note) = published(&log, &settings.origin)?;
        let instance = Instance::read(&wal).map_err(|source| read_error(&wal, source))?;
        let pruned =
            Pruned::read(&log, Some(&settings.origin)).map_err(|source| read_error(&log.join(PRUNED), source))?;
        Ok(Self { row, published, note, instance, pruned })
    }

    fn has_log(&self) -> bool {
        self.published.is_some() || self.row.edge.first > 0 || !self.row.segments.is_empty()
    }

    /// Checks all of it against what was signed.
    fn check(&self, settings: &Settings, guard: &RollbackGuard) -> Result<(Rebuilt, Contents), RecoverError> {
        let log = settings.log_dir();
        let published = self.published.as_ref().map_or(0, |checkpoint| checkpoint.size);
        if published > guard.size() {
            return Err(RecoverError::RollbackGuardBehind {
                path: guard.path().to_owned(),
                remembered: guard.size(),
                published,
            });
        }
        let mut signed = vec![Signed { size: guard.size(), root: guard.root(), witness: guard.path().to_owned() }];
        signed.extend(self.published.as_ref().map(|checkpoint| Signed {
            size: checkpoint.size,
            root: checkpoint.root,
            witness: log.join(CHECKPOINT),
        }));
        let tile_store = TileStore { dir: log.clone(), probe: Probe::default() };
        let unbound = (!self.instance.knows(guard.instance())).then(|| (settings.dir.as_path(), guard.path()));
        let rebuild = Rebuild {
            segments: &self.row.segments,
            released: self.row.edge.first,
            origin: &settings.origin,
            tile_store: &tile_store,
            signed: &signed,
            unbound,
            let_go: self.pruned.as_ref().map_or(0, |pruned| pruned.head.until),
        };
        let rebuilt = rebuild_from_published(&rebuild, published)?;
        let contents = Contents {
            origin: settings.origin.clone(),
            log,
            head: rebuilt.recent.head(),
            published,
            segments: self.row.segments.clone(),
            released: self.row.edge.first,
            pruned: self.pruned.clone(),
        };
        contents.check_let_go()?;
        Ok((rebuilt, contents))
    }
}

/// Begins with the published tree's tiles; where they are missing or do not lead to what was signed, with nothing.
fn rebuild_from_published(rebuild: &Rebuild<'_>, published: u64) -> Result<Rebuilt, RecoverError> {
    let base = bundle_start(published);
    let released_bundles = rebuild.released.next_multiple_of(FULL_WIDTH.into());
    let missing = rebuild.tile_store.first_missing(released_bundles, rebuild.let_go);
    let missing = missing.map_err(|source| read_error(&rebuild.tile_store.dir, source))?;
    if let Some(TileName { kind: TileKind::Entries, .. }) = missing {
        let path = rebuild.tile_store.dir.join(missing.map(|name| name.path()).unwrap_or_default());
        return Err(RecoverError::Bundle { path, why: "it is missing".to_owned() });
    }
    let is_below = |name: &TileName| name.index < rebuild.let_go / u64::from(FULL_WIDTH);
    if let Some(name @ TileName { kind: TileKind::Hashes(0), .. }) = missing.filter(is_below) {
        let why = "it is missing, and the records under it were let go".to_owned();
        return Err(RecoverError::Bundle { path: rebuild.tile_store.dir.join(name.path()), why });
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
    let below = Below::of(rebuild.tile_store, rebuild.let_go);
    let below = below.map_err(|source| read_error(&rebuild.tile_store.dir, source))?;
    let rebuilt = rebuild.run(rebuild.let_go, &below.edge, published).map_err(|failed| match failed {
        Failed::Root(error) | Failed::Other(error) => error,
    })?;
    below.write(rebuild.tile_store)?;
    Ok(rebuilt)
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
pub(super) fn lock(path: &Path) -> Result<File, RecoverError> {
    let io_error = |source| RecoverError::Io { doing: "locking", path: path.to_owned(), source };
    locked(files::private().open(path).map_err(io_error)?, path)
}

fn locked(file: File, path: &Path) -> Result<File, RecoverError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RecoverError::Locked(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(RecoverError::Io { doing: "locking", path: path.to_owned(), source }),
    }
}
