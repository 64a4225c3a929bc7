//! The compiled form of scenarios and fields: what a decision and a minimisation need, ready at load.

use std::sync::Arc;

use jiff::civil::Date;

use super::Tier;
use super::basis::{Basis, Language};
use super::clock::Clock;
use super::period::Period;
use crate::asker::{Ground, InstitutionKind};
use crate::history::List;
use crate::names::{ClassName, FieldName, RuleId, ScenarioName};

/// One row of the application list: who may ask, on which ground, for which fields, within which bounds.
#[derive(Debug)]
pub struct Scenario {
    pub(super) name: ScenarioName,
    pub(super) basis: Basis,
    pub(super) ground: Ground,
    pub(super) kinds: Vec<InstitutionKind>,
    pub(super) released: Arc<Released>,
    pub(super) purpose_group: String,
    pub(super) case_limit: u32,
    pub(super) data_life: Period,
    pub(super) notice: String,
    pub(super) automated_decision_notice: bool,
    pub(super) rules: Vec<RuleId>,
}

impl Scenario {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ScenarioName {
        &self.name
    }

    /// Its title for readers.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        self.basis.title(language)
    }

    /// The rows of the source documents from which it comes.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.basis.sources()
    }

    /// The legal ground on which it stands.
    #[must_use]
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// The citation of the statute that is its ground, for the leaf's `ground.statute`; `None` on another ground.
    #[must_use]
    pub fn statute(&self) -> Option<&str> {
        (self.ground == Ground::Statute).then(|| self.basis.citation())
    }

    /// The kinds of institution that may use it, sorted.
    #[must_use]
    pub fn kinds(&self) -> &[InstitutionKind] {
        &self.kinds
    }

    /// The fields that it releases, sorted by name.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        &self.released.names
    }

    /// The group of purposes within which a person's pseudonym stays the same.
    #[must_use]
    pub fn purpose_group(&self) -> &str {
        &self.purpose_group
    }

    /// How many look-ups on one person one case allows.
    #[must_use]
    pub fn case_limit(&self) -> u32 {
        self.case_limit
    }

    /// The last day on which the institution may keep an answer of that day.
    #[must_use]
    pub fn keep_until(&self, on: Date) -> Date {
        self.data_life.last_day(on)
    }

    /// The notice to the person: `given`, `deferred until …` or `exempt by …` (PIPL art. 18 and 35).
    #[must_use]
    pub fn notice(&self) -> &str {
        &self.notice
    }

    /// Whether answers carry the notice of automated decisions (PIPL art. 24).
    #[must_use]
    pub fn automated_decision_notice(&self) -> bool {
        self.automated_decision_notice
    }

    /// The rules that a permit of it names.
    pub(crate) fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// All of its fields.
    pub(crate) fn released(&self) -> &Arc<Released> {
        &self.released
    }
}

/// One field of the data list.
#[derive(Debug)]
pub struct Field {
    pub(super) name: FieldName,
    pub(super) basis: Basis,
    pub(super) tier: Tier,
    pub(super) derivation: Derivation,
}

/// How the value of a field comes from a history.
#[derive(Debug)]
pub(crate) enum Derivation {
    /// As the store holds it.
    Attribute,
    /// Whether no record that counts started its clock within the period.
    NoneWithin { period: Period, classes: Vec<Arc<RecordClass>> },
    /// Whether the person stands on the list.
    Listed(List),
}

impl Field {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &FieldName {
        &self.name
    }

    /// Its title and the law behind it.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// How openly it may be released: as its class, or as the closest of the classes that it is derived from.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    pub(crate) fn derivation(&self) -> &Derivation {
        &self.derivation
    }
}

/// A class of records with its clock.
#[derive(Debug)]
pub(crate) struct RecordClass {
    pub(super) name: ClassName,
    pub(super) clock: Clock,
}

impl RecordClass {
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// What stores are asked for: only what the permitted fields rest on. Only a permit has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPlan {
    classes: Vec<ClassName>,
    lists: Vec<List>,
    attributes: Vec<FieldName>,
}

impl FetchPlan {
    /// The classes of records, sorted.
    #[must_use]
    pub fn classes(&self) -> &[ClassName] {
        &self.classes
    }

    /// The lists, sorted.
    #[must_use]
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// The attributes, sorted.
    #[must_use]
    pub fn attributes(&self) -> &[FieldName] {
        &self.attributes
    }
}

/// The fields that a permit releases, with all that their derivation needs.
#[derive(Debug)]
pub(crate) struct Released {
    names: Vec<FieldName>,
    fields: Vec<Arc<Field>>,
    classes: Vec<Arc<RecordClass>>,
    plan: Arc<FetchPlan>,
}

impl Released {
    /// Compiles fields; their order and repetitions do not matter.
    pub(crate) fn new(mut fields: Vec<Arc<Field>>) -> Self {
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields.dedup_by(|a, b| a.name == b.name);
        let mut classes = Vec::new();
        let mut plan = FetchPlan { classes: Vec::new(), lists: Vec::new(), attributes: Vec::new() };
        for field in &fields {
            match &field.derivation {
                Derivation::Attribute => plan.attributes.push(field.name.clone()),
                Derivation::NoneWithin { period: _, classes: rests_on } => classes.extend(rests_on.iter().cloned()),
                Derivation::Listed(list) => plan.lists.push(*list),
            }
        }
        classes.sort_by(|a: &Arc<RecordClass>, b| a.name.cmp(&b.name));
        classes.dedup_by(|a, b| a.name == b.name);
        plan.classes = classes.iter().map(|class| class.name.clone()).collect();
        plan.lists.sort_unstable();
        plan.lists.dedup();
        Self { names: fields.iter().map(|field| field.name.clone()).collect(), fields, classes, plan: Arc::new(plan) }
    }

    /// The names, sorted.
    pub(crate) fn names(&self) -> &[FieldName] {
        &self.names
    }

    /// The fields, sorted by name.
    pub(crate) fn fields(&self) -> &[Arc<Field>] {
        &self.fields
    }

    /// The field of that name, if it is released.
    pub(crate) fn field(&self, name: &FieldName) -> Option<&Arc<Field>> {
        let at = self.names.binary_search(name).ok()?;
        self.fields.get(at)
    }

    /// The class of that name, if a released field rests on it.
    pub(crate) fn class(&self, name: &ClassName) -> Option<&Arc<RecordClass>> {
        let at = self.plan.classes.binary_search(name).ok()?;
        self.classes.get(at)
    }

    /// What stores are asked for.
    pub(crate) fn plan(&self) -> &Arc<FetchPlan> {
        &self.plan
    }
}
