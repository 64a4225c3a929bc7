//! `credit-audit review`: what of the queries was reviewed, and that nobody chose it, from the log alone, or of each log of a set.

mod fold;
mod of_log;
mod of_set;
mod shown;

use super::arguments::ReviewArguments;
use super::set::Opened;
use super::stop::Stop;
use super::words::Language;

/// Checks the log, or the logs, counts, and checks the draws; gives what is to be printed.
pub(super) fn run(arguments: &ReviewArguments, language: Language) -> Result<String, Stop> {
    match Opened::of(&arguments.set, &arguments.log, &[], language)? {
        Some(opened) => of_set::run(&opened.set, arguments, language),
        None => of_log::run(arguments, language),
    }
}
