//! Reading the write-ahead log again: the same hashes as when it was written, checked against every batch's root and
//! against every size that was signed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::leaf;
use crate::log::error::{RecoverError, read_error};
use crate::log::publish::bundles;
use crate::log::publish::tile_store::TileStore;
use crate::log::tree::frontier::{Frontier, bundle_start};
use crate::log::tree::recent::{Hashed, Recent, TreeHead, empty_head};
use crate::log::wal::segment::{Batch, Found, Segment, SegmentFile};
use crate::merkle::{self, Hash};
use crate::tile::{self, FULL_WIDTH};

/// Leaves after which rebuilt tiles are put on disk: memory stays bounded whatever the log's size.
const FLUSH: u64 = 1 << 14;

/// A size whose root was signed, and where that stands.
pub(crate) struct Signed {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) witness: PathBuf,
}

/// What replaying needs.
pub(crate) struct Rebuild<'a> {
    pub(crate) segments: &'a [SegmentFile],
    /// Leaves before this one are in bundles only.
    pub(crate) released: u64,
    pub(crate) origin: &'a str,
    pub(crate) tile_store: &'a TileStore,
    pub(crate) signed: &'a [Signed],
    /// The data folder and its guard, if the guard was used last with another one: nothing may be written then.
    pub(crate) unbound: Option<(&'a Path, &'a Path)>,
    /// The bundles before this leaf were let go.
    pub(crate) let_go: u64,
}

/// Where writing goes on.
pub(crate) struct End {
    /// The last segment, read to its last good batch.
    pub(crate) segment: Segment,
    /// The end of what a torn batch left behind.
    pub(crate) dirty_to: u64,
    /// The segment of the last good batch and that batch's first and last byte.
    pub(crate) last_batch: Option<(PathBuf, u64, u64)>,
}

/// A log that passed every check.
pub(crate) struct Rebuilt {
    pub(crate) frontier: Frontier,
    pub(crate) recent: Recent,
    pub(crate) end: Option<End>,
    /// `at` of the last published leaf.
    pub(crate) published_at: Timestamp,
    /// Up to this size, at least the published one, tiles and bundles are on disk.
    pub(crate) stored: u64,
}

/// Why it does not.
pub(crate) enum Failed {
    /// A root differs. If the beginning came from tiles, those may be wrong.
    Root(RecoverError),
    Other(RecoverError),
}

impl From<RecoverError> for Failed {
    fn from(error: RecoverError) -> Self {
        Self::Other(error)
    }
}

/// What grows while batches are read.
struct Progress<'a> {
    rebuild: &'a Rebuild<'a>,
    /// Leaves before this one are in the tiles that the rebuild began with.
    base: u64,
    frontier: Frontier,
    recent: Recent,
    /// Up to this size, tiles are on disk.
    flushed: u64,
    published: u64,
    published_at: Timestamp,
    last_batch: Option<(PathBuf, u64, u64)>,
    pass: Pass,
    forgot: bool,
}

/// Nothing is written before everything was checked: right tiles must survive a write-ahead log that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// What is too much for memory is forgotten.
    Check,
    /// It is put on disk.
    Write,
}

