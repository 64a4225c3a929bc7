//! Working days, and the deadlines of procedures that are counted in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::{Date, Weekday};

use super::dated::Dated;
use crate::words::words;

words! {
    /// What must be done in time after an objection, an application for repair, a withdrawal.
    "deadline" pub Deadline {
        /// An objection is marked on the record (R11).
        ObjectionMark = "objection-mark",
        /// The source of the record has checked what is objected to.
        ObjectionCheck = "objection-check",
        /// An objection is decided.
        ObjectionDecision = "objection-decision",
        /// An objection is decided, where the time was lengthened.
        ObjectionDecisionExtended = "objection-decision-extended",
        /// An application for repair is decided.
        RepairDecision = "repair-decision",
        /// An application for repair is decided, where the time was lengthened.
        RepairDecisionExtended = "repair-decision-extended",
        /// A repaired record has left every answer (R10).
        RepairRemoval = "repair-removal",
        /// A record whose act was revoked is deleted.
        WithdrawalRemoval = "withdrawal-removal",
    }
}

/// The length of a deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    Days(u16),
    WorkingDays(u16),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} days"),
            Self::WorkingDays(days) => write!(f, "{days} working days"),
        }
    }
}

/// The working days of the years for which the State Council's notice is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    pub(super) years: BTreeSet<i16>,
    pub(super) holidays: BTreeSet<Date>,
    pub(super) made_up: BTreeSet<Date>,
    /// By the day of the event that starts them.
    pub(super) deadlines: Dated<BTreeMap<Deadline, Length>>,
}

impl Calendar {
    /// Whether that day is worked; `None` for a day that the calendar does not know.
    pub(super) fn is_working(&self, day: Date) -> Option<bool> {
        self.knows(day).then(|| self.made_up.contains(&day) || !(self.holidays.contains(&day) || is_weekend(day)))
    }

    /// Whether nothing can change what the calendar says of that day: the notice for a year may move the last days of
    /// the December before it, as those for 2007, 2008, 2012 and 2019 did.
    fn knows(&self, day: Date) -> bool {
        self.years.contains(&day.year())
            && (!may_be_of_the_next_year(day)
                || day.year().checked_add(1).is_some_and(|next| self.years.contains(&next)))
    }

    /// The first of that many days, from `from` on, on which some deadline would begin that has no date.
    pub(super) fn first_without_deadline(&self, from: Date, days: usize) -> Option<Date> {
        let lacks =
            |day: &Date| self.deadlines.on(*day).keys().any(|deadline| self.last_day(*deadline, *day).is_none());
        from.series(jiff::Span::new().days(1)).take(days).find(lacks)
    }

    /// The deadlines and their lengths, with the day from which they are so; the first have none.
    pub(crate) fn deadlines(&self) -> impl Iterator<Item = (Option<Date>, Deadline, Length)> {
        let all = self.deadlines.each();
        all.flat_map(|(from, lengths)| lengths.iter().map(move |(deadline, length)| (from, *deadline, *length)))
    }

    /// The last day of a deadline that an event of that day starts, by the Civil Code: the day of the event is not
    /// counted (art. 201), and a last day that is not worked gives way to the next that is (art. 203).
    pub(super) fn last_day(&self, deadline: Deadline, event: Date) -> Option<Date> {
        let mut day = event;
        match self.deadlines.on(event).get(&deadline)? {
            Length::Days(days) => {
                day = day.checked_add(jiff::Span::new().days(*days)).ok()?;
                while !self.is_working(day)? {
                    day = day.tomorrow().ok()?;
                }
            }
            Length::WorkingDays(days) => {
                for _ in 0..*days {
                    day = day.tomorrow().ok()?;
                    while !self.is_working(day)? {
                        day = day.tomorrow().ok()?;
                    }
                }
            }
        }
        Some(day)
    }
}

/// Whether the notice for the next year may say of that day whether it is worked.
pub(super) fn may_be_of_the_next_year(day: Date) -> bool {
    (day.month(), day.day()) >= (12, 29)
}

pub(super) fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}
