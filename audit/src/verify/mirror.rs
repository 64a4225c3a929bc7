//! A copy of a log that others serve: nothing lands in it before it was checked against the log's signed checkpoint and
//! against the checkpoint that the copy had before, and nothing that landed is written over.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::file::read_file;
use super::remote::Remote;
use super::violation::{CheckError, Violation};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosigning::WITNESSED;
use crate::note::VerifierKey;
use crate::pruned::PRUNED;
use crate::tile::{FULL_WIDTH, TileName, parse_path};

/// What came in and was not checked yet; names that begin with a dot are no part of a log.
const INCOMING: &str = ".incoming";

/// A folder, and the server that it is to be like.
pub(super) struct Mirror {
    folder: PathBuf,
    remote: Remote,
    /// Paths of what came in, in the order of the check.
    fetched: Vec<String>,
    checkpoint: Vec<u8>,
    /// What is left of records that were let go, as the server says.
    pruned: Option<Vec<u8>>,
    /// What witnesses cosigned, where it is newer than the copy's.
    witnessed: Option<Vec<u8>>,
    /// Held, so that two never write at once.
    lock: File,
}

impl Mirror {
    /// Makes the folder, where there is none, and takes it for itself.
    pub(super) fn open(folder: &Path, remote: Remote) -> Result<Self, CheckError> {
        let unavailable = |error: io::Error| CheckError::unavailable(folder.display().to_string(), &error);
        fs::create_dir_all(folder).map_err(unavailable)?;
        let lock = File::create(folder.join(".lock")).map_err(unavailable)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| CheckError::unavailable(folder.display().to_string(), &"another mirror writes it"))?;
        let (folder, fetched) = (folder.to_owned(), Vec::new());
        let mirror = Self { folder, remote, fetched, checkpoint: Vec::new(), pruned: None, witnessed: None, lock };
        // Of a run that did not come to its end.
        mirror.discard().map_err(unavailable)?;
        Ok(mirror)
    }

    /// The checkpoint that the copy had before.
    pub(super) fn before(&self, key: &VerifierKey) -> Result<Option<Checkpoint>, CheckError> {
        let mut signed = Vec::new();
        let is_there = read_file(&self.folder.join("checkpoint"), "checkpoint", &mut signed)?;
        if is_there { open(signed, key).map(Some) } else { Ok(None) }
    }

    /// The checkpoints that witnesses cosigned, of the copy and of the server: the log must continue both. The later one lands
    /// with the rest. Read before the log's own, which is then as large or larger.
    pub(super) fn witnessed(&mut self, key: &VerifierKey) -> Result<Vec<Checkpoint>, CheckError> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut all = Vec::new();
        if read_file(&self.folder.join(WITNESSED), WITNESSED, &mut ours)? {
            all.push(open(ours, key)?);
        }
        if self.remote.read(WITNESSED, &mut theirs)? {
            let checkpoint = open(theirs.clone(), key)?;
            // Of the same size it may have more signatures than before.
            if all.first().is_none_or(|ours| ours.size <= checkpoint.size) {
                self.witnessed = Some(theirs);
            }
            all.push(checkpoint);
        }
        Ok(all)
    }

    /// Whether the copy has entries.
    pub(super) fn has_entries(&self) -> bool {
        self.folder.join("tile/entries").is_dir()
    }

    /// Whether the copy has a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.folder.join(path).exists()
    }

    /// The address of a file.
    pub(super) fn address(&self, path: &str) -> String {
        self.remote.address(path)
    }

    /// Reads a file from the copy; one that it does not have from the server.
    pub(super) fn read(&mut self, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
        if path == "checkpoint" {
            let is_there = self.remote.read(path, buffer)?;
            self.checkpoint.clone_from(buffer);
            return Ok(is_there);
        }
        if path == PRUNED {
            return self.read_pruned(buffer);
        }
        // The copy's, or what came in before: the tiles of records that were let go are read twice.
        for folder in [self.folder.clone(), self.folder.join(INCOMING)] {
            if read_file(&folder.join(path), path, buffer)? {
                return Ok(true);
            }
            buffer.clear();
        }
        if !self.remote.read(path, buffer)? {
            return Ok(false);
        }
        let to = self.folder.join(INCOMING).join(path);
        let written = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&to, &*buffer));
        written.map_err(|error| CheckError::unavailable(to.display().to_string(), &error))?;
        self.fetched.push(path.to_owned());
        Ok(true)
    }

    /// What was let go grows: the server's file takes the place of the copy's. Where the server has none any more, the copy's counts.
    fn read_pruned(&mut self, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
        let is_there = self.remote.read(PRUNED, buffer)?;
        if is_there {
            self.pruned = Some(buffer.clone());
            return Ok(true);
        }
        buffer.clear();
        read_file(&self.folder.join(PRUNED), PRUNED, buffer)
    }

    /// Everything was checked: lets it land, the checkpoint last. Gives how many files came in.
    pub(super) fn land(self, key: &VerifierKey) -> Result<u64, CheckError> {
        let landed = self.try_land(key);
        landed.map_err(|error| CheckError::unavailable(self.folder.display().to_string(), &error))?;
        Ok(self.fetched.len() as u64)
    }

    fn try_land(&self, key: &VerifierKey) -> io::Result<()> {
        for path in &self.fetched {
            let to = self.folder.join(path);
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::rename(self.folder.join(INCOMING).join(path), &to)?;
            // The whole tile has the beginnings that it took the place of.
            if let Some(name) = parse_path(path).filter(|name| name.width == FULL_WIDTH) {
                let partial = self.folder.join(TileName { width: 1, ..name }.path());
                remove_folder(partial.parent().unwrap_or(&partial))?;
            }
        }
        write(&self.folder, "log.vkey", format!("{key}\n").as_bytes())?;
        rustix::fs::syncfs(&File::open(&self.folder)?)?;
        if let Some(pruned) = &self.pruned {
            write(&self.folder, PRUNED, pruned)?;
        }
        write(&self.folder, "checkpoint", &self.checkpoint)?;
        if let Some(witnessed) = &self.witnessed {
            write(&self.folder, WITNESSED, witnessed)?;
        }
        rustix::fs::syncfs(&File::open(&self.folder)?)?;
        Ok(())
    }

    fn discard(&self) -> io::Result<()> {
        remove_folder(&self.folder.join(INCOMING))
    }
}

impl Drop for Mirror {
    /// What was refused stays nowhere, and the next may write at once: a process that was begun meanwhile has a copy of the
    /// descriptor for a moment, and with it the lock.
    fn drop(&mut self) {
        drop(self.discard());
        rustix::fs::flock(&self.lock, FlockOperation::Unlock).unwrap_or(());
    }
}

fn open(signed: Vec<u8>, key: &VerifierKey) -> Result<Checkpoint, CheckError> {
    let signed = String::from_utf8(signed).map_err(|_| Violation::Checkpoint(CheckpointError::Encoding))?;
    Ok(Checkpoint::open(&signed, key).map_err(Violation::Checkpoint)?)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts a file in place whole.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let made = folder.join(format!(".{name}"));
    let mut file = File::create(&made)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(made, folder.join(name))
}
