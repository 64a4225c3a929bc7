//! Periods of the law, in years, months and days.

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;

/// A positive period of calendar years, months and days, written as in ISO 8601: `P1M`, `P3Y`.
///
/// It runs as the Civil Code, art. 201 and 202, says: the day on which it starts is not counted, and its last day is
/// the corresponding day of the last month, or the last day of that month where there is none. Art. 203 (a period that
/// ends on a holiday) protects who must act; nobody acts on these, so it is not applied.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Period(Span);

impl Period {
    /// The last day of the period that starts on that day; the last date of the calendar if it lies beyond.
    pub(crate) fn last_day(self, start: Date) -> Date {
        start.saturating_add(self.0)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse(&text).map(Self).ok_or_else(|| format!("`{text}` is no period: write years, months and days as `P1Y6M`"))
    }
}

fn parse(text: &str) -> Option<Span> {
    let span: Span = text.parse().ok()?;
    let calendar = Span::new()
        .try_years(span.get_years())
        .and_then(|calendar| calendar.try_months(span.get_months()))
        .and_then(|calendar| calendar.try_days(span.get_days()))
        .ok()?;
    let only_calendar_units = span.fieldwise() == calendar.fieldwise();
    (text.starts_with('P') && only_calendar_units && span.is_positive()).then_some(calendar)
}
