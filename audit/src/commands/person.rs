//! `credit-audit person`.

use credit_audit::person::Checked;
use credit_audit::verify::Violation;

use super::arguments::PersonArguments;
use super::report;
use super::set::{directory, listed_at, one};
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest export has.
const LONGEST_BYTES: u64 = 256 * 1024 * 1024;

/// Checks an export; gives what is to be printed.
pub(super) fn run(arguments: &PersonArguments, language: Language) -> Result<String, Stop> {
    let mut key = arguments.vkey.as_deref().map(|file| read_key(file, language)).transpose()?;
    let bytes = read_up_to(&arguments.file, LONGEST_BYTES)?;
    let mut export = Checked::of(&bytes, key.as_ref()).map_err(Violation::Export)?;
    let folder = match directory(&arguments.set, language)? {
        None => one(&arguments.log, language)?.cloned(),
        Some(directory) => {
            let (listed, folder) = listed_at(&directory, &export.checkpoint.origin, &arguments.log)?;
            export = Checked::of(&bytes, Some(&listed)).map_err(Violation::Export)?;
            key = Some(listed);
            folder
        }
    };
    let log = folder.as_deref().map(|folder| export.against(folder)).transpose()?;
    Ok(match arguments.json {
        true => report::export(&export, log.as_ref()),
        false => language.export(&export, log.as_ref(), key.is_some()),
    })
}
