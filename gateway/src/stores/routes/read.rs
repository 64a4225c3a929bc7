//! One pass over a store's JSON: slices of what the shape names, the rest passed over without being built.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;

use super::shape::{Below, Entries, Node, Root, Shape};
use crate::stores::http::{HttpFault, json, says_ok};

/// The values of one object, in the order of their places.
pub(super) type Values<'a> = Vec<Option<&'a RawValue>>;

/// What was read of an answer. Its default is the answer about a person of whom there is nothing.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) values: Values<'a>,
    /// Of each array its entries; nothing of one that is not there.
    pub(super) entries: Vec<Option<Vec<Values<'a>>>>,
}

impl Shape {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`HttpFault::NoJson`], [`HttpFault::Twice`], [`HttpFault::Untyped`]; [`HttpFault::NotOk`] where it does not say that it is in
    /// order, and [`HttpFault::Missing`] where an array is not there: an interface that failed has none either, and "nothing" would
    /// clear the person.
    pub(super) fn read<'a>(&self, text: &'a str) -> Result<Found<'a>, HttpFault> {
        json::bounded(text)?;
        if let Some((path, texts)) = &self.ok {
            let whole: &RawValue = serde_json::from_str(text).map_err(|_| HttpFault::NoJson(json::DEPTH))?;
            says_ok(whole, path, texts, false)?;
        }
        let mut found = Found { values: vec![None; self.values.len()], entries: vec![None; self.entries.len()] };
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut trace = Trace { place: "the answer", is_twice: false };
        let Found { values, entries } = &mut found;
        let read = match (&self.root, self.entries.first(), entries.first_mut()) {
            (Root::Array, Some(shape), Some(found)) => {
                Array { shape, found, trace: &mut trace }.deserialize(&mut reader)
            }
            (Root::Array, ..) => Ok(()),
            (Root::Object(node), ..) => {
                let below = Some(Arrays { shapes: &self.entries, found: entries });
                let (place, trace) = ("the answer", &mut trace);
                Object { node, values, below, place, may_be_null: false, trace }.deserialize(&mut reader)
            }
        };
        let missing = || self.entries.iter().zip(&found.entries).find(|(_, found)| found.is_none());
        match read.and_then(|()| reader.end()) {
            Ok(()) => match missing() {
                Some((shape, _)) => Err(HttpFault::Missing(shape.place.clone())),
                None => Ok(found),
            },
            Err(_) if trace.is_twice => Err(HttpFault::Twice),
            Err(error) if error.is_data() => Err(HttpFault::Untyped(trace.place.to_owned())),
            Err(_) => Err(HttpFault::NoJson(json::DEPTH)),
        }
    }
}

/// Where the reader is, and what it met that the parser cannot say.
struct Trace<'s> {
    place: &'s str,
    is_twice: bool,
}

/// The arrays that may stand below an object.
struct Arrays<'s, 'f, 'de> {
    shapes: &'s [Entries],
    found: &'f mut Vec<Option<Vec<Values<'de>>>>,
}

/// An object.
struct Object<'s, 'f, 'de> {
    node: &'s Node,
    values: &'f mut Values<'de>,
    below: Option<Arrays<'s, 'f, 'de>>,
    place: &'s str,
    may_be_null: bool,
    trace: &'f mut Trace<'s>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.trace.place = self.place;
        deserializer.deserialize_any(self)
    }
}

/// A name that is lent where it has no escapes.
#[derive(serde::Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut names: HashSet<Name<'de>> = HashSet::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let member = self.node.members.iter().find(|member| member.name == name.0);
            // Wanted or not: readers would not agree on which one counts.
            if !names.insert(name) {
                self.trace.is_twice = true;
                return Err(A::Error::custom("twice"));
            }
            let Some(member) = member else {
                let IgnoredAny = map.next_value()?;
                continue;
            };
            match (&member.below, &mut self.below) {
                (Below::Value(place), _) => {
                    let value = map.next_value::<&'de RawValue>()?;
                    if value.get().starts_with(['{', '[']) {
                        self.trace.place = &member.name;
                        return Err(A::Error::invalid_type(Unexpected::Other("parts"), &"a value without parts"));
                    }
                    if let Some(slot) = self.values.get_mut(*place) {
                        *slot = Some(value);
                    }
                }
                (Below::Node(node), below) => {
                    let below =
                        below.as_mut().map(|arrays| Arrays { shapes: arrays.shapes, found: &mut *arrays.found });
                    let (place, trace) = (member.name.as_str(), &mut *self.trace);
                    let values = &mut *self.values;
                    map.next_value_seed(Object { node, values, below, place, may_be_null: true, trace })?;
                }
                (Below::Entries(place), Some(arrays)) => {
                    let trace = &mut *self.trace;
                    match (arrays.shapes.get(*place), arrays.found.get_mut(*place)) {
                        (Some(shape), Some(found)) => map.next_value_seed(Array { shape, found, trace })?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                (Below::Entries(_), None) => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.may_be_null {
            return Ok(());
        }
        Err(E::invalid_type(Unexpected::Unit, &self))
    }
}

/// An array of objects.
struct Array<'s, 'f, 'de> {
    shape: &'s Entries,
    found: &'f mut Option<Vec<Values<'de>>>,
    trace: &'f mut Trace<'s>,
}

impl<'de> DeserializeSeed<'de> for Array<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.trace.place = &self.shape.place;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Array<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let found = self.found.get_or_insert_default();
        loop {
            let mut values = vec![None; self.shape.length];
            let object = Object {
                node: &self.shape.read,
                values: &mut values,
                below: None,
                place: &self.shape.place,
                may_be_null: false,
                trace: &mut *self.trace,
            };
            if elements.next_element_seed(object)?.is_none() {
                return Ok(());
            }
            found.push(values);
        }
    }
}
