//! Display periods: how long a record of a class may be shown and used (R9), and what a repair does (R10).

use jiff::civil::Date;
use serde::Deserialize;

use super::period::Period;
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
    display: Display,
}

/// The display periods, from the start event to the day on which display ends by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Display {
    minor: Period,
    general: Period,
    serious: Period,
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
}

impl Clock {
    /// The day on which the clock of a record started. A start event that is not dated has not come: the clock
    /// stands still.
    pub(crate) fn started(&self, record: &Record) -> Option<Date> {
        match self.start {
            Start::Act => Some(record.act),
            Start::Determination => Some(record.determined),
            Start::SentenceEnd => record.sentence_end,
            Start::EffectEnd => record.effect_end,
        }
    }

    /// Whether a record counts on that day. One that is both expired and repaired is expired.
    pub(crate) fn standing(&self, record: &Record, on: Date) -> Standing {
        let period = match record.severity {
            Severity::Minor => self.display.minor,
            Severity::General => self.display.general,
            Severity::Serious => self.display.serious,
        };
        if record.determined > on {
            Standing::Undetermined
        } else if self.started(record).is_some_and(|start| period.last_day(start) < on) {
            Standing::Expired
        } else if repair_stands(record, on) {
            Standing::Repaired
        } else {
            Standing::Counts
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
