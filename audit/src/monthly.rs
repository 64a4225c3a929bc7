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

use jiff::civil::Date;

/// Whether a text is a month, such as `2026-11`.
#[must_use]
pub fn is_month(text: &str) -> bool {
    text.len() == 7 && format!("{text}-01").parse::<Date>().is_ok_and(|day| day.to_string().starts_with(text))
}
