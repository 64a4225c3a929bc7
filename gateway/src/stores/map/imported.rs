//! A row of a spreadsheet as what it says of its person.

use credit_policy::{CitizenNumber, History, Personal};

use super::{
    cell::Cell,
    column::Form,
    number,
    reading::Reading,
    select::Select,
    source::Map,
    unfit::{Unfit, What},
};

/// The person and what the row says; `None` where it counts nowhere. A row that may be used for some purposes only is
/// none of them: the gateway's own tables keep no limit of purpose.
///
/// # Errors
/// What does not fit. A number in a column of days is no day, even where serial numbers are: somebody forgot the cell's
/// format, or it is another column's.
pub(crate) fn imported(
    map: &Map,
    select: &Select,
    cells: &[Cell<'_>],
) -> Result<Option<(Personal<CitizenNumber>, History)>, Unfit> {
    let unfit = |column: &str, what| {
        let (class, source) = (select.class.clone(), select.source.name.clone());
        Unfit { class, source, column: column.into(), what }
    };
    for (column, cell) in select.columns().iter().zip(cells) {
        if matches!((column.form, cell), (Form::Day(_), Cell::Int(_) | Cell::Real(_) | Cell::Number(_))) {
            return Err(unfit(column.name(), What::Day));
        }
    }
    let mut reading = Reading::for_any_purpose(map);
    reading.row(select, cells)?;
    let read = reading.end();
    let (Some(key), Some(cell), false) = (select.columns().first(), cells.first(), read.history.is_empty()) else {
        return Ok(None);
    };
    let person = number::number(*cell, key.encoding).map_err(|what| unfit(key.name(), what))?;
    Ok(Some((person, read.history)))
}
