//! The monthly compliance report (R29), out of the log alone: what was asked and answered, refused and why, told, looked up where
//! it must be, objected to and decided, suspended. The same log gives the same bytes (`FORMAT.md` §13).

mod charts;
mod figures;
mod fold;
mod of_set;
mod page;
mod queries;
mod statistics;
mod titles;
mod words;

pub use figures::{LogHead, MonthlyFigures, Outcomes, Queries};
pub use fold::Monthly;
pub use of_set::MonthlyOfSet;
pub use page::{STYLE, page};
pub use statistics::Statistics;

use jiff::{Timestamp, civil::Date};

/// A month of a command line, such as `2026-11`.
///
/// # Errors
/// How one is written, where it is none.
pub fn parse_month(text: &str) -> Result<String, String> {
    if is_month(text) { Ok(text.to_owned()) } else { Err("a month is written as 2026-11".to_owned()) }
}

/// A moment of a command line, in words of our own where it is none.
///
/// # Errors
/// How one is written, where it is none.
pub fn parse_moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "it must be a date and time with an offset from UTC, e.g. 2026-11-22T00:00:00+08:00")
}

/// Whether a text is a month, such as `2026-11`.
#[must_use]
pub fn is_month(text: &str) -> bool {
    text.len() == 7 && format!("{text}-01").parse::<Date>().is_ok_and(|day| day.to_string().starts_with(text))
}
