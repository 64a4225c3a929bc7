//! Periods and frequencies: one text for each, and how they run.

use credit_policy::consent::{Frequency, Period, PeriodError};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::support::date;

#[test]
fn other_texts_are_no_periods() {
    let texts = [
        "",
        "P",
        "PT",
        "P0D",
        "PT0S",
        "-P1D",
        "+P1D",
        "P-1D",
        "p1d",
        "P1d",
        "P01D",
        "P1",
        "1D",
        "P1D ",
        " P1D",
        "P1DT",
        "P1M1Y",
        "P1.5D",
        "PT1.5S",
        "PT0.1S",
        "P1Y,",
        "1 day",
        "P1D\0",
        "P１D",
        "P99999Y",
        "P1S",
        "PT1D",
        "P99999999999999999999D",
        "P0000000000000000000000000000001D",
    ];
    for text in texts {
        assert_eq!(Period::parse(text).err(), Some(PeriodError), "{text:?}");
        assert!(Frequency::parse(&format!("1/{text}")).is_err(), "1/{text:?}");
    }
    for text in [
        "",
        "/",
        "1",
        "1/",
        "/P1M",
        "0/P1M",
        "01/P1M",
        "-1/P1M",
        "+1/P1M",
        " 1/P1M",
        "1/P1M/",
        "18446744073709551616/P1M",
        "１/P1M",
    ] {
        assert!(Frequency::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn periods_are_written_as_they_are_read() {
    for text in ["P5Y", "P1M", "P30D", "P2W", "P1Y6M", "P1DT12H", "PT1H", "PT90M", "PT1S", "P1Y2M3W4DT5H6M7S"] {
        assert_eq!(Period::parse(text).unwrap().to_string(), text);
        assert_eq!(serde_json::from_value::<Period>(text.into()).unwrap().to_string(), text);
        let frequency = format!("12/{text}");
        assert_eq!(Frequency::parse(&frequency).unwrap().to_string(), frequency);
        assert_eq!(serde_json::from_value::<Frequency>(frequency.clone().into()).unwrap().to_string(), frequency);
    }
    assert!(serde_json::from_str::<Period>("\"P0D\"").is_err());
    for (text, of_days) in [("P5Y", true), ("P1Y2M3W4D", true), ("PT24H", false), ("P1DT1S", false)] {
        assert_eq!(Period::parse(text).unwrap().is_of_days(), of_days, "{text}");
    }
}

#[test]
fn periods_run_by_the_calendar() {
    let cases = [
        ("P1M", "2026-01-31", "2026-02-28", "2025-12-31"),
        ("P1M", "2026-03-31", "2026-04-30", "2026-02-28"),
        ("P1Y", "2028-02-29", "2029-02-28", "2027-02-28"),
        ("P5Y", "2026-11-22", "2031-11-22", "2021-11-22"),
        ("P4W", "2026-02-01", "2026-03-01", "2026-01-04"),
    ];
    let midnight = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
    for (text, day, last, first) in cases {
        let period = Period::parse(text).unwrap();
        assert_eq!((period.last_day(date(day)), period.first_day(date(day))), (date(last), date(first)), "{text}");
        let around = (period.end_from(midnight(day)), period.start_to(midnight(day)));
        assert_eq!(around, (midnight(last), midnight(first)), "{text}");
    }
    let longest = Period::parse("P9999Y").unwrap();
    assert_eq!(longest.last_day(date("2026-11-22")), Date::MAX);
    for instant in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
        assert!(longest.end_from(instant) >= instant && longest.start_to(instant) <= instant);
    }
}
