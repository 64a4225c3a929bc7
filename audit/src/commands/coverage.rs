//! `credit-audit coverage`: which cases that must be checked were looked up, from the log alone, or from all logs of a set.

mod of_log;
mod of_set;
mod shown;

use super::arguments::CoverageArguments;
use super::set::Opened;
use super::stop::Stop;
use super::words::Language;

/// Checks the log, or the logs, and counts; gives what is to be printed.
pub(super) fn run(arguments: &CoverageArguments, language: Language) -> Result<String, Stop> {
    match Opened::of(&arguments.set, &arguments.log, &[], language)? {
        Some(opened) => of_set::run(&opened.set, arguments, language),
        None => of_log::run(arguments, language),
    }
}
