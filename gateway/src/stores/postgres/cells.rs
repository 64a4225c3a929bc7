//! Values of PostgreSQL's types as cells of a map.

use std::error::Error;

use jiff::{Timestamp, civil::Date, civil::DateTime};
use tokio_postgres::{
    Row,
    types::{FromSql, Kind, Type},
};

use crate::stores::map::{Cell, last_day_of_the_calendar};

/// Characters of a text that are read: no field of the data list takes so many.
pub(super) const LONGEST: usize = 4_096;

/// How the server is asked for the value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A text, cut behind the first character that is too much.
    Text,
    /// The bytes of a text as they are stored, where the server does not decode them.
    TextBytes,
    /// Bytes.
    Bytes,
    /// The digits of a decimal number.
    Digits,
    /// A value of its type.
    Typed,
}

impl Asked {
    /// Of a column of this type; nothing where no form of a map reads it.
    pub(super) fn of(live: &Type, are_texts_decoded: bool) -> Option<Self> {
        let text = if are_texts_decoded { Self::Text } else { Self::TextBytes };
        match *live {
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Some(text),
            Type::BYTEA => Some(Self::Bytes),
            Type::NUMERIC => Some(Self::Digits),
            Type::INT2
            | Type::INT4
            | Type::INT8
            | Type::FLOAT4
            | Type::FLOAT8
            | Type::BOOL
            | Type::DATE
            | Type::TIMESTAMP
            | Type::TIMESTAMPTZ => Some(Self::Typed),
            _ if matches!(live.kind(), Kind::Enum(_)) || live.name() == "citext" => Some(text),
            _ => None,
        }
    }

    /// Whether a column of this type can have the number: numbers of other types may have lost digits.
    pub(super) fn is_key(live: &Type) -> bool {
        let texts = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME];
        texts.contains(live) || live.name() == "citext"
    }

    /// What is written into a statement for a column. Blanks that fill up a `char(n)` do not come.
    pub(super) fn written(self, column: &str) -> String {
        let more = LONGEST + 1;
        match self {
            Self::Text => format!("pg_catalog.left({column}::text, {more})"),
            // `textsend` gives UTF-8 of EUC_CN, and fails on bytes of SQL_ASCII that are none.
            Self::TextBytes => format!(
                "pg_catalog.convert_to(pg_catalog.left({column}::text, {more}), pg_catalog.getdatabaseencoding()::name)"
            ),
            Self::Bytes => format!("pg_catalog.substring({column}, 1, {more})"),
            Self::Digits => format!("{column}::text"),
            Self::Typed => column.to_owned(),
        }
    }

    /// The cell of a column of a row. `None` where it is longer than any that fits.
    ///
    /// # Errors
    /// A value that is none of its type.
    pub(super) fn cell(self, row: &Row, at: usize) -> Result<Option<Cell<'_>>, tokio_postgres::Error> {
        let Lent(cell) = row.try_get(at)?;
        Ok(match (self, cell) {
            (Self::Digits, Cell::Text(digits)) => Some(Cell::Number(digits)),
            (_, Cell::Text(text)) if text.len() > LONGEST && text.chars().count() > LONGEST => None,
            (_, Cell::Bytes(bytes)) if bytes.len() > LONGEST => None,
            (_, cell) => Some(cell),
        })
    }
}

struct Lent<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Lent<'a> {
    fn from_sql(live: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *live {
            Type::INT2 => Cell::Int(i16::from_sql(live, raw)?.into()),
            Type::INT4 => Cell::Int(i32::from_sql(live, raw)?.into()),
            Type::INT8 => Cell::Int(i64::from_sql(live, raw)?),
            Type::FLOAT4 => Cell::Real(f32::from_sql(live, raw)?.into()),
            Type::FLOAT8 => Cell::Real(f64::from_sql(live, raw)?),
            Type::BOOL => Cell::Bool(bool::from_sql(live, raw)?),
            Type::BYTEA => Cell::Bytes(raw),
            Type::DATE | Type::TIMESTAMP | Type::TIMESTAMPTZ => match endless(raw) {
                Some(text) => Cell::Text(text),
                None if *live == Type::DATE => Date::from_sql(live, raw).map_or(BEYOND, Cell::Date),
                None if *live == Type::TIMESTAMP => DateTime::from_sql(live, raw).map_or(BEYOND, Cell::DateTime),
                None => Timestamp::from_sql(live, raw).map_or_else(|_| far_moment(live, raw), Cell::Instant),
            },
            _ => Cell::Text(<&str>::from_sql(live, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A day of no calendar here: no form of dates reads it, so that it does not fit.
const BEYOND: Cell<'_> = Cell::Text("a day beyond the calendar");

/// A moment that is later than moments are counted here, which may still be one of the last day of the calendar.
fn far_moment<'a>(live: &Type, raw: &'a [u8]) -> Cell<'a> {
    /// Seconds from 1970 to 2000, from which PostgreSQL counts.
    const TO_2000: i64 = 946_684_800;
    let microseconds = <[u8; 8]>::try_from(raw).ok().filter(|_| *live == Type::TIMESTAMPTZ).map(i64::from_be_bytes);
    let seconds = microseconds.map(|all| all.div_euclid(1_000_000).saturating_add(TO_2000));
    seconds.and_then(last_day_of_the_calendar).map_or(BEYOND, Cell::Date)
}

/// PostgreSQL's own days without end, which a map may name among its sentinels by these texts.
fn endless(raw: &[u8]) -> Option<&'static str> {
    let is = |first: u8, rest: u8| {
        raw.split_first().is_some_and(|(one, others)| *one == first && others.iter().all(|byte| *byte == rest))
    };
    match (is(0x7f, 0xff), is(0x80, 0)) {
        (true, _) => Some("infinity"),
        (_, true) => Some("-infinity"),
        (false, false) => None,
    }
}
