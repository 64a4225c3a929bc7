//! Every file of a log against what lies below it, from the leaves up to the signed root.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use crate::checkpoint::Checkpoint;
use crate::edge::{Edge, last_partial};
use crate::merkle::{self, HASH_LEN, Hash, HashReader, leaf_hash, perfect_root};
use crate::pruned::{Pruned, PrunedFault};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

use super::leaves::LeafCheck;
use super::let_go::{Acts, LetGo};
use super::names::{Names, tiles_at};
use super::report::LeafReport;
use super::source::Source;
use super::violation::{CheckError, Violation};
use super::visitor::Visitor;

/// How many tiles pass between two calls of [`Visitor::progress`].
const PROGRESS_EVERY_TILES: u64 = 64;

/// What the check found.
pub(super) struct Checked {
    pub(super) files: u64,
    pub(super) leaves: Option<LeafReport>,
    pub(super) let_go: Option<LetGo>,
}

/// What must come out.
pub(super) struct Wanted<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    /// Sizes with their roots.
    pub(super) heads: &'a [(u64, Hash)],
    /// Entry bundles are checked too.
    pub(super) leaves: bool,
    /// What is left of records that were let go.
    pub(super) pruned: Option<Pruned>,
}

/// Checks everything that `names` lists.
pub(super) fn check(
    source: &mut Source,
    names: &Names,
    wanted: &Wanted<'_>,
    visitor: &mut dyn Visitor,
) -> Result<Checked, CheckError> {
    let Wanted { checkpoint, heads, leaves, pruned } = wanted;
    let edges = heads.iter().map(|(size, _)| (size / u64::from(FULL_WIDTH), Vec::new()));
    let mut pass = Pass {
        files: Files { source, names, size: checkpoint.size, read: 0, buffer: Vec::new() },
        leaves: leaves.then(|| LeafCheck::new(&checkpoint.origin)),
        pruned: pruned.as_ref(),
        acts: Acts::default(),
        has_hole: false,
        visitor,
        tree: Tree { upper: Vec::new(), edges: edges.collect() },
        bundle: Vec::new(),
        ends: Vec::new(),
        hashes: Vec::new(),
    };
    let end = tiles_at(0, checkpoint.size).max(names.end(TileKind::Hashes(0))).max(names.end(TileKind::Entries));
    for index in 0..end {
        pass.lowest(index, index + 1 == end)?;
        if index % PROGRESS_EVERY_TILES == 0 {
            pass.visitor.progress(index, end);
        }
    }
    pass.upper()?;
    for (size, root) in *heads {
        if merkle::root(*size, &pass.tree).ok() != Some(*root) {
            return Err(Violation::Root { size: *size }.into());
        }
    }
    // Whether some of it is there still or not: what is said to be let go must be so.
    let let_go = pruned.as_ref().map(|pruned| pass.acts.of(pruned)).transpose().map_err(Violation::Pruned)?;
    let let_go = let_go.filter(|_| pass.has_hole);
    Ok(Checked { files: pass.files.read, leaves: pass.leaves.map(LeafCheck::report), let_go })
}

struct Pass<'a> {
    files: Files<'a>,
    leaves: Option<LeafCheck<'a>>,
    pruned: Option<&'a Pruned>,
    acts: Acts,
    /// Some of what was let go is not there.
    has_hole: bool,
    visitor: &'a mut dyn Visitor,
    tree: Tree,
    /// The widest bundle of one index, and where its entries end.
    bundle: Vec<u8>,
    ends: Vec<usize>,
    /// The leaf hashes of one index.
    hashes: Vec<Hash>,
}

