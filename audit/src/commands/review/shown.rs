//! The figures for people.

use credit_audit::review::{ReviewFigures, ReviewProgress, ReviewSums, ReviewedMonth, SummedPeriod};

use super::super::words::Language;

/// Those of one log.
pub(super) fn table(figures: &ReviewFigures, language: Language) -> String {
    let sums = ReviewSums::of(std::iter::once(figures));
    let lines = std::iter::once(language.review_columns().join("  ")).chain(rows(&sums));
    lines.map(|line| line + "\n").collect()
}

/// A line for each period and month.
pub(super) fn rows(sums: &ReviewSums) -> impl Iterator<Item = String> {
    let progress = |of: &ReviewProgress| {
        let judged = of.judged.explained + of.judged.unexplained + of.judged.suspicious;
        [of.queued, of.suspicious, of.opened, judged, of.closed, of.late].map(|count| count.to_string()).join("  ")
    };
    let period = move |one: &SummedPeriod| {
        let SummedPeriod { period, queries, drawn, known, right, .. } = one;
        format!("{period}  {queries}  {drawn}  {}  {right}/{known}", progress(&one.progress))
    };
    let month = move |one: &ReviewedMonth| format!("{}  -  -  {}  -", one.month, progress(&one.progress));
    sums.periods.iter().map(period).chain(sums.months.iter().map(month))
}
