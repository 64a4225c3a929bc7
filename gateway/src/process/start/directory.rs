//! The directory that lists the logs of all replicas (`audit/FORMAT.md` §17): a gateway serves only where its own log, under
//! its own key, is listed and not closed, in a directory that goes on from what an earlier start saw of it.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use credit_audit::{checkpoint::Checkpoint, directory::Directory, note::VerifierKey};
use credit_keys::Ring;
use jiff::Timestamp;

use super::{error::StartError, not_listed::NotListed};
use crate::settings::Settings;

/// A directory in which this gateway's log is listed, and where its checkpoint is remembered.
pub(in crate::process) struct Listed {
    checkpoint: Checkpoint,
    place: PathBuf,
    /// How many logs it lists, closed ones too.
    pub(in crate::process) logs: u64,
}

impl Listed {
    /// Reads the directory of the configuration; nothing where it names none. Writes nothing.
    ///
    /// # Errors
    /// As [`NotListed`] says.
    pub(super) fn read(settings: &Settings, ring: &Ring, now: Timestamp) -> Result<Option<Self>, StartError> {
        Ok(Self::look(settings, &own_key(settings, ring)?, now)?)
    }

    /// The same for a log whose key is known.
    ///
    /// # Errors
    /// As [`NotListed`] says.
    pub(in crate::process) fn look(
        settings: &Settings,
        own: &VerifierKey,
        now: Timestamp,
    ) -> Result<Option<Self>, NotListed> {
        let (Some(folder), Some(vkey)) = (&settings.log.directory, &settings.log.directory_vkey) else {
            return Ok(None);
        };
        Self::of((folder, vkey), own, remembered_at(settings), now).map(Some)
    }

    fn of(
        (folder, vkey): (&Path, &Path),
        own: &VerifierKey,
        place: PathBuf,
        now: Timestamp,
    ) -> Result<Self, NotListed> {
        let directory = read((folder, vkey), &place)?;
        let origin = own.name().to_owned();
        let Some(listed) = directory.listing.log(&origin) else {
            return Err(NotListed::Missing { origin, vkey: own.to_string() });
        };
        if listed.key != *own {
            return Err(NotListed::OtherKey(origin));
        }
        if let Some(until) = listed.until {
            return Err(NotListed::Closed { origin, until });
        }
        if listed.from > now {
            return Err(NotListed::NotYet { origin, from: listed.from, now });
        }
        let logs = directory.listing.logs().count() as u64;
        Ok(Self { checkpoint: directory.report.checkpoint, place, logs })
    }

    /// Remembers the directory's checkpoint, durably: an older one is refused from now on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::process) fn remember(&self) -> Result<(), NotListed> {
        let new = self.place.with_added_extension("new");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(self.checkpoint.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.place)?;
            let folder = self.place.parent().unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        });
        written.map_err(|source| NotListed::File { path: self.place.display().to_string(), source })
    }
}

/// Which logs the operator's gateways keep, as far as the configuration knows: of each its name, and whether it is closed. The own one
/// first; then those of the directory, else those of the other gateways that are asked.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn logs_of_all(settings: &Settings) -> Result<Vec<(String, bool)>, NotListed> {
    let own = &settings.log.origin;
    let listed = match (&settings.log.directory, &settings.log.directory_vkey) {
        (Some(folder), Some(vkey)) => {
            let directory = read((folder, vkey), &remembered_at(settings))?;
            directory.listing.logs().map(|log| (log.key.name().to_owned(), log.until.is_some())).collect()
        }
        _ => Vec::new(),
    };
    let asked = settings.persons.iter().flat_map(|persons| &persons.gateways).map(|other| (other.log.clone(), false));
    let mut all = vec![(own.clone(), false)];
    for (log, is_closed) in listed.into_iter().chain(asked) {
        if !all.iter().any(|(known, _)| *known == log) {
            all.push((log, is_closed));
        }
    }
    Ok(all)
}

/// Reads the directory, which goes on from what an earlier start saw of it.
fn read((folder, vkey): (&Path, &Path), place: &Path) -> Result<Directory, NotListed> {
    let path = vkey.display().to_string();
    let text = fs::read_to_string(vkey).map_err(|source| NotListed::File { path: path.clone(), source })?;
    let key = VerifierKey::parse(&text).map_err(|why| NotListed::Key { path, why })?;
    let earlier = remembered(place, key.name())?;
    Ok(Directory::read(folder, &key, earlier.as_slice())?)
}

/// The key that verifies this gateway's log.
///
/// # Errors
/// When the ring has none for it.
pub(crate) fn own_key(settings: &Settings, ring: &Ring) -> Result<VerifierKey, StartError> {
    let public = ring.log_signer(&settings.log.origin)?.public_key();
    let key = VerifierKey::new(&settings.log.origin, public);
    Ok(key.map_err(|why| NotListed::Key { path: settings.log.origin.clone(), why })?)
}

/// Beside the rollback guard, which is on another device where there is one.
fn remembered_at(settings: &Settings) -> PathBuf {
    settings.second_place().with_added_extension("directory")
}

fn remembered(place: &Path, origin: &str) -> Result<Option<Checkpoint>, NotListed> {
    let path = || place.display().to_string();
    let text = match fs::read_to_string(place) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(source) => return Err(NotListed::File { path: path(), source }),
    };
    let checkpoint = Checkpoint::parse(&text).ok().filter(|checkpoint| checkpoint.origin == origin);
    let another = || NotListed::Remembered { path: path(), origin: origin.to_owned() };
    checkpoint.ok_or_else(another).map(Some)
}
