//! One value of a row, as an engine lends it.

use jiff::{Timestamp, civil::Date, civil::DateTime};

/// One value of a row. It is lent: nothing of it outlives the row but what the map makes of it.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// SQL's NULL, JSON's null, a member that is absent.
    Null,
    /// A text that the engine decoded.
    Text(&'a str),
    /// A text as it is stored; the source's encoding says how it reads.
    Bytes(&'a [u8]),
    /// A whole number.
    Int(i64),
    /// A binary fraction, as SQLite keeps decimals.
    Real(f64),
    /// A number in decimal digits: PostgreSQL's numeric, a number of JSON.
    Number(&'a str),
    /// True or false.
    Bool(bool),
    /// A day of a type of its own.
    Date(Date),
    /// A day and a time of day without a zone: the catalogue's is meant.
    DateTime(DateTime),
    /// A moment.
    Instant(Timestamp),
}

impl Cell<'_> {
    /// Whether it is this text, byte for byte.
    pub(in crate::stores) fn is(&self, text: &str) -> bool {
        match self {
            Self::Text(it) => *it == text,
            Self::Bytes(it) => *it == text.as_bytes(),
            Self::Null
            | Self::Int(_)
            | Self::Real(_)
            | Self::Number(_)
            | Self::Bool(_)
            | Self::Date(_)
            | Self::DateTime(_)
            | Self::Instant(_) => false,
        }
    }
}
