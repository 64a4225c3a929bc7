//! Files and folders that only their owner may see, and a replacement of a file that a crash cannot halve.

use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// No key file and no passphrase is longer.
const LARGEST_KEY_FILE_BYTES: u64 = 1 << 20;
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A file or folder of keys is missing, unreadable or not private.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The machine refused.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// Others may see it, or it may be more than seen.
    #[error("`{}` has mode {mode:04o}: set it to {wanted:04o}", path.display())]
    Mode {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they must be.
        wanted: u32,
    },
    /// It belongs to another user.
    #[error("`{}` belongs to user {owner}, not to user {us} who runs this: change its owner", path.display())]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// User id of the owner.
        owner: u32,
        /// Who runs this process.
        us: u32,
    },
    /// A folder where a file should be, or the other way round.
    #[error("`{}` is no {wanted}: name another path", path.display())]
    Kind {
        /// What stands there.
        path: PathBuf,
        /// `file` or `folder`.
        wanted: &'static str,
    },
    /// Larger than any file of keys.
    #[error("`{}` is larger than a file of keys can be: name another path", path.display())]
    TooLarge {
        /// Its path.
        path: PathBuf,
    },
    /// Another process is changing the folder.
    #[error("another process is changing `{}`: try again when it is done", path.display())]
    Busy {
        /// Its path.
        path: PathBuf,
    },
    /// The file was renamed into place, but the folder could not be synced.
    #[error("`{}` may or may not survive a power cut: {source}; open it again and look before going on", path.display())]
    UnknownFate {
        /// Its path.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError::Io { doing, path: path.to_owned(), source }
}

/// A folder of mode 0700 that belongs to us, held open under an exclusive lock against other processes.
pub(crate) struct PrivateFolder {
    path: PathBuf,
    handle: File,
}

impl PrivateFolder {
    /// Makes the folder where there is none (its parent must exist).
    pub(crate) fn create(path: &Path) -> Result<(), FileError> {
        match DirBuilder::new().mode(FOLDER_MODE).create(path) {
            Ok(()) => sync_parent(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(io_error("make", path)(error)),
        }
    }

    /// Refuses a folder that is not private.
    pub(crate) fn examine(path: &Path) -> Result<File, FileError> {
        let handle = File::open(path).map_err(io_error("open", path))?;
        let meta = handle.metadata().map_err(io_error("examine", path))?;
        check(path, &meta, Kind::Folder, us())?;
        Ok(handle)
    }

    /// Opens and locks the folder until the value is dropped.
    pub(crate) fn lock(path: &Path) -> Result<Self, FileError> {
        let handle = Self::examine(path)?;
        match handle.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), handle }),
            Err(std::fs::TryLockError::WouldBlock) => Err(FileError::Busy { path: path.to_owned() }),
            Err(std::fs::TryLockError::Error(source)) => Err(io_error("lock", path)(source)),
        }
    }

    /// Puts a file of this content in the place of `name`, whole or not at all.
    pub(crate) fn replace(&self, name: &str, content: &[u8]) -> Result<(), FileError> {
        let target = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        match std::fs::remove_file(&temporary) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("remove", &temporary)(error)),
        }
        write_new(&temporary, content)?;
        // A crash here leaves the old file and a temporary one that the next replacement removes.
        std::fs::rename(&temporary, &target).map_err(io_error("rename", &temporary))?;
        // A crash here leaves the old file or the new one, each whole; which one, only the sync below decides.
        self.sync(&target)
        // A crash here leaves the new file.
    }

    /// Settles which file stands under the name `target` after a power cut.
    pub(crate) fn sync(&self, target: &Path) -> Result<(), FileError> {
        #[cfg(test)]
        let synced =
            if crate::scratch::SYNC_FAILS.get() { Err(io::Error::other("injected")) } else { self.handle.sync_all() };
        #[cfg(not(test))]
        let synced = self.handle.sync_all();
        synced.map_err(|source| FileError::UnknownFate { path: target.to_owned(), source })
    }
}

/// Reads a whole key file or passphrase of mode 0600 that belongs to us. The bytes are wiped when they are dropped.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_private_up_to(LARGEST_KEY_FILE_BYTES, path)
}

/// As [`read_private`], for files of at most `largest_bytes`.
pub(crate) fn read_private_up_to(largest_bytes: u64, path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = File::open(path).map_err(io_error("open", path))?;
    // Examined through the open file, so that what is examined is what is read.
    let meta = file.metadata().map_err(io_error("examine", path))?;
    check(path, &meta, Kind::File, us())?;
    let too_large = || FileError::TooLarge { path: path.to_owned() };
    if meta.len() > largest_bytes {
        return Err(too_large());
    }
    // Room for a byte more than is expected: the buffer does not move while it fills, so no copy stays behind.
    let room = usize::try_from(meta.len()).map_err(|_| too_large())? + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    file.take(meta.len()).read_to_end(&mut content).map_err(io_error("read", path))?;
    Ok(content)
}

