//! One column of a source, or member of its JSON: its form, and what of it means no day.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use credit_policy::Catalogue;
use jiff::civil::Date;

use super::{
    cell::Cell,
    day::{DayForm, Edge, plausible},
    decimal::{Decimal, Unit, yuan_text},
    text::{Encoding, bare},
    unfit::What,
};

/// What a column contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A citizen number.
    CitizenNumber,
    /// A day.
    Day(DayForm),
    /// A code of a table of the map.
    Code,
    /// A free text.
    Text,
    /// A whole number.
    WholeNumber,
    /// An amount of money.
    Money(Unit),
}

impl Form {
    /// Its name in a map; of a day only that it is one.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CitizenNumber => "citizen-number",
            Self::Day(_) => "a form of dates",
            Self::Code => "code",
            Self::Text => "text",
            Self::WholeNumber => "whole-number",
            Self::Money(_) => "money",
        }
    }
}

/// One column that the map names.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(super) name: Arc<str>,
    /// The column's name in the table, as [`super::Map::bind`] found it spelled.
    pub(super) stored: Arc<str>,
    /// The member's path in a row of JSON; of a table the column's name alone.
    pub(super) path: Vec<String>,
    pub(super) form: Form,
    pub(super) encoding: Encoding,
    pub(super) none: Sentinels,
    pub(super) for_ever: Sentinels,
    pub(super) unknown: Sentinels,
}

/// Values that stand for no day: as texts, and as the days that they look like.
#[derive(Clone, Debug, Default)]
pub(super) struct Sentinels {
    texts: Vec<String>,
    days: Vec<Date>,
}

impl Sentinels {
    pub(super) fn of(texts: &[String], form: Form) -> Self {
        let days = texts.iter().filter_map(|text| look_like_a_day(text, form)).collect();
        Self { texts: texts.iter().map(|text| bare(text).to_owned()).collect(), days }
    }

    pub(super) fn has_text(&self, text: &str) -> bool {
        self.texts.iter().any(|sentinel| sentinel == text)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn has_day(&self, day: Date) -> bool {
        self.days.contains(&day)
    }
}

/// A sentinel that is itself a date of the calendar is one in every form: `9999-12-31` is the same day in a column of
/// the type `date`, and `2099/12/31` with a time of day behind it.
fn look_like_a_day(text: &str, form: Form) -> Option<Date> {
    let day = bare(text).split([' ', 'T']).next()?.replace('/', "-");
    (matches!(form, Form::Day(_)) && day.len() == 10).then(|| day.parse().ok()).flatten()
}

/// What a column of days says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dated {
    /// A day.
    On(Date),
    /// There is none, and there need not be.
    None,
    /// No end.
    ForEver,
    /// It is not known.
    Unknown,
}

impl Column {
    /// A key that stands in no row.
    pub(super) fn of_whom_was_asked_about() -> Self {
        let name: Arc<str> = "citizen_number".into();
        let none = Sentinels::default;
        Self {
            stored: Arc::clone(&name),
            name,
            path: Vec::new(),
            form: Form::CitizenNumber,
            encoding: Encoding::default(),
            none: none(),
            for_ever: none(),
            unknown: none(),
        }
    }

    /// Its name in the map.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its name in the table, without quotation marks, as the table spells it.
    pub(crate) fn stored(&self) -> &str {
        &self.stored
    }

    /// The path of its member in a row of JSON.
    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    /// Whether the texts of a database that does not decode them are read as GB 18030.
    pub(crate) fn is_gb18030(&self) -> bool {
        self.encoding == Encoding::Gb18030
    }

