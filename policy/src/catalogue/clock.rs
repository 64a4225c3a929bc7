//! Clocks: how long a record of a class may be shown and used (R9), and what a repair does (R10).

use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;

use super::display::{AfterPerformance, Display, Least, Shown, Unperformed, Waiver};
use crate::consent::Period;
use crate::history::{Record, Severity};

/// The event at which a display period starts; jurisdictions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Start {
    /// The act itself, or its last day.
    Act,
    /// The determination.
    Determination,
    /// The end of the custodial sentence.
    SentenceEnd,
    /// The end of the measure's effect.
    EffectEnd,
    /// The day on which the duty was performed in full.
    Performance,
}

/// What may be done with a record: each may end on another day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is published (公示).
    Publication,
    /// It is told to those who may ask (共享).
    Sharing,
    /// It is a basis for restraint (使用).
    Use,
}

/// A clock of a rule pack: the event that starts it, and when display ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ClockRow")]
pub(crate) struct Clock(ClockRow);

/// A clock as a pack writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRow {
    start: Start,
    /// The event that starts it where `start` has no date: Zhejiang counts from the end of the sentence, and from the
    /// determination where there is none.
    otherwise: Option<Start>,
    /// The longest that a record is told. Left out where it is as long as its effect lasts, such as a licence.
    display: Option<Display>,
    /// How long it may be published, where that ends before.
    publication: Option<Display>,
    /// How long it may be a basis for restraint, where that ends before.
    #[serde(rename = "use")]
    restraint: Option<Display>,
    /// How long a record is shown at least: performance ends it no sooner, and a repair may be applied for from then on.
    least: Option<Least>,
    /// When display ends after the duty was performed.
    performed: Option<AfterPerformance>,
    #[serde(default)]
    unperformed: Unperformed,
    /// Conditions on which nothing is shown.
    #[serde(default)]
    waived: Vec<Waiver>,
}

impl TryFrom<ClockRow> for Clock {
    type Error = &'static str;

    fn try_from(row: ClockRow) -> Result<Self, Self::Error> {
        let has_terms = row.publication.is_some()
            || row.restraint.is_some()
            || row.least.is_some()
            || row.performed.is_some()
            || row.unperformed == Unperformed::Shown;
        if row.display.is_none() && has_terms {
            return Err("what says when display ends sooner or later needs `display`");
        }
        if let (Some(display), Some(least)) = (&row.display, &row.least)
            && least.is_beyond(display)
        {
            return Err("`least` is longer than `display`: nothing is shown for longer than that");
        }
        let own = [&row.publication, &row.restraint];
        if row.display.as_ref().is_some_and(|most| own.into_iter().flatten().any(|own| own.is_beyond(most))) {
            return Err("`publication` or `use` is longer than `display`: both end where telling ends");
        }
        if row.otherwise == Some(row.start) {
            return Err("`otherwise` is the event that `start` is: leave it out");
        }
        if !row.waived.iter().all(Waiver::is_in_order) {
            return Err("`waived`: the days are not in order");
        }
        Ok(Self(row))
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
            Self::Performance => "performance",
        }
    }

    fn of(self, record: &Record) -> Option<Date> {
        match self {
            Self::Act => Some(record.act),
            Self::Determination => Some(record.determined),
            Self::SentenceEnd => record.sentence_end,
            Self::EffectEnd => record.effect_end,
            Self::Performance => record.performed,
        }
    }
}

impl fmt::Display for Clock {
    /// Start event and periods from minor to serious, as a reader compares them: `determination P3M P1Y P3Y`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = &self.0;
        f.write_str(row.start.as_str())?;
        if let Some(otherwise) = row.otherwise {
            write!(f, "/{}", otherwise.as_str())?;
        }
        match &row.display {
            Some(display) => write!(f, " {display}")?,
            None => f.write_str(" while in force")?,
        }
        for (effect, display) in [("publication", &row.publication), ("use", &row.restraint)] {
            if let Some(display) = display {
                write!(f, ", {effect} {display}")?;
            }
        }
        if let Some(least) = &row.least {
            write!(f, ", at least {least}")?;
        }
        if let Some(performed) = row.performed {
            write!(f, ", ends {performed}")?;
        }
        if row.unperformed == Unperformed::Shown {
            f.write_str(", shown until performed")?;
        }
        row.waived.iter().try_for_each(|waiver| write!(f, ", {waiver}"))
    }
}

impl Clock {
    /// Whether its records end by a period, and not only with their effect.
    pub(super) fn has_periods(&self) -> bool {
        self.0.display.is_some()
    }

