//! Files that others read: made whole under a name that begins with a dot, synced, then renamed into place.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// From this many files on, one `syncfs` is cheaper than an `fsync` each.
const SYNC_FILE_SYSTEM_FROM: usize = 16;

/// Makes a folder and those above it, mode 0700.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder as [`make_dir`] does, and its name, and the names of those above that were missing, durable.
pub(crate) fn make_dir_durably(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dir_durably(parent)?;
    make_dir(path)?;
    sync_dir(parent)
}

/// Options that make a file empty or replace its content, mode 0600, readable too.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true).mode(0o600);
    options
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes one file appear whole, or not at all. Durable when it returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut staged = Staged::default();
    staged.write(path, bytes)?;
    staged.publish()
}

/// Makes one new file appear whole, or not at all. Durable when it returns.
///
/// An error of kind `AlreadyExists` when the name is taken: the file that has it stays.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // Another process may do the same at the same time.
    let temporary = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = private().open(&temporary)?;
    // Renaming would replace a file that is there; a second name cannot.
    let made = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&temporary, path));
    fs::remove_file(&temporary)?;
    made?;
    sync_dir(dir)
}

/// Files that appear together: all are durable under their temporary names before the first is renamed.
#[derive(Default)]
pub(crate) struct Staged {
    /// The open file, its temporary path, its path. The first few only are kept open: a large publication must not
    /// run into the limit of open files.
    files: Vec<(Option<File>, PathBuf, PathBuf)>,
    dirs: Vec<PathBuf>,
}

impl Staged {
    /// Writes one under its temporary name, in a folder that is made where needed.
    pub(crate) fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        self.make_dirs(dir)?;
        let temporary = dir.join(format!(".{name}.tmp"));
        let mut file = private().open(&temporary)?;
        // Listed before it is written, so that a failed write leaves no temporary file.
        let written = file.write_all(bytes);
        let few = self.files.len() < SYNC_FILE_SYSTEM_FROM;
        self.files.push((few.then_some(file), temporary, path.to_owned()));
        written
    }

    /// Syncs, renames, syncs the folders. On an error none or some of the files have appeared, each of them whole.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        let together = self.files.len() >= SYNC_FILE_SYSTEM_FROM;
        if together {
            self.sync_file_system()?;
        } else {
            self.files.iter().filter_map(|(file, ..)| file.as_ref()).try_for_each(File::sync_all)?;
        }
        // Crash here: whole files under names that nobody reads; they are written over or removed later.
        for (_, temporary, path) in &self.files {
            fs::rename(temporary, path)?;
        }
        self.files.clear();
        // Crash here or later: files that are whole, under their names or not yet.
        if together { self.sync_file_system() } else { self.dirs.iter().try_for_each(|dir| sync_dir(dir)) }
    }

    fn sync_file_system(&self) -> io::Result<()> {
        match self.dirs.first() {
            Some(dir) => Ok(rustix::fs::syncfs(File::open(dir)?)?),
            None => Ok(()),
        }
    }

    /// Makes a folder, and remembers it and every new one's parent as having names to sync.
    fn make_dirs(&mut self, dir: &Path) -> io::Result<()> {
        if self.dirs.iter().any(|known| known == dir) {
            return Ok(());
        }
        if !dir.is_dir() {
            if let Some(parent) = dir.parent() {
                self.make_dirs(parent)?;
            }
            make_dir(dir)?;
        }
        self.dirs.push(dir.to_owned());
        Ok(())
    }
}

impl Drop for Staged {
    /// Whatever was not published is removed, which also gives its room back.
    fn drop(&mut self) {
        for (_, temporary, _) in &self.files {
            drop(fs::remove_file(temporary));
        }
    }
}
