//! Minimisation: clocks, repairs and objections applied, derivations computed, everything else dropped (R8–R11, R19, R20).

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::catalogue::{
    Catalogue, Class, Derivation, Effect, Field, Number, RecordClass, Reducer, Sensitivity, Standing,
};
use crate::consent::Period;
use crate::decide::Permit;
use crate::history::{Attribute, History, Listing, Record, Value};
use crate::names::FieldName;

/// What may leave: exactly the permit's fields, whatever stands in the history.
pub struct Minimised {
    /// Each field of the permit with its value, sorted by name.
    pub data: Vec<(FieldName, Value)>,
    /// The released fields that rest on something with an open objection, sorted.
    pub marks: Vec<FieldName>,
    /// How the history was weighed.
    pub counts: Counts,
}

/// How the records and listings were weighed that the permit's fields rest on. Others are not counted, nor looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    pub considered: u32,
    /// Those whose display period, or whose time on the list, is over.
    pub expired: u32,
    /// Those that were repaired and are not expired.
    pub repaired: u32,
    /// Those that count and have an open objection.
    pub disputed: u32,
}

/// Reduces a history to what the permit releases, by the clocks of the catalogue that made the permit.
#[must_use]
pub fn minimise(permit: &Permit, history: &History, on: Date) -> Minimised {
    let released = permit.released();
    let mut counts = Counts::default();
    let weighed = Weighed {
        on,
        effect: permit.effect(),
        look_back: permit.look_back(),
        entries: entries_that_count(permit, history, on, &mut counts),
        attributes: &history.attributes,
    };
    let mut data = Vec::with_capacity(released.fields().len());
    let mut marks = Vec::new();
    for field in released.fields() {
        let (value, marked) = weighed.value(field);
        if marked {
            marks.push(field.name().clone());
        }
        data.push((field.name().clone(), value));
    }
    Minimised { data, marks, counts }
}

/// Takes out what is sealed because the person did it as a minor: records and list entries that count against the person
/// and are of a day on which he or she was not of age. The seal does not end at 18 (law on the prevention of juvenile
/// delinquency, art. 59; criminal procedure law, art. 286).
pub fn seal_acts_of_minors(history: &mut History, catalogue: &Catalogue, is_adult_on: impl Fn(Date) -> bool) {
    history.records.retain(|record| !is_sealed_record(record, catalogue, &is_adult_on));
    history.listings.retain(|listing| !is_sealed_listing(listing, catalogue, &is_adult_on));
}

pub(crate) fn is_sealed_record(record: &Record, catalogue: &Catalogue, is_adult_on: impl Fn(Date) -> bool) -> bool {
    counts_against(catalogue.class(record.class.as_str())) && !is_adult_on(record.act)
}

pub(crate) fn is_sealed_listing(listing: &Listing, catalogue: &Catalogue, is_adult_on: impl Fn(Date) -> bool) -> bool {
    let class = catalogue.classes().find(|class| class.list() == Some(listing.list));
    counts_against(class) && !is_adult_on(listing.from)
}

fn counts_against(class: Option<&Class>) -> bool {
    class.is_none_or(|class| class.sensitivity() == Sensitivity::Adverse)
}

/// What of a history counts on the day.
struct Weighed<'a> {
    on: Date,
    effect: Effect,
    look_back: Option<Period>,
    entries: Vec<Counting<'a>>,
    attributes: &'a [Attribute],
}

impl Weighed<'_> {
    /// The value of a field, and whether it rests on something with an open objection.
    fn value(&self, field: &Field) -> (Value, bool) {
        match field.derivation() {
            Derivation::Attribute => (attribute(field.name(), self.attributes), false),
            Derivation::Masked(of) => (attribute(of, self.attributes).masked(), false),
            Derivation::Records { reducer, within, classes } => self.records(*reducer, *within, classes),
            Derivation::Number { of, number } => {
                let (value, marked) = self.value(of);
                (compared(number, &value), marked)
            }
            Derivation::All(of) => self.all(of),
            Derivation::Listed(class) => {
                let mut found = self.entries.iter().filter(|entry| Arc::ptr_eq(class, entry.class)).peekable();
                (Value::Bool(found.peek().is_some()), found.any(|entry| entry.disputed))
            }
        }
    }

    /// No, where one says no; not known, where none does and one is not known.
    fn all(&self, of: &[Arc<Field>]) -> (Value, bool) {
        let values: Vec<_> = of.iter().map(|field| self.value(field)).collect();
        let marked = values.iter().any(|(_, marked)| *marked);
        let says_no = values.iter().any(|(value, _)| *value == Value::Bool(false));
        let says_yes = values.iter().all(|(value, _)| *value == Value::Bool(true));
        let value = if says_no || says_yes { Value::Bool(says_yes) } else { Value::Null };
        (value, marked)
    }

    fn records(&self, reducer: Reducer, within: Option<Period>, classes: &[Arc<RecordClass>]) -> (Value, bool) {
        // An answer to somebody who may look back one year says nothing of three years, not even that there was nothing. A
        // field without a period of its own speaks of as long as its records are displayed.
        let too_far = |look_back: Period| {
            let last = look_back.last_day(self.on);
            let is_longer = |period: Period| last < period.last_day(self.on);
            within.map_or_else(
                || classes.iter().any(|class| class.clock().on(self.on).displays_for(self.effect).any(is_longer)),
                is_longer,
            )
        };
        if self.look_back.is_some_and(too_far) {
            return (Value::Null, false);
        }
        let rests_on = |record: &&Counting<'_>| {
            classes.iter().any(|class| Arc::ptr_eq(class, record.class))
                && within.is_none_or(|within| lies_within(within, record.started, self.on))
        };
        let found: Vec<_> = self.entries.iter().filter(rests_on).collect();
        let value = match reducer {
            Reducer::Exists => Value::Bool(!found.is_empty()),
            Reducer::NoneWithin => Value::Bool(found.is_empty()),
            Reducer::Count => Value::Int(i64::try_from(found.len()).unwrap_or(i64::MAX)),
            Reducer::Latest => {
                let last = found.iter().map(|record| record.determined).max();
                last.map_or(Value::Null, |day| Value::Text(day.to_string()))
            }
        };
        (value, found.iter().any(|record| record.disputed))
    }
}