impl Pass<'_> {
    /// One index of the lowest level: bundles of every width, then hash tiles of every width. Below the last index
    /// everything must be full.
    fn lowest(&mut self, index: u64, last: bool) -> Result<(), CheckError> {
        let kind = TileKind::Hashes(0);
        let needed = tile::width_at(0, index, self.files.size);
        self.edge(index)?;
        if self.leaves.is_none() {
            self.lowest_without_leaves(TileName { kind, index, width: needed })?;
        } else if self.is_let_go(index) {
            self.lowest_without_leaves(TileName { kind, index, width: FULL_WIDTH })?;
            self.kept(index)?;
            self.files.compare(kind, index, &self.hashes)?;
        } else {
            let tiles = self.files.names.widths(kind, index).next_back().unwrap_or(0);
            let bundles = self.files.names.widths(TileKind::Entries, index).next_back().unwrap_or(0);
            let wanted = if last { needed.max(tiles).max(bundles) } else { FULL_WIDTH };
            self.widest_bundle(index, wanted, tiles > needed.max(bundles))?;
            self.files.require(TileKind::Entries, index, needed)?;
            self.narrower_bundles(index)?;
            self.files.require(kind, index, needed)?;
            self.files.compare(kind, index, &self.hashes)?;
        }
        self.tree.add(index, &self.hashes);
        Ok(())
    }

    /// Whether the bundle of this index was let go, and is not there.
    fn is_let_go(&self, index: u64) -> bool {
        let ends_at = (index + 1) * u64::from(FULL_WIDTH);
        let name = TileName { kind: TileKind::Entries, index, width: FULL_WIDTH };
        self.pruned.is_some_and(|pruned| ends_at <= pruned.head.until) && !self.files.source.may_have(&name.path())
    }

    /// The leaves of a bundle that are kept, each under its own hash.
    fn kept(&mut self, index: u64) -> Result<(), CheckError> {
        self.has_hole = true;
        let (Some(pruned), Some(leaves)) = (self.pruned, &mut self.leaves) else { return Ok(()) };
        let first = index * u64::from(FULL_WIDTH);
        let end = first + u64::from(FULL_WIDTH);
        for (index, leaf) in pruned.kept_from(first).take_while(|(index, _)| *index < end) {
            let place = usize::try_from(index - first).unwrap_or(usize::MAX);
            if self.hashes.get(place) != Some(&leaf_hash(leaf)) {
                return Err(Violation::Pruned(PrunedFault::Kept(index)).into());
            }
            leaves.go_on_at(index);
            let (index, peek) = leaves.next(leaf)?;
            self.acts.leaf(index, &peek, leaf);
            self.visitor.leaf(index, &peek, leaf)?;
        }
        leaves.go_on_at(end);
        Ok(())
    }

    /// Where what was let go ends.
    fn edge(&mut self, index: u64) -> Result<(), CheckError> {
        let at = |pruned: &&Pruned| pruned.head.until == index * u64::from(FULL_WIDTH);
        let (Some(pruned), Some(leaves)) = (self.pruned.filter(at), &mut self.leaves) else { return Ok(()) };
        if leaves.edge(&pruned.head.numbers).map_err(Violation::Pruned)? {
            let hashes = |level| {
                let (index, width) = last_partial(level, pruned.head.until);
                self.tree.upper_tile(level, index).iter().take(width.into()).copied().collect()
            };
            self.visitor.edge(&Edge::of(pruned.head.clone(), hashes))?;
        }
        Ok(())
    }

    /// Takes the leaf hashes from the tile itself, as far as the checkpoint covers them.
    fn lowest_without_leaves(&mut self, name: TileName) -> Result<(), CheckError> {
        let width = self.files.read_or_full(name)?.ok_or(Violation::Missing { path: name.path() })?;
        check_length(&self.files.buffer, TileName { width, ..name })?;
        let hashes = self.files.buffer.chunks_exact(HASH_LEN).take(usize::from(name.width));
        self.hashes.clear();
        self.hashes.extend(hashes.filter_map(|bytes| Hash::try_from(bytes).ok()));
        Ok(())
    }

    /// Reads the bundle of the wanted width (or the full one, if it has come since) and checks its leaves.
    fn widest_bundle(&mut self, index: u64, wanted: u16, for_tile: bool) -> Result<(), CheckError> {
        let name = TileName { kind: TileKind::Entries, index, width: wanted };
        let Some(width) = self.files.read_or_full(name)? else {
            let hanging = TileName { kind: TileKind::Hashes(0), ..name }.path();
            let fault =
                if for_tile { Violation::Hanging { path: hanging } } else { Violation::Missing { path: name.path() } };
            return Err(fault.into());
        };
        let name = TileName { width, ..name };
        std::mem::swap(&mut self.bundle, &mut self.files.buffer);
        self.hashes.clear();
        self.ends.clear();
        let mut end = 0;
        for entry in tile::entries(&self.bundle) {
            let entry = entry.map_err(|_| Violation::Framing { path: name.path() })?;
            end += 2 + entry.len();
            self.ends.push(end);
            self.hashes.push(leaf_hash(entry));
            if let Some(leaves) = &mut self.leaves {
                let (index, peek) = leaves.next(entry)?;
                self.acts.leaf(index, &peek, entry);
                self.visitor.leaf(index, &peek, entry)?;
            }
        }
        if self.hashes.len() == usize::from(width) {
            Ok(())
        } else {
            Err(Violation::Framing { path: name.path() }.into())
        }
    }

    /// Every narrower bundle is the beginning of the widest.
    fn narrower_bundles(&mut self, index: u64) -> Result<(), CheckError> {
        let kind = TileKind::Entries;
        for width in self.files.names.widths(kind, index) {
            let Some(end) = self.ends.get(usize::from(width) - 1).filter(|_| usize::from(width) < self.ends.len())
            else {
                continue;
            };
            let name = TileName { kind, index, width };
            let found = self.files.read_or_full(name)?.ok_or(Violation::Missing { path: name.path() })?;
            if found == width && self.bundle.get(..*end) != Some(&self.files.buffer) {
                return Err(Violation::Beginning { path: name.path() }.into());
            }
        }
        Ok(())
    }

    /// Every tile above the lowest level, and that none is missing.
    fn upper(&mut self) -> Result<(), CheckError> {
        for name in self.files.names.upper() {
            let TileKind::Hashes(level) = name.kind else { continue };
            self.files.compare_one(name, self.tree.upper_tile(level, name.index))?;
        }
        for level in 1..MAX_LEVELS {
            for index in 0..tiles_at(level, self.files.size) {
                let needed = tile::width_at(level, index, self.files.size);
                self.files.require(TileKind::Hashes(level), index, needed)?;
            }
        }
        Ok(())
    }
}

