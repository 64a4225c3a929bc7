//! Which logs are a set: those that a directory lists, each found by the origin that its checkpoint names.

use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::directory::{Directory, ListedAs};
use crate::trust_policy::{TrustPolicy, Witnessed};
use crate::verify::{self, CheckError, Violation};

use super::fault::SetFault;

/// The logs that a directory lists, with the folder of each.
pub struct LogSet {
    /// The directory.
    pub directory: Directory,
    logs: Vec<InSet>,
}

/// A log of a set.
pub(crate) struct InSet {
    pub(crate) origin: String,
    pub(crate) folder: PathBuf,
    pub(crate) listed: ListedAs,
}

impl LogSet {
    /// The logs in these folders, in whatever order they are named: every log that is listed, each once, and no other.
    ///
    /// # Errors
    /// A log that is missing, there twice (two histories of it are told apart from one that was copied), or not listed; or
    /// a folder whose checkpoint cannot be read.
    pub fn of(directory: Directory, folders: &[PathBuf]) -> Result<Self, CheckError> {
        let mut named = Vec::new();
        for folder in folders {
            named.push((verify::origin_of(folder)?, folder.clone()));
        }
        named.sort();
        let unlisted = named.iter().find(|(origin, _)| directory.listing.log(origin).is_none());
        if let Some((origin, _)) = unlisted {
            return Err(Violation::from(SetFault::Unlisted(origin.clone())).into());
        }
        for pair in named.windows(2) {
            let [(origin, one), (next, other)] = pair else { continue };
            if let Some(listed) = directory.listing.log(origin).filter(|_| origin == next) {
                return Err(twice(listed, one, other)?.into());
            }
        }
        let missing = directory.listing.logs().find(|listed| named.iter().all(|(name, _)| name != listed.key.name()));
        if let Some(listed) = missing {
            return Err(Violation::from(SetFault::Missing(listed.key.name().to_owned())).into());
        }
        let logs = named.into_iter().filter_map(|(origin, folder)| {
            let listed = directory.listing.log(&origin)?.clone();
            Some(InSet { origin, folder, listed })
        });
        Ok(Self { logs: logs.collect(), directory })
    }

    /// The origins, sorted: a [`SetLeaf`] names its log by its place among them.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.iter().map(|log| log.origin.as_str())
    }

    /// What witnesses cosigned of each log, in their order, where the policy accepts it: each log must continue it.
    ///
    /// # Errors
    /// As [`verify::witnessed`], of the first log.
    pub fn witnessed(&self, policy: &TrustPolicy) -> Result<Vec<Witnessed>, CheckError> {
        let each = self.logs.iter().map(|log| {
            let witnessed = verify::witnessed(&log.folder, policy, &log.listed.key);
            witnessed.map_err(|error| in_log(&log.origin, error))
        });
        each.collect()
    }

    pub(crate) fn logs(&self) -> &[InSet] {
        &self.logs
    }
}

/// What is wrong with two folders of one log: a copy, or a second history under the same key.
fn twice(listed: &ListedAs, one: &Path, other: &Path) -> Result<Violation, CheckError> {
    let origin = || listed.key.name().to_owned();
    let of_log = |error| in_log(&origin(), error);
    let check = |folder: &Path, earlier: &[Checkpoint]| verify::directory(folder, &listed.key, earlier, &mut ());
    let heads = (check(one, &[]).map_err(of_log)?.checkpoint, check(other, &[]).map_err(of_log)?.checkpoint);
    let (folder, earlier) = if heads.0.size < heads.1.size { (other, heads.0) } else { (one, heads.1) };
    match check(folder, std::slice::from_ref(&earlier)) {
        Ok(_) => Ok(SetFault::Twice(origin()).into()),
        Err(CheckError::Violation(Violation::Root { .. })) => Ok(SetFault::Forked(origin()).into()),
        Err(error) => Err(of_log(error)),
    }
}

/// The same fault, with the log that has it.
pub(crate) fn in_log(origin: &str, error: CheckError) -> CheckError {
    match error {
        CheckError::Violation(cause) => Violation::InLog { origin: origin.to_owned(), cause: Box::new(cause) }.into(),
        unavailable @ CheckError::Unavailable { .. } => unavailable,
    }
}
