//! From a map file to a map: every name is looked up in the catalogue, every role finds its column.

use std::{collections::BTreeMap, sync::Arc};

use credit_policy::{Catalogue, Ground};

use super::{
    column::{Column, Form},
    fault::{MapFault, Wrong},
    file::{MapFile, RequestRow, ScopeCode, ScopeWord, SourceRow},
    load_roles,
    loader::Loader,
    source::{ByCode, Map, NumberIn, Request, Scope, Source},
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

impl Loader<'_> {
    fn source(&mut self, row: &SourceRow) -> Option<Source> {
        if row.table.is_none() && row.request.is_none() && !row.entries {
            self.fault(None, Wrong::Nowhere);
        }
        if row.record.is_empty() && row.listing.is_empty() && row.attribute.is_empty() {
            self.fault(None, Wrong::MapsNothing);
        }
        let key = match &row.key {
            Some(name) => self.key(name),
            None => self.own_key(row.entries),
        };
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
        let request = row.request.as_ref().and_then(|row| self.request(row));
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
            entries: row.entries,
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

    fn request(&mut self, row: &RequestRow) -> Option<Request> {
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

    /// The number of the person who was asked about, where rows do not say whose they are.
    fn own_key(&mut self, are_entries: bool) -> Option<usize> {
        if !are_entries {
            self.fault(None, Wrong::NoKey);
            return None;
        }
        let at = self.columns.len();
        self.columns.push(Arc::new(Column::of_whom_was_asked_about()));
        self.used.push(true);
        Some(at)
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
}
