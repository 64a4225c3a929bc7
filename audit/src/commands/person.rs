//! `credit-audit person`.

use credit_audit::person::Checked;
use credit_audit::verify::Violation;

use super::arguments::PersonArguments;
use super::report;
use super::stop::{Stop, read_key, read_up_to};
use super::words::Language;

/// More than the longest export has.
const LONGEST_BYTES: u64 = 256 * 1024 * 1024;

/// Checks an export; gives what is to be printed.
pub(super) fn run(arguments: &PersonArguments, language: Language) -> Result<String, Stop> {
    let key = arguments.vkey.as_deref().map(|file| read_key(file, language)).transpose()?;
    let bytes = read_up_to(&arguments.file, LONGEST_BYTES)?;
    let export = Checked::of(&bytes, key.as_ref()).map_err(Violation::Export)?;
    let log = arguments.log.as_deref().map(|folder| export.against(folder)).transpose()?;
    Ok(match arguments.json {
        true => report::export(&export, log.as_ref()),
        false => language.export(&export, log.as_ref(), key.is_some()),
    })
}
