//! Whether what stands in a store has a meaning: every column of every row has the form of its table, every class, list
//! and field is one of the data list, every number is canonical.
//!
//! A row that does not fit could clear the person whom it is about: nobody asks for a class that no data list has, and
//! nobody's number ends in a small `x`. So each such row is counted and named, and whoever it is about is not answered
//! about ([`Suspects`]). Of what may not be collected or is sealed, nobody is told that it is there: it is only counted.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use credit_policy::{Catalogue, CitizenNumber, List, Personal, Sensitivity, Severity, meant_citizen_number};
use jiff::{ToSpan, civil::Date};
use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    layout::{Form, TABLES, Table},
    map::Unfit,
    values::{day, latest, scalar},
};

/// Rows whose numbers are kept of each kind of fault.
const NAMED: usize = 10;
/// More persons than this with rows that do not fit: it is another store, and not one with typing errors.
pub(super) const MOST_SUSPECTS: usize = 10_000;
/// Dates before this year stand for "unknown" somewhere: they are no days.
const FIRST_YEAR: i16 = 1900;

/// What a value of a store may be: the names of one data list, and the day.
pub(crate) struct Domain {
    classes: BTreeSet<String>,
    fields: BTreeSet<String>,
    /// Classes that may not be collected, or are confidential or sealed: names that no row can use.
    unlawful: BTreeSet<String>,
    /// What the values of the attributes may be.
    catalogue: Arc<Catalogue>,
    /// No act and no determination lies later.
    latest: Date,
}

impl Domain {
    /// Of this catalogue, on this day.
    pub(crate) fn of(catalogue: &Arc<Catalogue>, today: Date) -> Self {
        let (unlawful, lawful): (Vec<_>, Vec<_>) = catalogue.classes().partition(|class| {
            matches!(
                class.sensitivity(),
                Sensitivity::Forbidden | Sensitivity::ConfidentialSource | Sensitivity::Sealed
            )
        });
        let unlawful: BTreeSet<_> = unlawful.iter().map(|class| class.name().as_str().to_owned()).collect();
        let records = lawful.iter().filter(|class| class.holds_records());
        let attributes = catalogue.classes().flat_map(|class| class.attributes().iter()).map(|field| field.as_str());
        Self {
            classes: records.map(|class| class.name().as_str().to_owned()).collect(),
            fields: attributes.filter(|field| !unlawful.contains(&class_like(field))).map(str::to_owned).collect(),
            unlawful,
            catalogue: Arc::clone(catalogue),
            latest: latest(today),
        }
    }

    /// Whether it is of this day.
    pub(super) fn is_of(&self, today: Date) -> bool {
        self.latest == latest(today)
    }

    /// The day of which it is.
    pub(crate) fn day(&self) -> Date {
        self.latest.saturating_sub(1.day())
    }
}

