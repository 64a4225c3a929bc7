//! A map that was checked: its sources, and what their columns stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use credit_policy::{Catalogue, ClassName, FieldName, Ground, Language, List, Scenario, Severity, Value};

use super::{
    column::Column,
    fault::{MapFault, Wrong},
    file::{Method, Rows, State, Title},
};

/// A map that was checked against a catalogue.
#[derive(Clone)]
pub(crate) struct Map {
    pub(super) name: String,
    pub(super) title: Title,
    pub(super) any_case: bool,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) sources: Vec<Arc<Source>>,
}

/// One table, view or interface.
#[derive(Clone)]
pub(crate) struct Source {
    pub(super) name: Arc<str>,
    pub(super) schema: Option<String>,
    pub(super) table: Option<String>,
    pub(super) request: Option<Request>,
    /// Whether its rows are entries of an array in the answer of a route.
    pub(super) entries: bool,
    /// All that the map names; places in it are what roles refer to.
    pub(super) columns: Vec<Arc<Column>>,
    pub(super) key: usize,
    /// Whether the key is an identity card's number, by a code.
    pub(super) id_type: Option<ByCode<bool>>,
    /// Whether the row is about a person, by a code.
    pub(super) subject: Option<ByCode<bool>>,
    pub(super) scope: Option<ByCode<Scope>>,
    pub(super) records: Vec<RecordRole>,
    pub(super) listings: Vec<ListingRole>,
    pub(super) attributes: Vec<AttributeRole>,
}

/// A column and what its codes mean.
#[derive(Clone, Debug)]
pub(super) struct ByCode<T> {
    pub(super) column: usize,
    pub(super) codes: BTreeMap<String, T>,
}

/// The same for each row, or by a code.
#[derive(Clone, Debug)]
pub(super) enum Given<T> {
    Fixed(T),
    By(ByCode<T>),
}

/// Where a row may be used. The person is shown it in any case: it is about her or him (PIPL art. 45).
#[derive(Clone, Debug)]
pub(super) enum Scope {
    All,
    /// Scenarios of this ground.
    Ground(Ground),
    /// Scenarios and purpose groups.
    Only(Vec<String>),
}

impl Scope {
    pub(super) fn allows(&self, scenario: &Scenario) -> bool {
        let is_allowed = match self {
            Self::All => true,
            Self::Ground(ground) => scenario.ground() == *ground,
            Self::Only(purposes) => {
                let names = [scenario.name().as_str(), scenario.purpose_group()];
                purposes.iter().any(|purpose| names.contains(&purpose.as_str()))
            }
        };
        is_allowed || scenario.ground() == Ground::Person
    }
}

/// How rows become records.
#[derive(Clone, Debug)]
pub(super) struct RecordRole {
    /// Nothing where the map leaves a class out.
    pub(super) class: Given<Option<ClassName>>,
    pub(super) severity: Given<Severity>,
    pub(super) determined: usize,
    pub(super) act: Option<usize>,
    pub(super) sentence_end: Option<usize>,
    pub(super) effect_end: Option<usize>,
    pub(super) repaired: Option<usize>,
    pub(super) repair_revoked: Option<usize>,
    pub(super) performed: Option<usize>,
    pub(super) amount: Option<usize>,
    pub(super) states: Vec<ByCode<State>>,
    pub(super) published_until: Option<usize>,
}

/// How rows become entries on lists.
#[derive(Clone, Debug)]
pub(super) struct ListingRole {
    pub(super) list: Given<List>,
    pub(super) since: usize,
    pub(super) end: Option<End>,
    pub(super) states: Vec<ByCode<State>>,
    pub(super) published_until: Option<usize>,
}

/// The end of an entry: the first day without it, or the last with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Until(usize),
    Last(usize),
}

/// How a column becomes an attribute.
#[derive(Clone)]
pub(super) struct AttributeRole {
    pub(super) field: FieldName,
    pub(super) class: Option<ClassName>,
    pub(super) column: usize,
    pub(super) codes: Option<BTreeMap<String, Value>>,
    pub(super) rows: Rows,
    /// Whether the data list has whole numbers here.
    pub(super) is_whole: bool,
}

/// How an interface is asked (`[source.request]`).
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// GET or POST.
    pub(crate) method: Method,
    /// The path below the store's address.
    pub(crate) path: String,
    /// Where the number stands.
    pub(crate) number_in: NumberIn,
    /// The path of the array of rows. Where it is not there, the answer is none, and not an empty one.
    pub(crate) rows: Vec<String>,
    /// A path, and the texts of which one must stand there; else the answer is none.
    pub(crate) ok: Option<(Vec<String>, Vec<String>)>,
    /// The path of the number of all rows: where it is not that of the rows sent, the answer is cut.
    pub(crate) total: Option<Vec<String>>,
}

/// Where the number stands in a request: in a URL only where the interface takes it nowhere else.
#[derive(Clone, Debug)]
pub(crate) enum NumberIn {
    /// A header of this name.
    Header(String),
    /// The body: JSON in which the text `{citizen_number}` stands for it.
    Body(String),
    /// A parameter of this name.
    Parameter(String),
}

