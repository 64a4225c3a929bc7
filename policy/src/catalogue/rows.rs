//! The shapes of the catalogue's files. Every table is closed: an unknown key is a fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::basis::{Basis, Sources, Text, Titles};
use super::clock::Clock;
use super::fault::{Fault, File};
use super::period::Period;
use super::{Sensitivity, Statute, Tier};
use crate::asker::{Ground, InstitutionKind};
use crate::history::List;
use crate::names::{ClassName, FieldName, ScenarioName};

/// `catalogue.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogueRow {
    pub(super) version: Text,
    pub(super) jurisdiction: Text,
    pub(super) utc_offset: Spanned<String>,
    pub(super) pack: Spanned<String>,
    pub(super) rules: GeneralRules,
}

/// The rules that hold for every query, by the names of their tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GeneralRules {
    pub(super) application_list: Basis,
    pub(super) data_list: Basis,
    pub(super) query_register: Basis,
}

/// `statutes/<statute>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatuteRow {
    pub(super) statute: Spanned<Statute>,
    title: Titles,
    sources: Sources,
    citation: Text,
    /// The classes that it forbids, where it forbids classes.
    #[serde(default)]
    pub(super) classes: Vec<ClassName>,
}

/// `packs/<pack>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackRow {
    pub(super) pack: Spanned<String>,
    /// Whose law it is, by ISO 3166: `CN`, `CN-SD`.
    pub(super) jurisdiction: Text,
    title: Titles,
    sources: Sources,
    citation: Text,
    pub(super) clock: BTreeMap<String, Clock>,
}

/// `data-list/<class>.toml`. A class holds records (it has a clock), a list, attributes (it has fields).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassRow {
    pub(super) class: Spanned<ClassName>,
    title: Titles,
    sources: Sources,
    citation: Text,
    pub(super) sensitivity: Sensitivity,
    pub(super) tier: Tier,
    pub(super) clock: Option<Spanned<String>>,
    pub(super) list: Option<Spanned<List>>,
    #[serde(default)]
    pub(super) field: Vec<AttributeRow>,
}

/// One attribute of a class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeRow {
    pub(super) name: Spanned<FieldName>,
    title: Titles,
}

impl AttributeRow {
    /// Its own title on the sources of its class.
    pub(super) fn basis(&self, class: &ClassRow) -> Basis {
        Basis { title: self.title.clone(), ..class.basis() }
    }
}

/// `derived.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DerivedRows {
    #[serde(default)]
    pub(super) field: Vec<DerivedRow>,
}

/// One derived field: a reducer and what it rests on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DerivedRow {
    pub(super) name: Spanned<FieldName>,
    title: Titles,
    sources: Sources,
    citation: Text,
    pub(super) reducer: ReducerRow,
}

/// The closed set of reducers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum ReducerRow {
    /// No record of these classes that counts started its clock within the period.
    NoneWithin(NoneWithinRow),
    /// The person stands on the list.
    Listed(Spanned<List>),
}

/// What `none_within` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoneWithinRow {
    pub(super) period: Period,
    pub(super) classes: Spanned<Vec<Spanned<ClassName>>>,
}

/// `scenarios/<scenario>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioRow {
    pub(super) scenario: Spanned<ScenarioName>,
    title: Titles,
    sources: Sources,
    citation: Text,
    pub(super) ground: Ground,
    pub(super) kinds: Spanned<Vec<Spanned<InstitutionKind>>>,
    pub(super) fields: Spanned<Vec<Spanned<FieldName>>>,
    pub(super) purpose_group: Spanned<String>,
    pub(super) case_limit: Option<Spanned<u32>>,
    pub(super) data_life: Period,
    pub(super) notice: Spanned<String>,
    pub(super) automated_decision_notice: bool,
}

/// Takes title, sources and citation of a row together; serde's `flatten` would open the closed tables.
macro_rules! basis {
    ($($row:ident),+) => {
        $(impl $row {
            pub(super) fn basis(&self) -> Basis {
                Basis { title: self.title.clone(), sources: self.sources.clone(), citation: self.citation.clone() }
            }
        })+
    };
}
basis!(StatuteRow, PackRow, ClassRow, DerivedRow, ScenarioRow);

/// Every file, parsed by the place where it stands.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) catalogue: Option<File<'a, CatalogueRow>>,
    pub(super) statutes: Vec<File<'a, StatuteRow>>,
    pub(super) packs: Vec<File<'a, PackRow>>,
    pub(super) classes: Vec<File<'a, ClassRow>>,
    pub(super) derived: Option<File<'a, DerivedRows>>,
    pub(super) scenarios: Vec<File<'a, ScenarioRow>>,
}

impl<'a> Rows<'a> {
    /// Parses one file into its place.
    pub(super) fn add(&mut self, path: &'a str, text: &'a str) -> Result<(), Fault> {
        let folder = path.strip_suffix(".toml").and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
        match (path, folder) {
            ("catalogue.toml", _) => self.catalogue = Some(File::parse(path, text)?),
            ("derived.toml", _) => self.derived = Some(File::parse(path, text)?),
            (_, Some("statutes")) => self.statutes.push(File::parse(path, text)?),
            (_, Some("packs")) => self.packs.push(File::parse(path, text)?),
            (_, Some("data-list")) => self.classes.push(File::parse(path, text)?),
            (_, Some("scenarios")) => self.scenarios.push(File::parse(path, text)?),
            _ => {
                let message = "no file of a catalogue: move it out of the folder, or to its place".into();
                return Err(Fault { path: path.to_owned(), line: 1, message });
            }
        }
        Ok(())
    }
}
