//! Loading the data list: classes with their records, lists and attributes.

use std::collections::HashSet;
use std::sync::Arc;

use toml::Spanned;

use super::Loader;
use crate::catalogue::fault::File;
use crate::catalogue::legal_source::Text;
use crate::catalogue::meaning::{Meaning, ValueType};
use crate::catalogue::rows::{AttributeRow, ClassRow};
use crate::catalogue::{Class, Derivation, Field, LegalSource, RecordClass, Sensitivity, Tier};
use crate::history::Severity;
use crate::names::{ClassName, FieldName};

impl Loader {
    /// One class, with its records, its list, its attributes.
    pub(super) fn class(&mut self, file: &File<'_, ClassRow>) {
        let row = &file.row;
        let (name, at) = (row.class.get_ref(), row.class.span());
        self.named_as_file(file, at.clone(), name.as_str());
        if self.not_as_its_statute_says(file) {
            return;
        }
        let holds_nothing = row.clock.is_none() && row.list.is_none() && row.field.is_empty();
        if holds_nothing != Self::forbidding(row.sensitivity).is_some() {
            let message = if holds_nothing {
                format!("class `{name}` is empty: give it a clock, a list or fields")
            } else {
                format!("class `{name}` is a name that no row may use: remove its clock, list and fields")
            };
            self.fault(file, at.clone(), message);
        }
        if u8::from(row.clock.is_some() || row.list.is_some()) + u8::from(!row.field.is_empty()) > 1 {
            let message = format!("class `{name}` has entries and attributes: give each a class of its own");
            self.fault(file, at.clone(), message);
        }
        if row.sensitivity == Sensitivity::Adverse && row.clock.is_none() {
            self.fault(
                file,
                at,
                format!("adverse class `{name}` has no clock: what counts against a person must expire"),
            );
        }
        self.records_of(file);
        self.list_of(file);
        for attribute in &row.field {
            self.attribute(file, attribute);
        }
        let class = Class {
            name: name.clone(),
            legal_source: row.legal_source(),
            sensitivity: row.sensitivity,
            tier: row.tier,
            clock: self.records.get(name).map(|records| records.clock.clone()),
            list: row.list.as_ref().map(|list| *list.get_ref()),
            severity: row.severity.as_ref().map(|severity| *severity.get_ref()),
            attributes: row
                .field
                .iter()
                .filter(|row| row.masks.is_none())
                .map(|row| row.name.get_ref().clone())
                .collect(),
            provider: row.provider.clone(),
            refresh: row.refresh,
        };
        self.classes.insert(name.clone(), class);
    }

    /// A class that a statute forbids has the sensitivity that says so, and no other class has it.
    fn not_as_its_statute_says(&mut self, file: &File<'_, ClassRow>) -> bool {
        let (name, at) = (file.row.class.get_ref(), file.row.class.span());
        match (self.forbidden.get(name).copied(), Self::forbidding(file.row.sensitivity)) {
            (Some(by_statute), Some(said)) if by_statute == said => false,
            (None, None) => false,
            (Some(_), Some(_) | None) => self.forbidden(file, at, name.as_str()),
            (None, Some(said)) => {
                let message = format!("class `{name}` is not among those of `{}`: add it there", said.rule());
                self.fault(file, at, message);
                true
            }
        }
    }

    fn attribute(&mut self, file: &File<'_, ClassRow>, attribute: &AttributeRow) {
        let row = &file.row;
        let derivation = match &attribute.masks {
            None => Derivation::Attribute,
            Some(masked) => {
                let named = |other: &&AttributeRow| other.masks.is_none() && other.name == *masked;
                if !row.field.iter().any(|other| named(&other)) {
                    let message = format!("the class has no attribute `{}` to mask: check its name", masked.get_ref());
                    self.fault(file, masked.span(), message);
                }
                Derivation::Masked(masked.get_ref().clone())
            }
        };
        let meaning = self.meaning(file, attribute);
        let (legal_source, classes) = (attribute.legal_source(row), vec![row.class.get_ref().clone()]);
        self.field(
            file,
            NewField { name: &attribute.name, legal_source, tier: row.tier, classes, derivation, meaning },
        );
    }

