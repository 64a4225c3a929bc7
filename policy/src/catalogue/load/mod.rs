//! Loading: every file is parsed, every row checked, every fault gathered; then the catalogue is put together.

mod application_list;
mod calendar;
mod data_list;
mod derived;
mod grounds;
mod kinds;
mod law;
mod measures;
mod packs;
mod sources;
mod statutes;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::Offset;
use ring::digest::{SHA256, digest};

use super::clocks::Clocks;
use super::dated::Dated;
use super::fault::{Fault, File};
use super::rows::{CatalogueRow, Rows};
use super::{
    Calendar, Catalogue, Ceilings, Class, Field, GeneralRule, Kinds, Law, LegalSource, Measure, RecordClass, Scenario,
    Source, Statute,
};
use crate::consent::{Maxima, Period};
use crate::history::List;
use crate::names::{ClassName, FieldName, RuleId, ScenarioName};

impl Catalogue {
    /// Loads a catalogue from its files, given as path relative to the catalogue's folder and text:
    ///
    /// ```text
    /// catalogue.toml            version, jurisdiction, offset from UTC, the rule pack in force, general rules, kinds of institution
    /// data-list/<class>.toml    the data list, one class a file
    /// derived/<topic>.toml      the derived fields: a reducer and what it rests on
    /// scenarios/<name>.toml     the application list, one scenario a file
    /// statutes/<name>.cedar     each rule that stands over every table, with the law behind it
    /// statutes/tables.cedar     what the tables permit, as Cedar says it
    /// statutes/schema.cedarschema  what statutes can speak of
    /// sources/<code>.toml       the instruments that rows come from and rest on, with rank, jurisdiction and articles
    /// packs/<name>.toml         rule packs: the display periods and deadlines of a jurisdiction
    /// measures.toml            the list of measures, each with its instrument
    /// calendars/<name>.toml     working days, by year
    /// ```
    ///
    /// # Errors
    ///
    /// The faults, sorted by file and line: unknown keys, names, kinds and reducers, rows without a citation,
    /// overlapping rows, rows wider than the ceilings, and whatever a statute forbids. A catalogue with a fault does not load. Rows are checked in the
    /// order syntax, law, classes, derived fields, scenarios, and those that rest on faulty ones are not looked at.
    pub fn load(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        load(files)
    }
}

/// Each step rests on the one before, so a step with faults is the last: a fault in one file
/// is reported there, and not again wherever that file is needed.
fn load(files: &[(String, String)]) -> Result<Catalogue, Vec<Fault>> {
    let mut loader = Loader::default();
    let rows = loader.parse(files);
    let main = loader.step(rows.catalogue.as_ref())?;

    loader.sources(&rows);
    rows.measures.iter().for_each(|file| loader.measures(file));
    let statutes = loader.statutes(&rows.statutes, rows.schema.as_ref());
    loader.kinds(main);
    loader.named_have_their_rows(&rows.statutes, "Asker");
    let calendars = loader.calendars(&rows.calendars);
    loader.packs(main, &rows.packs, &rows.classes, &calendars);
    loader.general_rules(main);
    let offset = loader.offset(main);
    let offset = loader.step(offset)?;
    let statutes = loader.step(statutes)?;

    for class in &rows.classes {
        loader.class(class);
    }
    loader.credit_file(main);
    loader.named_have_their_rows(&rows.statutes, "Class");
    loader.step(Some(()))?;
    loader.derived(&rows.derived, main.row.ceilings.display.0);
    loader.step(Some(()))?;
    let ceilings = ceilings(&main.row);
    for scenario in &rows.scenarios {
        loader.scenario(scenario, main, &ceilings);
    }
    loader.named_have_their_rows(&rows.statutes, "Scenario");
    loader.named_have_their_rows(&rows.statutes, "Field");
    loader.step(Some(()))?;
    let law = loader.law(statutes);
    let law = loader.step(law)?;
    loader.classes_are_lawful(&rows.classes, &law);
    for scenario in &rows.scenarios {
        loader.hold_against_statutes(scenario, &law);
    }
    loader.step(Some(()))?;
    Ok(loader.finish(&main.row, label(main.row.version.as_str(), files), offset, ceilings, law))
}

/// What was loaded so far, and what was wrong with it.
#[derive(Default)]
struct Loader {
    faults: Vec<Fault>,
    /// The classes that no row may name, with the statute that forbids each.
    forbidden: HashMap<ClassName, Statute>,
    /// The clocks of the pack in force.
    clocks: Dated<Clocks>,
    classes: BTreeMap<ClassName, Class>,
    records: HashMap<ClassName, Arc<RecordClass>>,
    /// The class of each list.
    lists: HashMap<List, ClassName>,
    fields: HashMap<FieldName, Arc<Field>>,
    scenarios: HashMap<ScenarioName, Arc<Scenario>>,
    /// The kinds of institution.
    kinds: Kinds,
    rules: BTreeMap<RuleId, LegalSource>,
    /// The documents that rows come from, by code.
    sources: BTreeMap<String, Source>,
    /// The list of measures, by name.
    measures: BTreeMap<String, Measure>,
    /// The working days and deadlines of the pack in force.
    calendar: Calendar,
    retention: Option<Period>,
}

