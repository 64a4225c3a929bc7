//! Loading the data list: classes with their attributes, and derived fields.

use std::collections::HashSet;
use std::sync::Arc;

use toml::Spanned;

use super::Loader;
use crate::catalogue::fault::File;
use crate::catalogue::rows::{ClassRow, DerivedRows, NoneWithinRow, ReducerRow};
use crate::catalogue::scenario::{Derivation, Field, RecordClass};
use crate::catalogue::{Basis, Class, Sensitivity, Tier};
use crate::history::List;
use crate::names::FieldName;

impl Loader {
    /// One class, with its records, its list, its attributes.
    pub(super) fn class(&mut self, file: &File<'_, ClassRow>) {
        let row = &file.row;
        let (name, at) = (row.class.get_ref(), row.class.span());
        self.named_as_file(file, at.clone(), name.as_str());
        if self.forbidden(file, at.clone(), name.as_str()) {
            return;
        }
        if row.clock.is_none() && row.list.is_none() && row.field.is_empty() {
            self.fault(file, at.clone(), format!("class `{name}` holds nothing: give it a clock, a list or fields"));
        }
        if row.sensitivity == Sensitivity::Adverse && row.clock.is_none() && row.list.is_none() {
            self.fault(
                file,
                at,
                format!("adverse class `{name}` has no clock: what counts against a person must expire"),
            );
        }
        self.records_of(file);
        self.list_of(file);
        for attribute in &row.field {
            self.field(file, &attribute.name, attribute.basis(row), row.tier, Derivation::Attribute);
        }
        let class = Class {
            name: name.clone(),
            basis: row.basis(),
            sensitivity: row.sensitivity,
            tier: row.tier,
            holds_records: row.clock.is_some(),
            list: row.list.as_ref().map(|list| *list.get_ref()),
            attributes: row.field.iter().map(|attribute| attribute.name.get_ref().clone()).collect(),
        };
        self.classes.insert(name.clone(), class);
    }

    fn records_of(&mut self, file: &File<'_, ClassRow>) {
        let Some(written) = &file.row.clock else {
            return;
        };
        if let Some(clock) = self.clocks.get(written.get_ref()) {
            let name = file.row.class.get_ref().clone();
            self.records.insert(name.clone(), Arc::new(RecordClass { name, clock: clock.clone() }));
        } else {
            let known = self.clocks.keys().cloned().collect::<Vec<_>>().join(", ");
            let message = format!("no clock `{}` in the rule pack: use one of {known}", written.get_ref());
            self.fault(file, written.span(), message);
        }
    }

    fn list_of(&mut self, file: &File<'_, ClassRow>) {
        let Some(list) = &file.row.list else { return };
        if self.lists.insert(*list.get_ref(), file.row.tier).is_some() {
            self.fault(
                file,
                list.span(),
                format!("the list `{}` has another class already: leave one", list.get_ref()),
            );
        }
    }

    /// The derived fields.
    pub(super) fn derived(&mut self, file: &File<'_, DerivedRows>) {
        for row in &file.row.field {
            let compiled = match &row.reducer {
                ReducerRow::NoneWithin(row) => self.none_within(file, row),
                ReducerRow::Listed(list) => self.listed(file, list),
            };
            if let Some((tier, derivation)) = compiled {
                self.field(file, &row.name, row.basis(), tier, derivation);
            }
        }
    }

    fn none_within(&mut self, file: &File<'_, DerivedRows>, row: &NoneWithinRow) -> Option<(Tier, Derivation)> {
        let faults_before = self.faults.len();
        let mut rests_on = Vec::new();
        let mut tier = Tier::First;
        let mut seen = HashSet::new();
        if row.classes.get_ref().is_empty() {
            self.fault(file, row.classes.span(), "no class: what rests on nothing is true of everybody");
        }
        for class in row.classes.get_ref() {
            let (name, at) = (class.get_ref(), class.span());
            if self.forbidden(file, at.clone(), name.as_str()) {
                continue;
            }
            match (self.records.get(name), self.classes.get(name)) {
                (Some(records), Some(row)) => {
                    rests_on.push(Arc::clone(records));
                    tier = tier.max(row.tier);
                }
                (None, _) | (_, None) => {
                    self.fault(
                        file,
                        at.clone(),
                        format!("no class `{name}` of the data list holds records: check its name"),
                    );
                }
            }
            if !seen.insert(name) {
                self.fault(file, at, format!("class `{name}` stands twice: leave one"));
            }
        }
        let derivation = Derivation::NoneWithin { period: row.period, classes: rests_on };
        (self.faults.len() == faults_before).then_some((tier, derivation))
    }

    fn listed(&mut self, file: &File<'_, DerivedRows>, list: &Spanned<List>) -> Option<(Tier, Derivation)> {
        let tier = self.lists.get(list.get_ref()).copied();
        if tier.is_none() {
            self.fault(
                file,
                list.span(),
                format!("no class of the data list holds the list `{}`: add one", list.get_ref()),
            );
        }
        tier.map(|tier| (tier, Derivation::Listed(*list.get_ref())))
    }

    fn field<T>(
        &mut self,
        file: &File<'_, T>,
        name: &Spanned<FieldName>,
        basis: Basis,
        tier: Tier,
        derivation: Derivation,
    ) {
        let (name, at) = (name.get_ref(), name.span());
        if self.forbidden(file, at.clone(), name.as_str()) {
            return;
        }
        let field = Arc::new(Field { name: name.clone(), basis, tier, derivation });
        if self.fields.insert(name.clone(), field).is_some() {
            self.fault(file, at, format!("field `{name}` stands twice in the data list: rename one"));
        }
    }
}
