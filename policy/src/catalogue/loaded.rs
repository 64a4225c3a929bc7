//! A catalogue as it is in force.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::basis::{Basis, Unused};
use super::calendar::{Calendar, Deadline};
use super::class::Class;
use super::clock::Effect;
use super::field::Field;
use super::kinds::{Kinds, UnknownKind};
use super::legal_source::{Language, LegalSource};
use super::measure::Measure;
use super::scenario::{Ceilings, Scenario};
use super::source::{Source, Status};
use super::statutes::Law;
use crate::asker::{Asker, InstitutionKind};
use crate::consent::Period;
use crate::history::{History, Record};
use crate::names::{ClassName, FieldName, RuleId, ScenarioName};

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
    pub(super) label: String,
    pub(super) jurisdiction: String,
    pub(super) offset: Offset,
    pub(super) holds_from: Option<Date>,
    pub(super) scenarios: HashMap<ScenarioName, Arc<Scenario>>,
    /// Scenarios by statute or for the public of which no article carries anything here.
    pub(super) ungrounded: HashMap<ScenarioName, Arc<Scenario>>,
    pub(super) fields: HashMap<FieldName, Arc<Field>>,
    pub(super) classes: BTreeMap<ClassName, Class>,
    pub(super) rules: BTreeMap<RuleId, LegalSource>,
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) kinds: Kinds,
    pub(super) measures: BTreeMap<String, Measure>,
    pub(super) calendar: Calendar,
    pub(super) retention: Option<Period>,
    pub(super) ceilings: Ceilings,
    pub(super) law: Law,
}

impl Catalogue {
    /// Its version and the digest of its files: `2026.11@sha256:<hex>`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The fixed offset from UTC of the jurisdiction's days.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The first day on which it may be in force, by its own offset; nothing where no day is named.
    #[must_use]
    pub fn holds_from(&self) -> Option<Date> {
        self.holds_from
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

    /// The jurisdiction whose law it follows: `CN-SD`.
    #[must_use]
    pub fn jurisdiction(&self) -> &str {
        &self.jurisdiction
    }

    /// The scenarios by statute or for the public of which no article carries anything in this jurisdiction: they are not on the
    /// application list. Sorted by name.
    #[must_use]
    pub fn ungrounded(&self) -> Vec<&Scenario> {
        let mut all: Vec<_> = self.ungrounded.values().map(Arc::as_ref).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// The articles on which scenarios rest by their rows, in this jurisdiction, and which carry nothing on that day: they were
    /// repealed, are over, or do not hold yet. Sorted by scenario.
    #[must_use]
    pub fn out_of_force(&self, on: Date) -> Vec<(&Scenario, &Basis)> {
        let is_out = |basis: &&Basis| match basis.unused() {
            Some(Unused::Repealed) => true,
            None => !basis.source().holds_on(on),
            Some(Unused::Elsewhere | Unused::BelowRank) => false,
        };
        let rows = self.scenarios.values().chain(self.ungrounded.values());
        let mut all: Vec<_> =
            rows.flat_map(|row| row.bases().iter().filter(is_out).map(move |basis| (&**row, basis))).collect();
        all.sort_by(|(one, _), (two, _)| one.name().cmp(two.name()));
        all
    }

    /// The first instrument in use that is made up, or a draft: such a catalogue is for the demo alone.
    #[must_use]
    pub fn demo_only(&self) -> Option<&Source> {
        let used = self.scenarios.values().flat_map(|row| row.bases_here()).map(Basis::source);
        let mut for_the_demo: Vec<_> =
            used.filter(|source| source.is_made_up() || source.status() == Status::Draft).collect();
        for_the_demo.sort_by_key(|source| source.code());
        for_the_demo.first().copied()
    }

    /// Whether the application list has the scenario, and nobody may use it only because no article carries one of its
    /// fields in this jurisdiction.
    #[must_use]
    pub fn lacks_a_ground(&self, scenario: &str) -> bool {
        self.ungrounded.contains_key(scenario)
    }

    /// The kind of institution of that name.
    ///
    /// # Errors
    ///
    /// There is none: [`UnknownKind`] names those that there are.
    pub fn kind(&self, name: &str) -> Result<InstitutionKind, UnknownKind> {
        self.kinds.named(name)
    }

    /// Every kind of institution, sorted by name.
    pub fn kinds(&self) -> impl Iterator<Item = InstitutionKind> {
        self.kinds.all()
    }

    /// What a kind of institution is, for readers; `None` for one that is not of this catalogue.
    #[must_use]
    pub fn kind_title(&self, kind: InstitutionKind, language: Language) -> Option<&str> {
        self.kinds.title(kind, language)
    }

    /// The kind as which statutes and articles take such an institution too: nothing for one that they name.
    #[must_use]
    pub fn counts_as(&self, kind: InstitutionKind) -> Option<InstitutionKind> {
        self.kinds.counted().find(|(own, _)| *own == kind).map(|(_, other)| other)
    }

    /// Everybody who may ask at all: each kind of institution, the person, the public.
    pub fn askers(&self) -> impl Iterator<Item = Asker> {
        self.kinds.askers()
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

    /// The class of the first value in a history that lies outside the domain of its field: such a look-up fails, and
    /// nothing of it is passed on. An attribute that the data list does not have is nobody's, and is dropped later.
    #[must_use]
    pub fn outside_domain(&self, history: &History) -> Option<&ClassName> {
        history.attributes.iter().find_map(|attribute| {
            let field = self.fields.get(&attribute.field)?;
            if field.admits(&attribute.value) { None } else { field.classes().first() }
        })
    }

    /// The last day on which a record is published, by the last rules for the clock of its class; `None` where no end is
    /// known, or it is never shown.
    #[must_use]
    pub fn last_day_shown(&self, record: &Record) -> Option<Date> {
        let clock = self.class(record.class.as_str())?.clock()?.on(Date::MAX);
        if clock.keeps_out(record.severity, Effect::Publication) {
            return None;
        }
        clock.last_day(record, Date::MAX, Effect::Publication)
    }

    /// The row behind a rule id: where a decision's rule comes from.
    #[must_use]
    pub fn rule(&self, id: &RuleId) -> Option<&LegalSource> {
        self.rules.get(id)
    }

    /// The documents that rows come from, by code.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// The documents that a row names, each once.
    pub fn documents<'a>(&'a self, row: &'a LegalSource) -> impl Iterator<Item = &'a Source> {
        self.sources().filter(|source| row.sources().any(|written| written.split(' ').next() == Some(source.code())))
    }

    /// The measure of that name in the list of measures.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.get(name)
    }

    /// The list of measures, sorted by name.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        self.measures.values()
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

    /// Whether that day is worked in the jurisdiction; `None` in a year for which the holidays are not known, and from
    /// 29 December on where those of the next year are not.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> Option<bool> {
        self.calendar.is_working(day)
    }

    /// How long records of queries are kept at least, from the end of the month in which they were made; `None` where no pack
    /// says so.
    #[must_use]
    pub fn retention(&self) -> Option<Period> {
        self.retention
    }

    /// The kinds of institution.
    pub(crate) fn kind_rows(&self) -> &Kinds {
        &self.kinds
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

    /// The first of that many days, from `from` on, on which some deadline of the pack in force would begin that has no
    /// date, as the calendar does not reach so far: the holidays of another year are wanted before.
    #[must_use]
    pub fn first_day_without_deadline(&self, from: Date, days: usize) -> Option<Date> {
        self.calendar.first_without_deadline(from, days)
    }
}
