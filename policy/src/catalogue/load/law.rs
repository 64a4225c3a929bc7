//! Loading the law: statutes and rule packs.

use std::collections::BTreeMap;

use super::Loader;
use crate::catalogue::calendar::Length;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CatalogueRow, PackRow, StatuteRow};
use crate::catalogue::{Calendar, Sensitivity, Statute};
use crate::names::RuleId;

impl Loader {
    /// Each statute has its one row: a catalogue without the law behind a rule does not load.
    pub(super) fn statutes(&mut self, files: &[File<'_, StatuteRow>]) {
        for file in files {
            let statute = *file.row.statute.get_ref();
            self.named_as_file(file, file.row.statute.span(), statute.as_str());
            let names_classes = match statute {
                Statute::ForbiddenClassesNever | Statute::ConfidentialSourceNever => true,
                Statute::AdultsOnly | Statute::SuspendedNever | Statute::SecondTierByConsent => false,
            };
            if names_classes == file.row.classes.is_empty() {
                let message =
                    format!("statute `{statute}` {} `classes`", if names_classes { "needs" } else { "takes no" });
                self.fault(file, file.row.statute.span(), message);
            }
            self.forbidden.extend(file.row.classes.iter().map(|class| (class.clone(), statute)));
            self.rules.insert(statute.rule(), file.row.basis());
        }
        for statute in Statute::ALL {
            if !files.iter().any(|file| file.row.statute.get_ref() == statute) {
                let path = format!("statutes/{statute}.toml");
                self.fault_in(&path, "the file is missing: without the law behind it a rule cannot be kept");
            }
        }
    }

    /// Each class that a statute forbids has its row in the data list, so that a store that tells it is understood.
    pub(super) fn forbidden_have_their_rows(&mut self, files: &[File<'_, StatuteRow>]) {
        for file in files {
            for class in &file.row.classes {
                if !self.classes.contains_key(class) {
                    let message = format!("no class `{class}` in the data list: add data-list/{class}.toml");
                    self.fault(file, file.row.statute.span(), message);
                }
            }
        }
    }

    /// The statute by which no row may name a class of that sensitivity.
    pub(super) fn forbidding(sensitivity: Sensitivity) -> Option<Statute> {
        match sensitivity {
            Sensitivity::Forbidden => Some(Statute::ForbiddenClassesNever),
            Sensitivity::ConfidentialSource => Some(Statute::ConfidentialSourceNever),
            Sensitivity::Adverse
            | Sensitivity::Neutral
            | Sensitivity::Positive
            | Sensitivity::Identity
            | Sensitivity::Score => None,
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
                Ok(rule) => drop(self.rules.insert(rule, file.row.basis())),
                Err(error) => self.fault(file, at, error.to_string()),
            }
            let calendar = self.calendar_of(file, calendars);
            if name == chosen.get_ref() {
                self.clocks.clone_from(&file.row.clock);
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

    /// Every pack has the same clocks, so that a class has its clock whichever is in force.
    fn same_clocks(&mut self, files: &[File<'_, PackRow>]) {
        for file in files {
            for clock in files.iter().flat_map(|other| other.row.clock.keys()) {
                if !file.row.clock.contains_key(clock) {
                    let message = format!("no clock `{clock}`, which another pack has: add it");
                    let fault = file.fault(file.row.pack.span(), message);
                    if !self.faults.contains(&fault) {
                        self.faults.push(fault);
                    }
                }
            }
        }
    }

    /// A pack holds in its jurisdiction and in those within it: `CN` in `CN-GD`, `CN-SD` not.
    fn jurisdiction(&mut self, catalogue: &File<'_, CatalogueRow>, pack: &File<'_, PackRow>) {
        let (here, there) = (catalogue.row.jurisdiction.as_str(), pack.row.jurisdiction.as_str());
        let within = here.strip_prefix(there).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if !within {
            let message = format!("the pack is the law of `{there}`, and the jurisdiction is `{here}`: take its own");
            self.fault(catalogue, catalogue.row.pack.span(), message);
        }
    }
}