/// A record lies within a period until its last day, counted from the event that started its clock; one whose clock
/// has not started lies within every period.
fn lies_within(period: Period, started: Option<Date>, on: Date) -> bool {
    started.is_none_or(|started| period.last_day(started) >= on)
}

/// A record or a list entry that counts, with what reducers need of it.
pub(crate) struct Counting<'a> {
    pub(crate) class: &'a Arc<RecordClass>,
    determined: Date,
    started: Option<Date>,
    pub(crate) disputed: bool,
}

fn entries_that_count<'a>(permit: &'a Permit, history: &History, on: Date, counts: &mut Counts) -> Vec<Counting<'a>> {
    let mut counting: Vec<_> =
        history.listings.iter().filter_map(|listing| weigh_listing(permit, listing, on, counts)).collect();
    counting.extend(history.records.iter().filter_map(|record| weigh_record(permit, record, on, counts)));
    counting
}

/// A record, if it counts.
pub(crate) fn weigh_record<'a>(
    permit: &'a Permit,
    record: &Record,
    on: Date,
    counts: &mut Counts,
) -> Option<Counting<'a>> {
    let class = permit.released().class(&record.class)?;
    let clock = class.clock().on(on);
    let started = clock.started(record);
    // What lies further back than the person agreed to is not looked at; what is in force is of today.
    let is_too_old = |look_back| !clock.is_of_today(record, on) && !lies_within(look_back, started, on);
    if permit.look_back().is_some_and(is_too_old) {
        return None;
    }
    let Record { determined, disputed, .. } = *record;
    counts.add(clock.standing(record, on, permit.effect()), disputed).then_some(Counting {
        class,
        determined,
        started,
        disputed,
    })
}

/// A listing counts from its first day until the day before its end, or until its display period is over. While it
/// does, it lies within every period: who stands on a list has had no clean years.
pub(crate) fn weigh_listing<'a>(
    permit: &'a Permit,
    listing: &Listing,
    on: Date,
    counts: &mut Counts,
) -> Option<Counting<'a>> {
    let class = permit.released().list(listing.list)?;
    let Listing { from, disputed, .. } = *listing;
    let counting = Counting { class, determined: from, started: None, disputed };
    counts.add(class.standing_of(listing, on, permit.effect()), disputed).then_some(counting)
}

impl Counts {
    /// Counts one more, and returns whether it counts in the answer.
    fn add(&mut self, standing: Standing, disputed: bool) -> bool {
        // What the law keeps out might as well not be there.
        self.considered += u32::from(standing != Standing::KeptOut);
        match standing {
            Standing::Counts => self.disputed += u32::from(disputed),
            Standing::Undetermined | Standing::KeptOut => {}
            Standing::Expired => self.expired += 1,
            Standing::Repaired => self.repaired += 1,
        }
        standing == Standing::Counts
    }
}

fn attribute(name: &FieldName, attributes: &[Attribute]) -> Value {
    let found = attributes.iter().find(|attribute| attribute.field == *name);
    found.map_or(Value::Null, |attribute| attribute.value.clone())
}

/// What a number comes to. Where there is none, nothing is known; below the lowest band there is no band.
fn compared(number: &Number, value: &Value) -> Value {
    let known = match value {
        Value::Int(known) => *known,
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) => return Value::Null,
    };
    match number {
        Number::AtLeast(least) => Value::Bool(known >= *least),
        Number::Band(bands) => {
            let reached = bands.iter().rev().find(|band| known >= band.from);
            reached.map_or(Value::Null, |band| Value::Text(band.name.as_str().to_owned()))
        }
    }
}
