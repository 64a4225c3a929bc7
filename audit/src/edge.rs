//! Where the leaves of a log begin of which records were let go.

use std::io;
use std::path::Path;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};

use crate::log::Frontier;
use crate::merkle::{HASH_LEN, Hash};
use crate::pruned::PrunedHead;
use crate::tile::{self, MAX_LEVELS};

/// Who counts leaves begins here.
#[derive(Debug, Clone)]
pub struct Edge {
    /// What was let go.
    pub head: PrunedHead,
    /// The tree of all leaves before.
    pub(crate) tree: Frontier,
}

impl Edge {
    /// The first instant of which every record is there, for who counts by months: that of the month after the last record that was
    /// let go, and so many more.
    pub(crate) fn whole_from(&self, offset: Offset, more: i32) -> Timestamp {
        let first = offset.to_datetime(self.head.last_at).date().first_of_month();
        let from = first.checked_add((1 + more).months()).unwrap_or(Date::MAX);
        offset.to_timestamp(from.to_datetime(Time::midnight())).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn of(head: PrunedHead, hashes: impl Fn(u8) -> Vec<Hash>) -> Self {
        let edge: Vec<Vec<Hash>> = (1..MAX_LEVELS).map(hashes).collect();
        Self { tree: Frontier::from_edge(head.until, &edge), head }
    }

    /// The edge of the log in a folder, which nobody checks here; nothing where no record was let go.
    ///
    /// # Errors
    /// When `pruned` or a tile cannot be read, or is not what it must be.
    pub fn read(log_folder: &Path, origin: &str) -> io::Result<Option<Self>> {
        let Some(head) = PrunedHead::read(log_folder, Some(origin))? else { return Ok(None) };
        let mut edge = Vec::new();
        for level in 1..MAX_LEVELS {
            let (index, width) = last_partial(level, head.until);
            let mut hashes = Vec::new();
            if width > 0 {
                let partial = std::fs::read(log_folder.join(tile::path(level, index, width)));
                // A wider one begins with it.
                let bytes = partial.or_else(|_| widest(log_folder, level, index))?;
                hashes.extend_from_slice(bytes.as_chunks::<HASH_LEN>().0);
                hashes.truncate(width.into());
            }
            if hashes.len() < width.into() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, tile::path(level, index, width)));
            }
            edge.push(hashes);
        }
        Ok(Some(Self { tree: Frontier::from_edge(head.until, &edge), head }))
    }
}

/// The last tile of a level of a tree of so many leaves, where it is partial, and its width.
pub(crate) fn last_partial(level: u8, size: u64) -> (u64, u16) {
    let hashes = tile::hashes_at(level, size);
    let full = u64::from(tile::FULL_WIDTH);
    (hashes / full, u16::try_from(hashes % full).unwrap_or_default())
}

fn widest(log_folder: &Path, level: u8, index: u64) -> io::Result<Vec<u8>> {
    let read = |width| std::fs::read(log_folder.join(tile::path(level, index, width)));
    (1..=tile::FULL_WIDTH).rev().map(read).find(Result::is_ok).unwrap_or_else(|| read(tile::FULL_WIDTH))
}
