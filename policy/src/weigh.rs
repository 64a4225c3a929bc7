//! What of a store's own report may leave: each attribute and each entry by itself, under the same clocks as a history that
//! is reduced to fields.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::catalogue::{Catalogue, Field};
use crate::decide::Permit;
use crate::history::{List, Listing, Record};
use crate::minimise::{Counting, Counts, is_sealed_listing, is_sealed_record, weigh_listing, weigh_record};
use crate::names::{ClassName, FieldName};

/// Weighs the entries of one report for one permit.
pub struct Weighing<'a, F> {
    permit: &'a Permit,
    catalogue: &'a Catalogue,
    on: Date,
    is_adult_on: F,
    counts: Counts,
    marks: BTreeSet<FieldName>,
}

impl<'a, F: Fn(Date) -> bool> Weighing<'a, F> {
    /// For a permit of `catalogue` on a day; `is_adult_on` says whether the person was of age on another.
    pub fn new(permit: &'a Permit, catalogue: &'a Catalogue, on: Date, is_adult_on: F) -> Self {
        Self { permit, catalogue, on, is_adult_on, counts: Counts::default(), marks: BTreeSet::new() }
    }

    /// Whether the permit releases this field.
    #[must_use]
    pub fn releases(&self, field: &FieldName) -> bool {
        self.permit.fields().binary_search(field).is_ok()
    }

    /// Whether a field of the permit rests on records of this class.
    #[must_use]
    pub fn rests_on(&self, class: &ClassName) -> bool {
        self.permit.plan().classes().contains(class)
    }

    /// Whether a field of the permit rests on this list.
    #[must_use]
    pub fn rests_on_list(&self, list: List) -> bool {
        self.permit.plan().lists().contains(&list)
    }

    /// Whether a record is sealed because the person was a minor: it might as well not be there.
    #[must_use]
    pub fn is_sealed(&self, record: &Record) -> bool {
        is_sealed_record(record, self.catalogue, &self.is_adult_on)
    }

    /// Whether an entry on a list is sealed likewise.
    #[must_use]
    pub fn is_sealed_listing(&self, listing: &Listing) -> bool {
        is_sealed_listing(listing, self.catalogue, &self.is_adult_on)
    }

    /// Whether a record counts.
    #[must_use]
    pub fn record(&mut self, record: &Record) -> bool {
        if self.is_sealed(record) {
            return false;
        }
        let counting = weigh_record(self.permit, record, self.on, &mut self.counts);
        self.note(counting)
    }

    /// Whether an entry on a list counts.
    #[must_use]
    pub fn listing(&mut self, listing: &Listing) -> bool {
        if self.is_sealed_listing(listing) {
            return false;
        }
        let counting = weigh_listing(self.permit, listing, self.on, &mut self.counts);
        self.note(counting)
    }

    fn note(&mut self, counting: Option<Counting<'_>>) -> bool {
        let Some(counting) = counting else { return false };
        if counting.disputed {
            let rests = |field: &Field| field.classes().contains(counting.class.name());
            let fields = self.permit.released().fields().iter().filter(|field| rests(field));
            self.marks.extend(fields.map(|field| field.name().clone()));
        }
        true
    }

    /// How the entries were weighed, and the released fields that rest on one with an open objection, sorted.
    #[must_use]
    pub fn end(self) -> (Counts, Vec<FieldName>) {
        (self.counts, self.marks.into_iter().collect())
    }
}
