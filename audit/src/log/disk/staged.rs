//! Files that appear together, each of them whole: written and synced under temporary names, then renamed, then their folders are
//! synced. What comes next is a method of what was done before.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::beside;
use super::files::{make_dir, private, sync_dir};

/// From this many files on, one `syncfs` is cheaper than an `fsync` each.
const SYNC_FILE_SYSTEM_FROM: usize = 16;

/// Written under their temporary names.
#[derive(Default)]
pub(crate) struct Staged {
    files: Vec<Written>,
    dirs: Vec<PathBuf>,
}

struct Written {
    /// The first few only are kept open: a large publication must not run into the limit of open files.
    file: Option<File>,
    temporary: PathBuf,
    path: PathBuf,
}

/// Durable under their temporary names.
#[must_use]
pub(crate) struct Synced(Staged);

/// Under their names, which are not durable yet.
#[must_use]
pub(crate) struct Renamed {
    dirs: Vec<PathBuf>,
    together: bool,
}

/// Makes one file appear whole, or not at all. Durable when it returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Staged::of(path, bytes)?.publish()
}

impl Staged {
    /// One file.
    pub(crate) fn of(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut staged = Self::default();
        staged.write(path, bytes)?;
        Ok(staged)
    }

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
        self.files.push(Written { file: few.then_some(file), temporary, path: path.to_owned() });
        written
    }

    /// Counts one in that is there already. Its content was synced before it was renamed; whether its name was, nobody knows: what
    /// made it may have been ended in between.
    pub(crate) fn is_there(&mut self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), |dir| self.make_dirs(dir))
    }

    /// Makes them durable under their temporary names.
    pub(crate) fn sync(self) -> io::Result<Synced> {
        if self.is_many() {
            sync_file_system(&self.dirs)?;
        } else {
            let sync = |written: &Written| written.file.as_ref().map_or(Ok(()), File::sync_all);
            beside::each(&self.files, &sync)?;
        }
        // Crash here: whole files under names that nobody reads; they are written over or removed later.
        Ok(Synced(self))
    }

    /// All of it. On an error none or some of the files have appeared, each of them whole.
    pub(crate) fn publish(self) -> io::Result<()> {
        self.sync()?.rename()?.sync()
    }

    fn is_many(&self) -> bool {
        self.files.len() >= SYNC_FILE_SYSTEM_FROM
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

impl Synced {
    /// Gives them their names.
    pub(crate) fn rename(mut self) -> io::Result<Renamed> {
        for Written { temporary, path, .. } in &self.0.files {
            fs::rename(temporary, path)?;
        }
        let together = self.0.is_many();
        self.0.files.clear();
        // Crash here: files that are whole, under their names or not yet.
        Ok(Renamed { dirs: std::mem::take(&mut self.0.dirs), together })
    }
}

impl Renamed {
    /// Makes the names durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.together {
            sync_file_system(&self.dirs)
        } else {
            beside::each(&self.dirs, &|dir: &PathBuf| sync_dir(dir))
        }
    }
}

fn sync_file_system(dirs: &[PathBuf]) -> io::Result<()> {
    match dirs.first() {
        Some(dir) => Ok(rustix::fs::syncfs(File::open(dir)?)?),
        None => Ok(()),
    }
}

impl Drop for Staged {
    /// Whatever was not renamed is removed, which also gives its room back.
    fn drop(&mut self) {
        for Written { temporary, .. } in &self.files {
            drop(fs::remove_file(temporary));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::temp_dir;

    #[test]
    fn the_folder_of_what_is_there_already_is_synced_too() {
        let dir = temp_dir();
        let path = dir.path().join("a").join("b");
        replace(&path, b"right").unwrap();
        let mut staged = Staged::default();
        staged.is_there(&path).unwrap();
        assert_eq!(staged.dirs, [dir.path().join("a")]);
        // And the folders above a new one.
        let mut staged = Staged::default();
        staged.write(&dir.path().join("c").join("d").join("e"), b"").unwrap();
        assert_eq!(staged.dirs, [dir.path().to_owned(), dir.path().join("c"), dir.path().join("c").join("d")]);
    }

    #[test]
    fn what_is_not_renamed_leaves_nothing() {
        let dir = temp_dir();
        let names = || fs::read_dir(dir.path()).unwrap().count();
        let staged = Staged::of(&dir.path().join("a"), b"a").unwrap();
        assert_eq!(names(), 1);
        drop(staged.sync().unwrap());
        assert_eq!(names(), 0);
        // Of several none or some appear, each of them whole.
        let mut staged = Staged::of(&dir.path().join("a"), b"a").unwrap();
        fs::create_dir_all(dir.path().join("b").join("taken")).unwrap();
        staged.write(&dir.path().join("b"), b"b").unwrap();
        assert!(staged.publish().is_err());
        assert_eq!((fs::read(dir.path().join("a")).unwrap(), names()), (b"a".to_vec(), 2));
    }
}
