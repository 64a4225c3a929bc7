//! What of a store's JSON leaves: the members of the allow-list, the entries that count, no text with a citizen number in it.
//! What is kept stays the bytes that the store sent.

use credit_policy::{
    Attribute, Catalogue, CitizenNumber, Counts, FieldName, History, Permit, Personal, Value, Weighing,
    holds_citizen_number, minimise,
};
use jiff::civil::Date;
use serde_json::value::RawValue;

use super::{
    read::{Found, Values},
    route::Route,
    shape::{Below, Entries, NamedMember, Node, Root, ValueOf},
};
use crate::stores::{
    fault::StoreFault,
    http::{
        HttpFault,
        json::{Scalar, scalar},
    },
    map::{Cell, Reading},
    values,
};

/// For whom and by which rules an answer is reduced.
pub(crate) struct Reduction<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) permit: &'a Permit,
    pub(crate) on: Date,
    pub(crate) person: &'a Personal<CitizenNumber>,
    pub(crate) pseudonym: &'a str,
    /// Takes out what is gone and marks what is objected to.
    pub(crate) heed: &'a dyn Fn(&mut History),
}

/// What leaves, and what the record says of it.
pub(crate) struct Reduced {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// The released fields that rest on something with an open objection, sorted.
    pub(crate) marks: Vec<FieldName>,
    /// How the entries were weighed.
    pub(crate) counts: Counts,
    /// What the store told.
    pub(crate) told: History,
}

impl Route {
    /// Whether an answer can be read: it is JSON in which no name stands twice, and objects and arrays stand where they should.
    ///
    /// # Errors
    /// What is no answer. Values are weighed by [`Self::reduce`] alone.
    pub(crate) fn reads(&self, answer: Option<&str>) -> Result<(), StoreFault> {
        answer.map(|text| self.shape.read(text)).transpose()?;
        Ok(())
    }

    /// Reduces what the store answered; `None` is a store that has nothing of the person. That, and a person of whom
    /// there is nothing left, are the same bytes.
    ///
    /// # Errors
    /// What is no answer, or does not fit the map and the data list; then nothing of it is used.
    pub(crate) fn reduce(&self, answer: Option<&str>, by: &Reduction<'_>) -> Result<Reduced, StoreFault> {
        let found = answer.map(|text| self.shape.read(text)).transpose()?.unwrap_or_default();
        by.person.disclose(|person| {
            let weighing = Weighing::new(by.permit, by.catalogue, by.on, |day| person.is_adult_on(day));
            let body = Vec::with_capacity(answer.map_or(256, str::len));
            let (told, is_answered) = (History::default(), answer.is_some());
            let mut writing = Writing { route: self, by, found: &found, is_answered, weighing, told, body };
            match &self.shape.root {
                Root::Object(node) => writing.object(node)?,
                Root::Array => writing.entries(0)?,
            }
            let Writing { body, weighing, told, .. } = writing;
            let (counts, marks) = weighing.end();
            Ok(Reduced { body, marks, counts, told })
        })
    }
}

struct Writing<'a, F> {
    route: &'a Route,
    by: &'a Reduction<'a>,
    found: &'a Found<'a>,
    /// Whether the store has something of the person, be it that there is nothing.
    is_answered: bool,
    weighing: Weighing<'a, F>,
    told: History,
    body: Vec<u8>,
}

impl<'a, F: Fn(Date) -> bool> Writing<'a, F> {
    /// An object with every member that the permit releases, whatever the store has of it.
    fn object(&mut self, node: &Node) -> Result<(), StoreFault> {
        self.body.push(b'{');
        let mut is_first = true;
        for member in &node.members {
            if !self.releases(&member.below) {
                continue;
            }
            if !is_first {
                self.body.push(b',');
            }
            is_first = false;
            self.body.extend_from_slice(member.key.as_bytes());
            match &member.below {
                Below::Node(node) => self.object(node)?,
                Below::Value(place) => self.value(*place, &member.name)?,
                Below::Entries(place) => self.entries(*place)?,
            }
        }
        self.body.push(b'}');
        Ok(())
    }