impl Map {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its title.
    pub(crate) fn title(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.title.zh,
            Language::En => &self.title.en,
        }
    }

    /// Whether names of columns and members may differ by case from those of the map.
    pub(crate) fn any_case(&self) -> bool {
        self.any_case
    }

    /// Its sources, in the order of the file.
    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// The classes of records that it has.
    pub(crate) fn classes(&self) -> BTreeSet<ClassName> {
        let roles = self.sources.iter().flat_map(|source| &source.records);
        roles.flat_map(RecordRole::classes).cloned().collect()
    }

    /// The lists that it has.
    pub(crate) fn lists(&self) -> BTreeSet<List> {
        let roles = self.sources.iter().flat_map(|source| &source.listings);
        roles.flat_map(|role| role.list.values()).copied().collect()
    }

    /// The attributes that it has.
    pub(crate) fn attributes(&self) -> BTreeSet<FieldName> {
        let roles = self.sources.iter().flat_map(|source| &source.attributes);
        roles.map(|role| role.field.clone()).collect()
    }

    /// With the table of a source as the database spells it and its schema.
    ///
    /// # Errors
    /// Where none of `live`, which have the same name but for its case, can be meant.
    pub(crate) fn bind_table(mut self, source: &str, live: &[(String, String)]) -> Result<Self, MapFault> {
        let any_case = self.any_case;
        for found in self.sources.iter_mut().filter(|found| &*found.name == source) {
            let name = found.table.clone().unwrap_or_default();
            let mut some = live.iter().filter(|(_, live)| any_case || *live == name);
            // Those of other schemas come behind the first of the role's path.
            let same = live.iter().find(|(_, live)| *live == name);
            let is_other = |(_, live): &(String, String)| any_case && *live != name;
            let is_alone = !live.iter().any(is_other);
            let (schema, table) = match (same.filter(|_| is_alone), some.next(), some.next()) {
                (Some(same), ..) | (None, Some(same), None) => same.clone(),
                (None, one, _) => {
                    let what = if one.is_some() { Wrong::TwoTables(name) } else { Wrong::NoTable(name) };
                    return Err(MapFault::At { place: source.to_owned(), what });
                }
            };
            let found = Arc::make_mut(found);
            (found.schema, found.table) = (Some(schema), Some(table));
        }
        Ok(self)
    }

    /// With the columns of a source as the live table spells them: what is missing there, and what is there in two
    /// spellings, is a fault each. Names of other sources do nothing.
    ///
    /// # Errors
    /// All faults.
    pub(crate) fn bind(mut self, source: &str, live: &[String]) -> Result<Self, Vec<MapFault>> {
        let any_case = self.any_case;
        let mut faults = Vec::new();
        for found in self.sources.iter_mut().filter(|found| &*found.name == source) {
            for column in &mut Arc::make_mut(found).columns {
                match spelled(column, live, any_case) {
                    Ok(name) => Arc::make_mut(column).stored = name.into(),
                    Err(what) => faults.push(MapFault::At { place: format!("{source}.{}", column.name), what }),
                }
            }
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

fn spelled(column: &Column, live: &[String], any_case: bool) -> Result<String, Wrong> {
    let name = match column.path.as_slice() {
        [name] => name,
        _ => return Err(Wrong::Path),
    };
    // A spreadsheet may also have the same name twice.
    let mut found = live.iter().filter(|live| *live == name || any_case && live.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => Err(Wrong::TwoSpellings),
        (None, _) => Err(Wrong::NotThere),
    }
}

impl Source {
    /// Its name in the map.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The schema of the table, if the map names one.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table or view.
    pub(crate) fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// How an interface is asked.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// The classes of records that its rows may be of.
    pub(crate) fn classes(&self) -> Vec<ClassName> {
        self.records.iter().flat_map(RecordRole::classes).cloned().collect()
    }

    /// The lists that its rows may be entries on.
    pub(crate) fn lists(&self) -> Vec<List> {
        self.listings.iter().flat_map(|role| role.list.values()).copied().collect()
    }

    /// Whether its rows are entries of an array in the answer of a route.
    pub(crate) fn are_entries(&self) -> bool {
        self.entries
    }

    /// Whether its rows say something else too.
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// All columns that the map names.
    pub(crate) fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// The place of the key among the columns.
    pub(crate) fn key(&self) -> usize {
        self.key
    }
}

impl<T> Given<T> {
    pub(super) fn column(&self) -> Option<usize> {
        match self {
            Self::Fixed(_) => None,
            Self::By(by) => Some(by.column),
        }
    }

    pub(super) fn values(&self) -> Vec<&T> {
        match self {
            Self::Fixed(value) => vec![value],
            Self::By(by) => by.codes.values().collect(),
        }
    }
}

impl RecordRole {
    /// The columns that a look-up needs; the end of publication is none of them.
    pub(super) fn columns(&self) -> Vec<usize> {
        let days = [self.act, self.sentence_end, self.effect_end, self.repaired, self.repair_revoked, self.performed];
        let mut all = vec![self.determined];
        all.extend(days.into_iter().chain([self.amount]).flatten());
        all.extend(self.class.column());
        all.extend(self.severity.column());
        all.extend(self.states.iter().map(|state| state.column));
        all
    }

    /// The classes that its rows may be of.
    pub(super) fn classes(&self) -> Vec<&ClassName> {
        self.class.values().into_iter().flatten().collect()
    }
}

impl ListingRole {
    /// The columns that a look-up needs.
    pub(super) fn columns(&self) -> Vec<usize> {
        let mut all = vec![self.since];
        all.extend(self.end.map(End::column));
        all.extend(self.list.column());
        all.extend(self.states.iter().map(|state| state.column));
        all
    }
}

impl End {
    pub(super) const fn column(self) -> usize {
        match self {
            Self::Until(column) | Self::Last(column) => column,
        }
    }
}
