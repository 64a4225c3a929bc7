//! How a command stops before its end, and the files that it reads.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use credit_audit::coverage::LookedUp;
use credit_audit::note::VerifierKey;
use credit_audit::verify::CheckError;
use serde::Serialize;

use super::words::Language;

/// Why a command did not come to a result that holds.
#[derive(Debug)]
pub(super) enum Stop {
    /// Arguments or files that cannot mean anything.
    Usage(String),
    /// The check failed, or could not be made.
    Check(CheckError),
    /// Lists of misses are what their logs come to, and have persons who were looked up by another log of the set.
    LookedUp(Vec<Elsewhere>),
}

/// A miss of a list that is none.
#[derive(Debug, Serialize)]
pub(super) struct Elsewhere {
    /// The file.
    pub(super) list: String,
    /// The log.
    pub(super) signed_by: String,
    #[serde(flatten)]
    pub(super) found: LookedUp,
}

impl<T: Into<CheckError>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Check(failure.into())
    }
}

/// Longest file that a user names: more than a receipt, a leaf, a checkpoint or a key can have.
const LONGEST_BYTES: u64 = 2 * 1024 * 1024;

/// Reads a file that the user named; it may be a pipe.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    read_up_to(file, LONGEST_BYTES)
}

/// Reads a file that may be longer than those of a log.
pub(super) fn read_up_to(file: &Path, longest: u64) -> Result<Vec<u8>, Stop> {
    let unavailable = |why: String| CheckError::Unavailable { what: file.display().to_string(), why };
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(longest + 1).read_to_end(&mut bytes));
    read.map_err(|error| unavailable(error.to_string()))?;
    if bytes.len() as u64 > longest {
        return Err(unavailable(format!("it is longer than {longest} bytes")).into());
    }
    Ok(bytes)
}

/// Reads the log's public key.
pub(super) fn read_key(file: &Path, language: Language) -> Result<VerifierKey, Stop> {
    let text = String::from_utf8(read(file)?).unwrap_or_default();
    VerifierKey::parse(&text).map_err(|error| Stop::Usage(language.verifier_key(file, error)))
}
