//! Spreadsheets, `.xlsx` and `.ods`, as rows of cells. A day comes from a cell that is a date and from text; a number is
//! never taken for one.

use std::path::Path;

use calamine::{Data, Reader, open_workbook_auto};
use jiff::civil::Date;

use super::map::Cell;

/// Numbers of days of the calendar, of which the last is 9999-12-31.
const DAYS: std::ops::Range<f64> = 61.0..2_958_466.0;

/// Why a spreadsheet cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkbookFault {
    /// It is none, or damaged.
    #[error("it cannot be read as a spreadsheet (.xlsx or .ods)")]
    Form,
    /// The sheet is not there.
    #[error("it has no sheet `{0}`")]
    NoSheet(String),
}

/// One cell.
pub(crate) enum SheetCell {
    /// Nothing in it.
    Empty,
    /// A text.
    Text(String),
    /// A number, without the format of a date.
    Number(f64),
    /// A date.
    Day(Date),
    /// True or false.
    Flag(bool),
    /// A duration, a fault of a formula, no day of the calendar.
    Other,
}

/// One sheet, with the line in which its first row stands, counted from 1.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) first_line: u64,
    pub(crate) rows: Vec<Vec<SheetCell>>,
}

/// All sheets that have cells.
///
/// # Errors
/// [`WorkbookFault::Form`].
pub(crate) fn sheets(path: &Path) -> Result<Vec<Sheet>, WorkbookFault> {
    let mut workbook = open_workbook_auto(path).map_err(|_| WorkbookFault::Form)?;
    let mut sheets = Vec::new();
    for name in workbook.sheet_names() {
        let range = workbook.worksheet_range(&name).map_err(|_| WorkbookFault::Form)?;
        let Some((first, _)) = range.start() else { continue };
        let rows = range.rows().map(|row| row.iter().map(SheetCell::of).collect()).collect();
        sheets.push(Sheet { name, first_line: u64::from(first) + 1, rows });
    }
    Ok(sheets)
}

impl SheetCell {
    fn of(data: &Data) -> Self {
        match data {
            Data::Empty => Self::Empty,
            Data::String(text) => Self::Text(text.clone()),
            Data::Int(number) => number.to_string().parse().map_or(Self::Other, Self::Number),
            Data::Float(number) => Self::Number(*number),
            Data::Bool(flag) => Self::Flag(*flag),
            // Outside of the calendar the library gives the day that is nearest. Spreadsheets have a 29 February 1900, so what is
            // before March is not certain.
            Data::DateTime(at) if at.is_datetime() && DAYS.contains(&at.as_f64()) => {
                let (year, month, day, ..) = at.to_ymd_hms_milli();
                let part = |part: u8| i8::try_from(part).unwrap_or_default();
                let day = Date::new(i16::try_from(year).unwrap_or_default(), part(month), part(day));
                day.map_or(Self::Other, Self::Day)
            }
            Data::DateTimeIso(text) => text.get(..10).and_then(|day| day.parse().ok()).map_or(Self::Other, Self::Day),
            Data::DateTime(_) | Data::DurationIso(_) | Data::Error(_) => Self::Other,
        }
    }

    /// As a map reads it; `None` where nothing can be read.
    pub(crate) fn cell(&self) -> Option<Cell<'_>> {
        Some(match self {
            Self::Empty => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Number(number) => Cell::Real(*number),
            Self::Day(day) => Cell::Date(*day),
            Self::Flag(flag) => Cell::Bool(*flag),
            Self::Other => return None,
        })
    }

    /// As the name of a column.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Empty | Self::Number(_) | Self::Day(_) | Self::Flag(_) | Self::Other => String::new(),
        }
    }
}
