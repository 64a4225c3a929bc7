//! The names of all files of a log: found in a directory, or derived from a size where nothing can be listed.

use std::io::ErrorKind;
use std::path::Path;

use crate::merkle::HASH_LEN;
use crate::pruned::{LONGEST_PRUNED, PRUNED};
use crate::tile::{self, FULL_WIDTH, LONGEST_BUNDLE, MAX_LEVELS, TileKind, TileName};

use super::violation::{CheckError, Violation};

/// Longest checkpoint: as long as a signed note may be.
const LONGEST_CHECKPOINT: usize = 1_000_000;

/// The files to check.
#[derive(Debug)]
pub(super) enum Names {
    /// Those that were found, sorted.
    Found(Vec<TileName>),
    /// Those that a log of this size must have, with or without bundles. Never listed: the size is the operator's word.
    OfSize(u64, bool),
}

impl Names {
    /// Every file below `tile/`; a name that is no tile's is a fault. Names that begin with a dot are temporary.
    pub(super) fn in_directory(log: &Path) -> Result<Self, CheckError> {
        let mut files = Vec::new();
        // Upper levels first, bundles last: see the module's comment in `verify`.
        let mut levels = entries_of(log, "tile")?;
        levels.sort_by_key(|(name, _)| std::cmp::Reverse(name.parse::<u8>().map_or(-1, i16::from)));
        for (level, is_directory) in levels {
            walk(log, format!("tile/{level}"), is_directory, &mut files)?;
        }
        files.sort_unstable();
        Ok(Self::Found(files))
    }

    /// The widths of one tile or bundle that are there, ascending.
    pub(super) fn widths(&self, kind: TileKind, index: u64) -> impl DoubleEndedIterator<Item = u16> + '_ {
        let (found, derived): (&[TileName], _) = match self {
            Self::Found(files) => {
                let at = |width| files.partition_point(|name| *name < TileName { kind, index, width });
                (files.get(at(0)..at(u16::MAX)).unwrap_or_default(), None)
            }
            Self::OfSize(size, entries) => {
                let level = level_of(kind, *entries);
                (&[], level.map(|level| tile::width_at(level, index, *size)).filter(|width| *width > 0))
            }
        };
        found.iter().map(|name| name.width).chain(derived)
    }

    /// One more than the largest index of a kind; 0 where there is none.
    pub(super) fn end(&self, kind: TileKind) -> u64 {
        match self {
            Self::Found(files) => {
                let last = TileName { kind, index: u64::MAX, width: u16::MAX };
                let before = files.partition_point(|name| *name <= last).checked_sub(1);
                let name = before.and_then(|at| files.get(at)).filter(|name| name.kind == kind);
                name.map_or(0, |name| name.index.saturating_add(1))
            }
            Self::OfSize(size, entries) => level_of(kind, *entries).map_or(0, |level| tiles_at(level, *size)),
        }
    }

    /// The tiles above the lowest level.
    pub(super) fn upper(&self) -> impl Iterator<Item = TileName> + '_ {
        let (found, derived): (&[TileName], _) = match self {
            Self::Found(files) => (files, None),
            Self::OfSize(size, _) => (&[], Some(*size)),
        };
        let is_upper = |name: &TileName| !matches!(name.kind, TileKind::Entries | TileKind::Hashes(0));
        let derived = derived.into_iter().flat_map(|size| {
            (1..MAX_LEVELS).flat_map(move |level| {
                let name = move |index| TileName {
                    kind: TileKind::Hashes(level),
                    index,
                    width: tile::width_at(level, index, size),
                };
                (0..tiles_at(level, size)).map(name)
            })
        });
        found.iter().copied().filter(is_upper).chain(derived)
    }
}

/// The level of a kind whose files a log shows; bundles lie under the tiles of level 0.
fn level_of(kind: TileKind, entries: bool) -> Option<u8> {
    match kind {
        TileKind::Hashes(level) => Some(level),
        TileKind::Entries => entries.then_some(0),
    }
}

