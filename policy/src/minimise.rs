//! Minimisation: clocks, repairs and objections applied, derivations computed, everything else dropped (R8–R11, R19, R20).

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::catalogue::{Derivation, Period, RecordClass, Released, Standing};
use crate::decide::Permit;
use crate::history::{Attribute, History, List, Listing, Value};
use crate::names::FieldName;

/// What may leave: exactly the permit's fields, whatever the history holds.
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
    let records = records_that_count(released, history, on, &mut counts);
    let listings = listings_that_count(released, history, on, &mut counts);

    let mut data = Vec::with_capacity(released.fields().len());
    let mut marks = Vec::new();
    for field in released.fields() {
        let (value, marked) = match field.derivation() {
            Derivation::Attribute => (attribute(field.name(), &history.attributes), false),
            Derivation::NoneWithin { period, classes } => none_within(*period, classes, &records, on),
            Derivation::Listed(list) => listed(*list, &listings),
        };
        if marked {
            marks.push(field.name().clone());
        }
        data.push((field.name().clone(), value));
    }
    Minimised { data, marks, counts }
}

/// A record that counts, with what reducers need of it.
struct Counting<'a> {
    class: &'a Arc<RecordClass>,
    started: Option<Date>,
    disputed: bool,
}

fn records_that_count<'a>(
    released: &'a Released,
    history: &History,
    on: Date,
    counts: &mut Counts,
) -> Vec<Counting<'a>> {
    let mut counting = Vec::new();
    for record in &history.records {
        let Some(class) = released.class(&record.class) else {
            continue;
        };
        counts.considered += 1;
        match class.clock().standing(record, on) {
            Standing::Counts => {
                counts.disputed += u32::from(record.disputed);
                counting.push(Counting { class, started: class.clock().started(record), disputed: record.disputed });
            }
            Standing::Undetermined => {}
            Standing::Expired => counts.expired += 1,
            Standing::Repaired => counts.repaired += 1,
        }
    }
    counting
}

/// A listing counts from its first day until the day before its end.
fn listings_that_count<'a>(
    released: &Released,
    history: &'a History,
    on: Date,
    counts: &mut Counts,
) -> Vec<&'a Listing> {
    let mut counting = Vec::new();
    for listing in history.listings.iter().filter(|listing| released.plan().lists().contains(&listing.list)) {
        counts.considered += 1;
        if listing.until.is_some_and(|until| until <= on) {
            counts.expired += 1;
        } else if listing.from <= on {
            counts.disputed += u32::from(listing.disputed);
            counting.push(listing);
        }
    }
    counting
}

fn attribute(name: &FieldName, attributes: &[Attribute]) -> Value {
    let found = attributes.iter().find(|attribute| attribute.field == *name);
    found.map_or(Value::Null, |attribute| attribute.value.clone())
}

/// A record lies within the period until its last day, counted from the event that started its clock; one whose clock
/// has not started lies within every period.
fn none_within(period: Period, classes: &[Arc<RecordClass>], records: &[Counting<'_>], on: Date) -> (Value, bool) {
    let within = |record: &&Counting<'_>| {
        classes.iter().any(|class| Arc::ptr_eq(class, record.class))
            && record.started.is_none_or(|started| period.last_day(started) >= on)
    };
    let mut found = records.iter().filter(within).peekable();
    (Value::Bool(found.peek().is_none()), found.any(|record| record.disputed))
}

fn listed(list: List, listings: &[&Listing]) -> (Value, bool) {
    let mut found = listings.iter().filter(|listing| listing.list == list).peekable();
    (Value::Bool(found.peek().is_some()), found.any(|listing| listing.disputed))
}
