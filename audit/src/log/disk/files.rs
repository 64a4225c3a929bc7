//! Files that others read: made whole under a name that begins with a dot, synced, then renamed into place.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

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
