//! The compiled form of fields: how the value of each comes from a history, and what stores are asked for.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use super::class::Tier;
use super::clock::{Clock, Effect, Standing};
use super::dated::Dated;
use super::legal_source::{LegalSource, Text};
use super::meaning::{Meaning, ValueType};
use crate::consent::Period;
use crate::history::{List, Listing, Record, Severity, Value};
use crate::names::{ClassName, FieldName};
use crate::words::words;

/// One field of the data list.
#[derive(Debug)]
pub struct Field {
    pub(super) name: FieldName,
    pub(super) legal_source: LegalSource,
    pub(super) tier: Tier,
    /// Sorted.
    pub(super) classes: Vec<ClassName>,
    pub(super) derivation: Derivation,
    pub(super) meaning: Meaning,
}

words! {
    /// What a field shows: the less, the further to the front.
    "shape of a field" pub Shape {
        /// Yes or no.
        YesNo = "yes-no",
        /// One of a few bands.
        Band = "band",
        /// A number of records.
        Count = "count",
        /// A day.
        Day = "day",
        /// The person's name or number with most of it covered.
        Masked = "masked",
        /// What the store has, as it is.
        Whole = "whole",
    }
}

words! {
    /// What a field is made from.
    "origin of a field" pub(crate) Origin {
        /// Facts without a date.
        Attribute = "attribute",
        /// Records and entries on lists, with dates, clock, dispute and repair.
        Entry = "entry",
    }
}

/// How the value of a field comes from a history.
#[derive(Debug)]
pub(crate) enum Derivation {
    /// As the store has it.
    Attribute,
    /// An attribute with most of it covered.
    Masked(FieldName),
    /// From the records and list entries of classes that count, all or those whose clock started within the period.
    Records { reducer: Reducer, within: Option<Period>, classes: Vec<Arc<RecordClass>> },
    /// From an attribute or a count.
    Number { of: Arc<Field>, number: Number },
    /// Whether the person stands on the list of this class.
    Listed(Arc<RecordClass>),
    /// Whether each of these says yes.
    All(Vec<Arc<Field>>),
}

/// What becomes of records that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reducer {
    /// Whether there is one.
    Exists,
    /// Whether there is none.
    NoneWithin,
    /// How many there are.
    Count,
    /// The day of the last determination.
    Latest,
}

impl Reducer {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::NoneWithin => "none-within",
            Self::Count => "count",
            Self::Latest => "latest",
        }
    }
}

/// What becomes of a number.
#[derive(Debug)]
pub(crate) enum Number {
    /// Whether it is that high.
    AtLeast(i64),
    /// The name of the last band that it reaches; from the lowest to the highest.
    Band(Vec<Band>),
}

impl Field {
    /// The name in the data list, in queries and in answers.
    #[must_use]
    pub fn name(&self) -> &FieldName {
        &self.name
    }

    /// Its title and the law behind it.
    #[must_use]
    pub fn legal_source(&self) -> &LegalSource {
        &self.legal_source
    }

    /// How openly it may be released: as its class, or as the closest of the classes that it is derived from.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// The classes that it belongs to or is derived from, sorted: what is said of a class is said of the field.
    #[must_use]
    pub fn classes(&self) -> &[ClassName] {
        &self.classes
    }

