//! Tiles and entry bundles on disk, as tlog-tiles lays them out.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::log::disk::failure::{Probe, Step};
use crate::log::disk::staged::Staged;
use crate::merkle::HASH_LEN;
use crate::tile::{FULL_WIDTH, TileKind, TileName, between};

/// The folder `<data>/log`.
#[derive(Debug, Clone)]
pub(crate) struct TileStore {
    pub(crate) dir: PathBuf,
    pub(crate) probe: Probe,
}

impl TileStore {
    /// Puts every tile and bundle there that a tree of `to` leaves has and one of `from` had not. What is there
    /// already is left alone if it is right and replaced if it is not.
    ///
    /// `bytes` gives the content, without I/O.
    pub(crate) fn put(&self, from: u64, to: u64, bytes: impl Fn(&TileName) -> Option<Vec<u8>>) -> io::Result<()> {
        self.stage(from, to, bytes)?.publish()
    }

    /// The beginning of that: writes them under temporary names.
    pub(crate) fn stage(&self, from: u64, to: u64, bytes: impl Fn(&TileName) -> Option<Vec<u8>>) -> io::Result<Staged> {
        let mut staged = Staged::default();
        for name in between(from, to) {
            let content = bytes(&name).ok_or_else(|| io::Error::other(format!("no content for `{}`", name.path())))?;
            let path = self.dir.join(name.path());
            match fs::read(&path) {
                Ok(there) if there == content => staged.is_there(&path)?,
                Ok(_) | Err(_) => staged.write(&path, &content)?,
            }
        }
        self.probe.at(Step::PutTiles)?;
        Ok(staged)
    }

    /// Removes the partial tiles and bundles of those that became full between the two sizes. Readers with an
    /// older checkpoint take the beginning of the full one.
    pub(crate) fn tidy(&self, from: u64, to: u64) -> io::Result<()> {
        self.probe.at(Step::Tidy)?;
        for name in between(from, to).filter(|name| name.width == FULL_WIDTH) {
            let path = self.dir.join(format!("{}.p", name.path()));
            match fs::remove_dir_all(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The first full tile or bundle of a tree of `size` leaves that is not there, bundles before hash tiles; the
    /// bundles before `let_go` are not looked for. Looks at
    /// names only: one reading of a folder for each 1,000 files.
    pub(crate) fn first_missing(&self, size: u64, let_go: u64) -> io::Result<Option<TileName>> {
        let mut listed: Option<(PathBuf, HashSet<OsString>)> = None;
        let is_let_go = |name: &TileName| name.kind == TileKind::Entries && name.index < let_go / u64::from(FULL_WIDTH);
        for name in between(0, size).filter(|name| name.width == FULL_WIDTH && !is_let_go(name)) {
            let path = self.dir.join(name.path());
            let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else {
                return Ok(Some(name));
            };
            let names = match listed.take() {
                Some((known, names)) if known == folder => names,
                Some(_) | None => names_in(folder)?,
            };
            if !names.contains(file) {
                return Ok(Some(name));
            }
            listed = Some((folder.to_owned(), names));
        }
        Ok(None)
    }

    /// Reads a tile or bundle; where a partial one was cleaned up, the full one, which begins with it.
    pub(crate) fn read(&self, name: &TileName) -> io::Result<Vec<u8>> {
        match fs::read(self.dir.join(name.path())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && name.width < FULL_WIDTH => {
                let full = TileName { width: FULL_WIDTH, ..*name };
                fs::read(self.dir.join(full.path()))
            }
            read => read,
        }
    }

    /// Reads a hash tile, exactly as wide as asked.
    pub(crate) fn read_hashes(&self, level: u8, index: u64, width: u16) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(&TileName { kind: TileKind::Hashes(level), index, width })?;
        let len = usize::from(width) * HASH_LEN;
        if bytes.len() < len {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the tile is too short"));
        }
        bytes.truncate(len);
        Ok(bytes)
    }
}

/// The names in a folder; none if it is missing.
fn names_in(folder: &Path) -> io::Result<HashSet<OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(error),
    }
}
