"""Writes a spreadsheet: sys.argv[1] is the file, standard input JSON, a list of rows. A cell is null, a text, a number, or
{"date": serial}. With {"repr": digits} the digits stand in the file as they are, as openpyxl writes large numbers."""

import json
import sys
import zipfile
from xml.sax.saxutils import escape

TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROOT = f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
BOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="CF" sheetId="1" r:id="r1"/></sheets></workbook>'
PARTS = (
    f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
STYLES = f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'


def cell(name, value):
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, dict) and "date" in value:
        return f'<c r="{name}" s="1"><v>{value["date"]}</v></c>'
    digits = value["repr"] if isinstance(value, dict) else value
    return f'<c r="{name}"><v>{digits}</v></c>'


rows = json.load(sys.stdin)
data = "".join(
    f'<row r="{line}">' + "".join(cell(f"{chr(65 + at)}{line}", value) for at, value in enumerate(row)) + "</row>"
    for line, row in enumerate(rows, 1)
)
with zipfile.ZipFile(sys.argv[1], "w") as book:
    book.writestr("[Content_Types].xml", TYPES)
    book.writestr("_rels/.rels", ROOT)
    book.writestr("xl/workbook.xml", BOOK)
    book.writestr("xl/_rels/workbook.xml.rels", PARTS)
    book.writestr("xl/styles.xml", STYLES)
    book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>')