    /// How much it shows.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match &self.derivation {
            Derivation::Attribute => Shape::Whole,
            Derivation::Masked(_) => Shape::Masked,
            Derivation::Records { reducer: Reducer::Exists | Reducer::NoneWithin, .. }
            | Derivation::Number { of: _, number: Number::AtLeast(_) }
            | Derivation::Listed(_)
            | Derivation::All(_) => Shape::YesNo,
            Derivation::Records { reducer: Reducer::Count, .. } => Shape::Count,
            Derivation::Records { reducer: Reducer::Latest, .. } => Shape::Day,
            Derivation::Number { of: _, number: Number::Band(_) } => Shape::Band,
        }
    }

    /// What it is made from.
    pub(crate) fn origin(&self) -> Origin {
        match &self.derivation {
            Derivation::Attribute | Derivation::Masked(_) => Origin::Attribute,
            Derivation::Records { .. } | Derivation::Listed(_) => Origin::Entry,
            Derivation::Number { of, number: _ } => of.origin(),
            Derivation::All(of) => of.iter().map(|field| field.origin()).min().unwrap_or(Origin::Attribute),
        }
    }

    /// The attribute of a store that it is, or is made from alone; nothing where it rests on entries.
    #[must_use]
    pub fn base(&self) -> Option<&FieldName> {
        match &self.derivation {
            Derivation::Attribute => Some(&self.name),
            Derivation::Masked(of) => Some(of),
            Derivation::Number { of, number: _ } => of.base(),
            Derivation::Records { .. } | Derivation::Listed(_) | Derivation::All(_) => None,
        }
    }

    pub(crate) fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// Whether its value can be compared with a number.
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self.derivation, Derivation::Attribute)
            && self.meaning.value_type.is_none_or(|value_type| value_type == ValueType::WholeNumber)
            || self.shape() == Shape::Count
    }

    /// Whether a store's value may be one of it; of what is no attribute, none may.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        matches!(self.derivation, Derivation::Attribute) && self.meaning.admits(value)
    }

    /// Whether an answer may have this value for it: what another gateway says of the field is looked at by this.
    #[must_use]
    pub(crate) fn releases(&self, value: &Value) -> bool {
        match (&self.derivation, value) {
            (Derivation::Attribute, _) => self.meaning.admits(value),
            (_, Value::Null) => true,
            (Derivation::Masked(_), Value::Text(_)) => value.clone().masked() == *value,
            (Derivation::Records { reducer: Reducer::Exists | Reducer::NoneWithin, .. }, Value::Bool(_))
            | (Derivation::Number { of: _, number: Number::AtLeast(_) }, Value::Bool(_))
            | (Derivation::Listed(_) | Derivation::All(_), Value::Bool(_)) => true,
            (Derivation::Records { reducer: Reducer::Count, .. }, Value::Int(count)) => *count >= 0,
            (Derivation::Records { reducer: Reducer::Latest, .. }, Value::Text(day)) => {
                day.len() == 10 && day.parse::<Date>().is_ok()
            }
            (Derivation::Number { of: _, number: Number::Band(bands) }, Value::Text(name)) => {
                bands.iter().any(|band| band.name.as_str() == name)
            }
            (_, Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_)) => false,
        }
    }

    /// How its value is made, as a reader compares it: `none-within P3Y of tax, safety`.
    pub(crate) fn definition(&self) -> String {
        match &self.derivation {
            Derivation::Attribute => "attribute".to_owned(),
            Derivation::Masked(of) => format!("masked {of}"),
            Derivation::Records { reducer, within, classes } => {
                let within = within.map(|within| format!(" {within}")).unwrap_or_default();
                let classes: Vec<_> = classes.iter().map(|class| class.name.as_str()).collect();
                format!("{}{within} of {}", reducer.as_str(), classes.join(", "))
            }
            Derivation::Number { of, number: Number::AtLeast(least) } => format!("{} at least {least}", of.name),
            Derivation::Number { of, number: Number::Band(bands) } => {
                let bands: Vec<_> = bands.iter().map(|band| format!("{} {}", band.name.as_str(), band.from)).collect();
                format!("{} in bands {}", of.name, bands.join(", "))
            }
            Derivation::Listed(class) => format!("on {}", class.name),
            Derivation::All(of) => {
                let names: Vec<_> = of.iter().map(|field| field.name.as_str()).collect();
                format!("all of {}", names.join(", "))
            }
        }
    }

    fn plan(&self, plan: &mut FetchPlan, records: &mut Vec<Arc<RecordClass>>) {
        match &self.derivation {
            Derivation::Attribute => plan.attributes.push(self.name.clone()),
            Derivation::Masked(of) => plan.attributes.push(of.clone()),
            Derivation::Records { reducer: _, within: _, classes } => records.extend(classes.iter().cloned()),
            Derivation::Number { of, number: _ } => of.plan(plan, records),
            Derivation::Listed(class) => records.push(Arc::clone(class)),
            Derivation::All(of) => of.iter().for_each(|field| field.plan(plan, records)),
        }
    }
}

/// A class of records, or of entries on a list, with its clock.
#[derive(Debug)]
pub(crate) struct RecordClass {
    pub(super) name: ClassName,
    pub(super) clock: Dated<Clock>,
    /// The list, and how grave an entry on it is taken for.
    pub(super) list: Option<(List, Severity)>,
}