/// How many tiles a level has.
pub(super) fn tiles_at(level: u8, size: u64) -> u64 {
    tile::hashes_at(level, size).div_ceil(u64::from(FULL_WIDTH))
}

/// The longest that the file at this path may be.
pub(super) fn longest(path: &str) -> usize {
    match tile::parse_path(path).map(|name| (name.kind, name.width)) {
        None if path == PRUNED => LONGEST_PRUNED,
        None => LONGEST_CHECKPOINT,
        Some((TileKind::Hashes(_), width)) => usize::from(width) * HASH_LEN,
        Some((TileKind::Entries, _)) => LONGEST_BUNDLE,
    }
}

fn walk(log: &Path, path: String, is_directory: bool, files: &mut Vec<TileName>) -> Result<(), CheckError> {
    if !is_directory {
        let name = tile::parse_path(&path).ok_or(Violation::Stranger { path })?;
        files.push(name);
        return Ok(());
    }
    for (name, is_directory) in entries_of(log, &path)? {
        walk(log, format!("{path}/{name}"), is_directory, files)?;
    }
    Ok(())
}

/// Names in a folder and whether they are folders; a folder that is gone (cleaned up meanwhile) has none.
fn entries_of(log: &Path, path: &str) -> Result<Vec<(String, bool)>, CheckError> {
    let fail = |error: std::io::Error| CheckError::unavailable(log.join(path).display().to_string(), &error);
    let folder = match std::fs::read_dir(log.join(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(Violation::Stranger { path: path.to_owned() }.into());
        }
        folder => folder.map_err(fail)?,
    };
    let mut entries = Vec::new();
    for entry in folder {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(fail)?;
        if name.starts_with('.') {
            continue;
        }
        if !kind.is_file() && !kind.is_dir() {
            // A symbolic link or a device: what it shows is not this log's.
            return Err(Violation::Stranger { path: format!("{path}/{name}") }.into());
        }
        entries.push((name, kind.is_dir()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_needs_the_tiles_of_the_specification() {
        // The example of tlog-tiles: 273 full and one partial at level 0, one full and one partial at level 1, one
        // partial at level 2.
        let names = Names::OfSize(70_000, false);
        assert_eq!(names.end(TileKind::Hashes(0)), 274);
        assert_eq!(names.widths(TileKind::Hashes(0), 272).collect::<Vec<_>>(), [256]);
        assert_eq!(names.widths(TileKind::Hashes(0), 273).collect::<Vec<_>>(), [112]);
        assert_eq!(names.widths(TileKind::Hashes(0), 274).count(), 0);
        let upper: Vec<_> = names.upper().map(|name| name.path()).collect();
        assert_eq!(upper, ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(names.end(TileKind::Entries), 0);
        let names = Names::OfSize(256, true);
        assert_eq!(names.end(TileKind::Entries), 1);
        assert_eq!(names.upper().count(), 1);
        assert_eq!(Names::OfSize(0, true).end(TileKind::Entries), 0);
    }

    #[test]
    fn found_files_are_looked_up_by_kind_and_index() {
        let name = |kind, index, width| TileName { kind, index, width };
        let level = TileKind::Hashes;
        let mut files = vec![
            name(TileKind::Entries, 0, 256),
            name(level(0), 0, 256),
            name(level(0), 0, 7),
            name(level(0), 5, 1),
            name(level(1), 0, 1),
        ];
        files.sort_unstable();
        let names = Names::Found(files);
        assert_eq!(names.widths(level(0), 0).collect::<Vec<_>>(), [7, 256]);
        assert_eq!(names.widths(level(0), 1).count(), 0);
        assert_eq!([names.end(level(0)), names.end(level(1)), names.end(level(2))], [6, 1, 0]);
        assert_eq!(names.end(TileKind::Entries), 1);
        assert_eq!(names.upper().collect::<Vec<_>>(), [name(level(1), 0, 1)]);
    }
}
