//! Rows of a department's file: each is looked at before any is sent. A fault names line and column, never a value.

use std::io::BufRead;

use credit_policy::{CaseNumber, CitizenNumber, Personal, StaffId};
use jiff::civil::Date;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    stores::delimited::{Cells, Rows},
    terminal::said,
};

/// The columns that a file may have.
const COLUMNS: [&str; 7] = ["case", "scenario", "subject", "operator", "opened", "decided", "appointment"];

/// What is sent for a row.
pub(super) struct Report {
    pub(super) line: u64,
    pub(super) path: &'static str,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Reads all rows; what is wrong with them, a line each.
pub(super) fn read(from: impl BufRead) -> (Vec<Report>, Vec<String>) {
    let (mut reports, mut faults) = (Vec::new(), Vec::new());
    let mut rows = Rows::new(from);
    let mut columns: Option<Vec<String>> = None;
    loop {
        match rows.next_row() {
            Ok(None) => break,
            Err((line, error)) => {
                faults.push(said(|| format!("第 {line} 行：{error}"), || format!("line {line}: {error}")));
                break;
            }
            Ok(Some(Cells { line, cells })) => match &columns {
                None => match head(cells) {
                    Ok(found) => columns = Some(found),
                    Err(fault) => return (Vec::new(), vec![fault]),
                },
                Some(columns) => row(line, columns, &cells, &mut reports, &mut faults),
            },
        }
    }
    if columns.is_none() {
        faults.push(said(|| "文件为空".to_owned(), || "the file is empty".to_owned()));
    }
    (reports, faults)
}

/// The first row: names of columns.
fn head(cells: Vec<String>) -> Result<Vec<String>, String> {
    let known = COLUMNS.join(", ");
    let names: Vec<String> = cells.into_iter().map(|cell| cell.trim().to_owned()).collect();
    let is_known = names.iter().all(|name| COLUMNS.contains(&name.as_str()));
    let has = |name: &str| names.iter().filter(|known| *known == name).count() == 1;
    let is_case = has("case") && (has("opened") || has("decided"));
    let is_whole = has("scenario") && has("operator") && (is_case || has("appointment"));
    let once = COLUMNS.into_iter().all(|name| names.iter().filter(|known| *known == name).count() <= 1);
    if is_known && is_whole && once {
        return Ok(names);
    }
    Err(said(
        || format!("第 1 行须为列名，各列至多一次：{known}"),
        || format!("line 1 must name the columns, each once at most: {known}"),
    ))
}

fn row(line: u64, columns: &[String], cells: &[String], reports: &mut Vec<Report>, faults: &mut Vec<String>) {
    let mut wrong = |column: &str, zh: &str, en: &str| {
        faults.push(said(|| format!("第 {line} 行 {column}：{zh}"), || format!("line {line}, {column}: {en}")));
    };
    if cells.len() != columns.len() {
        return wrong("*", "单元格数与列数不符", "it has another number of cells than the first row");
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|known| known == name);
        at.and_then(|at| cells.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    };
    let before = reports.len();
    let mut is_right = true;
    let mut check = |column: &str, right: bool, zh: &str, en: &str| {
        if !right {
            is_right = false;
            wrong(column, zh, en);
        }
    };
    let (opened, decided, appointment) = (cell("opened"), cell("decided"), cell("appointment"));
    let case = cell("case").unwrap_or_default();
    // Who is to come has no case yet.
    let has_none = case.is_empty() && opened.is_none() && decided.is_none();
    check("case", has_none || CaseNumber::parse(case).is_ok(), "不是案件编号", "it is no case number");
    let scenario = cell("scenario").unwrap_or_default();
    check("scenario", !scenario.is_empty(), "缺少", "it is missing");
    let operator = cell("operator").unwrap_or_default();
    check("operator", StaffId::parse(operator).is_ok(), "不是经办人工号", "it is no id of a member of staff");
    let subject = cell("subject");
    let number: Option<Personal<CitizenNumber>> = subject.and_then(|text| CitizenNumber::parse(text).ok());
    check("subject", subject.is_none() || number.is_some(), "不是公民身份号码", "it is no citizen number");
    let (zh, en) = ("登记案件或预约须有号码", "a case that is opened, or an appointment, needs it");
    check("subject", opened.is_none() && appointment.is_none() || subject.is_some(), zh, en);
    let (zh, en) = ("与 decided、appointment 均为空", "none of opened, decided and appointment is there");
    check("opened", opened.is_some() || decided.is_some() || appointment.is_some(), zh, en);
    for (column, day) in [("opened", opened), ("decided", decided), ("appointment", appointment)] {
        let is_day = day.is_none_or(|day| day.parse::<Date>().is_ok_and(|parsed| parsed.to_string() == day));
        check(column, is_day, "不是日期（2026-11-22）", "it is no day such as 2026-11-22");
    }
    let mut add = |path: &'static str, name: &str, day: &str| {
        let mut body = json!({"scenario": scenario, "operator": operator});
        if let Some(members) = body.as_object_mut() {
            members.extend((name != "on").then(|| ("case".to_owned(), json!(case))));
            members.extend(subject.map(|subject| ("subject".to_owned(), json!(subject))));
            members.insert(name.to_owned(), json!(day));
        }
        let body = Zeroizing::new(body.to_string().into_bytes());
        reports.push(Report { line, path, body });
    };
    if let Some(day) = appointment {
        add("/v1/appointments", "on", day);
    }
    if let Some(day) = opened {
        add("/v1/cases", "opened", day);
    }
    if let Some(day) = decided {
        add("/v1/cases/decisions", "decided", day);
    }
    if !is_right {
        reports.truncate(before);
    }
}
