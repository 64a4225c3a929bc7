//! `--directory`: the logs that a directory lists, each found by its origin among the folders that were named.

use std::path::{Path, PathBuf};

use credit_audit::checkpoint::{Checkpoint, CheckpointError};
use credit_audit::directory::Directory;
use credit_audit::note::VerifierKey;
use credit_audit::replay::SetReplay;
use credit_audit::set::{LogSet, SetFault, SetLeaf, SetVisitor};
use credit_audit::trust_policy::TrustPolicy;
use credit_audit::verify::{self, CheckError, Violation};

use super::arguments::SetArguments;
use super::progress::Progress;
use super::report::{self, Decided};
use super::stop::{Stop, read, read_key};
use super::words::Language;

/// A set that was opened, and checkpoints kept from earlier of its logs.
pub(super) struct Opened {
    pub(super) set: LogSet,
    pub(super) earlier: Vec<Checkpoint>,
}

impl Opened {
    /// The set of the arguments; nothing where they name no directory.
    ///
    /// # Errors
    /// When a file cannot be read, the directory does not hold, or the folders are not the logs that it lists.
    pub(super) fn of(
        arguments: &SetArguments,
        logs: &[impl AsRef<Path>],
        old: &[PathBuf],
        language: Language,
    ) -> Result<Option<Self>, Stop> {
        let (Some(folder), Some(vkey)) = (&arguments.directory, &arguments.directory_vkey) else { return Ok(None) };
        let folders: Vec<PathBuf> = logs.iter().map(|log| log.as_ref().to_owned()).collect();
        if folders.iter().any(|log| log.starts_with("http:") || log.starts_with("https:")) {
            return Err(Stop::Usage(language.set_needs_folders()));
        }
        let key = read_key(vkey, language)?;
        let malformed = |_| Violation::Checkpoint(CheckpointError::Encoding);
        let mut kept = Vec::new();
        for file in old {
            kept.push(String::from_utf8(read(file)?).map_err(malformed)?);
        }
        let of_directory = kept.iter().filter(|signed| origin(signed) == key.name());
        let of_directory = of_directory.map(|signed| opened(signed, &key)).collect::<Result<Vec<_>, _>>()?;
        let directory = Directory::read(folder, &key, &of_directory)?;
        let mut earlier = Vec::new();
        for signed in kept.iter().filter(|signed| origin(signed) != key.name()) {
            let listed = directory.listing.log(origin(signed));
            let listed = listed.ok_or_else(|| Violation::from(SetFault::Unlisted(origin(signed).to_owned())))?;
            earlier.push(opened(signed, &listed.key)?);
        }
        Ok(Some(Self { set: LogSet::of(directory, &folders)?, earlier }))
    }

    /// Checks every log, and what the replay looks at; gives what is to be printed.
    pub(super) fn replay(
        mut self,
        replay: SetReplay<'_>,
        policy: Option<&TrustPolicy>,
        json: bool,
        language: Language,
    ) -> Result<String, Stop> {
        let witnessed = policy.map(|policy| self.set.witnessed(policy)).transpose()?.unwrap_or_default();
        self.earlier.extend(witnessed.iter().map(|witnessed| witnessed.checkpoint.clone()));
        let is_deciding = replay.is_deciding();
        let mut shown = Shown { replay, progress: Progress::new() };
        let logs = self.set.check(&self.earlier, &mut shown)?;
        let (queries, (verified, unverified)) = (shown.replay.decided(), shown.replay.consents());
        let decided = is_deciding.then_some(Decided { queries, verified, unverified });
        let directory = &self.set.directory;
        if json {
            return Ok(report::set(directory, &logs, decided, policy, &witnessed));
        }
        let said = |witnessed| policy.map(|policy| language.witnessed(policy, witnessed));
        let witnessed: String = witnessed.iter().filter_map(said).collect();
        let decided = decided.map(|decided| language.holds(None, None, Some(decided))).unwrap_or_default();
        Ok(language.set_holds(directory, &logs) + &decided + &witnessed)
    }
}

/// A replay, with a progress bar.
pub(super) struct Shown<'a> {
    pub(super) replay: SetReplay<'a>,
    pub(super) progress: Progress,
}

impl SetVisitor for Shown<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.replay.leaf(leaf)
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.replay.end()
    }

    fn progress(&mut self, done: u64, all: u64) {
        self.progress.show(done, all);
    }
}

/// The directory of the arguments, alone.
///
/// # Errors
/// When it cannot be read, or does not hold.
pub(super) fn directory(arguments: &SetArguments, language: Language) -> Result<Option<Directory>, Stop> {
    let (Some(folder), Some(vkey)) = (&arguments.directory, &arguments.directory_vkey) else { return Ok(None) };
    Ok(Some(Directory::read(folder, &read_key(vkey, language)?, &[])?))
}

/// The key of a log that must be listed, and its folder among these; none where none was named.
///
/// # Errors
/// When it is not listed, or no folder has it.
pub(super) fn listed_at(
    directory: &Directory,
    origin: &str,
    folders: &[PathBuf],
) -> Result<(VerifierKey, Option<PathBuf>), Stop> {
    let listed = directory.listing.log(origin);
    let listed = listed.ok_or_else(|| Violation::from(SetFault::Unlisted(origin.to_owned())))?;
    for folder in folders {
        if verify::origin_of(folder)? == origin {
            return Ok((listed.key.clone(), Some(folder.clone())));
        }
    }
    match folders {
        [] => Ok((listed.key.clone(), None)),
        [_, ..] => Err(Violation::from(SetFault::Missing(origin.to_owned())).into()),
    }
}

/// The one log that was named; several need a directory.
///
/// # Errors
/// Where there are several.
pub(super) fn one<T>(logs: &[T], language: Language) -> Result<Option<&T>, Stop> {
    match logs {
        [] => Ok(None),
        [log] => Ok(Some(log)),
        [_, ..] => Err(Stop::Usage(language.several_logs())),
    }
}

fn origin(signed: &str) -> &str {
    signed.split('\n').next().unwrap_or_default()
}

fn opened(signed: &str, key: &VerifierKey) -> Result<Checkpoint, Violation> {
    Checkpoint::open(signed, key).map_err(Violation::Checkpoint)
}
