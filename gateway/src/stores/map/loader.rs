//! The columns of one source while its roles are looked up: each role finds its column in the form it needs.

use std::{collections::BTreeMap, sync::Arc};

use credit_policy::{Catalogue, ClassName, Sensitivity};

use super::{
    column::{Column, Form, Sentinels},
    fault::{MapFault, Wrong},
    file::{CodedRow, ColumnRow, FormName, MapFile, PlainForm, SourceRow},
    source::{ByCode, Given},
};

/// The columns of one source while its roles are looked up.
pub(super) struct Loader<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) source: String,
    pub(super) columns: Vec<Arc<Column>>,
    pub(super) used: Vec<bool>,
    pub(super) faults: Vec<MapFault>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, file: &MapFile, row: &SourceRow) -> Self {
        let (source, used) = (row.name.clone(), vec![false; row.columns.len()]);
        let mut loader = Self { catalogue, source, columns: Vec::new(), used, faults: Vec::new() };
        let encoding = row.encoding.unwrap_or(file.encoding);
        for (name, row) in &row.columns {
            let form = loader.form(name, row);
            let sentinels =
                |own: &Option<Vec<String>>, all: &[String]| Sentinels::of(own.as_deref().unwrap_or(all), form);
            let path = row.at.clone().unwrap_or_else(|| vec![name.clone()]);
            let column = Column {
                name: name.as_str().into(),
                stored: path.join(".").into(),
                path,
                form,
                encoding,
                none: sentinels(&row.none, &[]),
                for_ever: sentinels(&row.for_ever, &file.for_ever),
                unknown: sentinels(&row.unknown, &file.unknown),
            };
            loader.columns.push(Arc::new(column));
        }
        loader
    }

    fn form(&mut self, name: &str, row: &ColumnRow) -> Form {
        let form = match (row.form, row.unit) {
            (FormName::Plain(PlainForm::CitizenNumber), _) => Form::CitizenNumber,
            (FormName::Plain(PlainForm::Code), _) => Form::Code,
            (FormName::Plain(PlainForm::Text), _) => Form::Text,
            (FormName::Plain(PlainForm::WholeNumber), _) => Form::WholeNumber,
            (FormName::Plain(PlainForm::Money), Some(unit)) => Form::Money(unit),
            (FormName::Plain(PlainForm::Money), None) => {
                self.fault(Some(name), Wrong::Unit);
                Form::WholeNumber
            }
            (FormName::Day(form), _) => Form::Day(form),
        };
        if row.unit.is_some() && !matches!(form, Form::Money(_)) {
            self.fault(Some(name), Wrong::Unit);
        }
        if row.for_ever.is_some() && !matches!(form, Form::Day(_)) {
            self.fault(Some(name), Wrong::OnlyForDates("for_ever"));
        }
        form
    }

    pub(super) fn fault(&mut self, place: Option<&str>, what: Wrong) {
        let source = &self.source;
        let place = place.map_or_else(|| source.clone(), |place| format!("{source}.{place}"));
        self.faults.push(MapFault::At { place, what });
    }

    pub(super) fn find(&mut self, name: &str) -> Option<usize> {
        let found = self.columns.iter().position(|column| column.name() == name);
        match found {
            Some(at) => self.used.get_mut(at).into_iter().for_each(|used| *used = true),
            None => self.fault(None, Wrong::NoColumn(name.to_owned())),
        }
        found
    }

    /// The column of that name, in a form that the role can read.
    pub(super) fn column(&mut self, name: &str, wants: &'static str, fits: impl Fn(Form) -> bool) -> Option<usize> {
        let at = self.find(name)?;
        let has = self.columns.get(at)?.form();
        if fits(has) {
            return Some(at);
        }
        self.fault(Some(name), Wrong::OtherForm { has: has.as_str(), wants });
        None
    }

    /// A column of days. On one on which something begins, there is no "none".
    pub(super) fn day(&mut self, name: &str, begins: bool) -> Option<usize> {
        let at = self.column(name, "a form of dates", |form| matches!(form, Form::Day(_)))?;
        if begins && self.columns.get(at).is_some_and(|column| !column.none.is_empty()) {
            self.fault(Some(name), Wrong::BeginsNone);
        }
        Some(at)
    }

    /// The form of a column that was found.
    pub(super) fn form_at(&self, at: usize) -> Option<Form> {
        self.columns.get(at).map(|column| column.form())
    }

    /// A column of codes, each with what it stands for.
    pub(super) fn by_code<T, U>(
        &mut self,
        row: &CodedRow<T>,
        mut meaning: impl FnMut(&mut Self, &T) -> Option<U>,
    ) -> Option<ByCode<U>> {
        let column = self.column(&row.column, "code", |form| form == Form::Code);
        let mut codes = BTreeMap::new();
        for (code, value) in &row.codes {
            if let Some(value) = meaning(self, value) {
                codes.insert(code.clone(), value);
            }
        }
        column.map(|column| ByCode { column, codes })
    }

    /// One value for all rows, or by a code.
    pub(super) fn given<T: Clone, U>(
        &mut self,
        name: &'static str,
        fixed: Option<&T>,
        by: Option<&CodedRow<T>>,
        mut meaning: impl FnMut(&mut Self, &T) -> Option<U>,
    ) -> Option<Given<U>> {
        match (fixed, by) {
            (Some(value), None) => meaning(self, value).map(Given::Fixed),
            (None, Some(row)) => self.by_code(row, meaning).map(Given::By),
            (Some(_), Some(_)) | (None, None) => {
                self.fault(None, Wrong::EitherOr(name));
                None
            }
        }
    }

    /// A class that has records and may have them.
    pub(super) fn class(&mut self, name: &str) -> Option<ClassName> {
        let class = self.catalogue.class(name).filter(|class| {
            let is_unlawful = matches!(
                class.sensitivity(),
                Sensitivity::Forbidden | Sensitivity::ConfidentialSource | Sensitivity::Sealed
            );
            class.holds_records() && !is_unlawful
        });
        let found = class.map(|class| class.name().clone());
        if found.is_none() {
            self.fault(None, Wrong::NoRecords(name.to_owned()));
        }
        found
    }
}
