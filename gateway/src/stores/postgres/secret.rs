//! Files that nobody else may read.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use zeroize::Zeroizing;

use super::fault::PostgresFault;

fn fault(path: &Path, why: impl ToString) -> PostgresFault {
    PostgresFault::File { path: path.to_owned(), why: why.to_string() }
}

/// That a file cannot be read by others.
///
/// # Errors
/// When it can, or is not there.
pub(crate) fn refuse_open(path: &Path) -> Result<(), PostgresFault> {
    let mode = fs::metadata(path).map_err(|error| fault(path, error))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(fault(path, "it can be read by others: `chmod 600` it")) }
}

/// The password in a file: its first line.
///
/// # Errors
/// When it can be read by others, or has none.
pub(crate) fn password(path: &Path) -> Result<Zeroizing<String>, PostgresFault> {
    refuse_open(path)?;
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| fault(path, error))?);
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Zeroizing::new(line.to_owned())),
        None => Err(fault(path, "its first line, which should be the password, is empty")),
    }
}
