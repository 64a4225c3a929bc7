//! What a witness remembers: a file for each log, replaced whole and synced before anybody is told.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use rustix::fs::FlockOperation;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::log::disk::files;
use crate::log::disk::staged;
use crate::merkle::Hash;
use crate::note::{self, VerifierKey};

/// Says that the folder is a witness's, and since its first start.
const MARKER: &str = "witness";

/// What the files of logs end in.
const CHECKPOINT: &str = ".checkpoint";

/// What the first proof of a fork ends in.
const FORK: &str = ".fork";

/// The latest checkpoint of a log.
pub(super) struct Cosigned {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// With the log's signatures and the witness's.
    pub(super) note: String,
}

/// The folder, and what stands in it.
pub(super) struct State {
    folder: PathBuf,
    /// By the hash of the origin.
    latest: HashMap<String, Cosigned>,
    /// Held, so that two never answer for one witness.
    lock: File,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A first start where there was one.
    #[error("`{0}` is a witness's folder already: leave out --new")]
    NotNew(PathBuf),
    /// Not a first start, and nothing there.
    #[error(
        "`{0}` is no witness's folder: give --new for the first start. If this witness has run before, its state is lost: \
         retire its key and begin with another, for it would cosign a second history"
    )]
    Missing(PathBuf),
    /// Another process has it.
    #[error("`{0}` is in use by another witness")]
    InUse(PathBuf),
    /// A checkpoint that does not hold.
    #[error("`{file}` is damaged ({why}): restore it, or retire the witness's key")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: CheckpointError,
    },
    /// Reading or writing failed.
    #[error("`{file}`: {why}")]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        why: io::Error,
    },
}

impl State {
    pub(super) fn open(folder: &Path, is_new: bool, logs: &[VerifierKey]) -> Result<Self, StateError> {
        let io = |why| StateError::Io { file: folder.to_owned(), why };
        let marker = folder.join(MARKER);
        match (is_new, marker.exists()) {
            (true, true) => return Err(StateError::NotNew(folder.to_owned())),
            (false, false) => return Err(StateError::Missing(folder.to_owned())),
            _ => files::make_dir_durably(folder).map_err(io)?,
        }
        let lock = File::create(folder.join(".lock")).map_err(io)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| StateError::InUse(folder.to_owned()))?;
        if is_new {
            // What stood here without the marker is nobody's.
            if fs::read_dir(folder).map_err(io)?.flatten().any(|entry| entry.file_name() != ".lock") {
                return Err(StateError::Io { file: folder.to_owned(), why: io::ErrorKind::DirectoryNotEmpty.into() });
            }
            files::create(&marker, b"").map_err(io)?;
        }
        let mut state = Self { folder: folder.to_owned(), latest: HashMap::new(), lock };
        state.read(logs)?;
        Ok(state)
    }

    /// Reads the files of the logs that are watched; others' stay as they are.
    fn read(&mut self, logs: &[VerifierKey]) -> Result<(), StateError> {
        for origin in logs.iter().map(VerifierKey::name) {
            let hash = origin_hash(origin);
            let file = self.folder.join(format!("{hash}{CHECKPOINT}"));
            let note = match fs::read_to_string(&file) {
                Ok(note) => note,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(StateError::Damaged { file, why: CheckpointError::Encoding });
                }
                Err(why) => return Err(StateError::Io { file, why }),
            };
            match opened(&note, logs) {
                Ok(Some(checkpoint)) if checkpoint.origin == origin => {
                    let cosigned =
                        Cosigned { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, note };
                    self.latest.insert(hash, cosigned);
                }
                Ok(_) => return Err(StateError::Damaged { file, why: CheckpointError::Form }),
                Err(why) => return Err(StateError::Damaged { file, why }),
            }
        }
        Ok(())
    }

    pub(super) fn of(&self, origin: &str) -> Option<&Cosigned> {
        self.by_hash(&origin_hash(origin))
    }

    pub(super) fn by_hash(&self, hash: &str) -> Option<&Cosigned> {
        self.latest.get(hash)
    }

    /// Takes the place of what was cosigned before; durable when it returns.
    pub(super) fn replace(&mut self, cosigned: Cosigned) -> Result<(), StateError> {
        let hash = origin_hash(&cosigned.origin);
        let file = self.folder.join(format!("{hash}{CHECKPOINT}"));
        staged::replace(&file, cosigned.note.as_bytes()).map_err(|why| StateError::Io { file, why })?;
        self.latest.insert(hash, cosigned);
        Ok(())
    }

    /// Keeps the first checkpoint by which a log contradicted itself; the one that it contradicts stands beside it.
    pub(super) fn keep_fork(&self, origin: &str, note: &str) -> Result<(), StateError> {
        let file = self.folder.join(format!("{}{FORK}", origin_hash(origin)));
        match files::create(&file, note.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(why) => Err(StateError::Io { file, why }),
        }
    }
}

impl Drop for State {
    /// The next may open it at once: a process that was begun meanwhile has a copy of the descriptor for a moment.
    fn drop(&mut self) {
        rustix::fs::flock(&self.lock, FlockOperation::Unlock).unwrap_or(());
    }
}

/// SHA-256 of an origin, in hexadecimal.
fn origin_hash(origin: &str) -> String {
    digest(&SHA256, origin.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The checkpoint in a note, signed by one of its log's keys; nothing where the log is not watched.
fn opened(note: &str, logs: &[VerifierKey]) -> Result<Option<Checkpoint>, CheckpointError> {
    let origin = note.split('\n').next().unwrap_or_default();
    let keys: Vec<VerifierKey> = logs.iter().filter(|key| key.name() == origin).cloned().collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let note = note::open(note, &keys)?;
    Checkpoint::parse_with_extensions(note.text()).map(Some)
}
