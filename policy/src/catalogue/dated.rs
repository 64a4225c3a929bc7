//! What changes on a day that is known: law before and after.

use std::fmt;

use jiff::civil::Date;

/// What holds on each day: one from the beginning, and others from their first days on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dated<T> {
    first: T,
    /// By the first day of each, ascending.
    later: Vec<(Date, T)>,
}

impl<T> Dated<T> {
    /// What holds until something else does.
    pub(super) fn always(first: T) -> Self {
        Self { first, later: Vec::new() }
    }

    /// From that day on, which must lie after those of before, this holds.
    pub(super) fn then(&mut self, from: Date, next: T) {
        self.later.push((from, next));
    }

    /// What holds on that day.
    pub(crate) fn on(&self, day: Date) -> &T {
        self.later.iter().rev().find(|(from, _)| *from <= day).map_or(&self.first, |(_, then)| then)
    }

    /// All of them, each with its first day; the first has none.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Option<Date>, &T)> {
        std::iter::once((None, &self.first)).chain(self.later.iter().map(|(from, then)| (Some(*from), then)))
    }
}

impl<T: fmt::Display> fmt::Display for Dated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.later.iter().try_for_each(|(from, then)| write!(f, "; from {from} {then}"))
    }
}
