//! The gateway's own three tables in PostgreSQL: the statements that read them, and their rows as values of the policy.

use credit_policy::{Attribute, ClassName, FieldName, History, List, Listing, Record, Severity};
use deadpool_postgres::ClientWrapper;
use jiff::civil::Date;
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{FromSql, ToSql, Type},
};

use super::{
    asked::{Most, Question, of_one_moment},
    fault::PostgresFault,
    indexed::{NOBODY, is_indexed},
    persons::{Persons, Spelling},
};
use crate::stores::{
    StoreError, StoreFault,
    contract::Asked,
    examine::{Domain, check_row},
    layout::{Form, LISTING, RECORD, TABLES, Table},
    values::{day, scalar},
};

/// The columns that a look-up reads: all but the one that only tells rows apart.
fn read(table: &Table) -> impl Iterator<Item = &(&'static str, Form)> {
    table.columns.iter().filter(|(_, form)| *form != Form::Whole)
}

/// Asks for one person's rows of the names in `$2`. A name that the data list does not know comes too, for it could be the
/// one that was meant: `$3` are those that it knows. Not so of attributes: one that is not known clears nobody.
pub(super) fn select(table: &Table, most: Most) -> String {
    let columns: Vec<_> = read(table).map(|(name, _)| format!("t.{name}")).collect();
    let [number, name, ..] = columns.as_slice() else { return String::new() };
    let unknown = if is_closed(table) { format!(" OR {name} <> ALL ($3) OR {name} IS NULL") } else { String::new() };
    format!(
        "SELECT {} FROM {} t WHERE {number} = ANY ($1) AND ({name} = ANY ($2){unknown}){}",
        columns.join(", "),
        table.name,
        most.limit()
    )
}

/// Reads every row.
pub(super) fn all(table: &Table) -> String {
    let columns: Vec<_> = read(table).map(|(name, _)| format!("t.{name}")).collect();
    format!("SELECT {} FROM {} t", columns.join(", "), table.name)
}

/// Whether a name that the data list does not know makes what is known of a person doubtful.
pub(super) fn is_closed(table: &Table) -> bool {
    table.columns.iter().any(|(_, form)| matches!(form, Form::Class | Form::List))
}

/// Prepares what look-ups need on a new connection.
///
/// # Errors
/// When a table or column is missing or of another type, or numbers are not found by an index.
pub(super) async fn prepare(session: &ClientWrapper) -> Result<(), PostgresFault> {
    for table in TABLES {
        let select = select(table, Most::of(1, 0));
        let statement = session.prepare_cached(&select).await.map_err(|error| not_laid_out(&error, table))?;
        for ((column, form), live) in read(table).zip(statement.columns()) {
            let fits = match form {
                Form::Day | Form::SomeDay => *live.type_() == Type::DATE,
                Form::Flag => *live.type_() == Type::BOOL,
                Form::SomeAmount => *live.type_() == Type::INT8,
                _ => <&str as FromSql<'_>>::accepts(live.type_()),
            };
            if !fits {
                return Err(PostgresFault::Layout(format!("{}.{column}", table.name)));
            }
        }
        let nobody = format!("SELECT FROM {} t WHERE t.number = ANY ('{{{NOBODY}}}')", table.name);
        match is_indexed(session, &nobody).await {
            Ok(true) => {}
            Ok(false) => return Err(PostgresFault::NoIndex(table.name.to_owned())),
            Err(error) => return Err(not_laid_out(&error, table)),
        }
    }
    Ok(())
}

fn not_laid_out(error: &tokio_postgres::Error, table: &Table) -> PostgresFault {
    let of_schema = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::DATATYPE_MISMATCH,
    ];
    match error.code() {
        Some(code) if of_schema.contains(code) => PostgresFault::Layout(table.name.to_owned()),
        Some(_) | None => PostgresFault::of(error),
    }
}

