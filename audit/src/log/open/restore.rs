//! Taking a write-ahead log over from its second copy, while no process has it: all of it where the folder is lost, or what the copy
//! has more. Nothing that is here is changed, and nothing is written before all of it was compared.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::prune_copy::published;
use super::recover::{LOCK, lock};
use crate::log::disk::files;
use crate::log::disk::staged;
use crate::log::error::{RecoverError, RestoreError, read_error};
use crate::log::publish::copy_folder::goes_on;
use crate::log::publish::instance::{COPIED, INSTANCE, Instance, drawn};
use crate::log::publish::rollback_guard::RollbackGuard;
use crate::log::settings::Settings;
use crate::log::wal::copied::{end_of, sum};
use crate::log::wal::lower_edge::LowerEdge;
use crate::log::wal::segment::{self, Segment, SegmentFile};
use crate::merkle::{Hash, empty_root};

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Bytes.
    pub bytes: u64,
    /// Whether the second place was lost too, and was made anew: what was signed last is no longer known then.
    pub guard: bool,
}

/// A part of the copy that is not here.
struct Part {
    from: PathBuf,
    to: PathBuf,
    at: u64,
    until: u64,
}

/// Takes over what the copy has and the log has not.
///
/// # Errors
/// When a process has the log, there is no copy, or the two contradict each other; and when something cannot be read or written.
pub fn restore(settings: &Settings, copy: &Path) -> Result<Restored, RestoreError> {
    let (wal, origin) = (settings.wal_dir(), &settings.origin);
    let unread = |source| RestoreError::Recover(read_error(copy, source));
    let before = goes_on(copy).map_err(unread)?.ok_or_else(|| RestoreError::NoCopy(copy.to_owned()))?;
    let theirs = segment::list(copy).map_err(unread)?;
    files::make_dir_durably(&wal).map_err(|source| RestoreError::Recover(read_error(&wal, source)))?;
    let _lock = lock(&wal.join(LOCK))?;
    let ours = segment::list(&wal).map_err(|source| RestoreError::Recover(read_error(&wal, source)))?;
    let parts = parts(&ours, &theirs, &wal, origin)?;
    let guard = RollbackGuard::open(&settings.rollback_guard, origin)?;
    let signed = signed(settings)?;
    let mut restored = Restored { guard: guard.is_none(), ..Restored::default() };
    for part in &parts {
        restored.bytes += part.until - part.at;
        take(part).map_err(|source| RestoreError::Recover(read_error(&part.to, source)))?;
    }
    let made = || -> io::Result<()> {
        files::sync_dir(&wal)?;
        if ours.is_empty()
            && let Some(first) = theirs.first()
        {
            // The copy may have begun in a log that had released segments already.
            let ordinal = Segment::open(first, origin).map_err(io::Error::other)?.header().ordinal;
            if ordinal > 0 {
                LowerEdge { ordinal, first: first.first }.write(&wal, origin)?;
            }
        }
        let (instance, copied) = (wal.join(INSTANCE), wal.join(COPIED));
        if !copied.exists() {
            // The folder that is lost does not go on with the copy any more, should it come back.
            Instance::remember(&copied, [before, drawn()?])?;
        }
        // One that is here knows its folder: then nothing but what the copy has more was taken over.
        let start = guard.as_ref().map_or_else(drawn, |guard| Ok(*guard.instance()))?;
        if guard.is_none() || !instance.exists() {
            Instance::remember(&instance, [start, start])?;
        }
        if guard.is_none() {
            RollbackGuard::create(&settings.rollback_guard, origin, start, signed)?;
        }
        Ok(())
    };
    made().map_err(|source| RestoreError::Recover(read_error(&wal, source)))?;
    Ok(restored)
}

/// What is known to be signed: what was published and is here. The start checks its signature.
fn signed(settings: &Settings) -> Result<(u64, Hash), RecoverError> {
    match published(&settings.log_dir()) {
        Ok(checkpoint) if checkpoint.origin == settings.origin => Ok((checkpoint.size, checkpoint.root)),
        Ok(_) => Err(RecoverError::OtherOrigin { path: settings.log_dir(), wanted: settings.origin.clone() }),
        Err(RecoverError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok((0, empty_root())),
        Err(error) => Err(error),
    }
}

fn parts(ours: &[SegmentFile], theirs: &[SegmentFile], wal: &Path, origin: &str) -> Result<Vec<Part>, RestoreError> {
    let mut parts = Vec::new();
    for named in theirs {
        let unread = |source| RestoreError::Recover(read_error(&named.path, source));
        // Of another log, or damaged at its head: refused.
        drop(Segment::open(named, origin)?);
        let until = fs::metadata(&named.path).map_err(unread)?.len();
        let to = wal.join(segment::file_name(named.first));
        let at = match ours.iter().find(|own| own.first == named.first) {
            // Those before the first one were released here.
            None if ours.first().is_some_and(|own| named.first < own.first) => continue,
            None => 0,
            Some(own) => {
                let end = end_of(own, origin).map_err(|source| RestoreError::Recover(read_error(&own.path, source)))?;
                let both = end.min(until);
                let sums = [&named.path, &own.path].map(|path| File::open(path).and_then(|file| sum(&file, both)));
                let [theirs, ours] = sums;
                if theirs.map_err(unread)? != ours.map_err(unread)? {
                    return Err(RestoreError::Contradicts { copy: named.path.clone(), own: own.path.clone() });
                }
                end
            }
        };
        if at < until {
            parts.push(Part { from: named.path.clone(), to, at, until });
        }
    }
    Ok(parts)
}

/// A segment that is new here appears whole; what one has more is written where its batches end.
fn take(part: &Part) -> io::Result<()> {
    let from = File::open(&part.from)?;
    let mut bytes = vec![0; usize::try_from(part.until - part.at).unwrap_or_default()];
    from.read_exact_at(&mut bytes, part.at)?;
    if part.at == 0 {
        return staged::replace(&part.to, &bytes);
    }
    let file = File::options().write(true).open(&part.to)?;
    file.write_all_at(&bytes, part.at)?;
    file.sync_data()
}
