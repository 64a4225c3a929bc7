//! Which clock a class has on which day.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::Clock;
use super::dated::Dated;
use super::rows::PackRow;
use crate::names::ClassName;

/// The clocks of a pack on some day: its own, and those of its default for every other name.
#[derive(Default)]
pub(super) struct Clocks {
    by_name: BTreeMap<String, Clock>,
    /// The classes that have another clock than the data list says.
    by_class: BTreeMap<ClassName, String>,
}

impl Clocks {
    pub(super) fn take(&mut self, row: &PackRow) {
        self.by_name.extend(row.clock.iter().map(|(name, clock)| (name.clone(), clock.clone())));
        self.by_class.extend(row.class.iter().map(|(class, name)| (class.clone(), name.get_ref().clone())));
    }

    /// The clock of a class of which the data list says `written`.
    pub(super) fn of(&self, class: &ClassName, written: &str) -> Option<&Clock> {
        self.by_name.get(self.by_class.get(class).map_or(written, String::as_str))
    }
}

impl Dated<Clocks> {
    /// The clock of a class of which the data list says `written`, by the day; one that stays the same stands once.
    pub(super) fn of(&self, class: &ClassName, written: &str) -> Option<Dated<Clock>> {
        let mut all: Option<(Dated<Clock>, String)> = None;
        for (from, clocks) in self.each() {
            let clock = clocks.of(class, written)?;
            let text = clock.to_string();
            match (&mut all, from) {
                (Some((_, last)), _) if *last == text => {}
                (Some((all, last)), Some(from)) => {
                    all.then(from, clock.clone());
                    *last = text;
                }
                (Some(_), None) | (None, _) => all = Some((Dated::always(clock.clone()), text)),
            }
        }
        all.map(|(all, _)| all)
    }

    /// The names of the clocks of every day.
    pub(super) fn names(&self) -> Vec<&str> {
        let names: BTreeSet<_> =
            self.each().flat_map(|(_, clocks)| clocks.by_name.keys()).map(String::as_str).collect();
        names.into_iter().collect()
    }
}