    /// Whether the permit releases something of a member.
    fn releases(&self, below: &Below) -> bool {
        let shape = &self.route.shape;
        match below {
            Below::Node(node) => node.members.iter().any(|member| self.releases(&member.below)),
            Below::Value(place) => match shape.values.get(*place) {
                Some(ValueOf::Person) => true,
                Some(ValueOf::Field { field, .. }) => self.weighing.releases(field),
                None => false,
            },
            Below::Entries(place) => shape.entries.get(*place).is_some_and(|entries| {
                let Entries { field, classes, lists, .. } = entries;
                if let Some(field) = field {
                    return self.weighing.releases(field);
                }
                classes.iter().any(|class| self.weighing.rests_on(class))
                    || lists.iter().any(|list| self.weighing.rests_on_list(*list))
            }),
        }
    }

    fn value(&mut self, place: usize, name: &str) -> Result<(), StoreFault> {
        let raw = self.found.values.get(place).copied().flatten();
        match self.route.shape.values.get(place) {
            Some(ValueOf::Person) => {
                if let Some(raw) = raw.filter(|raw| raw.get() != "null") {
                    is_about(raw, name, self.by.person)?;
                }
                self.pseudonym();
            }
            Some(ValueOf::Field { field, of, is_yes_no }) => {
                let is_left_out = raw.is_none_or(|raw| raw.get() == "null");
                if *is_yes_no && is_left_out && self.is_answered {
                    return Err(HttpFault::Missing(name.to_owned()).into());
                }
                let value = raw.map_or(Ok(Value::Null), |raw| self.attribute(of, raw, name))?;
                let one = History { attributes: vec![Attribute { field: of.clone(), value }], ..History::default() };
                match raw {
                    _ if field != of => self.made(field, &one)?,
                    Some(raw) if !holds_number(raw, name)? => self.body.extend_from_slice(raw.get().as_bytes()),
                    Some(_) | None => self.body.extend_from_slice(b"null"),
                }
                self.told.attributes.extend(one.attributes);
            }
            None => self.body.extend_from_slice(b"null"),
        }
        Ok(())
    }

    /// The value of an attribute, which must be one that its field may have.
    fn attribute(&self, field: &FieldName, raw: &RawValue, name: &str) -> Result<Value, StoreFault> {
        let value = values::scalar(raw.get()).ok_or_else(|| HttpFault::Untyped(name.to_owned()))?;
        let known = self.by.catalogue.field(field.as_str());
        if value == Value::Null || known.is_some_and(|known| known.admits(&value)) {
            return Ok(value);
        }
        let class = known.and_then(|known| known.classes().first());
        Err(class.map_or_else(|| HttpFault::Untyped(name.to_owned()).into(), |class| StoreFault::Domain(class.clone())))
    }

    /// What a field comes to, of a part of what the store told.
    fn made(&mut self, field: &FieldName, of: &History) -> Result<(), StoreFault> {
        let minimised = minimise(self.by.permit, of, self.by.on);
        let value = minimised.data.into_iter().find(|(name, _)| name == field).map_or(Value::Null, |(_, value)| value);
        let written = serde_json::to_writer(&mut self.body, &value);
        written.map_err(|_| HttpFault::Untyped(field.to_string()).into())
    }

    /// An array with the entries that count; or the field that is answered in its place.
    fn entries(&mut self, place: usize) -> Result<(), StoreFault> {
        let (Some(shape), Some(map)) = (self.route.shape.entries.get(place), &self.route.map) else {
            return Err(HttpFault::Broken.into());
        };
        let (permit, person) = (self.by.permit, self.by.person);
        let mut reading = Reading::new(map, permit.plan(), permit.scenario().name(), person, self.by.on);
        let mut all = History::default();
        if shape.field.is_none() {
            self.body.push(b'[');
        }
        let mut is_first = true;
        for entry in self.found.entries.get(place).into_iter().flatten().flatten() {
            if self.counts(shape, &mut reading, entry, &mut all)? && shape.field.is_none() {
                if !is_first {
                    self.body.push(b',');
                }
                is_first = false;
                self.entry(shape, &shape.show, entry)?;
            }
        }
        match &shape.field {
            Some(field) => self.made(field, &all)?,
            None => self.body.push(b']'),
        }
        self.told.records.extend(all.records);
        self.told.listings.extend(all.listings);
        if let Some(first) = reading.end().unknown.first() {
            tracing::warn!("entries of a person do not count: {first}");
        }
        Ok(())
    }