/// Makes sure that what was made at `path` is found there after a power cut.
pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    let folder = File::open(parent).map_err(io_error("open", parent))?;
    folder.sync_all().map_err(io_error("sync", parent))
}

/// Makes a file of mode 0600 that did not exist, and syncs it.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path).map_err(io_error("make", path))?;
    file.write_all(content).map_err(io_error("write", path))?;
    file.sync_all().map_err(io_error("sync", path))
}

#[derive(Clone, Copy)]
enum Kind {
    File,
    Folder,
}

fn check(path: &Path, meta: &Metadata, kind: Kind, us: u32) -> Result<(), FileError> {
    let path = path.to_owned();
    let (right_kind, wanted, name) = match kind {
        Kind::File => (meta.is_file(), FILE_MODE, "file"),
        Kind::Folder => (meta.is_dir(), FOLDER_MODE, "folder"),
    };
    let mode = meta.mode() & 0o7777;
    if !right_kind {
        Err(FileError::Kind { path, wanted: name })
    } else if meta.uid() != us {
        Err(FileError::Owner { path, owner: meta.uid(), us })
    } else if mode != wanted {
        Err(FileError::Mode { path, mode, wanted })
    } else {
        Ok(())
    }
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::scratch::Scratch;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
    }

    #[test]
    fn a_file_that_others_may_touch_is_refused() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write_new(&path, b"content").expect("written");
        assert_eq!(*read_private(&path).expect("private"), b"content");
        for wrong in [0o644, 0o640, 0o604, 0o660, 0o602, 0o610, 0o700, 0o400, 0o4600] {
            set_mode(&path, wrong);
            let refused = read_private(&path);
            assert!(matches!(refused, Err(FileError::Mode { mode, wanted: 0o600, .. }) if mode == wrong), "{wrong:o}");
        }
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let scratch = Scratch::new();
        for wrong in [0o755, 0o750, 0o701, 0o500, 0o1700] {
            set_mode(scratch.path(), wrong);
            let refused = PrivateFolder::lock(scratch.path());
            assert!(matches!(refused, Err(FileError::Mode { mode, wanted: 0o700, .. }) if mode == wrong), "{wrong:o}");
        }
    }

    #[test]
    fn what_belongs_to_another_is_refused() {
        let scratch = Scratch::new();
        let meta = fs::metadata(scratch.path()).expect("metadata");
        let another = us() + 1;
        assert!(check(scratch.path(), &meta, Kind::Folder, us()).is_ok());
        let refused = check(scratch.path(), &meta, Kind::Folder, another);
        assert!(matches!(refused, Err(FileError::Owner { us, .. }) if us == another));
    }

    #[test]
    fn files_and_folders_are_not_taken_for_each_other() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write_new(&path, b"").expect("written");
        assert!(matches!(PrivateFolder::lock(&path), Err(FileError::Kind { wanted: "folder", .. })));
        assert!(matches!(read_private(scratch.path()), Err(FileError::Kind { wanted: "file", .. })));
    }

    #[test]
    fn a_file_larger_than_any_key_file_is_not_read() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write_new(&path, &vec![b'0'; (1 << 20) + 1]).expect("written");
        assert!(matches!(read_private(&path), Err(FileError::TooLarge { .. })));
    }

    #[test]
    fn an_existing_file_is_never_written_over() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write_new(&path, b"first").expect("written");
        assert!(write_new(&path, b"second").is_err());
        assert_eq!(*read_private(&path).expect("read"), b"first");
    }

    #[test]
    fn a_locked_folder_is_busy_until_the_lock_is_dropped() {
        let scratch = Scratch::new();
        let held = PrivateFolder::lock(scratch.path()).expect("locked");
        let second = PrivateFolder::lock(scratch.path());
        assert!(matches!(second, Err(FileError::Busy { .. })));
        drop(held);
        assert!(PrivateFolder::lock(scratch.path()).is_ok());
    }

    #[test]
    fn a_replacement_leaves_a_private_file_and_nothing_else() {
        let scratch = Scratch::new();
        let temporary = scratch.path().join(".ring.json.new");
        // What a crash left, readable by others: it must not lend its mode to the new file.
        fs::write(&temporary, b"half").expect("written");
        set_mode(&temporary, 0o644);
        let folder = PrivateFolder::lock(scratch.path()).expect("locked");
        folder.replace("ring.json", b"one").expect("first");
        folder.replace("ring.json", b"two").expect("second");
        let path = scratch.path().join("ring.json");
        assert_eq!(*read_private(&path).expect("private"), b"two");
        assert_eq!(fs::read_dir(scratch.path()).expect("listed").count(), 1);
    }
}
