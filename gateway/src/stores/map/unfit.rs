//! Why a row is no answer: source, column and kind of fault, never a value.

use std::{fmt, sync::Arc};

use credit_policy::ClassName;

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum What {
    /// A key that is nobody's number: a placeholder, a masked number, another kind of document.
    #[error("no citizen number (masked numbers and placeholders are none)")]
    NoNumber,
    /// A number cell where a citizen number is due: it may have lost digits, and then it is another person's.
    #[error("a number where a citizen number must be a text: it may have lost digits")]
    NumberCell,
    /// Somebody's number with blanks around it, or in another form that look-ups do not ask for.
    #[error("a citizen number that is not in its canonical form (upper-case `X`, no spaces)")]
    NotCanonical,
    /// The row of somebody who was not asked about.
    #[error("another person's number")]
    AnotherPerson,
    /// A code that the map's table does not have.
    #[error("a code that the map does not name")]
    Code,
    /// No date in the form that the map names.
    #[error("no date since 1900 in the form that the map names")]
    Day,
    /// "For ever" as a first day.
    #[error("\"for ever\" where something begins")]
    BeginsNever,
    /// No first day: the record is displayed nowhere.
    #[error("an unknown date: the row does not count")]
    UnknownDay,
    /// What has happened, on a day that has not come yet.
    #[error("a day in the future")]
    Future,
    /// A day before the one after which it must lie.
    #[error("a day before the one after which it must lie")]
    OutOfOrder,
    /// Bytes that are no text in the encoding of the source.
    #[error("bytes that are no text in the encoding that the map names")]
    Encoding,
    /// No number, or one that is not whole.
    #[error("no whole number")]
    NotWhole,
    /// No amount of money.
    #[error("no amount in decimal digits")]
    NoAmount,
    /// A part of a fen, or of a yuan where the data list has whole ones.
    #[error("an amount that is finer than the data list's unit")]
    TooFine,
    /// A value that its field cannot have.
    #[error("a value outside the domain of its field in the data list (`docs/fields.md`)")]
    OutsideDomain,
    /// A text that no column of the data list takes.
    #[error("a text that is longer than any that fits")]
    TooLong,
    /// Two rows that give one attribute two values.
    #[error("a second value of an attribute that has one")]
    Twice,
    /// Another number of cells than was asked for.
    #[error("a row with other columns than were asked for")]
    Columns,
}

/// A value that does not fit: where it stands, never what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The class of the data list for which the source was asked.
    pub class: Option<ClassName>,
    /// The source, by its name in the map.
    pub source: Arc<str>,
    /// The column or member, by its name in the map.
    pub column: Arc<str>,
    /// What is wrong.
    pub what: What,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}.{}` contains {}", self.source, self.column, self.what)
    }
}

impl std::error::Error for Unfit {}
