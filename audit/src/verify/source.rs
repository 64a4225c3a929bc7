//! Where a log is read from.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use super::names::Names;
use super::remote::Remote;
use super::violation::CheckError;

/// A directory, or a server.
pub(super) enum Source {
    /// The log's own folder.
    Directory(PathBuf),
    /// A server that shows the same files.
    Remote(Remote),
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
        };
        Err(CheckError::unavailable(place, &"there is none; is this the log's folder or address?"))
    }

    /// The names of the files to check.
    pub(super) fn names(&self, size: u64, leaves: bool) -> Result<Names, CheckError> {
        match self {
            Self::Directory(folder) => Names::in_directory(folder),
            Self::Remote(_) => Ok(Names::OfSize(size, leaves)),
        }
    }

    /// Reads a file whole into a buffer (emptied first); `false` when it does not exist.
    pub(super) fn read(&mut self, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
        buffer.clear();
        match self {
            Self::Directory(folder) => {
                let place = folder.join(path);
                let fail = |error: std::io::Error| CheckError::unavailable(place.display().to_string(), &error);
                let mut file = match File::open(&place) {
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                        return Ok(false);
                    }
                    file => file.map_err(fail)?,
                };
                file.read_to_end(buffer).map_err(fail)?;
                Ok(true)
            }
            Self::Remote(remote) => remote.read(path, buffer),
        }
    }
}
