//! A whole log checked, or one receipt, with nothing but the log's public key.
//!
//! A directory is checked while the gateway is dead and while it is running: the checkpoint is read first, then the
//! names of all files, upper levels before lower ones and bundles last. The publisher writes the other way round, so
//! whatever a file found here rests on is already there. Files newer than the checkpoint must agree with each other;
//! up to the checkpoint every file must be there and lead to the signed root.

mod file;
mod leaves;
mod let_go;
mod mirror;
mod names;
mod remote;
mod report;
mod source;
mod tree;
mod violation;
mod visitor;

use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosigning::WITNESSED;
use crate::merkle::{Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::proof::{Proof, ProofError};
use crate::trust_policy::{TrustPolicy, Witnessed};

pub use let_go::LetGo;
pub use remote::{ClientFiles, Remote, RemoteError};
pub use report::{LeafReport, Report};
pub use violation::{CheckError, Violation};
pub use visitor::Visitor;

/// Checks the log in a directory: `<data>/log`, or the data folder itself. `earlier` are checkpoints that the log must
/// continue.
///
/// # Errors
/// As [`CheckError`] says.
pub fn directory(
    directory: &Path,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    visitor: &mut dyn Visitor,
) -> Result<Report, CheckError> {
    let mut source = source::Source::Directory(log_directory(directory));
    check(&mut source, true, key, earlier, visitor)
}

/// Checks a log over HTTP: its checkpoint and hash tiles, and with `leaves` its entry bundles too.
///
/// # Errors
/// As [`CheckError`] says.
pub fn remote(
    remote: Remote,
    leaves: bool,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    visitor: &mut dyn Visitor,
) -> Result<Report, CheckError> {
    check(&mut source::Source::Remote(remote), leaves, key, earlier, visitor)
}

/// Checks the hash tiles in a directory and no entries: of a copy that was made without them.
///
/// # Errors
/// As [`CheckError`] says.
pub fn hashes(
    directory: &Path,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    visitor: &mut dyn Visitor,
) -> Result<Report, CheckError> {
    check(&mut source::Source::Directory(log_directory(directory)), false, key, earlier, visitor)
}

/// Brings a copy of a log up to date, or makes it; with `leaves` its entries, too. Everything is checked first, what the
/// copy has already as well: the log must continue the checkpoint that the copy had before, and what witnesses cosigned, which
/// is copied too. Gives how many files came in.
///
/// # Errors
/// As [`CheckError`] says; the copy is then as it was.
pub fn mirror(
    remote: Remote,
    folder: &Path,
    leaves: bool,
    key: &VerifierKey,
    visitor: &mut dyn Visitor,
) -> Result<(Report, u64), CheckError> {
    let mut mirror = mirror::Mirror::open(folder, remote)?;
    let before = mirror.before(key)?;
    if before.is_some() && mirror.has_entries() != leaves {
        let why = if leaves {
            "it was made without entries: mirror into another folder"
        } else {
            "it has entries: give --cert and --key as before, or mirror into another folder"
        };
        return Err(CheckError::unavailable(folder.display().to_string(), &why));
    }
    let mut earlier = mirror.witnessed(key)?;
    earlier.extend(before.clone());
    let mut source = source::Source::Mirror(mirror);
    let mut report = check(&mut source, leaves, key, &earlier, visitor)?;
    report.earlier = before.iter().map(|checkpoint| checkpoint.size).collect();
    match source {
        source::Source::Mirror(mirror) => Ok((report, mirror.land(key)?)),
        source::Source::Directory(_) | source::Source::Remote(_) => Ok((report, 0)),
    }
}

/// The checkpoint that witnesses of a log in a folder cosigned, where the policy accepts it. The log must continue it: give
/// it to [`directory`] as an earlier one.
///
/// # Errors
/// As [`CheckError`] says.
pub fn witnessed(directory: &Path, policy: &TrustPolicy, key: &VerifierKey) -> Result<Witnessed, CheckError> {
    let place = log_directory(directory).join(WITNESSED);
    let mut signed = Vec::new();
    let is_there = file::read_file(&place, WITNESSED, &mut signed)?;
    accepted(is_there.then_some(signed), &place.display().to_string(), policy, key)
}

/// The same of a server: read it before the log, give it to [`remote`] as an earlier one.
///
/// # Errors
/// As [`CheckError`] says.
pub fn witnessed_there(remote: &mut Remote, policy: &TrustPolicy, key: &VerifierKey) -> Result<Witnessed, CheckError> {
    let mut signed = Vec::new();
    let is_there = remote.read(WITNESSED, &mut signed)?;
    accepted(is_there.then_some(signed), &remote.address(WITNESSED), policy, key)
}

fn accepted(
    signed: Option<Vec<u8>>,
    place: &str,
    policy: &TrustPolicy,
    key: &VerifierKey,
) -> Result<Witnessed, CheckError> {
    let signed = signed.ok_or_else(|| CheckError::unavailable(place.to_owned(), &"this log asks no witnesses"))?;
    let signed = String::from_utf8(signed).map_err(|_| Violation::Checkpoint(CheckpointError::Encoding))?;
    Ok(policy.check(&signed, Some(key)).map_err(Violation::Witnesses)?)
}

/// Checks one receipt: that the leaf with these bytes is in the log of this key. Gives the checkpoint that says so.
///
/// # Errors
/// As [`ProofError`] says.
pub fn receipt(receipt: &str, leaf: &[u8], key: &VerifierKey) -> Result<(u64, Checkpoint), ProofError> {
    let proof = Proof::parse(receipt)?;
    let checkpoint = proof.verify(&leaf_hash(leaf), key)?;
    Ok((proof.index, checkpoint))
}

/// The origin that the checkpoint of a folder names. Nothing of it is checked.
///
/// # Errors
/// When it cannot be read.
pub fn origin_of(directory: &Path) -> Result<String, CheckError> {
    let signed = source::Source::Directory(log_directory(directory)).checkpoint()?;
    let signed = String::from_utf8(signed).map_err(|_| Violation::Checkpoint(CheckpointError::Encoding))?;
    Ok(signed.split('\n').next().unwrap_or_default().to_owned())
}

/// The size that the checkpoint of a folder says, unchecked: how long its check will take. 0 where it says none.
pub(crate) fn size_of(directory: &Path) -> u64 {
    let signed = source::Source::Directory(log_directory(directory)).checkpoint().unwrap_or_default();
    let signed = String::from_utf8_lossy(&signed);
    signed.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default()
}

/// `<data>/log`, where the data folder was named.
#[must_use]
pub fn log_directory(directory: &Path) -> PathBuf {
    let inside = directory.join("log");
    if !directory.join("checkpoint").exists() && inside.is_dir() { inside } else { directory.to_owned() }
}

fn check(
    source: &mut source::Source,
    leaves: bool,
    key: &VerifierKey,
    earlier: &[Checkpoint],
    visitor: &mut dyn Visitor,
) -> Result<Report, CheckError> {
    // Before the checkpoint: it names a leaf that is published when it appears.
    let pruned = if leaves { source.pruned(key.name())? } else { None };
    let signed = source.checkpoint()?;
    let signed = String::from_utf8(signed).map_err(|_| Violation::Checkpoint(CheckpointError::Encoding))?;
    let checkpoint = Checkpoint::open(&signed, key).map_err(Violation::Checkpoint)?;
    if let Some(later) = earlier.iter().find(|earlier| earlier.size > checkpoint.size) {
        return Err(Violation::Shortened { size: checkpoint.size, earlier: later.size }.into());
    }
    let names = source.names(checkpoint.size, leaves)?;
    let heads: Vec<(u64, Hash)> =
        std::iter::once(&checkpoint).chain(earlier).map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
    let checked =
        tree::check(source, &names, &tree::Wanted { checkpoint: &checkpoint, heads: &heads, leaves, pruned }, visitor)?;
    Ok(Report {
        checkpoint,
        files: checked.files,
        leaves: checked.leaves,
        let_go: checked.let_go,
        earlier: earlier.iter().map(|checkpoint| checkpoint.size).collect(),
    })
}
