//! Rows of the tables as values of the policy. A value outside its type fails: a store that lies is not passed on.

use credit_policy::{Attribute, ClassName, FieldName, List, Listing, Record, Severity};
use jiff::civil::Date;
use rusqlite::{Row, types::ValueRef};

use super::{
    fault::{StoreError, StoreFault},
    values::{day, scalar},
};

pub(super) fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    Ok(Record {
        class: name(row, 0, ClassName::parse, "record.class")?,
        severity: name(row, 1, |text| Severity::parse(text).ok_or(()), "record.severity")?,
        act: date(row, 2, "record.act")?,
        determined: date(row, 3, "record.determined")?,
        sentence_end: some_date(row, 4, "record.sentence_end")?,
        effect_end: some_date(row, 5, "record.effect_end")?,
        repaired: some_date(row, 6, "record.repaired")?,
        repair_revoked: some_date(row, 7, "record.repair_revoked")?,
        disputed: row.get(8)?,
        performed: some_date(row, 9, "record.performed")?,
        amount: some_amount(row, 10, "record.amount")?,
    })
}

pub(super) fn listing(row: &Row<'_>) -> Result<Listing, StoreError> {
    Ok(Listing {
        list: name(row, 0, |text| List::parse(text).ok_or(()), "listing.list")?,
        from: date(row, 1, "listing.since")?,
        until: some_date(row, 2, "listing.until")?,
        disputed: row.get(3)?,
    })
}

pub(super) fn attribute(row: &Row<'_>) -> Result<Attribute, StoreError> {
    let value = scalar(text(row, 1, "attribute.value")?).ok_or_else(|| untyped("attribute.value"))?;
    Ok(Attribute { field: name(row, 0, FieldName::parse, "attribute.field")?, value })
}

fn text<'a>(row: &'a Row<'_>, column: usize, place: &'static str) -> Result<&'a str, StoreError> {
    row.get_ref(column)?.as_str().map_err(|_| untyped(place))
}

fn name<T, E>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, E>,
    place: &'static str,
) -> Result<T, StoreError> {
    parse(text(row, column, place)?).map_err(|_| untyped(place))
}

fn date(row: &Row<'_>, column: usize, place: &'static str) -> Result<Date, StoreError> {
    day(text(row, column, place)?).ok_or_else(|| untyped(place))
}

fn some_date(row: &Row<'_>, column: usize, place: &'static str) -> Result<Option<Date>, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
            date(row, column, place).map(Some)
        }
    }
}

fn some_amount(row: &Row<'_>, column: usize, place: &'static str) -> Result<Option<u64>, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(amount) => u64::try_from(amount).map(Some).map_err(|_| untyped(place)),
        ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Err(untyped(place)),
    }
}

fn untyped(place: &'static str) -> StoreError {
    StoreError::Failed(StoreFault::Untyped(place))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::Timeout,
            code => Self::Failed(StoreFault::Sqlite(code)),
        }
    }
}