    /// Whether an entry counts: as a record, or as one on a list. What it is is added to `all`, but for what is sealed.
    fn counts(
        &mut self,
        shape: &Entries,
        reading: &mut Reading<'_>,
        entry: &Values<'_>,
        all: &mut History,
    ) -> Result<bool, StoreFault> {
        let mut scalars: Vec<Option<Scalar<'_>>> = Vec::with_capacity(entry.len());
        for (column, raw) in shape.select.columns().iter().zip(entry) {
            scalars.push(raw.map(|raw| scalar(raw, column.name())).transpose()?);
        }
        let read = self.by.person.disclose(|number| {
            // Where its entries do not say whose they are, the answer is about whom was asked about.
            let own = |at: usize| (at == 0 && shape.key.is_none()).then(|| Cell::Text(number.as_str()));
            let cells: Vec<Cell<'_>> =
                scalars.iter().enumerate().map(|(at, scalar)| own(at).unwrap_or_else(|| cell(scalar))).collect();
            reading.row_alone(&shape.select, &cells)
        });
        let mut read = read.map_err(StoreFault::Mapped)?;
        (self.by.heed)(&mut read);
        let History { records, listings, attributes: _ } = read;
        let mut counts = false;
        for record in records {
            counts |= self.weighing.record(&record);
            if !self.weighing.is_sealed(&record) {
                all.records.push(record);
            }
        }
        for listing in listings {
            counts |= self.weighing.listing(&listing);
            if !self.weighing.is_sealed_listing(&listing) {
                all.listings.push(listing);
            }
        }
        Ok(counts)
    }

    /// The members of an entry that may leave, as far as the store has them.
    fn entry(&mut self, shape: &Entries, node: &Node, entry: &Values<'_>) -> Result<(), StoreFault> {
        self.body.push(b'{');
        let mut is_first = true;
        for NamedMember { name, key, below } in &node.members {
            let before = self.body.len();
            if !is_first {
                self.body.push(b',');
            }
            self.body.extend_from_slice(key.as_bytes());
            let has_some = match below {
                Below::Value(place) => {
                    let raw = entry.get(*place).copied().flatten();
                    self.shown(raw, Some(*place) == shape.key, name)?
                }
                Below::Node(node) => {
                    self.entry(shape, node, entry)?;
                    !self.body.ends_with(b"{}")
                }
                Below::Entries(_) => false,
            };
            if has_some {
                is_first = false;
            } else {
                self.body.truncate(before);
            }
        }
        self.body.push(b'}');
        Ok(())
    }

    /// Writes a value of an entry, if it is one that may be told.
    fn shown(&mut self, raw: Option<&RawValue>, is_key: bool, name: &str) -> Result<bool, StoreFault> {
        match raw {
            Some(_) if is_key => self.pseudonym(),
            Some(raw) if !holds_number(raw, name)? => self.body.extend_from_slice(raw.get().as_bytes()),
            Some(_) | None => return Ok(false),
        }
        Ok(true)
    }

    /// A pseudonym has no character that JSON escapes.
    fn pseudonym(&mut self) {
        self.body.push(b'"');
        self.body.extend_from_slice(self.by.pseudonym.as_bytes());
        self.body.push(b'"');
    }
}

/// Whether a value contains a citizen number, as a text or as a number: anybody's.
fn holds_number(raw: &RawValue, name: &str) -> Result<bool, HttpFault> {
    Ok(match scalar(raw, name)? {
        Scalar::Text(text) => holds_citizen_number(&text),
        Scalar::Number(digits) => holds_citizen_number(digits),
        Scalar::Null | Scalar::Bool(_) => false,
    })
}

/// That a value is the number of the person who was asked about.
fn is_about(raw: &RawValue, name: &str, person: &Personal<CitizenNumber>) -> Result<(), HttpFault> {
    let Scalar::Text(text) = scalar(raw, name)? else { return Err(HttpFault::Untyped(name.to_owned())) };
    let found = CitizenNumber::parse(&text).map_err(|_| HttpFault::Untyped(name.to_owned()))?;
    let is_same = found.disclose(|found| person.disclose(|person| person.as_str() == found.as_str()));
    if is_same { Ok(()) } else { Err(HttpFault::AnotherPerson) }
}

fn cell<'a>(found: &'a Option<Scalar<'_>>) -> Cell<'a> {
    match found {
        None | Some(Scalar::Null) => Cell::Null,
        Some(Scalar::Bool(value)) => Cell::Bool(*value),
        Some(Scalar::Number(digits)) => Cell::Number(digits),
        Some(Scalar::Text(text)) => Cell::Text(text),
    }
}
