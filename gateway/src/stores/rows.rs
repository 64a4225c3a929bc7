//! Rows of the tables as values of the policy. A value outside its type fails: a store that lies is not passed on.

use credit_policy::{Attribute, ClassName, FieldName, List, Listing, Record, Severity, Value};
use jiff::civil::Date;
use rusqlite::{Row, types::ValueRef};

use super::{StoreError, StoreFault};

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

/// A JSON scalar; of numbers the whole ones.
pub(super) fn scalar(text: &str) -> Option<Value> {
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::Bool(value) => Some(Value::Bool(value)),
        serde_json::Value::String(value) => Some(Value::Text(value)),
        serde_json::Value::Number(value) => value.as_i64().map(Value::Int),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// A day as ISO 8601 writes it, in ten characters: nothing else that a parser of dates may take.
pub(super) fn day(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
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
