//! Loading the law: statutes and rule packs.

use super::Loader;
use crate::catalogue::Statute;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{CatalogueRow, PackRow, StatuteRow};
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

    /// Checks every pack, and takes the clocks of the one in force.
    pub(super) fn packs(&mut self, catalogue: &File<'_, CatalogueRow>, files: &[File<'_, PackRow>]) {
        let chosen = &catalogue.row.pack;
        for file in files {
            let (name, at) = (file.row.pack.get_ref(), file.row.pack.span());
            self.named_as_file(file, at.clone(), name);
            match RuleId::parse(&format!("pack/{name}")) {
                Ok(rule) => drop(self.rules.insert(rule, file.row.basis())),
                Err(error) => self.fault(file, at, error.to_string()),
            }
            if name == chosen.get_ref() {
                self.clocks.clone_from(&file.row.clock);
                self.jurisdiction(catalogue, file);
            }
        }
        if !files.iter().any(|file| file.row.pack.get_ref() == chosen.get_ref()) {
            let message = format!("no rule pack `{0}`: add packs/{0}.toml or name another", chosen.get_ref());
            self.fault(catalogue, chosen.span(), message);
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
