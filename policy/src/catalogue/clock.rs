//! Display periods: how long a record of a class may be shown and used (R9), and what a repair does (R10).

use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;

use super::period::Days;
use crate::history::{Record, Severity};

/// The event at which a display period starts; jurisdictions differ.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Start {
    /// The act itself.
    Act,
    /// The determination.
    Determination,
    /// The end of the custodial sentence.
    SentenceEnd,
    /// The end of the measure's effect.
    EffectEnd,
}

/// A clock of a rule pack: the event that starts it and the display period by severity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clock {
    start: Start,
    /// The event that starts it where `start` has no date: Zhejiang counts from the end of the sentence, and from the
    /// determination where there is none.
    otherwise: Option<Start>,
    /// Left out where a record is shown as long as its effect lasts, such as a licence.
    display: Option<Display>,
}

/// The display periods, from the start event to the day on which display ends by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Display {
    minor: Shown,
    general: Shown,
    serious: Shown,
}

/// How long a record is shown.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
enum Shown {
    /// For so long from the start event.
    For(Days),
    /// Not at all: it counts nowhere.
    Never,
}

impl TryFrom<String> for Shown {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "never" { Ok(Self::Never) } else { Days::try_from(text).map(Self::For) }
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

/// Whether a record counts on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It counts.
    Counts,
    /// It is not determined yet.
    Undetermined,
    /// Its display period is over.
    Expired,
    /// It was repaired, and the repair stands.
    Repaired,
    /// The law keeps it out: it is never shown.
    KeptOut,
}

impl Start {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Determination => "determination",
            Self::SentenceEnd => "sentence-end",
            Self::EffectEnd => "effect-end",
        }
    }

    fn of(self, record: &Record) -> Option<Date> {
        match self {
            Self::Act => Some(record.act),
            Self::Determination => Some(record.determined),
            Self::SentenceEnd => record.sentence_end,
            Self::EffectEnd => record.effect_end,
        }
    }
}

impl fmt::Display for Clock {
    /// Start event and periods from minor to serious, as a reader compares them: `determination P3M P1Y P3Y`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start.as_str())?;
        if let Some(otherwise) = self.otherwise {
            write!(f, "/{}", otherwise.as_str())?;
        }
        match &self.display {
            Some(Display { minor, general, serious }) => write!(f, " {minor} {general} {serious}"),
            None => f.write_str(" while in force"),
        }
    }
}

impl Clock {
    /// Whether its records end by a period, and not only with their effect.
    pub(super) fn has_periods(&self) -> bool {
        self.display.is_some()
    }

    /// The day on which the clock of a record started. A start event that is not dated has not come: the clock
    /// stands still.
    pub(crate) fn started(&self, record: &Record) -> Option<Date> {
        self.start.of(record).or_else(|| self.otherwise?.of(record))
    }

    /// Whether a record counts on that day. One that is both expired and repaired is expired.
    pub(crate) fn standing(&self, record: &Record, on: Date) -> Standing {
        if self.keeps_out(record.severity) {
            Standing::KeptOut
        } else if record.determined > on {
            Standing::Undetermined
        } else if self.last_day(record).is_some_and(|last| last < on) {
            Standing::Expired
        } else if repair_stands(record, on) {
            Standing::Repaired
        } else {
            Standing::Counts
        }
    }

    /// Whether a record of that severity is never shown.
    pub(crate) fn keeps_out(&self, severity: Severity) -> bool {
        matches!(self.shown(severity), Some(Shown::Never))
    }

    fn shown(&self, severity: Severity) -> Option<Shown> {
        self.display.as_ref().map(|display| match severity {
            Severity::Minor => display.minor,
            Severity::General => display.general,
            Severity::Serious => display.serious,
        })
    }

    /// The last day on which a record is shown, if its end is known.
    pub(super) fn last_day(&self, record: &Record) -> Option<Date> {
        match self.shown(record.severity) {
            None => record.effect_end,
            Some(Shown::Never) => None,
            Some(Shown::For(period)) => self.started(record).map(|start| period.0.last_day(start)),
        }
    }
}

/// A repair stands from its day until the day on which it is revoked. A revocation before the repair was one of an
/// earlier repair.
fn repair_stands(record: &Record, on: Date) -> bool {
    let Some(repaired) = record.repaired else {
        return false;
    };
    let revoked = record.repair_revoked.is_some_and(|revoked| repaired <= revoked && revoked <= on);
    repaired <= on && !revoked
}
