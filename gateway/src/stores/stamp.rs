//! What tells one state of the store's file from another without reading it.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// One file: where it lies and when it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    pub(super) inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// A store: its file, and its write-ahead log where there is something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) main: Stamp,
    pub(super) wal: Option<Stamp>,
}

impl Mark {
    /// As it is now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let main = fs::metadata(path)?;
        if !main.is_file() {
            // A pipe would be waited for, for ever.
            return Err(io::Error::other("it is no regular file"));
        }
        let main = Stamp::from(&main);
        let wal = match fs::metadata(beside(path, "-wal")) {
            Ok(wal) => Some(Stamp::from(&wal)).filter(|wal| wal.size > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { main, wal })
    }

    /// Seconds since 1970 at which the file was last written.
    pub(super) fn written_at(&self) -> i64 {
        self.main.modified.0
    }

    /// Another file under the write-ahead log of the one before: SQLite would join the two.
    pub(super) fn has_wal_of(&self, before: &Self) -> bool {
        let wal = |mark: &Self| mark.wal.map(|wal| wal.inode);
        self.main.inode != before.main.inode && self.wal.is_some() && wal(self) == wal(before)
    }
}

/// A file that SQLite keeps beside the store: `-wal`, `-shm`, `-journal`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
