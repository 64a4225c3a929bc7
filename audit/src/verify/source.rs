//! Where a log is read from.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::mirror::Mirror;
use super::names::{Names, longest};
use super::remote::Remote;
use super::violation::{CheckError, Violation};

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

/// Reads a regular file no longer than its name allows. Whoever made the folder may have put anything there: opening a
/// pipe does not wait, a link is not followed, and a length is looked at before a byte is read.
pub(super) fn read_file(place: &Path, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
    let fail = |error: io::Error| CheckError::unavailable(place.display().to_string(), &error);
    let not_a_file = || CheckError::from(Violation::NotAFile { path: path.to_owned() });
    let too_long = || CheckError::from(Violation::Length { path: path.to_owned() });
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(place) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(false),
        // A link, or a socket.
        Err(error) if [Errno::LOOP, Errno::NXIO].iter().any(|no| error.raw_os_error() == Some(no.raw_os_error())) => {
            return Err(not_a_file());
        }
        Err(error) => return Err(fail(error)),
    };
    let found = file.metadata().map_err(fail)?;
    if !found.is_file() {
        return Err(not_a_file());
    }
    let longest = longest(path) as u64;
    if found.len() > longest {
        return Err(too_long());
    }
    // It may grow while it is read.
    file.take(longest + 1).read_to_end(buffer).map_err(fail)?;
    if buffer.len() as u64 > longest { Err(too_long()) } else { Ok(true) }
}