/// Reading of files by name, with what may happen to them meanwhile: a partial one goes when the full one has come.
struct Files<'a> {
    source: &'a mut Source,
    names: &'a Names,
    size: u64,
    read: u64,
    buffer: Vec<u8>,
}

impl Files<'_> {
    /// Reads a file into the buffer, or the full one in its place; gives the width read.
    fn read_or_full(&mut self, name: TileName) -> Result<Option<u16>, CheckError> {
        let mut widths = vec![name.width];
        if name.width < FULL_WIDTH {
            widths.push(FULL_WIDTH);
        }
        for width in widths {
            if self.source.read(&TileName { width, ..name }.path(), &mut self.buffer)? {
                self.read += 1;
                return Ok(Some(width));
            }
        }
        Ok(None)
    }

    /// Whether what the checkpoint needs is there: exactly its width, or the full tile that took its place.
    fn require(&mut self, kind: TileKind, index: u64, needed: u16) -> Result<(), CheckError> {
        if needed == 0 || self.names.widths(kind, index).any(|width| width == needed || width == FULL_WIDTH) {
            return Ok(());
        }
        let name = TileName { kind, index, width: needed };
        match self.read_or_full(name)? {
            Some(_) => Ok(()),
            None => Err(Violation::Missing { path: name.path() }.into()),
        }
    }

    /// Every tile of an index against the hashes that it must begin with.
    fn compare(&mut self, kind: TileKind, index: u64, hashes: &[Hash]) -> Result<(), CheckError> {
        for width in self.names.widths(kind, index) {
            self.compare_one(TileName { kind, index, width }, hashes)?;
        }
        Ok(())
    }

    fn compare_one(&mut self, name: TileName, hashes: &[Hash]) -> Result<(), CheckError> {
        if usize::from(name.width) > hashes.len() {
            return Err(Violation::Hanging { path: name.path() }.into());
        }
        let width = self.read_or_full(name)?.ok_or(Violation::Missing { path: name.path() })?;
        let name = TileName { width, ..name };
        check_length(&self.buffer, name)?;
        let differs = self.buffer.chunks_exact(HASH_LEN).zip(hashes).position(|(bytes, hash)| bytes != hash);
        match differs {
            Some(position) => Err(Violation::Hash { path: name.path(), position: position as u64 }.into()),
            None => Ok(()),
        }
    }
}

fn check_length(bytes: &[u8], name: TileName) -> Result<(), Violation> {
    if bytes.len() == usize::from(name.width) * HASH_LEN {
        Ok(())
    } else {
        Err(Violation::Length { path: name.path() })
    }
}

/// The hashes above the lowest level, and those of the lowest level at the edge of each checkpoint.
struct Tree {
    upper: Vec<Vec<Hash>>,
    edges: HashMap<u64, Vec<Hash>>,
}

impl Tree {
    /// Takes the leaf hashes of the next lowest tile; full tiles are hashed upward.
    fn add(&mut self, index: u64, hashes: &[Hash]) {
        if let Some(edge) = self.edges.get_mut(&index) {
            edge.extend_from_slice(hashes);
        }
        let mut tile = hashes;
        for level in 0.. {
            if tile.is_empty() || !tile.len().is_multiple_of(usize::from(FULL_WIDTH)) {
                return;
            }
            let last = tile.len() - usize::from(FULL_WIDTH);
            let root = perfect_root(tile.get(last..).unwrap_or_default().as_flattened());
            if self.upper.len() == level {
                self.upper.push(Vec::new());
            }
            let Some(above) = self.upper.get_mut(level) else { return };
            above.push(root);
            tile = above;
        }
    }

    /// The hashes of a tile of level 1 or above, as far as they are known.
    fn upper_tile(&self, level: u8, index: u64) -> &[Hash] {
        let hashes = usize::from(level).checked_sub(1).and_then(|at| self.upper.get(at));
        let from = usize::try_from(index).ok().and_then(|index| index.checked_mul(usize::from(FULL_WIDTH)));
        let hashes = hashes.zip(from).and_then(|(hashes, from)| hashes.get(from..)).unwrap_or_default();
        hashes.get(..usize::from(FULL_WIDTH)).unwrap_or(hashes)
    }
}

impl HashReader for Tree {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let hashes = if level == 0 {
            self.edges.get(&index).map_or(&[] as &[Hash], Vec::as_slice)
        } else {
            self.upper_tile(level, index)
        };
        let hashes = hashes.get(..usize::from(width)).ok_or(io::ErrorKind::NotFound)?;
        Ok(Cow::Borrowed(hashes.as_flattened()))
    }
}
