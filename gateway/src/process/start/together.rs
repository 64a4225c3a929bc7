//! Whether a log counts alone or together with others: a note beside it says so. Without the note it counts alone.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::error::StartError;
use crate::{
    cluster::{Note, Notes},
    settings::Settings,
};

/// The note's name in the data folder.
const FILE: &str = "state.shared";

/// The note of a log.
pub(super) struct Beside(PathBuf);

impl Beside {
    pub(super) fn of(settings: &Settings) -> Self {
        Self(settings.data.dir.join(FILE))
    }

    fn fault(&self, source: io::Error) -> StartError {
        StartError::File { doing: "read or write", path: self.0.display().to_string(), source }
    }
}

impl Notes for Beside {
    fn read(&self) -> io::Result<Option<Note>> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(match text.trim() {
                "joining" => Note::Joining,
                "leaving" => Note::Leaving,
                // Whatever a later release says: it counts together.
                _ => Note::Joined,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn say(&self, note: Option<Note>) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        let text = match note {
            Some(Note::Joining) => "joining\n",
            Some(Note::Joined) => "joined\n",
            Some(Note::Leaving) => "leaving\n",
            None => {
                return match fs::remove_file(&self.0) {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => File::open(folder)?.sync_all(),
                };
            }
        };
        let new = self.0.with_added_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.0)?;
        File::open(folder)?.sync_all()
    }
}

/// Whether a log may be counted as the configuration says; nothing is written.
///
/// # Errors
/// Where it counts together, or continues a log that does, and is to be counted alone.
pub(super) fn examine(settings: &Settings, has_answered: bool) -> Result<(), StartError> {
    if settings.state.is_some() {
        return Ok(());
    }
    let own = Beside::of(settings);
    if has_answered && own.read().map_err(|error| own.fault(error))?.is_some() {
        return Err(StartError::CountsTogether(settings.log.origin.clone()));
    }
    let before = settings.log.continues.as_deref().filter(|_| !has_answered);
    if let Some((checkpoint, folder)) = before.and_then(|path| Some((path, path.parent()?.parent()?))) {
        let before = Beside(folder.join(FILE));
        if before.read().map_err(|error| before.fault(error))?.is_some() {
            return Err(StartError::CountsTogether(checkpoint.display().to_string()));
        }
    }
    Ok(())
}

/// The same at a start, and the note says from here on what holds.
///
/// # Errors
/// As [`examine`], and when it cannot be written.
pub(super) fn note(settings: &Settings, has_answered: bool) -> Result<(), StartError> {
    examine(settings, has_answered)?;
    let (own, wanted) = (Beside::of(settings), settings.state.as_ref().map(|_| Note::Joined));
    let noted = own.read().and_then(|said| if said == wanted { Ok(()) } else { own.say(wanted) });
    noted.map_err(|error| own.fault(error))
}
