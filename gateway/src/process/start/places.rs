//! The places that a gateway writes to: whether they are there, and may be written.

use std::{io, path::Path};

use rustix::fs::{Access, access};

use super::StartError;
use crate::settings::Settings;

/// Bytes of a socket's path that the system takes (`sun_path` of unix(7), with the zero at its end).
const LONGEST_SOCKET_PATH: usize = 107;

/// What is wrong with the places that a gateway cannot do without.
pub(super) fn faults(settings: &Settings) -> Vec<StartError> {
    let mut faults = Vec::new();
    let dir = &settings.data.dir;
    for folder in [dir.clone(), dir.join("wal"), dir.join("log")] {
        let there = there(&folder);
        faults.extend(if there.is_dir() { unwritable(there) } else { Some(no_folder(there)) });
    }
    let socket = settings.admin_socket();
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
        faults.push(StartError::LongSocket(socket));
    }
    let guard = settings.second_place();
    if !guard.starts_with(dir) {
        match guard.parent() {
            Some(folder) if !folder.is_dir() => faults.push(StartError::SecondPlace(folder.to_owned())),
            Some(folder) if !guard.exists() => faults.extend(unwritable(folder)),
            Some(_) | None => faults.extend(unwritable(&guard)),
        }
    }
    faults.dedup_by_key(|fault| fault.to_string());
    faults
}

/// Whether the ring's folder cannot be written: the next key cannot be made then.
pub(super) fn ring_is_fixed(settings: &Settings) -> Option<io::Error> {
    access(&settings.keys.dir, Access::WRITE_OK | Access::EXEC_OK).err().map(Into::into)
}

/// The path itself, or the folder in which it would be made.
pub(super) fn there(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(path)
}

fn no_folder(path: &Path) -> StartError {
    let source = io::ErrorKind::NotADirectory.into();
    StartError::File { doing: "make a folder in", path: path.display().to_string(), source }
}

fn unwritable(path: &Path) -> Option<StartError> {
    let needed = if path.is_dir() { Access::WRITE_OK | Access::EXEC_OK } else { Access::WRITE_OK };
    let source = access(path, needed).err()?;
    Some(StartError::File { doing: "write to", path: path.display().to_string(), source: source.into() })
}
