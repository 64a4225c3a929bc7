//! Periods and frequencies as consents and their maxima write them (ISO 8601).

use std::fmt;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, SpanFieldwise, Timestamp};
use serde::{Deserialize, Deserializer};

/// The longest text of a period, in bytes: enough for any that the calendar has room for.
const LONGEST: usize = 32;

/// A text that is no period or frequency. It does not carry the text, which may be a caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a period: write `P1Y6M`, `P30D` or `PT1H`, and a frequency as `1/P1M`")]
pub struct PeriodError;

/// A positive period of whole units, as ISO 8601 writes it: `P5Y`, `P1M`, `P30D`, `PT1H`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(SpanFieldwise);

impl Period {
    /// Parses a period. There is one text for each: upper case, no sign, no zero, no leading zeros, no fraction.
    ///
    /// # Errors
    ///
    /// [`PeriodError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let form = text.starts_with('P') && text.len() <= LONGEST && !text.contains('.');
        let span: Span = form.then_some(text).and_then(|text| text.parse().ok()).ok_or(PeriodError)?;
        // The reader of spans takes friendlier texts too; what it would not write is refused.
        if span.is_positive() && span.to_string() == text { Ok(Self(span.fieldwise())) } else { Err(PeriodError) }
    }

    /// Whether it is of years, months, weeks and days only.
    #[must_use]
    pub fn is_of_days(self) -> bool {
        let span = self.0.0;
        let days = Span::new()
            .try_years(span.get_years())
            .and_then(|days| days.try_months(span.get_months()))
            .and_then(|days| days.try_weeks(span.get_weeks()))
            .and_then(|days| days.try_days(span.get_days()));
        days.is_ok_and(|days| days.fieldwise() == self.0)
    }

    /// The last day of the period that starts on that day; the last date of the calendar if it lies beyond.
    #[must_use]
    pub fn last_day(self, start: Date) -> Date {
        start.saturating_add(self.0.0)
    }

    /// Whether it is longer than another, whatever day both start on but for the lengths of months.
    pub(crate) fn is_longer_than(self, other: Self) -> bool {
        let any_day = Date::constant(2001, 1, 1);
        self.last_day(any_day) > other.last_day(any_day)
    }

    /// The first day of the period that ends on that day; the first date of the calendar if it lies beyond.
    #[must_use]
    pub fn first_day(self, end: Date) -> Date {
        end.saturating_sub(self.0.0)
    }

    /// When it ends that starts at that instant, by the calendar of UTC.
    #[must_use]
    pub fn end_from(self, start: Timestamp) -> Timestamp {
        let end = Offset::UTC.to_datetime(start).saturating_add(self.0.0);
        Offset::UTC.to_timestamp(end).unwrap_or(Timestamp::MAX)
    }

    /// When it starts that ends at that instant, by the calendar of UTC: uses after it count for a frequency.
    #[must_use]
    pub fn start_to(self, end: Timestamp) -> Timestamp {
        let start = Offset::UTC.to_datetime(end).saturating_sub(self.0.0);
        Offset::UTC.to_timestamp(start).unwrap_or(Timestamp::MIN)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// At most so many uses in any such period: `1/P1M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// How many uses, at least one.
    pub uses: u64,
    /// In any period of this length.
    pub per: Period,
}

impl Frequency {
    /// Parses a frequency: a decimal number of at least 1 without leading zeros, `/`, a period.
    ///
    /// # Errors
    ///
    /// [`PeriodError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let (number, per) = text.split_once('/').ok_or(PeriodError)?;
        let uses: u64 = number.parse().map_err(|_| PeriodError)?;
        if uses == 0 || uses.to_string() != number {
            return Err(PeriodError);
        }
        Ok(Self { uses, per: Period::parse(per)? })
    }

    /// The most uses that it lets through within the period that starts at that instant: its number for each of its
    /// own periods that begins in there.
    pub(crate) fn most_within(self, period: Period, start: Timestamp) -> u64 {
        let length = |period: Period| period.end_from(start).duration_since(start).as_secs().max(1).unsigned_abs();
        self.uses.saturating_mul(length(period).div_ceil(length(self.per)))
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.uses, self.per)
    }
}

impl<'de> Deserialize<'de> for Frequency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
