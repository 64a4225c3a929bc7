//! Loading derived fields: a reducer and what it rests on.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::Loader;
use super::data_list::NewField;
use crate::catalogue::fault::File;
use crate::catalogue::field::Band;
use crate::catalogue::meaning::Meaning;
use crate::catalogue::rows::{Classes, DerivedRow, DerivedRows, ReducerRow};
use crate::catalogue::{Derivation, Field, Number, RecordClass, Reducer, Shape, Tier};
use crate::consent::Period;
use crate::history::List;
use crate::names::{ClassName, FieldName};

/// What a derived field comes to: how it is made, and the classes that it rests on.
type Made = Option<(Derivation, Vec<ClassName>)>;

impl Loader {
    /// The derived fields: first those from records and lists, then those from numbers, which may be counts. `most` is the
    /// longest that a record is displayed.
    pub(super) fn derived(&mut self, files: &[File<'_, DerivedRows>], most: Period) {
        let rows = || files.iter().flat_map(|file| file.row.field.iter().map(move |row| (file, row)));
        for (file, row) in rows() {
            let made = match &row.reducer {
                ReducerRow::Exists(of) => {
                    self.records_field(file, Reducer::Exists, of.period.map(|period| period.0), &of.classes, most)
                }
                ReducerRow::Count(of) => {
                    self.records_field(file, Reducer::Count, of.period.map(|period| period.0), &of.classes, most)
                }
                ReducerRow::Latest(of) => {
                    self.records_field(file, Reducer::Latest, of.period.map(|period| period.0), &of.classes, most)
                }
                ReducerRow::NoneWithin(of) => {
                    self.records_field(file, Reducer::NoneWithin, Some(of.period.0), &of.classes, most)
                }
                ReducerRow::Listed(list) => self.listed(file, list),
                ReducerRow::AtLeast(_) | ReducerRow::Band(_) | ReducerRow::All(_) => continue,
            };
            self.derived_field(file, row, made);
        }
        for (file, row) in rows() {
            let made = match &row.reducer {
                ReducerRow::AtLeast(of) => self.number_field(file, &of.of, Number::AtLeast(of.least)),
                ReducerRow::Band(of) => {
                    self.rising(file, of.bands.span(), of.bands.get_ref());
                    self.number_field(file, &of.of, Number::Band(of.bands.get_ref().clone()))
                }
                ReducerRow::Exists(_)
                | ReducerRow::NoneWithin(_)
                | ReducerRow::Count(_)
                | ReducerRow::Latest(_)
                | ReducerRow::Listed(_)
                | ReducerRow::All(_) => continue,
            };
            self.derived_field(file, row, made);
        }
        for (file, row) in rows() {
            if let ReducerRow::All(of) = &row.reducer {
                let made = self.all_field(file, of);
                self.derived_field(file, row, made);
            }
        }
    }

    fn derived_field(&mut self, file: &File<'_, DerivedRows>, row: &DerivedRow, made: Made) {
        let Some((derivation, mut classes)) = made else { return };
        classes.sort();
        classes.dedup();
        let tiers = classes.iter().filter_map(|class| self.classes.get(class)).map(|class| class.tier);
        let tier = tiers.max().unwrap_or(Tier::First);
        self.field(
            file,
            NewField {
                name: &row.name,
                legal_source: row.legal_source(),
                tier,
                classes,
                derivation,
                meaning: Meaning::default(),
            },
        );
    }

    fn records_field(
        &mut self,
        file: &File<'_, DerivedRows>,
        reducer: Reducer,
        within: Option<Period>,
        written: &Classes,
        most: Period,
    ) -> Made {
        let faults_before = self.faults.len();
        if written.get_ref().is_empty() {
            self.fault(file, written.span(), "no class: what rests on nothing is true of everybody");
        }
        let mut seen = HashSet::new();
        let mut classes = Vec::new();
        for class in written.get_ref() {
            classes.extend(self.record_class(file, class, reducer == Reducer::NoneWithin));
            if !seen.insert(class.get_ref()) {
                self.fault(file, class.span(), format!("class `{}` stands twice: leave one", class.get_ref()));
            }
        }
        if let Some(longer) = within.filter(|own| own.is_longer_than(most)) {
            let message = format!("a period of {longer} is longer than any record is displayed: at most {most}");
            self.fault(file, written.span(), message);
        }
        let names = classes.iter().map(|class| class.name.clone()).collect();
        let derivation = Derivation::Records { reducer, within, classes };
        (self.faults.len() == faults_before).then_some((derivation, names))
    }

    fn record_class(
        &mut self,
        file: &File<'_, DerivedRows>,
        class: &Spanned<ClassName>,
        or_list: bool,
    ) -> Option<Arc<RecordClass>> {
        let (name, at) = (class.get_ref(), class.span());
        if self.forbidden(file, at.clone(), name.as_str()) {
            return None;
        }
        let of_list = |class: &&Arc<RecordClass>| class.list().is_some();
        if self.records.get(name).filter(of_list).is_some() && !or_list {
            self.fault(file, at, format!("`{name}` is a list: use `listed`, which tells no detail of an entry"));
            return None;
        }
        let found = self.records.get(name).map(Arc::clone);
        if found.is_none() {
            self.fault(file, at, format!("no class `{name}` of the data list has records: check its name"));
        }
        found
    }

    fn listed(&mut self, file: &File<'_, DerivedRows>, list: &Spanned<List>) -> Made {
        let class = self.lists.get(list.get_ref()).cloned();
        if class.is_none() {
            let message = format!("no class of the data list has the list `{}`: add one", list.get_ref());
            self.fault(file, list.span(), message);
        }
        let class = class.and_then(|class| self.records.get(&class).map(Arc::clone))?;
        let name = class.name.clone();
        Some((Derivation::Listed(class), vec![name]))
    }

    /// Rests on fields that are yes or no, and on none that is made this way itself.
    fn all_field(&mut self, file: &File<'_, DerivedRows>, of: &Spanned<Vec<Spanned<FieldName>>>) -> Made {
        let faults_before = self.faults.len();
        if of.get_ref().is_empty() {
            self.fault(file, of.span(), "no field: what rests on nothing is true of everybody");
        }
        let mut fields = Vec::new();
        let mut seen = HashSet::new();
        for name in of.get_ref() {
            if !seen.insert(name.get_ref()) {
                self.fault(file, name.span(), format!("field `{}` stands twice: leave one", name.get_ref()));
            }
            let is_plain = |field: &&Arc<Field>| {
                field.shape() == Shape::YesNo && !matches!(field.derivation(), Derivation::All(_))
            };
            match self.fields.get(name.get_ref()).filter(is_plain) {
                Some(field) => fields.push(Arc::clone(field)),
                None => {
                    let message =
                        format!("`{}` is no derived field that says yes or no: check its name", name.get_ref());
                    self.fault(file, name.span(), message);
                }
            }
        }
        let classes = fields.iter().flat_map(|field| Field::classes(field).to_vec()).collect();
        (self.faults.len() == faults_before).then_some((Derivation::All(fields), classes))
    }

    fn number_field(&mut self, file: &File<'_, DerivedRows>, of: &Spanned<FieldName>, number: Number) -> Made {
        let (name, at) = (of.get_ref(), of.span());
        if self.forbidden(file, at.clone(), name.as_str()) {
            return None;
        }
        let found = self.fields.get(name).filter(|field| field.is_numeric()).map(Arc::clone);
        let Some(of) = found else {
            let message = format!("`{name}` is no attribute and no count, so it has no number: check its name");
            self.fault(file, at, message);
            return None;
        };
        self.can_be(file, at, &of, &number);
        let classes = Field::classes(&of).to_vec();
        Some((Derivation::Number { of, number }, classes))
    }

    /// A threshold that each value reaches, or none, says nothing; so does a band that none is in.
    fn can_be(&mut self, file: &File<'_, DerivedRows>, at: Range<usize>, of: &Field, number: &Number) {
        let (least, most) = of.meaning.bounds.unwrap_or((0, i64::MAX));
        let wrong = match number {
            Number::AtLeast(threshold) => (*threshold <= least || *threshold > most).then_some(*threshold),
            Number::Band(bands) => {
                let below = bands.get(1).map(|second| second.from).filter(|from| *from <= least);
                below.or_else(|| bands.iter().map(|band| band.from).find(|from| *from > most))
            }
        };
        if let Some(wrong) = wrong {
            let message = format!("{wrong} tells nobody apart: `{}` lies between {least} and {most}", of.name());
            self.fault(file, at, message);
        }
    }

    fn rising(&mut self, file: &File<'_, DerivedRows>, at: Range<usize>, bands: &[Band]) {
        if bands.is_empty() {
            self.fault(file, at.clone(), "no band: name at least one");
        }
        if !bands.iter().zip(bands.iter().skip(1)).all(|(lower, higher)| lower.from < higher.from) {
            self.fault(file, at.clone(), "the bands overlap: list them from the lowest to the highest");
        }
        let names: HashSet<_> = bands.iter().map(|band| band.name.as_str()).collect();
        if names.len() != bands.len() {
            self.fault(file, at, "two bands have one name: rename one");
        }
    }
}