impl Domain {
    /// The catalogue whose names these are.
    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The classes that may not be collected, or are confidential or sealed.
    pub(super) fn unlawful(&self) -> impl Iterator<Item = &str> {
        self.unlawful.iter().map(String::as_str)
    }
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum What {
    /// No number of anybody.
    #[error("no citizen number (17 digits and a check character that fits)")]
    NoNumber,
    /// The number of somebody, in another form.
    #[error("a citizen number that is not in its canonical form (upper-case `X`, no spaces)")]
    NotCanonical,
    /// A class that the law forbids to collect or to keep open.
    #[error("of a class that may not be collected, is confidential or is sealed: take it out of the store")]
    Unlawful,
    /// A class that the data list does not have, or that has no records.
    #[error("a class of which the data list has no records")]
    UnknownClass,
    /// No list.
    #[error("no list (`red`, `grey` or `black`)")]
    UnknownList,
    /// A field that is no attribute of the data list.
    #[error("a field that is no attribute of the data list")]
    UnknownField,
    /// No severity.
    #[error("no severity (`minor`, `general` or `serious`)")]
    NoSeverity,
    /// No day, or a day before 1900, which stands for "unknown" somewhere.
    #[error("no date since 1900 in the form `2026-03-31`")]
    NoDay,
    /// A day that has not come yet.
    #[error("a day in the future")]
    Future,
    /// A day before the one after which it must lie.
    #[error("a day before the one after which it must lie")]
    OutOfOrder,
    /// Neither 0 nor 1.
    #[error("neither 0 nor 1")]
    NoFlag,
    /// No whole number.
    #[error("no whole number")]
    NotWhole,
    /// No amount.
    #[error("no amount in whole yuan")]
    NoAmount,
    /// A value that its field cannot have, or a text that holds a citizen number.
    #[error("a value outside the domain of its field in the data list (`docs/fields.md`)")]
    OutsideDomain,
    /// No JSON scalar.
    #[error("no JSON scalar (a text in quotation marks, a whole number, true, false or null)")]
    NoScalar,
}

/// One value that does not fit: where it stands, never what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{table}.{column}` in row {row} is {what}")]
pub struct RowFault {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What is wrong.
    pub what: What,
    /// Counts the rows of the table in the order of its key, from 1.
    pub row: u64,
}

impl RowFault {
    /// Whether the person could be cleared by it. An attribute that cannot be read is "not known", which clears nobody,
    /// or fails where it is asked for.
    pub(super) fn could_clear(&self) -> bool {
        match self.what {
            What::NoNumber | What::NotCanonical => true,
            // No row can ask for such a class: whether it is there or not, every answer is the same.
            What::Unlawful => false,
            _ => self.table != "attribute",
        }
    }
}

/// A name of a class or field as a class would be spelt.
fn class_like(name: &str) -> String {
    name.replace('_', "-")
}

/// What was read.
pub(crate) struct Read {
    /// How many rows each of [`TABLES`] has.
    pub(crate) rows: [u64; TABLES.len()],
    /// Rows of the classes that may not be there, by class; each of them has its number, mostly 0.
    pub(crate) unlawful: BTreeMap<String, u64>,
}

/// Reads every row, or the first `most` of each table, and tells each fault, with the person whom it is about where that can be said.
///
/// # Errors
/// What SQLite says.
pub(crate) fn examine(
    connection: &Connection,
    domain: &Domain,
    most: Option<u64>,
    found: &mut dyn FnMut(RowFault, Option<&Personal<CitizenNumber>>),
    beat: &dyn Fn(),
) -> rusqlite::Result<Read> {
    let unlawful = domain.unlawful().map(|class| (class.to_owned(), 0)).collect();
    let mut read = Read { rows: [0; TABLES.len()], unlawful };
    for (table, count) in TABLES.into_iter().zip(&mut read.rows) {
        let mut statement = connection.prepare(&table.all_rows())?;
        let mut rows = statement.query([])?;
        while most.is_none_or(|most| *count < most)
            && let Some(row) = rows.next()?
        {
            *count += 1;
            let values = (0..table.columns.len()).map(|at| row_text(row, at)).collect::<rusqlite::Result<Vec<_>>>()?;
            let mut found = |fault: RowFault, person: Option<&_>| {
                if fault.what == What::Unlawful
                    && let Some(name) = values.get(1).and_then(Option::as_deref)
                    && let Some(rows) = read.unlawful.get_mut(&class_like(name))
                {
                    *rows += 1;
                }
                found(fault, person);
            };
            check_row(table, &values, *count, domain, &mut found);
            if count.is_multiple_of(1_024) {
                beat();
            }
        }
    }
    Ok(read)
}

/// A value as text: a whole number in digits, NULL as nothing. What else is there has no form that fits. The first is the
/// person's number: as bytes or a number no look-up finds it, so that it becomes a text of whose it is that is not canonical.
fn row_text<'a>(row: &'a Row<'_>, at: usize) -> rusqlite::Result<Option<Cow<'a, str>>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(value) if at == 0 => Some(format!(" {value}").into()),
        ValueRef::Blob(bytes) if at == 0 => Some(format!(" {}", String::from_utf8_lossy(bytes)).into()),
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string().into()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text)),
        ValueRef::Real(_) | ValueRef::Blob(_) => Some(Cow::Borrowed("")),
    })
}

/// Tells each fault of one row, whose values stand in the order of the table's columns.
pub(crate) fn check_row<T: AsRef<str>>(
    table: &Table,
    values: &[Option<T>],
    row: u64,
    domain: &Domain,
    found: &mut dyn FnMut(RowFault, Option<&Personal<CitizenNumber>>),
) {
    let number = values.first().and_then(text).unwrap_or_default();
    // Nearly all are as they should be; what else may be meant takes longer to read.
    let person = CitizenNumber::parse(number).ok().or_else(|| meant_citizen_number(number));
    let person = person.filter(|person| is_born(person, domain.latest));
    let is_canonical = person.as_ref().is_some_and(|person| person.disclose(|person| person.as_str() == number));
    let mut days: Vec<(&str, Date)> = Vec::new();
    for ((column, form), value) in table.columns.iter().zip(values) {
        let value = text(value);
        let what = match form {
            Form::Number if is_canonical => None,
            Form::Number => Some(if person.is_some() { What::NotCanonical } else { What::NoNumber }),
            Form::Day | Form::SomeDay => match value.map(|text| day(text).filter(|day| day.year() >= FIRST_YEAR)) {
                None if *form == Form::SomeDay => None,
                None | Some(None) => Some(What::NoDay),
                Some(Some(on)) => {
                    days.push((column, on));
                    misplaced(column, on, &days, domain)
                }
            },
            Form::Scalar => {
                let value = value.unwrap_or_default();
                unfit(*form, value, domain).or_else(|| outside(values.get(1).and_then(text)?, value, domain))
            }
            Form::SomeAmount => value.and_then(|value| unfit(*form, value, domain)),
            Form::Class | Form::List | Form::Field | Form::Whole | Form::Severity | Form::Flag => {
                unfit(*form, value.unwrap_or_default(), domain)
            }
        };
        if let Some(what) = what {
            found(RowFault { table: table.name, column, what, row }, person.as_ref());
        }
    }
}