    /// What the row says of its values; a text has values and a number has a unit, and not the other way round.
    fn meaning(&mut self, file: &File<'_, ClassRow>, attribute: &AttributeRow) -> Meaning {
        let value_type = attribute.value_type.as_ref().map(|value_type| *value_type.get_ref());
        let mut wrong = |at: std::ops::Range<usize>, message: &str| {
            let message = format!("`{}`: {message}", attribute.name.get_ref());
            self.fault(file, at, message);
        };
        if let Some(unit) = attribute.unit.as_ref().filter(|_| value_type != Some(ValueType::WholeNumber)) {
            wrong(unit.span(), "only what has `type = \"whole-number\"` has a unit");
        }
        let values = attribute.values.as_ref();
        if let Some(values) = values.filter(|_| value_type != Some(ValueType::Text)) {
            wrong(values.span(), "only what has `type = \"text\"` has values to choose from");
        }
        if let Some(values) = values {
            let names: HashSet<_> = values.get_ref().iter().map(Text::as_str).collect();
            if names.is_empty() || names.len() != values.get_ref().len() {
                wrong(values.span(), "name at least one value, and each once");
            }
        }
        let is_number = value_type == Some(ValueType::WholeNumber);
        let bounds = attribute.least.zip(attribute.most).filter(|(least, most)| least <= most);
        if attribute.masks.is_none() && is_number != bounds.is_some() {
            wrong(attribute.name.span(), "a whole number has `least` and `most`, and nothing else has them");
        }
        let is_text = value_type == Some(ValueType::Text);
        if attribute.masks.is_none() && is_text != (values.is_some() != attribute.longest.is_some()) {
            wrong(attribute.name.span(), "a text has `values` or `longest`, one of the two, and nothing else has them");
        }
        if attribute.masks.is_none() && value_type.is_none() {
            wrong(attribute.name.span(), "no type: say what its values are");
        }
        Meaning {
            bounds,
            longest: attribute.longest,
            is_citizen_number: attribute.name.get_ref().as_str() == "citizen_number",
            value_type,
            unit: attribute.unit.as_ref().map(|unit| unit.get_ref().clone()),
            values: values.map(|values| values.get_ref().clone()).unwrap_or_default(),
            null: attribute.null.clone(),
        }
    }

    fn records_of(&mut self, file: &File<'_, ClassRow>) {
        let Some(written) = &file.row.clock else {
            return;
        };
        if let Some(clock) = self.clocks.of(file.row.class.get_ref(), written.get_ref()) {
            let name = file.row.class.get_ref().clone();
            if file.row.sensitivity == Sensitivity::Adverse && !clock.each().all(|(_, clock)| clock.has_periods()) {
                let message =
                    format!("clock `{}` has no end: what counts against a person must expire", written.get_ref());
                self.faults.push(file.fault(written.span(), message));
            }
            let severity = file.row.severity.as_ref().map_or(Severity::Serious, |severity| *severity.get_ref());
            let list = file.row.list.as_ref().map(|list| (*list.get_ref(), severity));
            self.records.insert(name.clone(), Arc::new(RecordClass { name, clock, list }));
        } else {
            let known = self.clocks.names().join(", ");
            let message = format!("no clock `{}` in the rule pack: use one of {known}", written.get_ref());
            self.fault(file, written.span(), message);
        }
    }

    fn list_of(&mut self, file: &File<'_, ClassRow>) {
        let row = &file.row;
        let Some(list) = &row.list else {
            if let Some(severity) = &row.severity {
                let message = "a record has a severity of its own: only a class with a list says one for its entries";
                self.fault(file, severity.span(), message);
            }
            return;
        };
        let clock = row.clock.as_ref().and_then(|clock| self.clocks.of(row.class.get_ref(), clock.get_ref()));
        let has_periods = clock.is_some_and(|clock| clock.each().any(|(_, clock)| clock.has_periods()));
        if row.clock.is_none() {
            self.fault(file, list.span(), "the list has no clock: say by which clock its entries are shown");
        } else if has_periods != row.severity.is_some() {
            let message =
                "`severity` says how long an entry is shown: give it where the clock has periods, and only there";
            self.fault(file, list.span(), message);
        }
        if self.lists.insert(*list.get_ref(), file.row.class.get_ref().clone()).is_some() {
            self.fault(
                file,
                list.span(),
                format!("the list `{}` has another class already: leave one", list.get_ref()),
            );
        }
    }

    /// Takes a field into the data list.
    pub(super) fn field<T>(&mut self, file: &File<'_, T>, field: NewField<'_>) {
        let (name, at) = (field.name.get_ref(), field.name.span());
        if self.forbidden(file, at.clone(), name.as_str()) {
            return;
        }
        let NewField { name: _, legal_source, tier, classes, derivation, meaning } = field;
        let compiled = Arc::new(Field { name: name.clone(), legal_source, tier, classes, derivation, meaning });
        if self.fields.insert(name.clone(), compiled).is_some() {
            self.fault(file, at, format!("field `{name}` stands twice in the data list: rename one"));
        }
    }
}

/// A field that is about to be taken into the data list.
pub(super) struct NewField<'a> {
    pub(super) name: &'a Spanned<FieldName>,
    pub(super) legal_source: LegalSource,
    pub(super) tier: Tier,
    pub(super) classes: Vec<ClassName>,
    pub(super) derivation: Derivation,
    pub(super) meaning: Meaning,
}