/// What the tables say of each person, for the plan; `classes` are all of the data list.
///
/// # Errors
/// What the server says, and what of the rows does not fit and cannot be told of one person.
pub(super) async fn histories(
    session: &ClientWrapper,
    asked: &[Asked],
    classes: &[String],
    domain: &Domain,
    most_bytes: usize,
) -> Result<Vec<Result<History, StoreError>>, StoreError> {
    let Some(plan) = asked.first().map(|first| &first.plan) else { return Ok(Vec::new()) };
    let lists: Vec<&str> = plan.lists().iter().map(|list| list.as_str()).collect();
    let wanted: [Vec<&str>; 3] = [
        plan.classes().iter().map(ClassName::as_str).collect(),
        lists,
        plan.attributes().iter().map(FieldName::as_str).collect(),
    ];
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    let known: [Vec<&str>; 3] = [classes, List::ALL.iter().map(|list| list.as_str()).collect(), Vec::new()];
    // A row with a spelling that is not canonical is found, and does not fit.
    let persons = Persons::of(asked);
    let spellings: Vec<&str> = persons.spellings().collect();
    let tables: Vec<_> =
        TABLES.into_iter().zip(wanted.iter().zip(&known)).filter(|(_, (it, _))| !it.is_empty()).collect();
    let most = Most::of(asked.len(), most_bytes);
    let questions: Vec<_> =
        tables.iter().map(|(table, (wanted, known))| question(table, [&spellings, *wanted, *known], most)).collect();
    let found = of_one_moment(session, &questions, most).await?;
    let mut histories = persons.nothing();
    for ((table, _), rows) in tables.iter().zip(&found) {
        for row in rows {
            let untyped = |_| StoreError::Failed(StoreFault::Untyped(table.name));
            let number: Option<&str> = row.try_get(0).map_err(untyped)?;
            let about = persons.spelt(number.unwrap_or_default());
            if about.is_empty() {
                return Err(StoreError::Failed(StoreFault::Untyped(table.name)));
            }
            for Spelling { at, canonical, .. } in about {
                persons.add(&mut histories, *at, |history| add(history, row, table, canonical, domain));
            }
        }
    }
    Ok(histories)
}

/// Adds a row to what is known of a person.
fn add(
    history: &mut History,
    row: &Row,
    table: &'static Table,
    canonical: &str,
    domain: &Domain,
) -> Result<(), StoreError> {
    let values = Values::of(row, table, canonical, domain)?;
    match table.name {
        name if name == RECORD.name => history.records.push(values.record()?),
        name if name == LISTING.name => history.listings.push(values.listing()?),
        _ => history.attributes.push(values.attribute()?),
    }
    Ok(())
}

fn question<'a>(table: &'static Table, parameters: [&'a (dyn ToSql + Sync); 3], most: Most) -> Question<'a> {
    let parameters = parameters.into_iter().take(if is_closed(table) { 3 } else { 2 }).collect();
    Question { sql: select(table, most), parameters, place: table.name }
}

/// Asks each table for a number that nobody has.
pub(super) async fn probe(session: &ClientWrapper) -> Result<(), StoreError> {
    let (nobody, most) = (vec![""], Most::of(1, usize::MAX));
    let questions: Vec<_> =
        TABLES.into_iter().map(|table| question(table, [&nobody, &nobody, &nobody], most)).collect();
    of_one_moment(session, &questions, most).await.map(drop)
}

/// The values of one row, in the order of the table's columns.
pub(super) struct Values<'a> {
    table: &'static Table,
    values: Vec<Option<String>>,
    number: &'a str,
}

impl<'a> Values<'a> {
    /// Of a row that the server sent for this number.
    ///
    /// # Errors
    /// A value of another type, of another person, or outside its form.
    pub(super) fn of(row: &Row, table: &'static Table, number: &'a str, domain: &Domain) -> Result<Self, StoreError> {
        let read = Self { table, values: Self::read(row, table)?, number };
        read.check(domain)?;
        Ok(read)
    }

