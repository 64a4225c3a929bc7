//! Days: one named form a column. A value of another form is no day, however plausible: nothing is guessed.

use credit_policy::Catalogue;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
};
use serde::Deserialize;

/// Days before this year stand for "unknown" somewhere, and days after [`LAST_YEAR`] for "for ever".
const FIRST_YEAR: i16 = 1900;
const LAST_YEAR: i16 = 2200;
/// Milliseconds below this are seconds: else they would be days of January to April 1970.
const LEAST_MILLISECONDS: i64 = 10_000_000_000;
/// Seconds below this are a day written in eight digits, or a serial number: else they would be days of 1970 to 1973.
const LEAST_SECONDS: i64 = 100_000_000;
/// The serial number of the last day of the calendar, 9999-12-31.
const LAST_SERIAL: i64 = 2_958_465;
/// Spreadsheets of the 1900 system have a 29 February 1900, so that the serial numbers up to 60 are not certain.
const FIRST_SERIAL: i64 = 61;

/// How a column writes its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum DayForm {
    /// `2024-03-01`.
    #[serde(rename = "yyyy-mm-dd")]
    Dashes,
    /// `2024/03/01`.
    #[serde(rename = "yyyy/mm/dd")]
    Slashes,
    /// `2024/3/1`, `2024/03/01`.
    #[serde(rename = "yyyy/m/d")]
    ShortSlashes,
    /// `2024.03.01`.
    #[serde(rename = "yyyy.mm.dd")]
    Points,
    /// `2024年3月1日`.
    #[serde(rename = "yyyy年m月d日")]
    Chinese,
    /// `20240301`.
    #[serde(rename = "yyyymmdd")]
    Digits,
    /// `202403`: a month; its first day where something begins, its last where something ends.
    #[serde(rename = "yyyymm")]
    Month,
    /// `2024-03-01 23:30:00`, in the catalogue's zone.
    #[serde(rename = "yyyy-mm-dd hh:mm:ss")]
    DashesTime,
    /// `2024/03/01 23:30:00`, in the catalogue's zone.
    #[serde(rename = "yyyy/mm/dd hh:mm:ss")]
    SlashesTime,
    /// `2024-03-01T15:30:00Z`: a moment, with its offset.
    #[serde(rename = "rfc3339")]
    Rfc3339,
    /// Milliseconds since 1970 in UTC.
    #[serde(rename = "milliseconds")]
    Milliseconds,
    /// Seconds since 1970 in UTC.
    #[serde(rename = "seconds")]
    Seconds,
    /// The serial number of a spreadsheet of the 1900 system.
    #[serde(rename = "serial")]
    Serial,
    /// The serial number of a spreadsheet of the 1904 system.
    #[serde(rename = "serial-1904")]
    Serial1904,
    /// A column whose type is a date or a time: nothing is read from text.
    #[serde(rename = "date")]
    Typed,
}

/// Whether something begins or ends on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Begins,
    Ends,
}

impl DayForm {
    /// The day that a text of this form names, however far: it may stand for "for ever", or for "unknown".
    pub(super) fn day(self, text: &str, edge: Edge, catalogue: &Catalogue) -> Option<Date> {
        let parts = |separator: char, longest: (usize, usize)| {
            let (year, rest) = text.split_once(separator)?;
            let (month, day) = rest.split_once(separator)?;
            civil(year, month, day, longest)
        };
        match self {
            Self::Dashes => parts('-', (2, 2)),
            Self::Slashes => parts('/', (2, 2)),
            Self::ShortSlashes => parts('/', (1, 2)),
            Self::Points => parts('.', (2, 2)),
            Self::Chinese => {
                let (year, rest) = text.split_once('年')?;
                let (month, day) = rest.strip_suffix('日')?.split_once('月')?;
                civil(year, month, day, (1, 2))
            }
            Self::Digits => digits(text, 8).and_then(|all| of_numbers(all / 10_000, all / 100 % 100, all % 100)),
            Self::Month => {
                let first = digits(text, 6).and_then(|all| of_numbers(all / 100, all % 100, 1))?;
                Some(if edge == Edge::Begins { first } else { first.last_of_month() })
            }
            Self::DashesTime => with_time(text, Self::Dashes, edge, catalogue),
            Self::SlashesTime => with_time(text, Self::Slashes, edge, catalogue),
            Self::Rfc3339 => moment(text).map(|at| catalogue.today(at)),
            Self::Milliseconds => {
                let all = whole(text).filter(|all| all.abs() >= LEAST_MILLISECONDS)?;
                let at = Timestamp::from_millisecond(all).ok().map(|at| catalogue.today(at));
                at.or_else(|| last_day_of_the_calendar(all.div_euclid(1_000)))
            }
            Self::Seconds => {
                let all = whole(text).filter(|all| all.abs() >= LEAST_SECONDS)?;
                Timestamp::from_second(all).ok().map(|at| catalogue.today(at)).or_else(|| last_day_of_the_calendar(all))
            }
            Self::Serial => serial(text, FIRST_SERIAL, jiff::civil::date(1899, 12, 30)),
            Self::Serial1904 => serial(text, 0, jiff::civil::date(1904, 1, 1)),
            Self::Typed => None,
        }
    }
}