    /// The longest that a record is displayed; nothing where it ends with its effect.
    pub(super) fn longest(&self) -> Option<Period> {
        self.0.display.as_ref()?.longest()
    }

    /// The events that start it.
    pub(crate) fn starts(&self) -> impl Iterator<Item = Start> {
        std::iter::once(self.0.start).chain(self.0.otherwise)
    }

    /// Whether a record ends with its effect.
    pub(crate) fn ends_with_effect(&self) -> bool {
        self.0.display.is_none()
    }

    /// Whether it looks at the day on which the duty was performed, other than to start.
    pub(crate) fn looks_at_performance(&self) -> bool {
        self.0.performed.is_some() || self.0.unperformed == Unperformed::Shown || !self.0.waived.is_empty()
    }

    /// Whether it looks at the amount.
    pub(crate) fn looks_at_amount(&self) -> bool {
        !self.0.waived.is_empty()
    }

    /// The day on which the clock of a record started. A start event that is not dated has not come: the clock
    /// stands still.
    pub(crate) fn started(&self, record: &Record) -> Option<Date> {
        self.0.start.of(record).or_else(|| self.0.otherwise?.of(record))
    }

    /// Whether a record says how things stand on that day, and not what once was: what is in force, and a duty that is shown
    /// until it is performed.
    pub(crate) fn is_of_today(&self, record: &Record, on: Date) -> bool {
        let is_performed = record.performed.is_some_and(|performed| performed <= on);
        self.ends_with_effect() || (self.0.unperformed == Unperformed::Shown && !is_performed)
    }

    /// The periods, one a severity, for which records are displayed to that effect; none where they end with their effect.
    pub(crate) fn displays_for(&self, effect: Effect) -> impl Iterator<Item = Period> {
        let shortest = move |severity| {
            let shown = self.displays(effect).map(|display| display.of(severity));
            let mut periods = Vec::new();
            for shown in shown {
                match shown {
                    Shown::For(days) => periods.push(days.0),
                    Shown::Never => return None,
                }
            }
            periods.into_iter().min_by_key(|period| period.last_day(Date::ZERO))
        };
        Severity::ALL.iter().copied().filter_map(shortest)
    }

    /// Whether a record counts for that effect on that day. One that is both expired and repaired is expired.
    pub(crate) fn standing(&self, record: &Record, on: Date, effect: Effect) -> Standing {
        if self.keeps_out(record.severity, effect) || self.0.waived.iter().any(|waiver| waiver.is_for(record, on)) {
            Standing::KeptOut
        } else if record.determined > on {
            Standing::Undetermined
        } else if self.last_day(record, on, effect).is_some_and(|last| last < on) {
            Standing::Expired
        } else if repair_stands(record, on) {
            Standing::Repaired
        } else {
            Standing::Counts
        }
    }

    /// Whether a record of that severity is never shown to that effect.
    pub(crate) fn keeps_out(&self, severity: Severity, effect: Effect) -> bool {
        self.displays(effect).any(|display| matches!(display.of(severity), Shown::Never))
    }

    /// The periods that all must last: what is not told any more is neither published nor used.
    fn displays(&self, effect: Effect) -> impl Iterator<Item = &Display> {
        let own = match effect {
            Effect::Publication => self.0.publication.as_ref(),
            Effect::Sharing => None,
            Effect::Use => self.0.restraint.as_ref(),
        };
        self.0.display.iter().chain(own)
    }

    /// The last day on which a record is shown, as far as is known on that day.
    pub(super) fn last_day(&self, record: &Record, on: Date, effect: Effect) -> Option<Date> {
        if self.0.display.is_none() {
            return record.effect_end;
        }
        let performed = record.performed.filter(|performed| *performed <= on);
        if self.0.unperformed == Unperformed::Shown && performed.is_none() {
            return None;
        }
        let started = self.started(record);
        let last = |shown: Shown| match shown {
            Shown::For(days) => started.map(|started| days.0.last_day(started)),
            Shown::Never => None,
        };
        let by_itself = self.displays(effect).filter_map(|display| last(display.of(record.severity))).min();
        let least = self.0.least.as_ref().and_then(|least| least.of(record.severity));
        let least = least.zip(started).map(|(least, started)| least.0.last_day(started));
        let by_performance = self.0.performed.zip(performed).map(|(after, performed)| {
            let last = after.last_day(performed);
            least.map_or(last, |least| last.max(least))
        });
        by_itself.into_iter().chain(by_performance).min()
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
