//! What was signed: the published checkpoint and the rollback guard.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::log::error::{RecoverError, read_error};
use crate::log::publish::instance::Instance;
use crate::log::publish::rollback_guard::RollbackGuard;
use crate::log::settings::Settings;
use crate::log::threads::publisher::CHECKPOINT;
use crate::merkle::empty_root;
use crate::note::VerifierKey;

/// The file with the key that checks the log's signatures.
pub(crate) const VKEY: &str = "log.vkey";
/// The published checkpoint, if there is one, with its note.
pub(super) fn published(log: &Path, origin: &str) -> Result<(Option<Checkpoint>, String), RecoverError> {
    let path = log.join(CHECKPOINT);
    let read = |path: &PathBuf| match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(read_error(path, error)),
    };
    let Some(note) = read(&path)? else {
        return Ok((None, String::new()));
    };
    let refused = |why: String| RecoverError::Checkpoint { path: path.clone(), why };
    let beside = log.join(VKEY);
    let checkpoint = match read(&beside)? {
        Some(key) => {
            let key = VerifierKey::parse(key.trim_end())
                .map_err(|error| RecoverError::VerifierKey { path: beside, why: error.to_string() })?;
            Checkpoint::open(&note, &key)
        }
        // Its signature is checked when the log starts; its root, which matters more, before that.
        None => {
            let text = note.split_once("\n\n").map(|(text, _)| format!("{text}\n"));
            Checkpoint::parse(&text.unwrap_or_default())
        }
    };
    let checkpoint = checkpoint.map_err(|error| refused(error.to_string()))?;
    if checkpoint.origin != origin {
        return Err(RecoverError::OtherOrigin { path, wanted: origin.to_owned() });
    }
    Ok((Some(checkpoint), note))
}

/// Opens the rollback guard; makes it for a log that has nothing yet.
pub(super) fn rollback_guard(
    settings: &Settings,
    instance: &mut Instance,
    has_log: bool,
) -> Result<RollbackGuard, RecoverError> {
    let path = &settings.rollback_guard;
    if let Some(guard) = RollbackGuard::open(path, &settings.origin)? {
        return Ok(guard);
    }
    let missing = || RecoverError::RollbackGuardMissing(path.clone());
    if has_log {
        return Err(missing());
    }
    let failed = |source| RecoverError::Io { doing: "making the rollback guard", path: path.clone(), source };
    // Its folder is never made: a device that is not mounted must not go unnoticed.
    if !path.parent().is_some_and(Path::is_dir) {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    // Crash between the two: the next start finds an empty log without a guard, and makes both again.
    let id = instance.draw(&[0; 16], &settings.probe).map_err(failed)?;
    RollbackGuard::create(path, &settings.origin, id, (0, empty_root())).map_err(failed)?;
    RollbackGuard::open(path, &settings.origin)?.ok_or_else(missing)
}
