//! Tiles and entry bundles of tlog-tiles (c2sp.org/tlog-tiles): names, widths, framing.
//!
//! Height 8, which stands in no path. A partial tile is never hashed upward, so a level-L hash appears once its whole
//! tile below is full: the level-1 tile exists from the 256th entry.

use std::fmt::Write as _;

/// Levels of the Merkle tree in one tile.
pub const HEIGHT: u8 = 8;

/// Hashes in a full tile, entries in a full bundle.
pub const FULL_WIDTH: u16 = 1 << HEIGHT;

/// Longest full bundle that the framing allows, in bytes.
pub const LONGEST_BUNDLE: usize = FULL_WIDTH as usize * (2 + u16::MAX as usize);

/// Levels that a tree of less than 2^64 leaves can have.
pub const MAX_LEVELS: u8 = 8;

/// How many hashes tile `index` of `level` has in a tree of `size` leaves: 0 (no such tile) to 256 (full).
#[must_use]
pub fn width_at(level: u8, index: u64, size: u64) -> u16 {
    let hashes = hashes_at(level, size);
    let before = index.saturating_mul(u64::from(FULL_WIDTH));
    hashes.saturating_sub(before).min(u64::from(FULL_WIDTH)) as u16
}

/// How many hashes `level` has in a tree of `size` leaves.
#[must_use]
pub fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0)
}

/// The path of a hash tile below the log's folder or URL; `width` 1..=256, a suffix is written unless it is full.
#[must_use]
pub fn path(level: u8, index: u64, width: u16) -> String {
    numbered(format!("tile/{level}"), index, width)
}

/// The path of an entry bundle, as [`path`].
#[must_use]
pub fn entries_path(index: u64, width: u16) -> String {
    numbered("tile/entries".to_owned(), index, width)
}

fn numbered(mut path: String, index: u64, width: u16) -> String {
    let digits = index.to_string();
    let groups = digits.len().div_ceil(3);
    let padded = format!("{index:0>length$}", length = groups * 3);
    for (at, digit) in padded.chars().enumerate() {
        if at % 3 == 0 {
            path.push_str(if at / 3 + 1 < groups { "/x" } else { "/" });
        }
        path.push(digit);
    }
    if width < FULL_WIDTH {
        // Writing into a string cannot fail.
        write!(path, ".p/{width}").unwrap_or_default();
    }
    path
}

/// Hash tile or entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// A hash tile of this level.
    Hashes(u8),
    /// An entry bundle.
    Entries,
}

/// What a path below the log's folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileName {
    /// Hash tile or bundle.
    pub kind: TileKind,
    /// Its number within the level.
    pub index: u64,
    /// 1..=255 of a partial one, 256 of a full one.
    pub width: u16,
}

impl TileName {
    /// The one path of this tile.
    #[must_use]
    pub fn path(&self) -> String {
        match self.kind {
            TileKind::Hashes(level) => path(level, self.index, self.width),
            TileKind::Entries => entries_path(self.index, self.width),
        }
    }
}

/// Reads a path, e.g. `tile/0/x001/x234/067.p/12`; `None` unless it is exactly what [`path`] or [`entries_path`]
/// writes (levels 0..=63 as tlog-tiles says).
#[must_use]
pub fn parse_path(path: &str) -> Option<TileName> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match level {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(level.parse().ok().filter(|level| *level < 64)?),
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|width| (1..FULL_WIDTH).contains(width))?),
        None => (rest, FULL_WIDTH),
    };
    let mut index = 0u64;
    for group in number.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let value: u64 = digits.parse().ok().filter(|value| *value < 1000)?;
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    let name = TileName { kind, index, width };
    // Leading zeroes, signs, missing or superfluous groups: anything not canonical differs here.
    (name.path() == path).then_some(name)
}

/// A bundle, or an entry for one, that breaks the framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry that a 2-byte length cannot hold.
    #[error("an entry of {0} bytes does not fit a bundle (at most 65535)")]
    TooLong(usize),
    /// The bundle ends inside an entry or its length.
    #[error("the bundle ends inside an entry")]
    CutShort,
}

/// Appends one entry to a bundle: its length as 2 bytes big-endian, then its bytes.
///
/// # Errors
/// When the entry is longer than 65,535 bytes; nothing is appended then.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle, in order, borrowed from it.
#[must_use]
pub fn entries(bundle: &[u8]) -> Entries<'_> {
    Entries { rest: bundle }
}

/// Iterator of [`entries`]; after an error it ends.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self
            .rest
            .split_first_chunk::<2>()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, rest)) = entry else {
            self.rest = &[];
            return Some(Err(BundleError::CutShort));
        };
        self.rest = rest;
        Some(Ok(entry))
    }
}

/// The tiles and bundles that a tree of `to` leaves has and one of `from` leaves had not, bundles first, then level by level, the
/// partial one of each last.
pub fn between(from: u64, to: u64) -> impl Iterator<Item = TileName> + Send {
    let hashes = (0..MAX_LEVELS).map(|level| (TileKind::Hashes(level), level));
    let kinds = std::iter::once((TileKind::Entries, 0)).chain(hashes);
    kinds.flat_map(move |(kind, level)| {
        let (had, has) = (hashes_at(level, from), hashes_at(level, to));
        let full = FULL_WIDTH.into();
        let (first, last) = if has > had { (had / full, has.div_ceil(full)) } else { (0, 0) };
        (first..last).map(move |index| TileName { kind, index, width: width_at(level, index, to) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(from: u64, to: u64) -> Vec<String> {
        between(from, to).map(|name| name.path()).collect()
    }

    #[test]
    fn the_tiles_between_two_sizes() {
        assert_eq!(paths(5, 5), Vec::<String>::new());
        assert_eq!(paths(0, 1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
        assert_eq!(paths(1, 255), ["tile/entries/000.p/255", "tile/0/000.p/255"]);
        assert_eq!(paths(255, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(256, 257), ["tile/entries/001.p/1", "tile/0/001.p/1"]);
        let many = paths(0, 70_000);
        assert_eq!(many.len(), 274 + 274 + 2 + 1);
        assert!(many.contains(&"tile/1/001.p/17".to_owned()) && many.contains(&"tile/2/000.p/1".to_owned()));
        assert!(many.contains(&"tile/entries/273.p/112".to_owned()) && many.contains(&"tile/1/000".to_owned()));
    }
}
