//! The shapes of the catalogue's files. Every table is closed: an unknown key is a fault.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::basis::Power;
use super::calendar::Deadline;
use super::class::{Sensitivity, Tier};
use super::clock::Clock;
use super::fault::{Fault, File};
use super::field::Band;
use super::legal_source::{LegalSource, Sources, Text, Titles};
use super::meaning::ValueType;
use super::measure::MeasureResult;
use super::period::{Days, Often};
use super::scenario::Disclosure;
use super::source::{ArticleRow, Rank, Status};
use crate::asker::{Ground, InstitutionKind};
use crate::history::{List, Severity};
use crate::names::{ClassName, FieldName, ScenarioName};

/// `catalogue.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogueRow {
    pub(super) version: Text,
    pub(super) jurisdiction: Text,
    pub(super) utc_offset: Spanned<String>,
    /// The first day on which it holds; left out, every day.
    pub(super) holds_from: Option<Spanned<Date>>,
    pub(super) pack: Spanned<String>,
    /// The lowest rank of an instrument on which a look-up by statute may rest; left out, everything but drafts.
    pub(super) least_rank: Option<Rank>,
    /// The classes that the public credit file consists of: what an article opens that lets an organ query the file.
    pub(super) credit_file: Classes,
    pub(super) rules: GeneralRules,
    pub(super) ceilings: CeilingsRow,
    /// The groups of purposes, by name.
    pub(super) purpose_group: BTreeMap<String, PurposeGroupRow>,
    /// The kinds of institution, by name.
    pub(super) institution_kind: BTreeMap<InstitutionKind, InstitutionKindRow>,
}

/// One kind of institution.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstitutionKindRow {
    pub(super) title: Titles,
    /// The kind that it is too, to statutes and articles.
    pub(super) counts_as: Option<Spanned<InstitutionKind>>,
}

/// What no row may go beyond.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CeilingsRow {
    pub(super) lifetime: Days,
    pub(super) uses: u64,
    pub(super) frequency: Often,
    pub(super) look_back: Days,
    pub(super) data_life: Days,
    pub(super) case_limit: u32,
    /// The longest that a record is displayed by any clock of any pack.
    pub(super) display: Days,
}

/// One group of purposes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeGroupRow {
    #[expect(dead_code, reason = "for those who read the file: what the group is for")]
    title: Titles,
}

/// The rules that hold for every query, by the names of their tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GeneralRules {
    pub(super) application_list: LegalSource,
    pub(super) data_list: LegalSource,
    pub(super) query_register: LegalSource,
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
    /// Its working days: `calendars/<calendar>.toml`.
    pub(super) calendar: Spanned<String>,
    /// How long records of queries are kept at least, from the end of the month in which they were made; left out, as its
    /// default says.
    pub(super) retention: Option<Spanned<Days>>,
    /// The first day on which it holds; left out where it has always held.
    pub(super) from: Option<Spanned<Date>>,
    /// The pack that held until then.
    pub(super) before: Option<Spanned<String>>,
    /// The pack whose clocks apply where this one has none of that name.
    pub(super) default: Option<Spanned<String>>,
    /// The clocks of classes that have another here than the data list says: one line a class.
    #[serde(default)]
    pub(super) class: BTreeMap<ClassName, Spanned<String>>,
    #[serde(default)]
    pub(super) clock: BTreeMap<String, Clock>,
    #[serde(default)]
    pub(super) deadline: BTreeMap<Deadline, Spanned<DeadlineRow>>,
}

/// `sources/<code>.toml`: a document that rows come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceRow {
    pub(super) source: Spanned<String>,
    pub(super) title: Titles,
    pub(super) number: Text,
    pub(super) rank: Rank,
    pub(super) jurisdiction: Text,
    pub(super) status: Status,
    /// The first day on which it holds, and the last, where the register knows them.
    pub(super) from: Option<Date>,
    pub(super) until: Option<Date>,
    /// Of a jurisdiction that there is not, for the demo.
    #[serde(default)]
    pub(super) made_up: bool,
    /// The articles that rows rest on.
    #[serde(default)]
    pub(super) article: Vec<Spanned<ArticleRow>>,
}

/// A deadline: working days or calendar days, one of the two.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadlineRow {
    pub(super) working_days: Option<u16>,
    pub(super) days: Option<u16>,
}