impl Rebuild<'_> {
    /// Replays leaves from `base` on, a multiple of 256, on top of the partial tiles `edge`. Then, when every
    /// check has passed, tiles and bundles up to the published size are put on disk where they are missing or wrong.
    pub(crate) fn run(&self, base: u64, edge: &[Vec<Hash>], published: u64) -> Result<Rebuilt, Failed> {
        if let Some(rebuilt) = self.pass(Pass::Check, base, edge, published)? {
            return Ok(rebuilt);
        }
        // Every check has passed, but more was read than is in memory: it is read once more.
        let rebuilt = self.pass(Pass::Write, base, edge, published)?;
        rebuilt.ok_or_else(|| Failed::Other(read_error(&self.tile_store.dir, io::ErrorKind::Other.into())))
    }

    /// `None` when the check had to forget something that is to be written.
    fn pass(&self, pass: Pass, base: u64, edge: &[Vec<Hash>], published: u64) -> Result<Option<Rebuilt>, Failed> {
        let frontier = Frontier::from_edge(base, edge);
        let mut state = Progress {
            rebuild: self,
            base,
            recent: Recent::new(base, edge, TreeHead { size: base, root: frontier.root(), ..empty_head() }),
            frontier,
            flushed: base,
            published,
            published_at: Timestamp::UNIX_EPOCH,
            last_batch: None,
            pass,
            forgot: false,
        };
        state.check_signed()?;
        state.read_bundles()?;
        let end = state.read_segments()?;
        // Not the frontier's size: that begins at what the tiles say.
        let have = end.as_ref().map_or(0, |end| end.segment.size());
        if let Some(short) = self.signed.iter().find(|signed| signed.size > have) {
            let (signed, witness) = (short.size, short.witness.clone());
            return Err(RecoverError::Short { have, signed, witness }.into());
        }
        if let Some((folder, guard)) = self.unbound {
            return Err(RecoverError::OtherFolder { guard: guard.to_owned(), folder: folder.to_owned() }.into());
        }
        if state.forgot {
            return Ok(None);
        }
        state.pass = Pass::Write;
        state.flush(published)?;
        let Progress { frontier, recent, published_at, flushed: stored, .. } = state;
        Ok(Some(Rebuilt { frontier, recent, end, published_at, stored }))
    }
}