    /// The texts of a row's values, as the embedded store has them.
    ///
    /// # Errors
    /// A value of another type.
    pub(super) fn read(row: &Row, table: &'static Table) -> Result<Vec<Option<String>>, StoreError> {
        let mut at = 0;
        let mut values = Vec::with_capacity(table.columns.len());
        for (_, form) in table.columns {
            if *form == Form::Whole {
                // Not read: it tells rows apart and means nothing else.
                values.push(Some("0".to_owned()));
                continue;
            }
            let value = match form {
                // A day without end, or beyond the calendar, is none: what is checked next says so of its column.
                Form::Day | Form::SomeDay => Ok(row
                    .try_get::<_, Option<Date>>(at)
                    .map_or_else(|_| Some(String::new()), |day| day.map(|day| day.to_string()))),
                Form::Flag => {
                    row.try_get::<_, Option<bool>>(at).map(|flag| flag.map(|flag| u8::from(flag).to_string()))
                }
                Form::SomeAmount => {
                    row.try_get::<_, Option<i64>>(at).map(|amount| amount.map(|amount| amount.to_string()))
                }
                _ => row.try_get::<_, Option<String>>(at),
            };
            values.push(value.map_err(|_| StoreError::Failed(StoreFault::Untyped(table.name)))?);
            at += 1;
        }
        Ok(values)
    }

    /// As a row of the embedded store is checked: one that does not fit could clear the person whom it is about.
    fn check(&self, domain: &Domain) -> Result<(), StoreError> {
        if self.text(0) != Some(self.number) {
            return Err(self.untyped());
        }
        let mut first = None;
        check_row(self.table, &self.values, 1, domain, &mut |fault, _| {
            if fault.could_clear() {
                first.get_or_insert(fault);
            }
        });
        first.map_or(Ok(()), |fault| Err(StoreError::Failed(StoreFault::Value(fault))))
    }

    pub(super) fn record(&self) -> Result<Record, StoreError> {
        Ok(Record {
            class: self.text(1).and_then(|text| ClassName::parse(text).ok()).ok_or_else(|| self.untyped())?,
            severity: self.text(3).and_then(Severity::parse).ok_or_else(|| self.untyped())?,
            act: self.day(4)?,
            determined: self.day(5)?,
            sentence_end: self.some_day(6)?,
            effect_end: self.some_day(7)?,
            repaired: self.some_day(8)?,
            repair_revoked: self.some_day(9)?,
            disputed: self.text(10) == Some("1"),
            performed: self.some_day(11)?,
            amount: self.text(12).map(|text| text.parse().map_err(|_| self.untyped())).transpose()?,
        })
    }

    pub(super) fn listing(&self) -> Result<Listing, StoreError> {
        Ok(Listing {
            list: self.text(1).and_then(List::parse).ok_or_else(|| self.untyped())?,
            from: self.day(3)?,
            until: self.some_day(4)?,
            disputed: self.text(5) == Some("1"),
        })
    }

    pub(super) fn attribute(&self) -> Result<Attribute, StoreError> {
        let field = self.text(1).and_then(|text| FieldName::parse(text).ok()).ok_or_else(|| self.untyped())?;
        Ok(Attribute { field, value: self.text(2).and_then(scalar).ok_or_else(|| self.untyped())? })
    }

    fn text(&self, at: usize) -> Option<&str> {
        self.values.get(at).and_then(Option::as_deref)
    }

    fn day(&self, at: usize) -> Result<Date, StoreError> {
        self.some_day(at)?.ok_or_else(|| self.untyped())
    }

    fn some_day(&self, at: usize) -> Result<Option<Date>, StoreError> {
        self.text(at).map(|text| day(text).ok_or_else(|| self.untyped())).transpose()
    }

    fn untyped(&self) -> StoreError {
        StoreError::Failed(StoreFault::Untyped(self.table.name))
    }
}
