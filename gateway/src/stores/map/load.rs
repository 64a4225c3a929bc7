//! From a map file to a map: every name is looked up in the catalogue, every role finds its column in the form it needs.

use std::{collections::BTreeMap, sync::Arc};

use credit_policy::{Catalogue, ClassName, Ground, Sensitivity};

use super::{
    column::{Column, Form, Sentinels},
    fault::{MapFault, Wrong},
    file::{CodedRow, ColumnRow, FormName, MapFile, PlainForm, ScopeCode, ScopeWord, SourceRow},
    load_roles,
    source::{ByCode, Given, Map, NumberIn, Request, Scope, Source},
};

/// What the published layouts call a representative, who is a second person in an organisation's row.
const REPRESENTATIVES: [&str; 6] = ["_FR_ZJHM", "_FR_SFZH", "_FRDB", "_FDDB", "_FDDBR", "_FR_ZJLX"];
/// Codes and texts of organisations; a sole trader (04, 个体工商户) is none.
const ORGANISATIONS: [&str; 8] = ["02", "2", "03", "3", "法人", "法人及非法人组织", "非法人组织", "其他组织"];
/// Codes and texts of documents that are no identity card.
const OTHER_DOCUMENTS: [&str; 9] = [
    "02",
    "03",
    "04",
    "05",
    "护照",
    "港澳居民来往内地通行证",
    "台湾居民来往大陆通行证",
    "外国人永久居留身份证",
    "统一社会信用代码",
];

/// The columns of one source while its roles are looked up.
pub(super) struct Loader<'a> {
    pub(super) catalogue: &'a Catalogue,
    source: String,
    columns: Vec<Arc<Column>>,
    used: Vec<bool>,
    faults: Vec<MapFault>,
}

