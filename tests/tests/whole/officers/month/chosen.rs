//! Which month is worked, and what an officer who knows the departments approves for it.

use credit_audit::review::ReviewPolicy;

use super::{
    misuse::{self, KINDS},
    office::{self, misuses::Kind},
    work::{self, Event, ROUND_THE_CLOCK, department},
};

/// A month of work, its misuses of eight kinds.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// Made with the rules of review in mind.
    Plain,
    /// Made without knowledge of them.
    Offices,
}

/// What is to be worked.
pub(super) struct Plan {
    pub(super) events: Vec<Event>,
    /// Departments whose staff handle a case alone.
    one_window: Vec<u64>,
    /// Departments that are open on Saturdays.
    weekends: Vec<u64>,
}

impl Work {
    /// The month's events; it begins with that weekday, from Sunday on.
    pub(super) fn plan(self, seed: u64, first_day: i64, queries: u64, misuses: usize) -> Plan {
        match self {
            Self::Plain => {
                let events = work::month(seed, first_day, queries, |work| misuse::plant(work, misuses));
                Plan { events, one_window: Vec::new(), weekends: Vec::new() }
            }
            Self::Offices => {
                let (events, one_window, weekends) = office::month(seed, first_day, queries, misuses);
                Plan { events, one_window, weekends }
            }
        }
    }

    /// The kind of a misuse, in words.
    pub(super) fn kind(self, misuse: usize) -> String {
        match self {
            Self::Plain => KINDS[misuse % KINDS.len()].to_owned(),
            Self::Offices => format!("{:?}", Kind::of(misuse)),
        }
    }
}

impl Plan {
    pub(super) fn policy(&self) -> ReviewPolicy {
        let round_the_clock = (0..ROUND_THE_CLOCK).map(department).collect();
        let [one_window, weekends] =
            [&self.one_window, &self.weekends].map(|all| all.iter().copied().map(department).collect());
        ReviewPolicy { round_the_clock, weekends, one_window, ..ReviewPolicy::default() }
    }
}
