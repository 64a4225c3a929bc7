//! What must be asked of a source: only the columns that a plan needs.

use std::{collections::BTreeSet, sync::Arc};

use credit_policy::{CitizenNumber, ClassName, FetchPlan};
use zeroize::Zeroizing;

use super::{
    column::Column,
    file::Rows,
    number,
    source::{Given, Map, Source},
    unfit::{Unfit, What},
};

/// One question to one source. Engines make a statement or a request of it; it contains nothing of a person.
#[derive(Clone)]
pub(crate) struct Select {
    pub(super) source: Arc<Source>,
    columns: Vec<Arc<Column>>,
    /// Of each column of the source, where its cell stands in a row.
    places: Vec<Option<usize>>,
    excludes: Vec<Exclude>,
    /// The places of the roles that the plan needs.
    pub(super) records: Vec<usize>,
    pub(super) listings: Vec<usize>,
    pub(super) attributes: Vec<usize>,
    /// For which class it is asked first; faults are counted by it.
    pub(super) class: Option<ClassName>,
}

/// Codes of a column whose rows need not come: they are of other classes, of organisations, of other documents. NULL
/// must come, and every code that the map does not know: it fails the look-up, and must not be overlooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exclude {
    /// The name of the column in the table.
    pub(crate) column: Arc<str>,
    /// ASCII letters and digits: the same bytes in every encoding, and in every dialect of SQL.
    pub(crate) codes: Vec<String>,
}

impl Map {
    /// What must be asked for a plan: one question for each source that has something of it.
    pub(crate) fn selects(&self, plan: &FetchPlan) -> Vec<Select> {
        self.sources.iter().filter_map(|source| Select::of(source, plan)).collect()
    }
}

impl Map {
    /// All that it has, a question a source: to examine a store, and to see whether it can be asked.
    pub(crate) fn everything(&self) -> Vec<Select> {
        self.sources.iter().map(Select::everything).collect()
    }
}

/// The places of the roles that are wanted.
fn wanted<T>(roles: &[T], is_wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    roles.iter().enumerate().filter(|(_, role)| is_wanted(role)).map(|(at, _)| at).collect()
}

impl Select {
    fn of(source: &Arc<Source>, plan: &FetchPlan) -> Option<Self> {
        let records = wanted(&source.records, |role| role.classes().iter().any(|class| plan.classes().contains(class)));
        let listings =
            wanted(&source.listings, |role| role.list.values().iter().any(|list| plan.lists().contains(list)));
        let attributes = wanted(&source.attributes, |role| plan.attributes().contains(&role.field));
        if records.is_empty() && listings.is_empty() && attributes.is_empty() {
            return None;
        }
        let class = class_of(source, |class| plan.classes().contains(class), &records, &attributes);
        let excludes = excludes(source, plan, &records, listings.is_empty() && attributes.is_empty());
        Some(Self { class, excludes, ..Self::new(source, records, listings, attributes) })
    }

    /// All that the map has of a source.
    fn everything(source: &Arc<Source>) -> Self {
        let (records, listings) = (wanted(&source.records, |_| true), wanted(&source.listings, |_| true));
        let attributes = wanted(&source.attributes, |_| true);
        let class = class_of(source, |_| true, &records, &attributes);
        let mut all = Self { class, ..Self::new(source, records, listings, attributes) };
        // Compared, and never read as a clock: no look-up has it.
        let published = source.records.iter().filter_map(|role| role.published_until);
        for column in published.chain(source.listings.iter().filter_map(|role| role.published_until)) {
            if let (Some(slot @ None), Some(found)) = (all.places.get_mut(column), source.columns.get(column)) {
                *slot = Some(all.columns.len());
                all.columns.push(Arc::clone(found));
            }
        }
        all
    }

