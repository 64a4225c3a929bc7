//! Look-ups of one civil day: on each person, by each member of staff, and on how many different persons.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{key::Key, table::Table};

/// The counts of one day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Day {
    /// The day; nothing before the first look-up.
    pub(crate) date: Option<Date>,
    scopes: Vec<Scope>,
    /// Places in `scopes`, by institution and purpose group.
    places: HashMap<String, Vec<(String, u32)>>,
    pub(crate) people: Table<InScope>,
    pub(crate) staff: Table<InScope>,
}

/// Within which persons are counted: an institution and a purpose group. Staff are counted with an empty group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) institution: String,
    pub(crate) group: String,
    /// Different persons.
    pub(crate) persons: u32,
}

/// A count, and the place of its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InScope {
    pub(crate) scope: u32,
    pub(crate) count: u32,
}

impl Day {
    pub(crate) fn of(date: Date) -> Self {
        Self { date: Some(date), ..Self::default() }
    }

    /// Whether this day is over on `date`.
    pub(crate) fn is_before(&self, date: Date) -> bool {
        self.date.is_none_or(|counted| counted < date)
    }

    /// The day again from its parts, as they were written.
    pub(crate) fn restored(
        date: Option<Date>,
        scopes: Vec<Scope>,
        people: Table<InScope>,
        staff: Table<InScope>,
    ) -> Self {
        let mut places: HashMap<String, Vec<(String, u32)>> = HashMap::new();
        for (place, scope) in (0..).zip(&scopes) {
            places.entry(scope.institution.clone()).or_default().push((scope.group.clone(), place));
        }
        Self { date, scopes, places, people, staff }
    }

    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    pub(crate) fn scope(&self, place: u32) -> Option<&Scope> {
        self.scopes.get(usize::try_from(place).ok()?)
    }

    /// Different persons of an institution in a purpose group.
    pub(crate) fn persons(&self, institution: &str, group: &str) -> u32 {
        self.known_place(institution, group).and_then(|place| self.scope(place)).map_or(0, |scope| scope.persons)
    }

    pub(crate) fn look_ups_on(&self, person: &Key) -> u32 {
        self.people.get(person).map_or(0, |counted| counted.count)
    }

    pub(crate) fn look_ups_by(&self, staff: &Key) -> u32 {
        self.staff.get(staff).map_or(0, |counted| counted.count)
    }

    pub(crate) fn add_person(&mut self, institution: &str, group: &str, person: &Key, count: u32) {
        let scope = self.place_of(institution, group);
        let before = self.people.len();
        self.people.put(person, || InScope { scope, count: 0 }, |counted| counted.add(count));
        if self.people.len() > before
            && let Some(scope) = self.scopes.get_mut(scope as usize)
        {
            scope.persons += 1;
        }
    }

    pub(crate) fn add_staff(&mut self, institution: &str, staff: &Key, count: u32) {
        let scope = self.place_of(institution, "");
        self.staff.put(staff, || InScope { scope, count: 0 }, |counted| counted.add(count));
    }

    fn known_place(&self, institution: &str, group: &str) -> Option<u32> {
        let (_, place) = self.places.get(institution)?.iter().find(|(known, _)| known == group)?;
        Some(*place)
    }

    fn place_of(&mut self, institution: &str, group: &str) -> u32 {
        if let Some(place) = self.known_place(institution, group) {
            return place;
        }
        let place = u32::try_from(self.scopes.len()).unwrap_or(u32::MAX);
        self.places.entry(institution.to_owned()).or_default().push((group.to_owned(), place));
        self.scopes.push(Scope { institution: institution.to_owned(), group: group.to_owned(), persons: 0 });
        place
    }

    /// What was counted, with the scopes by name: two days are the same whatever the places of their scopes.
    fn named<'a>(&'a self, table: &'a Table<InScope>) -> impl Iterator<Item = (Key, u32, &'a str, &'a str)> {
        table.iter().map(|(key, counted)| {
            let scope = self.scope(counted.scope);
            let named = scope.map_or(("", ""), |scope| (scope.institution.as_str(), scope.group.as_str()));
            (key, counted.count, named.0, named.1)
        })
    }
}

impl PartialEq for Day {
    fn eq(&self, other: &Self) -> bool {
        let scopes = |day: &Self| {
            let mut scopes: Vec<Scope> = day.scopes.iter().filter(|scope| scope.persons > 0).cloned().collect();
            scopes.sort_by(|one, other| (&one.institution, &one.group).cmp(&(&other.institution, &other.group)));
            scopes
        };
        self.date == other.date
            && scopes(self) == scopes(other)
            && self.named(&self.people).eq(other.named(&other.people))
            && self.named(&self.staff).eq(other.named(&other.staff))
    }
}

impl InScope {
    pub(crate) fn add(&mut self, count: u32) {
        self.count = self.count.saturating_add(count);
    }
}
