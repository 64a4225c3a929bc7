//! Loading the application list: scenarios.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;

use toml::Spanned;

use super::Loader;
use crate::asker::{Ground, InstitutionKind};
use crate::catalogue::fault::File;
use crate::catalogue::rows::ScenarioRow;
use crate::catalogue::scenario::{Field, Released, Scenario};
use crate::catalogue::{Statute, Tier};
use crate::names::{ClassName, RuleId};

/// Look-ups on one person under one case where a scenario does not say (formats.md §2).
const DEFAULT_CASE_LIMIT: u32 = 3;

impl Loader {
    /// One scenario.
    pub(super) fn scenario(&mut self, file: &File<'_, ScenarioRow>) {
        let row = &file.row;
        let name = row.scenario.get_ref();
        self.named_as_file(file, row.scenario.span(), name.as_str());
        let kinds = self.kinds(file);
        let fields = self.fields_of(file);
        self.bounds(file);
        let rule = RuleId::of("scenario", name.as_str());
        self.rules.insert(rule.clone(), row.basis());
        let scenario = Scenario {
            name: name.clone(),
            basis: row.basis(),
            ground: row.ground,
            kinds,
            released: Arc::new(Released::new(fields)),
            purpose_group: row.purpose_group.get_ref().clone(),
            case_limit: row.case_limit.as_ref().map_or(DEFAULT_CASE_LIMIT, |limit| *limit.get_ref()),
            data_life: row.data_life,
            notice: row.notice.get_ref().clone(),
            automated_decision_notice: row.automated_decision_notice,
            rules: vec![rule],
        };
        self.scenarios.insert(name.clone(), Arc::new(scenario));
    }

    fn kinds(&mut self, file: &File<'_, ScenarioRow>) -> Vec<InstitutionKind> {
        let written = &file.row.kinds;
        if written.get_ref().is_empty() {
            self.fault(file, written.span(), "no kind of institution: name who may ask");
        }
        self.each_once(file, written.get_ref());
        let mut kinds: Vec<_> = written.get_ref().iter().map(|kind| *kind.get_ref()).collect();
        kinds.sort_unstable();
        kinds
    }

    fn fields_of(&mut self, file: &File<'_, ScenarioRow>) -> Vec<Arc<Field>> {
        let written = &file.row.fields;
        if written.get_ref().is_empty() {
            self.fault(file, written.span(), "no field: name what is released");
        }
        self.each_once(file, written.get_ref());
        let mut fields = Vec::new();
        for field in written.get_ref() {
            let (name, at) = (field.get_ref(), field.span());
            if self.forbidden(file, at.clone(), name.as_str()) {
                continue;
            }
            let Some(known) = self.fields.get(name).map(Arc::clone) else {
                self.fault(
                    file,
                    at,
                    format!("no field `{name}` in the data list: check its name, or add it there first"),
                );
                continue;
            };
            if known.tier == Tier::Second && file.row.ground != Ground::Consent {
                let rule = Statute::SecondTierByConsent.rule();
                self.fault(
                    file,
                    at,
                    format!("field `{name}` is second-tier and opens only to consent, by rule `{rule}`"),
                );
            }
            fields.push(known);
        }
        fields
    }

    fn bounds(&mut self, file: &File<'_, ScenarioRow>) {
        let row = &file.row;
        let group = &row.purpose_group;
        if ClassName::parse(group.get_ref()).is_err() {
            let message = format!("`{}` is no purpose group: use lower-case words joined by `-`", group.get_ref());
            self.fault(file, group.span(), message);
        }
        if let Some(limit) = row.case_limit.as_ref().filter(|limit| *limit.get_ref() == 0) {
            self.fault(file, limit.span(), "a case limit of 0 allows no look-up: give at least 1");
        }
        let notice = row.notice.get_ref();
        let has_rest = |prefix| notice.strip_prefix(prefix).is_some_and(|rest: &str| !rest.trim().is_empty());
        if notice != "given" && !has_rest("deferred until ") && !has_rest("exempt by ") {
            let message = format!("`{notice}` is no notice: use `given`, `deferred until …` or `exempt by …`");
            self.fault(file, row.notice.span(), message);
        }
    }

    /// Refuses a row that names one thing twice.
    fn each_once<T: Eq + Hash + Display>(&mut self, file: &File<'_, ScenarioRow>, row: &[Spanned<T>]) {
        let mut seen = HashSet::new();
        for entry in row {
            if !seen.insert(entry.get_ref()) {
                self.fault(file, entry.span(), format!("`{}` stands twice: leave one", entry.get_ref()));
            }
        }
    }
}
