//! Loading the law: rule packs, and the classes that no row may name.

use std::collections::BTreeMap;

use super::Loader;
use crate::catalogue::calendar::Length;
use crate::catalogue::clock::Clock;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CatalogueRow, PackRow};
use crate::catalogue::{Calendar, Sensitivity, Statute};
use crate::names::RuleId;

impl Loader {
    /// The statute by which no row may name a class of that sensitivity.
    pub(super) fn forbidding(sensitivity: Sensitivity) -> Option<Statute> {
        match sensitivity {
            Sensitivity::Forbidden => Some(Statute::ForbiddenClassesNever),
            Sensitivity::ConfidentialSource => Some(Statute::ConfidentialSourceNever),
            Sensitivity::Sealed => Some(Statute::SealedRecordsNever),
            Sensitivity::Adverse
            | Sensitivity::Neutral
            | Sensitivity::Positive
            | Sensitivity::Identity
            | Sensitivity::Evaluation => None,
        }
    }

    /// Checks every pack, and takes the clocks, deadlines and working days of the one in force.
    pub(super) fn packs(
        &mut self,
        catalogue: &File<'_, CatalogueRow>,
        files: &[File<'_, PackRow>],
        calendars: &BTreeMap<String, Calendar>,
    ) {
        let chosen = &catalogue.row.pack;
        for file in files {
            let (name, at) = (file.row.pack.get_ref(), file.row.pack.span());
            self.named_as_file(file, at.clone(), name);
            match RuleId::parse(&format!("pack/{name}")) {
                Ok(rule) => drop(self.rules.insert(rule, file.row.legal_source())),
                Err(error) => self.fault(file, at, error.to_string()),
            }
            let calendar = self.calendar_of(file, calendars);
            if name == chosen.get_ref() {
                self.clocks = self.clocks_of(file, files);
                self.calendar = calendar;
                self.jurisdiction(catalogue, file);
            }
        }
        self.same_clocks(files);
        if !files.iter().any(|file| file.row.pack.get_ref() == chosen.get_ref()) {
            let message = format!("no rule pack `{0}`: add packs/{0}.toml or name another", chosen.get_ref());
            self.fault(catalogue, chosen.span(), message);
        }
    }

    /// The calendar that a pack names, with the deadlines of the pack.
    fn calendar_of(&mut self, file: &File<'_, PackRow>, calendars: &BTreeMap<String, Calendar>) -> Calendar {
        let written = &file.row.calendar;
        let mut calendar = calendars.get(written.get_ref()).cloned().unwrap_or_else(|| {
            self.fault(file, written.span(), format!("no calendar `{0}`: add calendars/{0}.toml", written.get_ref()));
            Calendar::default()
        });
        for (deadline, row) in &file.row.deadline {
            let length = match (row.get_ref().working_days, row.get_ref().days) {
                (Some(days), None) => Length::WorkingDays(days),
                (None, Some(days)) => Length::Days(days),
                (Some(_), Some(_)) | (None, None) => {
                    let message = format!("deadline `{deadline}` needs `working_days` or `days`, one of the two");
                    self.fault(file, row.span(), message);
                    continue;
                }
            };
            calendar.deadlines.insert(*deadline, length);
        }
        calendar
    }

    /// The clocks of a pack: its own, and those of its default for every other name.
    fn clocks_of(&mut self, file: &File<'_, PackRow>, files: &[File<'_, PackRow>]) -> BTreeMap<String, Clock> {
        let mut clocks = BTreeMap::new();
        if let Some(written) = &file.row.default {
            let found = files.iter().find(|other| other.row.pack.get_ref() == written.get_ref());
            match found.filter(|default| default.row.default.is_none()) {
                Some(default) => clocks.clone_from(&default.row.clock),
                None => {
                    let message = format!("`{}` is no pack that stands by itself: check its name", written.get_ref());
                    let fault = file.fault(written.span(), message);
                    if !self.faults.contains(&fault) {
                        self.faults.push(fault);
                    }
                }
            }
        }
        clocks.extend(file.row.clock.iter().map(|(name, clock)| (name.clone(), clock.clone())));
        clocks
    }

    /// Every pack has the same clocks, its own or its default's, so that a class has its clock whichever is in force.
    fn same_clocks(&mut self, files: &[File<'_, PackRow>]) {
        for file in files {
            let own = self.clocks_of(file, files);
            for clock in files.iter().flat_map(|other| other.row.clock.keys()) {
                if !own.contains_key(clock) {
                    let message = format!("no clock `{clock}`, which another pack has: add it");
                    let fault = file.fault(file.row.pack.span(), message);
                    if !self.faults.contains(&fault) {
                        self.faults.push(fault);
                    }
                }
            }
        }
    }

    /// A pack is valid in its jurisdiction and in those within it: `CN` in `CN-GD`, `CN-SD` not.
    fn jurisdiction(&mut self, catalogue: &File<'_, CatalogueRow>, pack: &File<'_, PackRow>) {
        let (here, there) = (catalogue.row.jurisdiction.as_str(), pack.row.jurisdiction.as_str());
        let within = here.strip_prefix(there).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if !within {
            let message = format!("the pack is the law of `{there}`, and the jurisdiction is `{here}`: take its own");
            self.fault(catalogue, catalogue.row.pack.span(), message);
        }
    }
}