impl Map {
    /// Reads a map file and checks it against the catalogue: its classes, lists, fields and their values.
    ///
    /// # Errors
    /// All faults, with their places.
    pub(crate) fn parse(text: &str, catalogue: &Arc<Catalogue>) -> Result<Self, Vec<MapFault>> {
        let file: MapFile = toml::from_str(text).map_err(|error| vec![MapFault::Form(error.to_string())])?;
        let (mut sources, mut faults) = (Vec::new(), Vec::new());
        for (at, row) in file.source.iter().enumerate() {
            let mut loader = Loader::new(catalogue, &file, row);
            if file.source.iter().take(at).any(|before| before.name == row.name) {
                loader.fault(None, Wrong::SameName);
            }
            let source = loader.source(row);
            faults.append(&mut loader.faults);
            sources.extend(source.map(Arc::new));
        }
        if sources.is_empty() && faults.is_empty() {
            faults.push(MapFault::At { place: file.map.clone(), what: Wrong::MapsNothing });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let MapFile { map: name, title, any_case, .. } = file;
        Ok(Self { name, title, any_case, catalogue: Arc::clone(catalogue), sources })
    }
}

impl<'a> Loader<'a> {
    fn new(catalogue: &'a Catalogue, file: &MapFile, row: &SourceRow) -> Self {
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

    fn source(&mut self, row: &SourceRow) -> Option<Source> {
        if row.table.is_none() && row.request.is_none() {
            self.fault(None, Wrong::Nowhere);
        }
        if row.record.is_empty() && row.listing.is_empty() && row.attribute.is_empty() {
            self.fault(None, Wrong::MapsNothing);
        }
        let key = self.key(&row.key);
        let id_type = row.id_type.as_ref().and_then(|row| {
            let known = |code: &String| OTHER_DOCUMENTS.contains(&code.as_str());
            self.refuse(&row.column, row.identity_card.iter().filter(|code| known(code)), Wrong::OtherDocument);
            self.yes_no(&row.column, &row.identity_card, &row.other)
        });
        let subject = row.subject.as_ref().and_then(|row| {
            let known = |code: &String| ORGANISATIONS.contains(&code.as_str());
            self.refuse(&row.column, row.person.iter().filter(|code| known(code)), Wrong::Organisation);
            self.yes_no(&row.column, &row.person, &row.organisation)
        });
        let scope = row.scope.as_ref().and_then(|row| {
            let column = self.column(&row.column, "code", |form| form == Form::Code);
            let codes =
                row.codes.iter().map(|(code, allowed)| (code.clone(), self.scope(&row.column, allowed))).collect();
            column.map(|column| ByCode { column, codes })
        });
        let records = row.record.iter().filter_map(|row| load_roles::record(self, row)).collect();
        let listings = row.listing.iter().filter_map(|row| load_roles::listing(self, row)).collect();
        let attributes = row.attribute.iter().filter_map(|row| load_roles::attribute(self, row)).collect();
        let request = row.request.as_ref().and_then(|row| {
            let number_in = match (&row.header, &row.body, &row.parameter) {
                (Some(header), None, None) => NumberIn::Header(header.clone()),
                (None, Some(body), None) => NumberIn::Body(body.clone()),
                (None, None, Some(parameter)) => NumberIn::Parameter(parameter.clone()),
                _ => {
                    self.fault(Some("request"), Wrong::NumberIn);
                    return None;
                }
            };
            let ok = row.ok.as_ref().map(|ok| (ok.at.clone(), ok.is.clone()));
            let (method, path, rows, total) = (row.method, row.path.clone(), row.rows.clone(), row.total.clone());
            Some(Request { method, path, number_in, rows, ok, total })
        });
        for (at, used) in std::mem::take(&mut self.used).into_iter().enumerate() {
            if let Some(column) = self.columns.get(at).filter(|_| !used).map(Arc::clone) {
                self.fault(Some(column.name()), Wrong::Unused);
            }
        }
        let (name, schema, table) = (row.name.as_str().into(), row.schema.clone(), row.table.clone());
        let columns = std::mem::take(&mut self.columns);
        let key = key?;
        Some(Source {
            name,
            schema,
            table,
            request,
            columns,
            key,
            id_type,
            subject,
            scope,
            records,
            listings,
            attributes,
        })
    }

    fn key(&mut self, name: &str) -> Option<usize> {
        let upper = name.to_ascii_uppercase();
        if REPRESENTATIVES.iter().any(|ending| upper.ends_with(ending)) {
            self.fault(Some(name), Wrong::Representative(name.to_owned()));
        }
        let key = self.find(name)?;
        let form = self.columns.get(key).map(|column| column.form());
        if form != Some(Form::CitizenNumber) {
            self.fault(Some(name), Wrong::NoKey);
        }
        Some(key)
    }

    fn refuse<'c>(&mut self, place: &str, codes: impl Iterator<Item = &'c String>, wrong: fn(String) -> Wrong) {
        for code in codes {
            self.fault(Some(place), wrong(code.clone()));
        }
    }

    fn yes_no(&mut self, name: &str, yes: &[String], no: &[String]) -> Option<ByCode<bool>> {
        let column = self.column(name, "code", |form| form == Form::Code);
        let mut codes = BTreeMap::new();
        for (code, is_yes) in yes.iter().map(|code| (code, true)).chain(no.iter().map(|code| (code, false))) {
            if codes.insert(code.clone(), is_yes).is_some() {
                self.fault(Some(name), Wrong::TwoMeanings(code.clone()));
            }
        }
        column.map(|column| ByCode { column, codes })
    }

    fn scope(&mut self, place: &str, allowed: &ScopeCode) -> Scope {
        let purposes = match allowed {
            ScopeCode::Word(ScopeWord::All) => return Scope::All,
            ScopeCode::Word(ScopeWord::Departments) => return Scope::Ground(Ground::Statute),
            ScopeCode::Word(ScopeWord::Consent) => return Scope::Ground(Ground::Consent),
            ScopeCode::Only(purposes) => purposes,
        };
        for purpose in purposes {
            let is_group = self.catalogue.scenarios().iter().any(|scenario| scenario.purpose_group() == purpose);
            if !is_group && self.catalogue.scenario(purpose).is_none() {
                self.fault(Some(place), Wrong::NoPurpose(purpose.clone()));
            }
        }
        Scope::Only(purposes.clone())
    }

    fn find(&mut self, name: &str) -> Option<usize> {
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
        self.fault(Some(name), Wrong::WrongForm { has: has.as_str(), wants });
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
