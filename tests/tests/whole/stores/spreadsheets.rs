//! Spreadsheets of an office through a map: what is taken, what refuses the row, what counts nowhere.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use credit_tests::{Folder, gateway};
use rusqlite::Connection;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/stores/seed/sheet.py");
const HEADER: [&str; 8] = ["CF_WSH", "CF_XDR_SFZ", "CF_SYFW", "CF_SXQ", "CF_JZQ", "CF_GSJZQ", "CF_SXYZCD", "CF_ZT"];
const NUMBER: &str = "99010119900307004x";

fn write(path: &Path, header: &[&str], rows: &[Value]) {
    let rows: Vec<_> = std::iter::once(&json!(header)).chain(rows).cloned().collect();
    let mut python = Command::new("python3").arg(SCRIPT).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(json!(rows).to_string().as_bytes()).unwrap();
    assert!(python.wait().unwrap().success());
}

fn row(number: Value, from: Value, severity: &str, state: &str) -> Value {
    json!(["甲1", number, "0", from, null, {"date": 73050}, severity, state])
}

fn import(folder: &Folder, rows: &[Value]) -> credit_tests::Ended {
    import_under(folder, &HEADER, rows)
}

fn import_under(folder: &Folder, header: &[&str], rows: &[Value]) -> credit_tests::Ended {
    let sheet = folder.join("sheet.xlsx");
    write(&sheet, header, rows);
    let (sheet, to, config) = (sheet.display().to_string(), folder.join("new.sqlite"), folder.config());
    gateway(&[
        "store",
        "import",
        &sheet,
        "--map",
        "cn-sgs-2014",
        "--to",
        to.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
    ])
}

#[test]
fn dates_come_from_date_cells_and_named_text_and_what_counts_nowhere_is_left_out() {
    let folder = Folder::new();
    let said = import(
        &folder,
        &[
            row(json!(NUMBER), json!({"date": 45352}), "一般", "0"),
            row(json!(NUMBER), json!("2024/3/1"), "严重", "2"),
            row(json!(NUMBER), json!("2024/03/01"), "轻微", ""),
            // Withdrawn; without a day; within the administration only.
            row(json!(NUMBER), json!("2024/3/1"), "一般", "1"),
            row(json!(NUMBER), json!(null), "一般", "0"),
            json!(["甲1", NUMBER, "1", "2024/3/1", null, null, "一般", "0"]),
        ],
    )
    .held();
    assert!(said.contains("rows left out, as they count nowhere: 3") && said.contains("rows imported: 3"), "{said}");
    let made = Connection::open(folder.join("new.sqlite")).unwrap();
    let mut rows = made.prepare("SELECT number, nr, severity, determined, disputed FROM record ORDER BY nr").unwrap();
    let rows = rows.query_map([], |row| {
        let all: (String, i64, String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(all)
    });
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    let wanted = [("general", 0), ("serious", 1), ("minor", 0)];
    let wanted = (1..).zip(wanted).map(|(nr, (severity, disputed))| {
        (NUMBER.to_uppercase(), nr, severity.to_owned(), "2024-03-01".to_owned(), disputed)
    });
    assert_eq!(rows, wanted.collect::<Vec<_>>());
}

#[test]
fn a_number_cell_is_no_citizen_number_and_no_date_and_nothing_is_imported() {
    let folder = Folder::new();
    for (row, column, what) in [
        // Fifteen digits are left of it, and zeros: another person's number, perhaps.
        (
            row(json!({"repr": "9.901011990030700e+17"}), json!("2024/3/1"), "一般", "0"),
            "CF_XDR_SFZ",
            "it may have lost digits",
        ),
        (
            row(json!({"repr": "990101199003070031"}), json!("2024/3/1"), "一般", "0"),
            "CF_XDR_SFZ",
            "it may have lost digits",
        ),
        (row(json!("330921************"), json!("2024/3/1"), "一般", "0"), "CF_XDR_SFZ", "no citizen number"),
        (row(json!(NUMBER), json!(45352), "一般", "0"), "CF_SXQ", "no date since 1900 in the form"),
        (row(json!(NUMBER), json!("2024-03-01"), "一般", "0"), "CF_SXQ", "no date since 1900 in the form"),
        (row(json!(NUMBER), json!("2024/3/1"), "重", "0"), "CF_SXYZCD", "a code that the map does not name"),
        (row(json!(NUMBER), json!("2024/3/1"), "一般", "3"), "CF_ZT", "a code that the map does not name"),
        (row(json!(NUMBER), json!({"date": 60000}), "一般", "0"), "act", "a day in the future"),
        // Before any day that spreadsheets agree on, and beyond the calendar: neither is "unknown" or "for ever".
        (row(json!(NUMBER), json!({"date": -5}), "一般", "0"), "", "a cell that cannot be read"),
        (row(json!(NUMBER), json!({"date": 0}), "一般", "0"), "", "a cell that cannot be read"),
        (row(json!(NUMBER), json!({"date": 0.5}), "一般", "0"), "", "a cell that cannot be read"),
        (row(json!(NUMBER), json!({"date": 2_958_466}), "一般", "0"), "", "a cell that cannot be read"),
        (
            json!(["甲1", NUMBER, "0", "2024/3/1", {"date": 10_000_000}, {"date": 73050}, "一般", "0"]),
            "",
            "a cell that cannot be read",
        ),
    ] {
        let said = import(&folder, &[row]).failed(1);
        let place =
            if column.is_empty() { "sheet.xlsx:2: ".to_owned() } else { format!("sheet.xlsx:2: column `{column}`") };
        assert!(said.contains(&place) && said.contains(what), "{said}");
        assert!(said.contains("nothing was imported") && !said.contains("9901") && !said.contains("330921"), "{said}");
        assert!(!folder.join("new.sqlite").exists());
    }
}

#[test]
fn a_column_that_a_sheet_has_twice_is_none_that_can_be_read() {
    let folder = Folder::new();
    for twice in ["CF_SXQ", "CF_XDR_SFZ", "cf_xdr_sfz"] {
        let header = [&HEADER[..], &[twice]].concat();
        let mut one = row(json!(NUMBER), json!("2024/3/1"), "一般", "0");
        one.as_array_mut().unwrap().push(json!("2019/1/6"));
        let said = import_under(&folder, &header, &[one]).failed(64);
        assert!(said.contains(&twice.to_uppercase()) && said.contains("two such columns"), "{twice}: {said}");
        assert!(!folder.join("new.sqlite").exists());
    }
    // One that the map does not name is nothing to it.
    let header = [&HEADER[..], &["BZ", "BZ"]].concat();
    drop(import_under(&folder, &header, &[row(json!(NUMBER), json!("2024/3/1"), "一般", "0")]).held());
}

#[test]
fn a_sheet_without_rows_that_count_makes_no_store() {
    let folder = Folder::new();
    for rows in [vec![], vec![row(json!(NUMBER), json!(null), "一般", "0")]] {
        let said = import(&folder, &rows).failed(1);
        assert!(said.contains("has no row to import") && said.contains("--allow-empty"), "{said}");
        assert!(!folder.join("new.sqlite").exists());
    }
}