    fn new(source: &Arc<Source>, records: Vec<usize>, listings: Vec<usize>, attributes: Vec<usize>) -> Self {
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        needed.extend(source.id_type.iter().chain(&source.subject).map(|by| by.column));
        needed.extend(source.scope.iter().map(|by| by.column));
        needed.extend(records.iter().filter_map(|at| source.records.get(*at)).flat_map(|role| role.columns()));
        needed.extend(listings.iter().filter_map(|at| source.listings.get(*at)).flat_map(|role| role.columns()));
        needed.extend(attributes.iter().filter_map(|at| source.attributes.get(*at)).map(|role| role.column));
        needed.remove(&source.key);
        let order: Vec<usize> = std::iter::once(source.key).chain(needed).collect();
        let mut places = vec![None; source.columns.len()];
        for (place, column) in order.iter().enumerate() {
            if let Some(slot) = places.get_mut(*column) {
                *slot = Some(place);
            }
        }
        let columns = order.iter().filter_map(|at| source.columns.get(*at)).cloned().collect();
        let (source, excludes, class) = (Arc::clone(source), Vec::new(), None);
        Self { source, columns, places, excludes, records, listings, attributes, class }
    }

    /// The source to ask.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether there is an attribute of which a person has one value, in however many rows.
    pub(crate) fn has_single_values(&self) -> bool {
        self.attributes.iter().filter_map(|at| self.source.attributes.get(*at)).any(|role| role.rows == Rows::One)
    }

    /// The columns to ask for, in the order in which [`super::Reading::row`] takes their cells. The first is the key.
    pub(crate) fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// The texts to ask the key column for: two spellings, which are equal where the last character is a digit.
    pub(crate) fn keys(person: &CitizenNumber) -> [Zeroizing<String>; 2] {
        number::spellings(person)
    }

    /// Further texts to ask for where nothing was examined before: a row with one of them is found, and does not fit.
    pub(crate) fn misspelt_keys(person: &CitizenNumber) -> Vec<Zeroizing<String>> {
        number::misspellings(person)
    }

    /// What is wrong with a row whose key is the person's in another form than look-ups ask for.
    pub(crate) fn misspelt(&self) -> Unfit {
        let column = self.columns.first().map_or_else(|| "".into(), |key| Arc::clone(&key.name));
        Unfit { class: self.class.clone(), source: Arc::clone(&self.source.name), column, what: What::NotCanonical }
    }

    /// A value that is longer than any that fits.
    pub(crate) fn too_long(&self, column: &Column) -> Unfit {
        let (class, source) = (self.class.clone(), Arc::clone(&self.source.name));
        Unfit { class, source, column: Arc::clone(&column.name), what: What::TooLong }
    }

    /// Rows that need not come. An engine may let them come all the same: [`super::Reading`] judges each again.
    pub(crate) fn excludes(&self) -> &[Exclude] {
        &self.excludes
    }

    /// Where the cell of a column of the source stands.
    pub(super) fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }
}

fn class_of(
    source: &Source,
    is_asked: impl Fn(&ClassName) -> bool,
    records: &[usize],
    attributes: &[usize],
) -> Option<ClassName> {
    let classes = records.iter().filter_map(|at| source.records.get(*at)).flat_map(|role| role.classes());
    let of_records = classes.into_iter().find(|class| is_asked(class)).cloned();
    let of_attributes = || attributes.iter().find_map(|at| source.attributes.get(*at)?.class.clone());
    of_records.or_else(of_attributes)
}

fn excludes(source: &Source, plan: &FetchPlan, records: &[usize], only_records: bool) -> Vec<Exclude> {
    let mut all = Vec::new();
    let mut add = |column: usize, codes: Vec<&String>| {
        let codes: Vec<String> = codes
            .into_iter()
            .filter(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .cloned()
            .collect();
        if let Some(column) = source.columns.get(column).filter(|_| !codes.is_empty()) {
            all.push(Exclude { column: Arc::clone(&column.stored), codes });
        }
    };
    for by in source.id_type.iter().chain(&source.subject) {
        add(by.column, by.codes.iter().filter(|(_, is_person)| !**is_person).map(|(code, _)| code).collect());
    }
    // Where a row has only this to say, one of a class that is not asked for says nothing.
    if let ([at], true) = (records, only_records)
        && let Some(Given::By(by)) = source.records.get(*at).map(|role| &role.class)
    {
        let is_other = |class: &Option<ClassName>| class.as_ref().is_none_or(|class| !plan.classes().contains(class));
        add(by.column, by.codes.iter().filter(|(_, class)| is_other(class)).map(|(code, _)| code).collect());
    }
    all
}
