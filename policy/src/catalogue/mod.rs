//! The catalogue: the data list, the application list, statutes and rule packs, compiled at load.

mod basis;
mod calendar;
mod class;
mod clock;
mod fault;
mod field;
mod load;
mod period;
mod rows;
mod scenario;
mod shipped;
mod statutes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::names::{ClassName, FieldName, RuleId, ScenarioName};

pub use basis::{Basis, Language};
pub(crate) use calendar::Calendar;
pub use calendar::Deadline;
pub use class::{Class, Sensitivity, Tier};
pub(crate) use clock::Standing;
pub use fault::Fault;
pub(crate) use field::{Derivation, Number, RecordClass, Reducer, Released};
pub use field::{FetchPlan, Field, Shape};
pub use scenario::{Ceilings, Disclosure, Scenario};
pub(crate) use scenario::{start_of, wider};
pub use shipped::shipped;
pub use statutes::RecordState;
pub(crate) use statutes::{
    Answer, ClassEntity, FieldEntity, Law, RequestFacts, ScenarioEntity, Statute, Statutes, Width, World,
};

/// The rules of `catalogue.toml` that decisions name.
#[derive(Clone, Copy)]
pub(crate) enum GeneralRule {
    /// What is not on the application list is no scenario (R6).
    ApplicationList,
    /// What is not in the data list does not exist (R7).
    DataList,
    /// Every query is registered with the person who asks (R3).
    QueryRegister,
}

impl GeneralRule {
    /// The id of the rule.
    pub(crate) fn rule(self) -> RuleId {
        RuleId::general(match self {
            Self::ApplicationList => "application-list",
            Self::DataList => "data-list",
            Self::QueryRegister => "query-register",
        })
    }
}

/// An immutable, versioned catalogue. It is swapped whole.
#[derive(Debug)]
pub struct Catalogue {
    label: String,
    offset: Offset,
    scenarios: HashMap<ScenarioName, Arc<Scenario>>,
    fields: HashMap<FieldName, Arc<Field>>,
    classes: BTreeMap<ClassName, Class>,
    rules: BTreeMap<RuleId, Basis>,
    calendar: Calendar,
    ceilings: Ceilings,
    law: Law,
}

impl Catalogue {
    /// Loads a catalogue from its files, given as path relative to the catalogue's folder and text:
    ///
    /// ```text
    /// catalogue.toml            version, jurisdiction, offset from UTC, the rule pack in force, general rules
    /// data-list/<class>.toml    the data list, one class a file
    /// derived/<topic>.toml      the derived fields: a reducer and what it rests on
    /// scenarios/<name>.toml     the application list, one scenario a file
    /// statutes/<name>.cedar     each rule that stands over every table, with the law behind it
    /// statutes/tables.cedar     what the tables permit, as Cedar says it
    /// statutes/schema.cedarschema  what statutes can speak of
    /// packs/<name>.toml         rule packs: the display periods and deadlines of a jurisdiction
    /// calendars/<name>.toml     working days, by year
    /// ```
    ///
    /// # Errors
    ///
    /// The faults, sorted by file and line: unknown keys, names, kinds and reducers, rows without a citation,
    /// overlapping rows, rows wider than the ceilings, and whatever a statute forbids. A catalogue with a fault does not load. Rows are checked in the
    /// order syntax, law, classes, derived fields, scenarios, and those that rest on faulty ones are not looked at.
    pub fn load(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        load::load(files)
    }

    /// Its version and the digest of its files: `2026.11@sha256:<hex>`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The jurisdiction's civil date, by the catalogue's fixed offset and never by the machine's zone.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        self.offset.to_datetime(now).date()
    }

    /// The scenario of that name.
    #[must_use]
    pub fn scenario(&self, name: &str) -> Option<&Arc<Scenario>> {
        self.scenarios.get(name)
    }

    /// The field of that name in the data list. What is not in it does not exist for the gateway (R7).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name).map(Arc::as_ref)
    }

    /// Every scenario, sorted by name.
    #[must_use]
    pub fn scenarios(&self) -> Vec<&Scenario> {
        let mut all: Vec<_> = self.scenarios.values().map(Arc::as_ref).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// The class of that name in the data list.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    /// Every field of the data list, sorted by name.
    #[must_use]
    pub fn fields(&self) -> Vec<&Field> {
        let mut all: Vec<_> = self.fields.values().map(Arc::as_ref).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// Every class of the data list, sorted by name.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.values()
    }

    /// The row behind a rule id: where a decision's rule comes from.
    #[must_use]
    pub fn rule(&self, id: &RuleId) -> Option<&Basis> {
        self.rules.get(id)
    }

    /// What no row goes beyond.
    #[must_use]
    pub fn ceilings(&self) -> &Ceilings {
        &self.ceilings
    }

    /// The statutes over the rows of this catalogue.
    pub(crate) fn law(&self) -> &Law {
        &self.law
    }

    /// Whether that day is worked in the jurisdiction; `None` in a year for which the holidays are not known.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> Option<bool> {
        self.calendar.is_working(day)
    }

    /// Working days and deadlines.
    pub(crate) fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The last day of a deadline that an event of that day starts, by the pack in force; `None` where the pack sets
    /// none, or its calendar does not reach so far.
    #[must_use]
    pub fn deadline(&self, deadline: Deadline, event: Date) -> Option<Date> {
        self.calendar.last_day(deadline, event)
    }
}
