//! For how long records are shown, by severity, and under which conditions none is, as rule packs write it.

use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;

use super::legal_source::Text;
use super::period::Days;
use crate::consent::Period;
use crate::history::{Record, Severity};

/// The display periods, from the start event to the day on which display ends by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Display {
    minor: Shown,
    general: Shown,
    serious: Shown,
}

/// How long a record is shown.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Shown {
    /// For so long from the start event.
    For(Days),
    /// Not at all: it counts nowhere.
    Never,
}

/// The least that a record is shown, where something ends its display before the period does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Least {
    minor: Option<Days>,
    general: Option<Days>,
    serious: Option<Days>,
}

/// When display ends after the duty was performed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum AfterPerformance {
    /// On the day itself.
    AtOnce,
    /// So long after it.
    For(Days),
}

/// Whether the display of what was not performed ends with its period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unperformed {
    /// It ends by itself.
    #[default]
    Ends,
    /// It is shown until it is performed, however long that takes.
    Shown,
}

/// A condition on which no record is shown at all: what was repaid in time and was small.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiver {
    /// From this day on.
    from: Date,
    /// The act was on one of these days.
    act_from: Date,
    act_to: Date,
    /// Yuan.
    amount_at_most: u64,
    /// Performed in full on this day or before.
    performed_by: Date,
    #[expect(dead_code, reason = "for those who read the file: the rule that says so")]
    citation: Text,
}

impl TryFrom<String> for Shown {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "never" { Ok(Self::Never) } else { Days::try_from(text).map(Self::For) }
    }
}

impl TryFrom<String> for AfterPerformance {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "at-once" { Ok(Self::AtOnce) } else { Days::try_from(text).map(Self::For) }
    }
}

impl Display {
    pub(super) fn of(&self, severity: Severity) -> Shown {
        match severity {
            Severity::Minor => self.minor,
            Severity::General => self.general,
            Severity::Serious => self.serious,
        }
    }
}

/// From here on lengths are compared: days that differ by the month do not matter to a rule.
const ANY_DAY: Date = Date::constant(2001, 1, 1);

impl Shown {
    /// The last day; nothing where there is none.
    fn last(self) -> Option<Date> {
        match self {
            Self::For(days) => Some(days.0.last_day(ANY_DAY)),
            Self::Never => None,
        }
    }
}

impl Display {
    /// Whether it is longer than another, of some severity.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        Severity::ALL.iter().any(|severity| self.of(*severity).last() > other.of(*severity).last())
    }

    /// The longest of its periods.
    pub(super) fn longest(&self) -> Option<Period> {
        let periods = Severity::ALL.iter().filter_map(|severity| match self.of(*severity) {
            Shown::For(days) => Some(days.0),
            Shown::Never => None,
        });
        periods.max_by_key(|period| period.last_day(ANY_DAY))
    }
}

impl Least {
    /// Whether it is longer than the display, of some severity.
    pub(super) fn is_beyond(&self, display: &Display) -> bool {
        let last = |least: Option<Days>| least.map(|days| days.0.last_day(ANY_DAY));
        Severity::ALL.iter().any(|severity| last(self.of(*severity)) > display.of(*severity).last())
    }

    pub(super) fn of(&self, severity: Severity) -> Option<Days> {
        match severity {
            Severity::Minor => self.minor,
            Severity::General => self.general,
            Severity::Serious => self.serious,
        }
    }
}

impl AfterPerformance {
    /// The last day of display of what was performed on that day.
    pub(super) fn last_day(self, performed: Date) -> Date {
        match self {
            Self::AtOnce => performed.yesterday().unwrap_or(performed),
            Self::For(days) => days.0.last_day(performed),
        }
    }
}

impl Waiver {
    /// Whether it is for that record on that day. What is not known does not fulfil it.
    pub(super) fn is_for(&self, record: &Record, on: Date) -> bool {
        let is_performed = record.performed.is_some_and(|performed| performed <= self.performed_by && performed <= on);
        let is_small = record.amount.is_some_and(|amount| amount <= self.amount_at_most);
        on >= self.from && (self.act_from..=self.act_to).contains(&record.act) && is_small && is_performed
    }

    /// Whether its days can come.
    pub(super) fn is_in_order(&self) -> bool {
        self.act_from <= self.act_to && self.act_from <= self.performed_by
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(days) => days.0.fmt(f),
            Self::Never => f.write_str("never"),
        }
    }
}

impl fmt::Display for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.minor, self.general, self.serious)
    }
}

impl fmt::Display for Least {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |days: &Option<Days>| days.map_or_else(|| "none".to_owned(), |days| days.0.to_string());
        write!(f, "{} {} {}", of(&self.minor), of(&self.general), of(&self.serious))
    }
}

impl fmt::Display for AfterPerformance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce => f.write_str("with the performance"),
            Self::For(days) => write!(f, "{} after the performance", days.0),
        }
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, act_from, act_to, amount_at_most, performed_by, .. } = self;
        write!(
            f,
            "never from {from} if at most {amount_at_most} yuan of {act_from} to {act_to} performed by {performed_by}"
        )
    }
}
