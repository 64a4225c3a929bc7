//! The map file as it is written; [`super::load`] checks what it says.

use std::collections::BTreeMap;

use credit_policy::{List, Severity};
use serde::Deserialize;

use super::{day::DayForm, decimal::Unit, text::Encoding};

/// A title in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Title {
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapFile {
    pub(super) map: String,
    pub(super) title: Title,
    /// Whether a column's name may differ by case from the one written here.
    #[serde(default)]
    pub(super) any_case: bool,
    #[serde(default)]
    pub(super) encoding: Encoding,
    /// What stands for "no end" in every column of days.
    #[serde(default)]
    pub(super) for_ever: Vec<String>,
    /// What stands for "not known" in every column of days.
    #[serde(default)]
    pub(super) unknown: Vec<String>,
    #[serde(default)]
    pub(super) source: Vec<SourceRow>,
}

/// `[[source]]`: one table, view or interface.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceRow {
    pub(super) name: String,
    pub(super) schema: Option<String>,
    pub(super) table: Option<String>,
    pub(super) request: Option<RequestRow>,
    /// Whether its rows are entries of an array in the answer of a route, which is asked for elsewhere.
    #[serde(default)]
    pub(super) entries: bool,
    pub(super) encoding: Option<Encoding>,
    /// The column with the person's number. Entries may do without: the answer is about whom was asked about.
    pub(super) key: Option<String>,
    pub(super) id_type: Option<IdTypeRow>,
    pub(super) subject: Option<SubjectRow>,
    pub(super) scope: Option<ScopeRow>,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, ColumnRow>,
    #[serde(default)]
    pub(super) record: Vec<RecordRow>,
    #[serde(default)]
    pub(super) listing: Vec<ListingRow>,
    #[serde(default)]
    pub(super) attribute: Vec<AttributeRow>,
}

/// How an interface is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestRow {
    pub(super) method: Method,
    pub(super) path: String,
    /// The header that carries the number.
    pub(super) header: Option<String>,
    /// The body, in JSON; `"{citizen_number}"` stands for the number in it.
    pub(super) body: Option<String>,
    /// The parameter that carries the number, where the interface takes it nowhere else.
    pub(super) parameter: Option<String>,
    /// Where the array of rows is.
    pub(super) rows: Vec<String>,
    /// What must stand where, or the answer is none.
    pub(super) ok: Option<OkRow>,
    /// Where the number of all rows is.
    pub(super) total: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OkRow {
    pub(super) at: Vec<String>,
    pub(super) is: Vec<String>,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// Which kind of document the key is a number of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdTypeRow {
    pub(super) column: String,
    /// Codes of the identity card.
    pub(super) identity_card: Vec<String>,
    /// Codes of other documents.
    #[serde(default)]
    pub(super) other: Vec<String>,
}

/// What kind of subject a row is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectRow {
    pub(super) column: String,
    /// Codes of persons, sole traders among them.
    pub(super) person: Vec<String>,
    /// Codes of organisations.
    #[serde(default)]
    pub(super) organisation: Vec<String>,
}

/// Where a row may be used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeRow {
    pub(super) column: String,
    pub(super) codes: BTreeMap<String, ScopeCode>,
}

/// What a code of a scope allows.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "give `all`, `departments`, `consent`, or a list of scenarios and purpose groups")]
pub(super) enum ScopeCode {
    Word(ScopeWord),
    /// Scenarios and purpose groups.
    Only(Vec<String>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ScopeWord {
    /// Every scenario.
    All,
    /// What departments ask on the ground of a statute.
    Departments,
    /// What is asked with the person's consent.
    Consent,
}

/// One column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnRow {
    /// The path of the member in a row of JSON; left out = the column's name.
    pub(super) at: Option<Vec<String>>,
    pub(super) form: FormName,
    pub(super) unit: Option<Unit>,
    /// What stands for "there is none"; `""` is NULL, too.
    pub(super) none: Option<Vec<String>>,
    pub(super) for_ever: Option<Vec<String>>,
    pub(super) unknown: Option<Vec<String>>,
}

/// A form by its name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "no such form: use `citizen-number`, `code`, `text`, `whole-number`, `money`, or a form of dates of docs/stores.md"
)]
pub(super) enum FormName {
    Plain(PlainForm),
    Day(DayForm),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PlainForm {
    CitizenNumber,
    Code,
    Text,
    WholeNumber,
    Money,
}

/// A column and its table of codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodedRow<T> {
    pub(super) column: String,
    pub(super) codes: BTreeMap<String, T>,
}

/// Rows that are records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordRow {
    pub(super) class: Option<String>,
    /// `-` stands for a class that is not mapped.
    pub(super) class_by: Option<CodedRow<String>>,
    pub(super) severity: Option<Severity>,
    pub(super) severity_by: Option<CodedRow<Severity>>,
    /// The day of the determination.
    pub(super) determined: String,
    /// The day of the act; left out = that of the determination.
    pub(super) act: Option<String>,
    pub(super) sentence_end: Option<String>,
    pub(super) effect_end: Option<String>,
    pub(super) repaired: Option<String>,
    pub(super) repair_revoked: Option<String>,
    /// The day on which the duty was performed in full.
    pub(super) performed: Option<String>,
    /// What the duty amounts to.
    pub(super) amount: Option<String>,
    #[serde(default)]
    pub(super) state: Vec<CodedRow<State>>,
    /// The end of publication that the store has: compared, and never read as a clock.
    pub(super) published_until: Option<String>,
}

/// What a state of a row means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It stands.
    InForce,
    /// An objection is open.
    Disputed,
    /// It was repaired.
    Repaired,
    /// The act was revoked or the row taken down: it is not there.
    Withdrawn,
}

/// Rows that are entries on a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListingRow {
    pub(super) list: Option<List>,
    pub(super) list_by: Option<CodedRow<List>>,
    /// The first day on it.
    pub(super) since: String,
    /// The first day no longer on it.
    pub(super) until: Option<String>,
    /// The last day on it.
    pub(super) last: Option<String>,
    #[serde(default)]
    pub(super) state: Vec<CodedRow<State>>,
    pub(super) published_until: Option<String>,
}

/// A column that is an attribute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeRow {
    pub(super) field: String,
    pub(super) column: String,
    pub(super) codes: Option<BTreeMap<String, CodeValue>>,
    #[serde(default)]
    pub(super) rows: Rows,
}

/// What a code of an attribute says.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "give true, false, a whole number or a text")]
pub(super) enum CodeValue {
    Bool(bool),
    Int(i64),
    Text(String),
}

/// How many rows of a person one attribute comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rows {
    /// One, or several that say the same.
    #[default]
    One,
    /// Any number: yes where one of them says yes, no where none does, and where there is none.
    Any,
}
