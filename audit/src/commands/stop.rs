//! How a command stops before its end, and the files that it reads.

use std::path::Path;

use credit_audit::note::VerifierKey;
use credit_audit::verify::CheckError;

use super::words::Language;

/// Why a command did not come to a result that holds.
#[derive(Debug)]
pub(super) enum Stop {
    /// Arguments or files that cannot mean anything.
    Usage(String),
    /// The check failed, or could not be made.
    Check(CheckError),
}

impl<T: Into<CheckError>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Check(failure.into())
    }
}

/// Reads a file that the user named.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    let unavailable =
        |error: std::io::Error| CheckError::Unavailable { what: file.display().to_string(), why: error.to_string() };
    Ok(std::fs::read(file).map_err(unavailable)?)
}

/// Reads the log's public key.
pub(super) fn read_key(file: &Path, language: Language) -> Result<VerifierKey, Stop> {
    let text = String::from_utf8(read(file)?).unwrap_or_default();
    VerifierKey::parse(&text).map_err(|error| Stop::Usage(language.verifier_key(file, error)))
}
