//! A period whose queries are reviewed together: a month or a day.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

/// A month or a day of the jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Period {
    /// Reads `2026-11` or `2026-11-29`; its days are those of the offset from UTC.
    #[must_use]
    pub fn parse(text: &str, offset: Offset) -> Option<Self> {
        let (first, span) = match text.len() {
            7 => (format!("{text}-01"), 1.month()),
            10 => (text.to_owned(), 1.day()),
            _ => return None,
        };
        let day = first.parse::<Date>().ok().filter(|day| day.to_string() == first)?;
        let next = day.checked_add(span).ok()?;
        let at = |day: Date| offset.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok();
        Some(Self { from: at(day)?, until: at(next)? })
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn has(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_or_a_day_and_nothing_else() {
        let offset = Offset::constant(8);
        let month = Period::parse("2026-11", offset).unwrap();
        assert_eq!(month.from.to_string(), "2026-10-31T16:00:00Z");
        assert_eq!(month.until.to_string(), "2026-11-30T16:00:00Z");
        assert!(month.has(month.from) && !month.has(month.until));
        assert_eq!(Period::parse("2026-11-30", offset).unwrap().until, month.until);
        for wrong in ["2026", "2026-13", "2026-1-1", "2026-02-30", "2026-11-3x", "", "11-2026", "+026-11"] {
            assert_eq!(Period::parse(wrong, offset), None, "{wrong}");
        }
    }
}