/// The last day of the calendar, of a moment of it that is later than moments are counted, in seconds since 1970: it is that day
/// in some zone.
pub(crate) fn last_day_of_the_calendar(seconds: i64) -> Option<Date> {
    /// Noon of the day after it, in UTC.
    const BEYOND: i64 = 253_402_300_800 + 43_200;
    (Timestamp::MAX.as_second()..BEYOND).contains(&seconds).then_some(Date::MAX)
}

/// A day that somebody meant.
pub(super) fn plausible(day: Date) -> bool {
    (FIRST_YEAR..=LAST_YEAR).contains(&day.year())
}

/// The digits of a number of exactly that length.
fn digits(text: &str, length: usize) -> Option<i32> {
    let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn civil(year: &str, month: &str, day: &str, (least, most): (usize, usize)) -> Option<Date> {
    let short = |text: &str| (least..=most).contains(&text.len()).then(|| digits(text, text.len())).flatten();
    of_numbers(digits(year, 4)?, short(month)?, short(day)?)
}

fn of_numbers(year: i32, month: i32, day: i32) -> Option<Date> {
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Day and time of day; parts of a second may follow. The time must be one, and says no more: it is in the catalogue's zone.
fn with_time(text: &str, form: DayForm, edge: Edge, catalogue: &Catalogue) -> Option<Date> {
    let (day, time) = text.split_once(' ')?;
    let (time, part) = time.split_once('.').map_or((time, None), |(time, part)| (time, Some(part)));
    let part_fits = part.is_none_or(|part| (1..=9).contains(&part.len()) && digits(part, part.len()).is_some());
    let mut numbers = time.split(':').map(|number| digits(number, 2).and_then(|number| i8::try_from(number).ok()));
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let is_time = Time::new(hour, minute, second, 0).is_ok() && numbers.next().is_none();
    (part_fits && is_time).then(|| form.day(day, edge, catalogue)).flatten()
}

/// A moment of RFC 3339, section 5.6: its offset is written.
fn moment(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_at_checked(10)?;
    let is_day = day.split('-').map(str::len).eq([4, 2, 2]);
    let has_time = time.starts_with(['T', 't']) && time.get(3..4) == Some(":") && time.get(6..7) == Some(":");
    let has_offset = time.ends_with(['Z', 'z']) || time.get(time.len().checked_sub(3)?..)?.starts_with(':');
    let has_no_name = !time.contains('[');
    (is_day && has_time && has_offset && has_no_name).then(|| text.parse().ok()).flatten()
}

fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// A serial number; a part of a day may follow the point.
fn serial(text: &str, first: i64, base: Date) -> Option<Date> {
    let (days, part) = text.split_once('.').map_or((text, "0"), |parts| parts);
    let is_part = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let days = whole(days).filter(|days| (first..=LAST_SERIAL).contains(days) && is_part)?;
    base.checked_add(i32::try_from(days).ok()?.days()).ok()
}

#[cfg(test)]
mod tests {
    use credit_policy::catalogue::shipped;

    use super::*;

    const FORMS: [(DayForm, &str); 14] = [
        (DayForm::Dashes, "2024-03-01"),
        (DayForm::Slashes, "2024/03/01"),
        (DayForm::ShortSlashes, "2024/3/1"),
        (DayForm::Points, "2024.03.01"),
        (DayForm::Chinese, "2024年3月1日"),
        (DayForm::Digits, "20240301"),
        (DayForm::Month, "202403"),
        (DayForm::DashesTime, "2024-03-01 23:30:00"),
        (DayForm::SlashesTime, "2024/03/01 00:00:00.000"),
        (DayForm::Rfc3339, "2024-02-29T16:00:00Z"),
        (DayForm::Milliseconds, "1709222400000"),
        (DayForm::Seconds, "1709222400"),
        (DayForm::Serial, "45352"),
        (DayForm::Serial1904, "43890"),
    ];

    fn meant(form: DayForm, text: &str, edge: Edge, catalogue: &Catalogue) -> Option<Date> {
        form.day(text, edge, catalogue).filter(|day| plausible(*day))
    }

    fn catalogue() -> Catalogue {
        Catalogue::load(&shipped()).unwrap()
    }

    #[test]
    fn each_form_reads_its_own_and_no_other() {
        let catalogue = catalogue();
        for (form, _) in FORMS {
            for (other, text) in FORMS {
                let read = meant(form, text, Edge::Begins, &catalogue);
                // Two forms that agree on what they share: a short form takes the long one; the systems of spreadsheets
                // cannot be told apart, so the map must name the right one.
                let shared = form == DayForm::ShortSlashes && other == DayForm::Slashes
                    || form != other
                        && [form, other].iter().all(|form| matches!(form, DayForm::Serial | DayForm::Serial1904));
                if form == other {
                    assert_eq!(read, Some(jiff::civil::date(2024, 3, 1)), "{form:?} {text}");
                } else if !shared {
                    assert_eq!(read, None, "{form:?} {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_no_day_of_any_form() {
        let catalogue = catalogue();
        for (form, text) in [
            (DayForm::Dashes, "2023-02-29"),
            (DayForm::Dashes, "2024-3-1"),
            (DayForm::Dashes, "2024-03-01 "),
            (DayForm::Dashes, "+024-03-01"),
            (DayForm::Dashes, "02024-03-01"),
            (DayForm::Dashes, "1899-12-31"),
            (DayForm::Dashes, "9999-12-31"),
            (DayForm::Slashes, "01/03/2024"),
            (DayForm::ShortSlashes, "2024/003/1"),
            (DayForm::Digits, "20241301"),
            (DayForm::Digits, "20240001"),
            (DayForm::Digits, "2024030"),
            (DayForm::Month, "202413"),
            (DayForm::DashesTime, "2024-03-01"),
            (DayForm::DashesTime, "2024-03-01 24:00:00"),
            (DayForm::DashesTime, "2024-03-01 23:30"),
            (DayForm::DashesTime, "2024-03-01 23:30:00.x"),
            (DayForm::DashesTime, "2024-03-01 23:30:00+08"),
            (DayForm::Rfc3339, "2024-03-01T16:00:00"),
            (DayForm::Rfc3339, "2024-03-01 16:00:00Z"),
            (DayForm::Rfc3339, "20240301T160000Z"),
            (DayForm::Milliseconds, "1709222400"),
            (DayForm::Milliseconds, "1709222400000000"),
            (DayForm::Milliseconds, "0"),
            (DayForm::Seconds, "1709222400000"),
            (DayForm::Seconds, "1.7e9"),
            (DayForm::Seconds, "20240301"),
            (DayForm::Serial, "60"),
            (DayForm::Serial, "-1"),
            (DayForm::Serial, "20240301"),
            (DayForm::Serial, "45352.x"),
            (DayForm::Typed, "2024-03-01"),
        ] {
            assert_eq!(meant(form, text, Edge::Begins, &catalogue), None, "{form:?} {text}");
        }
    }

    #[test]
    fn a_month_begins_on_its_first_day_and_ends_on_its_last() {
        let catalogue = catalogue();
        assert_eq!(meant(DayForm::Month, "202402", Edge::Begins, &catalogue), Some(jiff::civil::date(2024, 2, 1)));
        assert_eq!(meant(DayForm::Month, "202402", Edge::Ends, &catalogue), Some(jiff::civil::date(2024, 2, 29)));
    }

    #[test]
    fn a_moment_is_the_day_of_the_catalogue_s_zone() {
        let catalogue = catalogue();
        for (form, text, wanted) in [
            (DayForm::Rfc3339, "2024-02-29T15:59:59Z", (2, 29)),
            (DayForm::Rfc3339, "2024-02-29T23:59:59+08:00", (2, 29)),
            (DayForm::Rfc3339, "2024-02-29T16:00:00.5Z", (3, 1)),
            (DayForm::Milliseconds, "1709222399999", (2, 29)),
            (DayForm::Serial, "45352.97916666", (3, 1)),
            // Taken in the catalogue's zone, so the day is the one that is written.
            (DayForm::DashesTime, "2024-03-01 00:00:00", (3, 1)),
        ] {
            let day = meant(form, text, Edge::Begins, &catalogue);
            assert_eq!(day, Some(jiff::civil::date(2024, wanted.0, wanted.1)), "{form:?} {text}");
        }
    }
}