impl RecordClass {
    pub(crate) fn name(&self) -> &ClassName {
        &self.name
    }

    pub(crate) fn clock(&self) -> &Dated<Clock> {
        &self.clock
    }

    /// The list, if it is the class of one.
    pub(crate) fn list(&self) -> Option<List> {
        self.list.map(|(list, _)| list)
    }

    /// How an entry on its list stands on a day: over from the day of its end on, and at the latest when the display
    /// period is over that began with its first day.
    pub(crate) fn standing_of(&self, listing: &Listing, on: Date, effect: Effect) -> Standing {
        if listing.until.is_some_and(|until| until <= on) {
            return Standing::Expired;
        }
        let record = Record {
            class: self.name.clone(),
            severity: self.list.map_or(Severity::Serious, |(_, severity)| severity),
            act: listing.from,
            determined: listing.from,
            sentence_end: None,
            effect_end: listing.until,
            repaired: None,
            repair_revoked: None,
            performed: None,
            amount: None,
            disputed: listing.disputed,
        };
        self.clock.on(on).standing(&record, on, effect)
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
    /// Nothing.
    pub(super) fn nothing() -> Self {
        Self { classes: Vec::new(), lists: Vec::new(), attributes: Vec::new() }
    }

    /// What of it is asked of a store that has only some classes, lists and attributes.
    #[must_use]
    pub fn within(
        &self,
        class: impl Fn(&ClassName) -> bool,
        list: impl Fn(List) -> bool,
        attribute: impl Fn(&FieldName) -> bool,
    ) -> Self {
        Self {
            classes: self.classes.iter().filter(|name| class(name)).cloned().collect(),
            lists: self.lists.iter().copied().filter(|name| list(*name)).collect(),
            attributes: self.attributes.iter().filter(|name| attribute(name)).cloned().collect(),
        }
    }

    /// How many classes, lists and attributes are asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len() + self.lists.len() + self.attributes.len()
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

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
    /// The classes of records, sorted by name.
    classes: Vec<Arc<RecordClass>>,
    /// The classes of lists.
    lists: Vec<Arc<RecordClass>>,
    plan: Arc<FetchPlan>,
}

impl Released {
    /// Compiles fields; their order and repetitions do not matter.
    pub(crate) fn new(mut fields: Vec<Arc<Field>>) -> Self {
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields.dedup_by(|a, b| a.name == b.name);
        let mut classes = Vec::new();
        let mut plan = FetchPlan::nothing();
        for field in &fields {
            field.plan(&mut plan, &mut classes);
        }
        classes.sort_by(|a: &Arc<RecordClass>, b| a.name.cmp(&b.name));
        classes.dedup_by(|a, b| a.name == b.name);
        let (lists, classes): (Vec<_>, Vec<_>) = classes.into_iter().partition(|class| class.list.is_some());
        plan.classes = classes.iter().map(|class| class.name.clone()).collect();
        plan.lists = lists.iter().filter_map(|class| class.list()).collect();
        plan.lists.sort_unstable();
        plan.attributes.sort_unstable();
        plan.attributes.dedup();
        let names = fields.iter().map(|field| field.name.clone()).collect();
        Self { names, fields, classes, lists, plan: Arc::new(plan) }
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

    /// The class of that list, if a released field rests on it.
    pub(crate) fn list(&self, list: List) -> Option<&Arc<RecordClass>> {
        self.lists.iter().find(|class| class.list() == Some(list))
    }

    /// What stores are asked for.
    pub(crate) fn plan(&self) -> &Arc<FetchPlan> {
        &self.plan
    }

    /// The fields of which all that they rest on is elsewhere, and what is asked for the others.
    pub(crate) fn split(&self, is_elsewhere: impl Fn(&FetchPlan) -> bool) -> (Vec<FieldName>, Arc<FetchPlan>) {
        let is_theirs = |field: &Arc<Field>| is_elsewhere(&Self::new(vec![Arc::clone(field)]).plan);
        let (theirs, ours): (Vec<_>, Vec<_>) = self.fields.iter().cloned().partition(is_theirs);
        (theirs.into_iter().map(|field| field.name.clone()).collect(), Self::new(ours).plan)
    }
}

/// One band: its name, and the least number that lies in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Band {
    pub(crate) name: Text,
    pub(crate) from: i64,
}
