//! Where a leaf lies in the published log, so that one leaf is read and not its whole bundle.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use credit_audit::{leaf::CorrectionState, tile};
use jiff::Timestamp;

use super::error::IndexError;

/// Where a leaf lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its index in the log.
    pub(crate) leaf: u64,
    /// From the beginning of its bundle, in bytes.
    pub(super) offset: u64,
    /// In bytes.
    pub(super) length: u64,
}

/// By what a record went out of answers: a leaf of this log, or, by another log, when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// A leaf of this log.
    Leaf(u64),
    /// Of another log, at this time.
    At(Timestamp),
}

/// A query that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where its leaf is.
    pub(crate) place: Place,
    /// The leaf with the notice that was given, if one was.
    pub(crate) notice: Option<u64>,
    /// Whether there is a correction of its answer, and whether it was fetched.
    pub(crate) correction: Option<CorrectionState>,
}

/// An answer of which a correction is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Where its leaf is.
    pub(crate) place: Place,
    /// The leaf that says that it is due.
    pub(crate) due: u64,
    /// When that was, in microseconds of Unix time.
    pub(crate) at: i64,
}

/// The leaf at a place. Blocks.
///
/// # Errors
/// When the log is not what the index was made of.
pub(crate) fn read_leaf(log_folder: &Path, place: Place) -> Result<Vec<u8>, IndexError> {
    let bundle = open(log_folder, place.leaf)?;
    let mut bytes = vec![0; usize::try_from(place.length).map_err(|_| IndexError::Leaf(place.leaf))?];
    bundle.read_exact_at(&mut bytes, place.offset)?;
    Ok(bytes)
}

/// A bundle with this leaf: the full one, or the widest of those that are there.
fn open(log_folder: &Path, leaf: u64) -> io::Result<File> {
    let width = u64::from(tile::FULL_WIDTH);
    let path = |wide| log_folder.join(tile::entries_path(leaf / width, wide));
    match File::open(path(tile::FULL_WIDTH)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    let partial: PathBuf = path(1).parent().map(Path::to_owned).unwrap_or_default();
    let entries = std::fs::read_dir(&partial).into_iter().flatten();
    let widths = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u16>().ok());
    match widths.max().map(|wide| File::open(path(wide))) {
        Some(Ok(file)) => Ok(file),
        // It was cleaned up meanwhile, as the bundle is full now.
        Some(Err(_)) | None => File::open(path(tile::FULL_WIDTH)),
    }
}

/// SQLite's numbers have a sign; no log is so long.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