fn text<T: AsRef<str>>(value: &Option<T>) -> Option<&str> {
    value.as_ref().map(AsRef::as_ref)
}

fn is_born(person: &Personal<CitizenNumber>, on: Date) -> bool {
    person.disclose(|person| person.is_born_on(on))
}

/// A day that cannot be where it stands: an act in the future, an end before its beginning.
fn misplaced(column: &str, on: Date, before: &[(&str, Date)], domain: &Domain) -> Option<What> {
    let day_of = |name: &str| before.iter().find(|(column, _)| *column == name).map(|(_, day)| *day);
    let not_before = match column {
        "determined" | "performed" => day_of("act"),
        "until" => day_of("since"),
        // A revocation before the repair was one of an earlier repair.
        _ => None,
    };
    let is_past = matches!(column, "act" | "determined" | "repaired" | "performed");
    if is_past && on > domain.latest {
        Some(What::Future)
    } else if not_before.is_some_and(|first| on < first) {
        Some(What::OutOfOrder)
    } else {
        None
    }
}

/// A value that its field cannot have.
fn outside(field: &str, value: &str, domain: &Domain) -> Option<What> {
    let (field, value) = (domain.catalogue.field(field)?, scalar(value)?);
    (!field.admits(&value)).then_some(What::OutsideDomain)
}

fn unfit(form: Form, value: &str, domain: &Domain) -> Option<What> {
    let (fits, what) = match form {
        Form::Class if domain.classes.contains(value) => return None,
        Form::Field if domain.fields.contains(value) => return None,
        Form::Class | Form::Field if domain.unlawful.contains(&class_like(value)) => (false, What::Unlawful),
        Form::Class => (false, What::UnknownClass),
        Form::Field => (false, What::UnknownField),
        Form::List => (List::parse(value).is_some(), What::UnknownList),
        Form::Severity => (Severity::parse(value).is_some(), What::NoSeverity),
        Form::Flag => (matches!(value, "0" | "1"), What::NoFlag),
        Form::Scalar => (scalar(value).is_some(), What::NoScalar),
        Form::Whole => (value.parse::<i64>().is_ok(), What::NotWhole),
        Form::SomeAmount => (value.parse::<u32>().is_ok(), What::NoAmount),
        // Told by the caller.
        Form::Number | Form::Day | Form::SomeDay => return None,
    };
    (!fits).then_some(what)
}

/// Faults by place and kind, with the rows of the first few.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<(&'static str, &'static str, What), (u64, Vec<u64>)>);

impl Tally {
    /// Counts one.
    pub(crate) fn add(&mut self, fault: &RowFault) {
        let (count, rows) = self.0.entry((fault.table, fault.column, fault.what)).or_default();
        *count += 1;
        if rows.len() < NAMED {
            rows.push(fault.row);
        }
    }

    /// All that were counted.
    #[must_use]
    pub(crate) fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// One line a place and kind: how many, and in which rows.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.each().map(|(place, count, what, rows)| format!("`{place}`: {count} with {what}: row {rows}"))
    }

    /// Place, how many, what, and the rows.
    pub(super) fn each(&self) -> impl Iterator<Item = (String, u64, What, String)> {
        self.0.iter().map(|((table, column, what), (count, rows))| {
            let more = if *count > rows.len() as u64 { ", …" } else { "" };
            let rows: Vec<_> = rows.iter().map(u64::to_string).collect();
            (format!("{table}.{column}"), *count, *what, format!("{}{more}", rows.join(", ")))
        })
    }
}

/// A row that somebody is not answered about.
#[derive(Clone, Debug)]
pub(crate) enum Suspect {
    /// Of the gateway's own tables.
    Row(RowFault),
    /// Of a table that a map describes.
    Mapped(Unfit),
}

/// The persons about whom a row does not fit. Numbers are kept as keyed hashes of this process alone.
#[derive(Default)]
pub(crate) struct Suspects {
    hasher: RandomState,
    rows: HashMap<u64, Suspect>,
}

impl Suspects {
    /// Remembers the person if the fault could clear them; the first row of each is enough.
    pub(crate) fn add(&mut self, fault: &RowFault, person: Option<&Personal<CitizenNumber>>) {
        if let Some(person) = person.filter(|_| fault.could_clear()) {
            self.rows.entry(self.key(person)).or_insert(Suspect::Row(*fault));
        }
    }

    /// Remembers a person whose row no look-up would find.
    pub(crate) fn add_mapped(&mut self, unfit: Unfit, person: &Personal<CitizenNumber>) {
        self.rows.entry(self.key(person)).or_insert(Suspect::Mapped(unfit));
    }

    /// How many they are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row about this person that does not fit, if there is one.
    #[must_use]
    pub(crate) fn about(&self, person: &Personal<CitizenNumber>) -> Option<&Suspect> {
        if self.rows.is_empty() { None } else { self.rows.get(&self.key(person)) }
    }

    fn key(&self, person: &Personal<CitizenNumber>) -> u64 {
        person.disclose(|person| self.hasher.hash_one(person.as_str()))
    }
}

#[cfg(test)]
mod tests;
