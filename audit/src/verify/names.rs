//! The names of all files of a log: found in a directory, or derived from a size where nothing can be listed.

use std::io::ErrorKind;
use std::path::Path;

use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

use super::{Failure, Fault};

/// Files by level and index: the widths that are there, ascending.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: Vec<TileName>,
}

impl Names {
    /// What a log of this size must have, and no more.
    pub(super) fn of_size(size: u64, entries: bool) -> Self {
        let mut files = Vec::new();
        for level in 0..MAX_LEVELS {
            let hashes = tile::hashes_at(level, size);
            for index in 0..hashes.div_ceil(u64::from(FULL_WIDTH)) {
                let width = tile::width_at(level, index, size);
                files.push(TileName { kind: TileKind::Hashes(level), index, width });
                if entries && level == 0 {
                    files.push(TileName { kind: TileKind::Entries, index, width });
                }
            }
        }
        Self::sorted(files)
    }

    fn sorted(mut files: Vec<TileName>) -> Self {
        files.sort_unstable();
        files.dedup();
        Self { files }
    }

    /// Every file below `tile/`; a name that is no tile's is a fault. Names that begin with a dot are temporary.
    pub(super) fn in_directory(log: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        // Upper levels first, bundles last: see the module's comment in `verify`.
        let mut levels = entries_of(log, "tile")?;
        levels.sort_by_key(|(name, _)| std::cmp::Reverse(name.parse::<u8>().map_or(-1, i16::from)));
        for (level, is_directory) in levels {
            walk(log, format!("tile/{level}"), is_directory, &mut files)?;
        }
        Ok(Self::sorted(files))
    }

    /// The widths of one tile or bundle that are there, ascending.
    pub(super) fn widths(&self, kind: TileKind, index: u64) -> impl DoubleEndedIterator<Item = u16> + '_ {
        let from = TileName { kind, index, width: 0 };
        let to = TileName { kind, index, width: u16::MAX };
        let range = self.files.partition_point(|name| *name < from)..self.files.partition_point(|name| *name <= to);
        self.files.get(range).unwrap_or_default().iter().map(|name| name.width)
    }

    /// One more than the largest index of a kind; 0 where there is none.
    pub(super) fn end(&self, kind: TileKind) -> u64 {
        let last = TileName { kind, index: u64::MAX, width: u16::MAX };
        let before = self.files.partition_point(|name| *name <= last);
        let name = before.checked_sub(1).and_then(|at| self.files.get(at));
        name.filter(|name| name.kind == kind).map_or(0, |name| name.index.saturating_add(1))
    }

    /// The levels above the lowest that have a file.
    pub(super) fn upper(&self) -> impl Iterator<Item = TileName> + '_ {
        self.files.iter().copied().filter(|name| !matches!(name.kind, TileKind::Entries | TileKind::Hashes(0)))
    }
}

fn walk(log: &Path, path: String, is_directory: bool, files: &mut Vec<TileName>) -> Result<(), Failure> {
    if !is_directory {
        let name = tile::parse_path(&path).ok_or(Fault::Stranger { path })?;
        files.push(name);
        return Ok(());
    }
    for (name, is_directory) in entries_of(log, &path)? {
        walk(log, format!("{path}/{name}"), is_directory, files)?;
    }
    Ok(())
}

/// Names in a folder and whether they are folders; a folder that is gone (cleaned up meanwhile) has none.
fn entries_of(log: &Path, path: &str) -> Result<Vec<(String, bool)>, Failure> {
    let fail = |error: std::io::Error| Failure::unavailable(log.join(path).display().to_string(), &error);
    let folder = match std::fs::read_dir(log.join(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
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
            return Err(Fault::Stranger { path: format!("{path}/{name}") }.into());
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
        let names = Names::of_size(70_000, false);
        assert_eq!(names.files.len(), 274 + 2 + 1);
        assert_eq!(names.widths(TileKind::Hashes(0), 273).collect::<Vec<_>>(), [112]);
        assert_eq!(names.widths(TileKind::Hashes(1), 1).collect::<Vec<_>>(), [17]);
        assert_eq!(names.widths(TileKind::Hashes(2), 0).collect::<Vec<_>>(), [1]);
        assert_eq!(names.end(TileKind::Hashes(0)), 274);
        assert_eq!(names.end(TileKind::Hashes(3)), 0);
        assert_eq!(names.end(TileKind::Entries), 0);
        assert_eq!(Names::of_size(256, true).files.len(), 3);
        assert_eq!(Names::of_size(0, true).files.len(), 0);
    }
}
