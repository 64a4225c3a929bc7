#!/usr/bin/env bash
# crates.io calamine 0.38.0 (Rust 1.95, seen on Debian 12): a cell of an .xlsx that is formatted as a date and has no day of the
# calendar is read as one all the same. `Data::DateTime` of -5, 0 and 0.5 gives 1899-12-31 by `to_ymd_hms_milli`, and of 10,000,000,
# which is beyond 9999-12-31, that day; spreadsheets show `####` or 1900-01-00. Nothing tells these from cells that have those two days, which
# tables use for "not known" and "for ever": a slip of the keyboard in the last day of a listing makes it one without an end.
# The way round: look at `as_f64()` first, and take 61 (1900-03-01, before which spreadsheets differ) to 2,958,465 (9999-12-31) alone.
# Ends with 0 while it is so, and with 1 when it has changed.
set -euo pipefail
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
cat >sheet.py <<'END'
import zipfile
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
parts = "".join(
    f'<Override PartName="/xl/{name}.xml" ContentType="{KIND}.{kind}+xml"/>'
    for name, kind in [("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles")]
)
rows = "".join(
    f'<row r="{line}"><c r="A{line}" s="1"><v>{serial}</v></c></row>'
    for line, serial in enumerate(["-5", "0", "0.5", "45352", "2958465", "10000000"], 1)
)
with zipfile.ZipFile("days.xlsx", "w") as book:
    book.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{parts}</Types>')
    book.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
    book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="days" sheetId="1" r:id="a"/></sheets></workbook>')
    book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>')
    book.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>')
    book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>')
END
python3 sheet.py
mkdir -p days/src
cat >days/Cargo.toml <<'END'
[package]
name = "days"
version = "0.0.0"
edition = "2024"
[dependencies]
calamine = "=0.38.0"
END
cat >days/src/main.rs <<'END'
use calamine::{Data, Reader, open_workbook_auto};
fn main() {
    let range = open_workbook_auto("days.xlsx").unwrap().worksheet_range("days").unwrap();
    for row in range.rows() {
        let Data::DateTime(at) = &row[0] else { panic!("{:?}", row[0]) };
        let (year, month, day, ..) = at.to_ymd_hms_milli();
        println!("{} {year}-{month:02}-{day:02}", at.as_f64());
    }
}
END
said=$(cargo run --quiet --manifest-path days/Cargo.toml)
echo "$said"
[[ $said == '-5 1899-12-31
0 1899-12-31
0.5 1899-12-31
45352 2024-03-01
2958465 9999-12-31
10000000 9999-12-31' ]]