impl Loader {
    fn parse<'a>(&mut self, files: &'a [(String, String)]) -> Rows<'a> {
        let mut rows = Rows::default();
        let mut paths = HashSet::new();
        for (path, text) in files {
            if !paths.insert(path) {
                self.fault_in(path, "the path stands twice among the files: leave one");
            } else if let Err(fault) = rows.add(path, text) {
                self.faults.push(fault);
            }
        }
        if !paths.iter().any(|path| *path == "catalogue.toml") {
            self.fault_in("catalogue.toml", "the file is missing: it names version, jurisdiction and pack");
        }
        rows
    }

    /// What a step made, or the faults so far. A step that makes nothing has said why.
    fn step<T>(&mut self, made: Option<T>) -> Result<T, Vec<Fault>> {
        match made {
            Some(made) if self.faults.is_empty() => Ok(made),
            Some(_) | None => {
                self.faults.sort();
                Err(std::mem::take(&mut self.faults))
            }
        }
    }

    fn general_rules(&mut self, file: &File<'_, CatalogueRow>) {
        let general = &file.row.rules;
        self.rules.insert(GeneralRule::ApplicationList.rule(), general.application_list.clone());
        self.rules.insert(GeneralRule::DataList.rule(), general.data_list.clone());
        self.rules.insert(GeneralRule::QueryRegister.rule(), general.query_register.clone());
    }

    fn offset(&mut self, file: &File<'_, CatalogueRow>) -> Option<Offset> {
        let written = &file.row.utc_offset;
        let offset = parse_offset(written.get_ref());
        if offset.is_none() {
            let message = format!("`{}` is no offset from UTC: write it as `+08:00`", written.get_ref());
            self.fault(file, written.span(), message);
        }
        offset
    }

    /// Refuses a name that a statute forbids; fields are compared with `-` for `_`.
    fn forbidden<T>(&mut self, file: &File<'_, T>, at: Range<usize>, name: &str) -> bool {
        let Some(statute) = self.forbidden.get(name.replace('_', "-").as_str()) else {
            return false;
        };
        let message = format!("`{name}` may be named nowhere, by rule `{}`: take it out", statute.rule());
        self.fault(file, at, message);
        true
    }

    /// Refuses a row whose name is not its file's.
    fn named_as_file<T>(&mut self, file: &File<'_, T>, at: Range<usize>, name: &str) {
        if name != file.stem() {
            let ending = file.ending();
            self.fault(file, at, format!("`{name}` stands in a file of another name: call it `{name}.{ending}`"));
        }
    }

    fn fault<T>(&mut self, file: &File<'_, T>, at: Range<usize>, message: impl Into<String>) {
        self.faults.push(file.fault(at, message));
    }

    fn fault_in(&mut self, path: &str, message: &str) {
        self.faults.push(Fault { path: path.to_owned(), line: 1, message: message.to_owned() });
    }

    fn finish(self, main: &CatalogueRow, label: String, offset: Offset, ceilings: Ceilings, law: Law) -> Catalogue {
        let jurisdiction = main.jurisdiction.as_str().to_owned();
        let holds_from = main.holds_from.as_ref().map(|day| *day.get_ref());
        let Self { scenarios, fields, classes, kinds, rules, sources, measures, calendar, retention, .. } = self;
        let (scenarios, ungrounded) = scenarios.into_iter().partition(|(_, row)| !row.fields().is_empty());
        Catalogue {
            label,
            jurisdiction,
            offset,
            holds_from,
            scenarios,
            ungrounded,
            fields,
            classes,
            rules,
            sources,
            kinds,
            measures,
            calendar,
            retention,
            ceilings,
            law,
        }
    }
}

fn ceilings(row: &CatalogueRow) -> Ceilings {
    let row = &row.ceilings;
    let consent = Maxima {
        lifetime: row.lifetime.0,
        uses: row.uses,
        frequency: row.frequency.0,
        look_back: row.look_back.0,
        data_life: row.data_life.0,
    };
    Ceilings { consent, case_limit: row.case_limit }
}

/// `+08:00` and the like.
fn parse_offset(text: &str) -> Option<Offset> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let two_digits = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let fits = hours <= 14 && minutes <= 59;
    fits.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()).flatten()
}

/// The version, and SHA-256 over the sorted lines `sha256 path` of the files (formats.md §4).
fn label(version: &str, files: &[(String, String)]) -> String {
    let mut lines: Vec<_> = files.iter().map(|(path, text)| format!("{} {path}\n", hex(text.as_bytes()))).collect();
    lines.sort();
    format!("{version}@sha256:{}", hex(lines.concat().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