    /// What it contains.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The text of a cell; NULL is the empty one. A type of its own is written as ISO 8601 does.
    pub(super) fn text<'a>(&self, cell: Cell<'a>) -> Result<Cow<'a, str>, What> {
        let text = match cell {
            Cell::Null => Cow::Borrowed(""),
            Cell::Text(text) => Cow::Borrowed(bare(text)),
            Cell::Bytes(bytes) => match self.encoding.decode(bytes)? {
                Cow::Borrowed(text) => Cow::Borrowed(bare(text)),
                Cow::Owned(text) => Cow::Owned(bare(&text).to_owned()),
            },
            Cell::Int(number) => Cow::Owned(number.to_string()),
            Cell::Real(number) => Cow::Owned(number.to_string()),
            Cell::Number(digits) => Cow::Borrowed(digits),
            Cell::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Cell::Date(day) => Cow::Owned(day.to_string()),
            Cell::DateTime(at) => Cow::Owned(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
            Cell::Instant(at) => Cow::Owned(at.to_string()),
        };
        // Where it stands, a decoder before this one put it in for what it could not read.
        if text.contains('\u{fffd}') { Err(What::Encoding) } else { Ok(text) }
    }

    /// The day in a cell.
    pub(super) fn day(&self, cell: Cell<'_>, edge: Edge, catalogue: &Catalogue) -> Result<Dated, What> {
        let text = self.text(cell)?;
        let known = |sentinels: (&Sentinels, Dated)| sentinels.0.has_text(&text).then_some(sentinels.1);
        let sentinels = [(&self.none, Dated::None), (&self.for_ever, Dated::ForEver), (&self.unknown, Dated::Unknown)];
        if let Some(found) = sentinels.into_iter().find_map(known) {
            return Ok(found);
        }
        if text.is_empty() {
            return Ok(Dated::Unknown);
        }
        let typed = match cell {
            Cell::Date(day) => Some(day),
            Cell::DateTime(at) => Some(at.date()),
            Cell::Instant(at) => Some(catalogue.today(at)),
            Cell::Null
            | Cell::Text(_)
            | Cell::Bytes(_)
            | Cell::Int(_)
            | Cell::Real(_)
            | Cell::Number(_)
            | Cell::Bool(_) => None,
        };
        let day = match (self.form, typed) {
            // Of a type of its own there is only one reading, whatever form the map names for text.
            (Form::Day(_), Some(day)) => Some(day),
            (Form::Day(form), None) => form.day(&text, edge, catalogue),
            (Form::CitizenNumber | Form::Code | Form::Text | Form::WholeNumber | Form::Money(_), _) => None,
        };
        let looks_like = typed.or_else(|| look_like_a_day(&text, self.form));
        let known = |sentinels: (&Sentinels, Dated)| {
            looks_like.into_iter().chain(day).any(|day| sentinels.0.has_day(day)).then_some(sentinels.1)
        };
        if let Some(found) = sentinels.into_iter().find_map(known) {
            return Ok(found);
        }
        let day = day.filter(|day| plausible(*day));
        day.map(Dated::On).ok_or(What::Day)
    }

    /// What a table of codes makes of a cell; NULL is looked up as the empty text.
    pub(super) fn code<'t, T>(&self, cell: Cell<'_>, codes: &'t BTreeMap<String, T>) -> Result<&'t T, What> {
        codes.get(self.text(cell)?.as_ref()).ok_or(What::Code)
    }

    fn decimal(&self, cell: Cell<'_>, fault: What) -> Result<Decimal, What> {
        match cell {
            Cell::Real(number) => Decimal::of_real(number),
            Cell::Bool(_) | Cell::Date(_) | Cell::DateTime(_) | Cell::Instant(_) => None,
            Cell::Null | Cell::Text(_) | Cell::Bytes(_) | Cell::Int(_) | Cell::Number(_) => {
                Decimal::parse(&self.text(cell)?)
            }
        }
        .ok_or(fault)
    }

    /// A whole number; one with a part that is zero is whole.
    pub(super) fn whole(&self, cell: Cell<'_>) -> Result<i64, What> {
        self.decimal(cell, What::NotWhole)?.whole().ok_or(What::NotWhole)
    }

    /// An amount as fen.
    pub(super) fn fen(&self, cell: Cell<'_>, unit: Unit) -> Result<i64, What> {
        self.decimal(cell, What::NoAmount)?.fen(unit)
    }
}

/// An amount for a field of whole yuan, or as the text with two decimals.
pub(super) fn yuan(fen: i64, is_whole: bool) -> Result<credit_policy::Value, What> {
    match (is_whole, fen % 100) {
        (true, 0) => Ok(credit_policy::Value::Int(fen / 100)),
        (true, _) => Err(What::TooFine),
        (false, _) => Ok(credit_policy::Value::Text(yuan_text(fen))),
    }
}