/// `calendars/<calendar>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarRow {
    pub(super) calendar: Spanned<String>,
    title: Titles,
    sources: Sources,
    citation: Text,
    pub(super) year: Vec<YearRow>,
}

/// One year of a calendar.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct YearRow {
    pub(super) year: Spanned<i16>,
    #[expect(dead_code, reason = "for those who read the file: the notice that the days are of")]
    notice: Text,
    /// First and last day of each holiday, with the weekend days that it takes in; one across New Year stands in the year
    /// that it ends in.
    pub(super) holidays: Vec<Spanned<HolidayRow>>,
    /// The days of weekends that are worked to make up.
    pub(super) made_up: Vec<Spanned<Date>>,
}

/// One holiday.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolidayRow {
    pub(super) from: Date,
    pub(super) to: Date,
    #[expect(dead_code, reason = "for those who read the file: which holiday it is")]
    title: Titles,
}

/// `data-list/<class>.toml`. A class has records (by a clock), a list (with a clock and a
/// severity), or attributes (as fields), and one of the three alone.
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
    /// How grave an entry on the list is taken for; its display period goes by it.
    pub(super) severity: Option<Spanned<Severity>>,
    /// Which department provides its entries, and how often they are brought up to date.
    pub(super) provider: Option<Titles>,
    pub(super) refresh: Option<Days>,
    #[serde(default)]
    pub(super) field: Vec<AttributeRow>,
}

/// One attribute of a class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeRow {
    pub(super) name: Spanned<FieldName>,
    title: Titles,
    /// The attribute of the class that it shows masked, where it is no attribute of its own.
    pub(super) masks: Option<Spanned<FieldName>>,
    /// The type of its values; left out, the store decides.
    #[serde(rename = "type")]
    pub(super) value_type: Option<Spanned<ValueType>>,
    /// The unit of its number.
    pub(super) unit: Option<Spanned<Titles>>,
    /// The least number that it may be, and the most.
    pub(super) least: Option<i64>,
    pub(super) most: Option<i64>,
    /// How many characters a free text may have.
    pub(super) longest: Option<u16>,
    /// The texts that it may be.
    pub(super) values: Option<Spanned<Vec<Text>>>,
    /// What null says, where it is not "not known".
    pub(super) null: Option<Titles>,
}

impl AttributeRow {
    /// Its own title on the sources of its class.
    pub(super) fn legal_source(&self, class: &ClassRow) -> LegalSource {
        LegalSource { title: self.title.clone(), ..class.legal_source() }
    }
}

/// `derived/<topic>.toml`.
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
    /// Whether a record of these classes counts.
    Exists(RecordsRow),
    /// Whether no record of these classes that counts started its clock within the period.
    NoneWithin(WithinRow),
    /// How many records of these classes count.
    Count(RecordsRow),
    /// The day of the last determination among the records of these classes that count.
    Latest(RecordsRow),
    /// Whether a number is this high.
    AtLeast(AtLeastRow),
    /// The band in which a number lies.
    Band(BandRow),
    /// Whether the person stands on the list.
    Listed(Spanned<List>),
    /// Whether each of these fields, which are yes or no, says yes.
    All(Spanned<Vec<Spanned<FieldName>>>),
}

/// What `exists`, `count` and `latest` take: classes, and a period if it is to be shorter than display.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordsRow {
    pub(super) period: Option<Days>,
    pub(super) classes: Classes,
}

/// What `none_within` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithinRow {
    pub(super) period: Days,
    pub(super) classes: Classes,
}

/// The classes that a derived field rests on.
pub(super) type Classes = Spanned<Vec<Spanned<ClassName>>>;

/// What `at_least` takes: an attribute or a count, and the least number that is enough.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AtLeastRow {
    pub(super) of: Spanned<FieldName>,
    pub(super) least: i64,
}

