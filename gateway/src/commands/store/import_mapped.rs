//! `store import --map`: rows of a spreadsheet of another layout as rows of the gateway's own tables.

use std::path::Path;

use credit_policy::{CitizenNumber, History, Personal, Record, Value};
use jiff::civil::Date;

use crate::{
    commands::failure::Failure,
    stores::{
        layout::{ATTRIBUTE, LISTING, RECORD, Table},
        map::{Cell, Map, Select, Unfit, imported},
        workbook::{Sheet, SheetCell, WorkbookFault, sheets},
    },
    terminal::{chinese, fault, said},
};

/// What a line comes to.
pub(super) enum Line {
    /// A row of one of the gateway's tables, in the order of its columns.
    Row(&'static Table, Vec<Option<String>>),
    /// It counts nowhere: an organisation, another document, a limit of purpose, withdrawn, without a first day.
    LeftOut,
    /// It does not fit.
    Fault(String),
}

/// Tells what each line of the map's sheets comes to.
///
/// # Errors
/// Where the file is no spreadsheet, or its columns are not those of the map.
pub(super) fn lines(path: &Path, map: &Map, tell: &mut dyn FnMut(u64, Line)) -> Result<(), Failure> {
    let no = |what: String| {
        let path = path.display();
        let what = fault(&what);
        Failure::usage(said(|| format!("`{path}`：{what}"), || format!("`{path}`: {what}")))
    };
    let sheets = sheets(path).map_err(|fault| no(fault.to_string()))?;
    for source in map.sources() {
        let table = source.table().unwrap_or_default();
        let only = (sheets.len() == 1 && map.sources().len() == 1).then(|| sheets.first()).flatten();
        let named = sheets.iter().find(|sheet| sheet.name.eq_ignore_ascii_case(table));
        let missing = || no(WorkbookFault::NoSheet(table.to_owned()).to_string());
        let sheet = named.or(only).ok_or_else(missing)?;
        let header: Vec<_> = sheet.rows.first().into_iter().flatten().map(SheetCell::name).collect();
        let joined = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ");
        let bound = map.clone().bind(source.name(), &header).map_err(|faults| no(joined(faults)))?;
        for select in bound.everything().iter().filter(|select| select.source().name() == source.name()) {
            rows(&bound, select, sheet, &header, tell);
        }
    }
    Ok(())
}

fn rows(map: &Map, select: &Select, sheet: &Sheet, header: &[String], tell: &mut dyn FnMut(u64, Line)) {
    let places: Vec<_> =
        select.columns().iter().map(|column| header.iter().position(|name| name == column.stored())).collect();
    for (line, row) in (sheet.first_line..).zip(&sheet.rows).skip(1) {
        if row.iter().all(|cell| matches!(cell, SheetCell::Empty)) {
            continue;
        }
        let cells: Option<Vec<Cell<'_>>> =
            places.iter().map(|place| place.and_then(|place| row.get(place))?.cell()).collect();
        let Some(cells) = cells else {
            tell(
                line,
                Line::Fault(said(|| "有无法读取的单元格".to_owned(), || "a cell that cannot be read".to_owned())),
            );
            continue;
        };
        match imported(map, select, &cells) {
            Err(unfit) => tell(line, Line::Fault(told(&unfit))),
            Ok(None) => tell(line, Line::LeftOut),
            Ok(Some((person, history))) => {
                person_rows(&person, &history, &mut |table, values| tell(line, Line::Row(table, values)));
            }
        }
    }
}

/// Where a value does not fit, and what it is not.
fn told(unfit: &Unfit) -> String {
    let (column, what) = (&unfit.column, unfit.what.to_string());
    said(|| format!("列 `{column}`：{}", chinese().of(&what)), || format!("column `{column}`: {what}"))
}

fn person_rows(
    person: &Personal<CitizenNumber>,
    history: &History,
    take: &mut dyn FnMut(&'static Table, Vec<Option<String>>),
) {
    let number = || person.disclose(|person| Some(person.as_str().to_owned()));
    let flag = |flag: bool| Some(u8::from(flag).to_string());
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    for record in &history.records {
        let Record { class, severity, act, determined, sentence_end, effect_end, repaired, .. } = record;
        let Record { repair_revoked, disputed, performed, amount, .. } = record;
        let (class, severity) = (Some(class.to_string()), Some(severity.to_string()));
        let (act, determined) = (Some(act.to_string()), Some(determined.to_string()));
        let ends = [sentence_end, effect_end, repaired, repair_revoked].map(|on| day(*on));
        let mut values = vec![number(), class, None, severity, act, determined];
        values.extend(ends);
        values.extend([flag(*disputed), day(*performed), amount.map(|amount| amount.to_string())]);
        take(&RECORD, values);
    }
    for listing in &history.listings {
        let (list, from) = (Some(listing.list.to_string()), Some(listing.from.to_string()));
        take(&LISTING, vec![number(), list, None, from, day(listing.until), flag(listing.disputed)]);
    }
    for attribute in &history.attributes {
        // A value of the data list is always JSON.
        let value = serde_json::to_string::<Value>(&attribute.value).ok();
        take(&ATTRIBUTE, vec![number(), Some(attribute.field.to_string()), value]);
    }
}
