//! Where a log is read from.

use std::path::PathBuf;

use super::file::read_file;
use super::mirror::Mirror;
use super::names::Names;
use super::remote::Remote;
use super::violation::{CheckError, Violation};
use crate::pruned::{PRUNED, Pruned};

/// A directory, or a server.
pub(super) enum Source {
    /// The log's own folder.
    Directory(PathBuf),
    /// A server that shows the same files.
    Remote(Remote),
    /// A copy of what a server shows.
    Mirror(Mirror),
}

impl Source {
    /// The signed checkpoint.
    pub(super) fn checkpoint(&mut self) -> Result<Vec<u8>, CheckError> {
        let mut bytes = Vec::new();
        if self.read("checkpoint", &mut bytes)? {
            return Ok(bytes);
        }
        let place = match self {
            Self::Directory(folder) => folder.join("checkpoint").display().to_string(),
            Self::Remote(remote) => remote.address("checkpoint"),
            Self::Mirror(mirror) => mirror.address("checkpoint"),
        };
        Err(CheckError::unavailable(place, &"there is none; is this the log's folder or address?"))
    }

    /// What is left of records that were let go, if some were.
    pub(super) fn pruned(&mut self, origin: &str) -> Result<Option<Pruned>, CheckError> {
        let mut bytes = Vec::new();
        if !self.read(PRUNED, &mut bytes)? {
            return Ok(None);
        }
        Ok(Some(Pruned::parse(&bytes, Some(origin)).map_err(Violation::Pruned)?))
    }

    /// Whether a bundle may be there of records that were let go: where it is there, it is checked as ever. A server has none.
    pub(super) fn may_have(&self, path: &str) -> bool {
        match self {
            Self::Directory(folder) => folder.join(path).exists(),
            Self::Remote(_) => false,
            Self::Mirror(mirror) => mirror.has(path),
        }
    }

    /// The names of the files to check.
    pub(super) fn names(&self, size: u64, leaves: bool) -> Result<Names, CheckError> {
        match self {
            Self::Directory(folder) => Names::in_directory(folder),
            Self::Remote(_) | Self::Mirror(_) => Ok(Names::OfSize(size, leaves)),
        }
    }

    /// Reads a file whole into a buffer (emptied first); `false` when it does not exist.
    pub(super) fn read(&mut self, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
        buffer.clear();
        match self {
            Self::Directory(folder) => read_file(&folder.join(path), path, buffer),
            Self::Remote(remote) => remote.read(path, buffer),
            Self::Mirror(mirror) => mirror.read(path, buffer),
        }
    }
}