/// What `band` takes: an attribute or a count, and bands from the lowest to the highest. Below the first is no band.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandRow {
    pub(super) of: Spanned<FieldName>,
    pub(super) bands: Spanned<Vec<Band>>,
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
    pub(super) restraint: bool,
    pub(super) basic_public_service: bool,
    pub(super) yes_no_only: bool,
    pub(super) disclosure: Disclosure,
    pub(super) case_limit: Option<Spanned<u32>>,
    pub(super) data_life: Spanned<Days>,
    pub(super) notice: Spanned<String>,
    pub(super) automated_decision_notice: bool,
    /// The report of the impact assessment, as it is filed (PIPL, art. 55 and 56).
    pub(super) assessment: Option<Text>,
    /// Why a field leaves exact: a count, a number or a day where a yes or no or a band would show less.
    #[serde(default)]
    pub(super) exact: BTreeMap<FieldName, Spanned<Titles>>,
    /// Bytes inside the sealed part of a record: 1,024 where the row says nothing, or 2,048.
    pub(super) sealed_bytes: Option<Spanned<u16>>,
    /// Whether the rule wants the applicant's written consent in the institution's file.
    #[serde(default)]
    pub(super) consent_on_file: bool,
    /// On what it rests, in each jurisdiction; for the grounds of statute and of the public.
    #[serde(default)]
    pub(super) basis: Vec<Spanned<BasisRow>>,
    pub(super) consent: Option<Spanned<ConsentRow>>,
}

/// On what a scenario by statute or for the public rests: an article, and the classes that it carries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasisRow {
    pub(super) source: Spanned<String>,
    pub(super) article: Spanned<String>,
    pub(super) power: Power,
    /// `credit-file` stands for the classes of `credit_file` in `catalogue.toml`.
    pub(super) classes: Classes,
    /// Those of the scenario's kinds that it empowers; left out = all of them.
    pub(super) kinds: Option<Vec<Spanned<InstitutionKind>>>,
}

/// The widest consent that a scenario takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentRow {
    pub(super) lifetime: Spanned<Days>,
    pub(super) uses: Spanned<u64>,
    pub(super) frequency: Spanned<Often>,
    pub(super) look_back: Spanned<Days>,
    pub(super) data_life: Spanned<Days>,
}

/// Takes title, sources and citation of a row together; serde's `flatten` would open the closed tables.
macro_rules! legal_source {
    ($($row:ident),+) => {
        $(impl $row {
            pub(super) fn legal_source(&self) -> LegalSource {
                LegalSource { title: self.title.clone(), sources: self.sources.clone(), citation: self.citation.clone() }
            }
        })+
    };
}
/// `measures.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeasureRows {
    pub(super) measure: Vec<MeasureRow>,
}

/// One measure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeasureRow {
    pub(super) measure: Spanned<String>,
    pub(super) result: MeasureResult,
    title: Titles,
    sources: Sources,
    citation: Text,
}

legal_source!(MeasureRow, PackRow, CalendarRow, ClassRow, DerivedRow, ScenarioRow);

/// Every file, parsed by the place where it stands.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) catalogue: Option<File<'a, CatalogueRow>>,
    /// `statutes/<statute>.cedar`, and `statutes/tables.cedar`.
    pub(super) statutes: Vec<File<'a, ()>>,
    /// `statutes/schema.cedarschema`.
    pub(super) schema: Option<File<'a, ()>>,
    pub(super) sources: Vec<File<'a, SourceRow>>,
    pub(super) packs: Vec<File<'a, PackRow>>,
    pub(super) classes: Vec<File<'a, ClassRow>>,
    pub(super) calendars: Vec<File<'a, CalendarRow>>,
    pub(super) measures: Option<File<'a, MeasureRows>>,
    pub(super) derived: Vec<File<'a, DerivedRows>>,
    pub(super) scenarios: Vec<File<'a, ScenarioRow>>,
}

impl<'a> Rows<'a> {
    /// Parses one file into its place.
    pub(super) fn add(&mut self, path: &'a str, text: &'a str) -> Result<(), Fault> {
        if path == "statutes/schema.cedarschema" {
            self.schema = Some(File::text(path, text));
            return Ok(());
        }
        let folder_of =
            |ending| path.strip_suffix(ending).and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
        if folder_of(".cedar") == Some("statutes") {
            self.statutes.push(File::text(path, text));
            return Ok(());
        }
        let folder = folder_of(".toml");
        match (path, folder) {
            ("catalogue.toml", _) => self.catalogue = Some(File::parse(path, text)?),
            ("measures.toml", _) => self.measures = Some(File::parse(path, text)?),
            (_, Some("sources")) => self.sources.push(File::parse(path, text)?),
            (_, Some("packs")) => self.packs.push(File::parse(path, text)?),
            (_, Some("calendars")) => self.calendars.push(File::parse(path, text)?),
            (_, Some("derived")) => self.derived.push(File::parse(path, text)?),
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
