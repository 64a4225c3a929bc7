//! The text of a value in a store, read.

use credit_policy::Value;
use jiff::{ToSpan, civil::Date};

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

/// The last day that one of the past may be, seen on this day. A day is left for time zones.
pub(super) fn latest(today: Date) -> Date {
    today.saturating_add(1.day())
}