impl Progress<'_> {
    /// Reads leaves that the write-ahead log released. Their bundles are believed here: the root of the first batch after
    /// them is that of these leaves too.
    fn read_bundles(&mut self) -> Result<(), Failed> {
        let (released, full) = (self.rebuild.released, u64::from(FULL_WIDTH));
        if self.base >= released {
            return Ok(());
        }
        // With the leaf before the first that matters, whose `at` may be needed.
        let first = (self.base.saturating_sub(1) / full).max(self.rebuild.let_go / full);
        for index in first..released.div_ceil(full) {
            let first = index * full;
            let mut leaves = bundles::read(self.rebuild.tile_store, index)?;
            leaves.truncate(usize::try_from(released - first).unwrap_or(usize::MAX));
            self.add(first, leaves, || RecoverError::Bundle {
                path: self.rebuild.tile_store.dir.join(tile::entries_path(index, FULL_WIDTH)),
                why: "a record is no leaf".to_owned(),
            })?;
            self.flush_much()?;
        }
        Ok(())
    }

    /// Reads the segments that matter, to the end of the log.
    fn read_segments(&mut self) -> Result<Option<End>, Failed> {
        let segments = self.rebuild.segments;
        // The one with the leaf before the first that matters, whose `at` may be needed.
        let start = segments.iter().rposition(|segment| segment.first < self.base).unwrap_or(0);
        let first = segments.get(start).filter(|_| start > 0).map(|segment| segment.first);
        let mut size = first.unwrap_or(self.rebuild.released);
        let mut end: Option<Segment> = None;
        for (place, named) in segments.iter().enumerate().skip(start) {
            let mut segment = Segment::open(named, self.rebuild.origin)?;
            if named.first != size {
                // The segment before ends too early (or too late) for this one, which was begun only after it.
                return Err(match end {
                    Some(before) => damaged(&before, "records are missing between its end and the next segment"),
                    None => RecoverError::Gap { before: named.path.clone(), from: size },
                }
                .into());
            }
            self.read_batches(&mut segment, place + 1 == segments.len())?;
            size = segment.size();
            end = Some(segment);
        }
        let Some(segment) = end else {
            return Ok(None);
        };
        let tail = segment.tail().map_err(|source| read_error(segment.path(), source))?;
        if tail.later_batch {
            return Err(damaged(&segment, "a whole batch follows after it").into());
        }
        let last_batch = self.last_batch.take();
        Ok(Some(End { segment, dirty_to: tail.dirty_to, last_batch }))
    }

    fn read_batches(&mut self, segment: &mut Segment, is_last: bool) -> Result<(), Failed> {
        let path = segment.path().to_owned();
        loop {
            match segment.next_batch().map_err(|source| read_error(&path, source))? {
                Found::Batch(batch) => self.absorb(&path, batch)?,
                Found::Nothing => return Ok(()),
                // The end of the last segment may be torn; whether it is, its tail shows.
                Found::Broken(_) if is_last => return Ok(()),
                Found::Broken(what) => return Err(damaged(segment, what).into()),
            }
        }
    }

    /// Adds a batch to the tree and checks its root.
    fn absorb(&mut self, path: &Path, batch: Batch) -> Result<(), Failed> {
        let Batch { start, first, root, leaves, .. } = batch;
        let end = first + leaves.len() as u64;
        let damaged = |what| RecoverError::Damaged { segment: path.to_owned(), offset: start, what };
        self.last_batch = Some((path.to_owned(), start, batch.end));
        self.add(first, leaves, || damaged("a record is no leaf although its checksum is right"))?;
        // Of leaves that all come before the base, the tiles know the root, and it was checked.
        if end >= self.base && end == self.frontier.size() && self.frontier.root() != root {
            let after_bundles = first == self.rebuild.released && self.base < first;
            return Err(Failed::Root(damaged(if after_bundles {
                "its root is not that of the records in the bundles before it"
            } else {
                "a batch's root is not that of the records up to its end"
            })));
        }
        self.flush_much()
    }

    /// Adds leaves to the tree; those before the base are in it.
    fn add(&mut self, first: u64, leaves: Vec<Arc<[u8]>>, not_a_leaf: impl Fn() -> RecoverError) -> Result<(), Failed> {
        let end = first + leaves.len() as u64;
        let at = |index: u64| -> Result<Timestamp, RecoverError> {
            let leaf = usize::try_from(index - first).ok().and_then(|place| leaves.get(place));
            let peeked = leaf.map(|leaf| leaf::peek(leaf).map(|peek| peek.at));
            peeked.and_then(Result::ok).ok_or_else(&not_a_leaf)
        };
        if (first + 1..=end).contains(&self.published) {
            self.published_at = at(self.published - 1)?;
        }
        let last_at = at(end - 1)?;
        let (mut hashed, mut full) = (Vec::new(), Vec::new());
        for (index, leaf) in (first..).zip(leaves) {
            if index < self.base {
                continue;
            }
            let hash = merkle::leaf_hash(&leaf);
            self.frontier.push(hash, |level, hash| full.push((level, hash)));
            hashed.push(Hashed { hash, leaf });
            self.check_signed()?;
        }
        let (size, root) = (self.frontier.size(), self.frontier.root());
        self.recent.extend(hashed, &full, TreeHead { size, root, at: last_at });
        Ok(())
    }

    /// Puts or forgets what was read, once it is much.
    fn flush_much(&mut self) -> Result<(), Failed> {
        let size = self.frontier.size();
        if size - self.flushed >= FLUSH {
            // The published size has partial tiles of its own, which must be there.
            if (self.flushed + 1..=size).contains(&self.published) {
                self.flush(self.published)?;
            }
            self.flush(bundle_start(size))?;
        }
        Ok(())
    }

    /// At a size that was signed, the root must be the one that was signed.
    fn check_signed(&self) -> Result<(), Failed> {
        let size = self.frontier.size();
        let wrong = |signed: &&Signed| signed.size == size && signed.root != self.frontier.root();
        match self.rebuild.signed.iter().find(wrong) {
            None => Ok(()),
            Some(signed) => Err(Failed::Root(RecoverError::OtherRoot { size, witness: signed.witness.clone() })),
        }
    }

    /// Puts tiles and bundles up to a size on disk where they are not, or only forgets their content.
    fn flush(&mut self, to: u64) -> Result<(), RecoverError> {
        if to <= self.flushed {
            return Ok(());
        }
        if self.pass == Pass::Write {
            let tile_store = self.rebuild.tile_store;
            let put = tile_store.put(self.flushed, to, |name| self.recent.bytes(name));
            put.and_then(|()| tile_store.tidy(self.flushed, to)).map_err(|source| RecoverError::Io {
                doing: "rebuilding tiles in",
                path: tile_store.dir.clone(),
                source,
            })?;
        }
        self.forgot |= self.pass == Pass::Check;
        self.flushed = to;
        self.recent.trim(to);
        Ok(())
    }
}

fn damaged(segment: &Segment, what: &'static str) -> RecoverError {
    RecoverError::Damaged { segment: segment.path().to_owned(), offset: segment.at(), what }
}
