//! Bundles of records that two officers let go are removed.

use std::fs;
use std::io;

use super::tile_store::TileStore;
use crate::log::disk::failure::Step;
use crate::tile::{FULL_WIDTH, TileKind, parse_path};

/// Removes the bundles before `until`, of whatever width.
pub(crate) fn remove(store: &TileStore, until: u64) -> io::Result<()> {
    remove_in(store, "tile/entries", until).map(drop)
}

/// Gives whether the folder is empty then. Folders that are left empty go too.
fn remove_in(store: &TileStore, folder: &str, until: u64) -> io::Result<bool> {
    let entries = match fs::read_dir(store.dir.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        entries => entries?,
    };
    let mut is_empty = true;
    for entry in entries {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let is_gone = if entry.file_type()?.is_dir() {
            let is_empty = remove_in(store, &path, until)?;
            is_empty && gone(fs::remove_dir(entry.path()))?
        } else {
            is_below(&path, until) && {
                store.probe.at(Step::RemoveBundle)?;
                gone(fs::remove_file(entry.path()))?
            }
        };
        is_empty &= is_gone;
    }
    Ok(is_empty)
}

fn is_below(path: &str, until: u64) -> bool {
    let name = parse_path(path).filter(|name| name.kind == TileKind::Entries);
    name.is_some_and(|name| (name.index + 1).saturating_mul(FULL_WIDTH.into()) <= until)
}

/// The publisher tidies up as well.
fn gone(removed: io::Result<()>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
