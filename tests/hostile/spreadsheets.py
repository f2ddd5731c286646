"""Spreadsheets that a stranger may send, a few hundred bytes each, made here."""

from __future__ import annotations

import io
import zipfile

_XML = '<?xml version="1.0"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ODS = "urn:oasis:names:tc:opendocument:xmlns"


def _packed(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return stream.getvalue()


def xlsx(sheet: str, shared: str = "") -> bytes:
    """A workbook of Excel with this XML as its sheet."""
    return _packed({
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": shared or f'{_XML}<sst xmlns="{_MAIN}"/>',
        "xl/worksheets/sheet1.xml": f'{_XML}<worksheet xmlns="{_MAIN}">{sheet}</worksheet>',
    })  # fmt: skip


def ods(table: str) -> bytes:
    """A sheet of OpenDocument with this XML as its table."""
    return _packed({
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{_ODS}:manifest:1.0"/>',
        "content.xml": f'{_XML}<office:document-content xmlns:office="{_ODS}:office:1.0" xmlns:table="{_ODS}:table:1.0" '
        f'xmlns:text="{_ODS}:text:1.0"><office:body><office:spreadsheet><table:table table:name="S">{table}'
        "</table:table></office:spreadsheet></office:body></office:document-content>",
    })  # fmt: skip


def _cell(place: str, text: str = "X") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


_HEAD = f'<row r="1">{_cell("A1", "name")}{_cell("B1", "summary")}</row>'
_NAME = '<table:table-cell office:value-type="string"><text:p>name</text:p></table:table-cell>'


def _sheet(rows: str) -> bytes:
    return xlsx(f"<sheetData>{_HEAD}{rows}</sheetData>")


def _repeated(times: str, cells: str = _NAME) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


HOSTILE = {
    "stray cell.xlsx": _sheet(f'<row r="1048576">{_cell("XFD1048576")}</row>'),
    "huge row.xlsx": _sheet(f'<row r="4294967295">{_cell("A4294967295")}</row>'),
    "row without cell names.xlsx": _sheet('<row r="4294967295"><c t="inlineStr"><is><t>X</t></is></c></row>'),
    "row zero.xlsx": _sheet(f'<row r="0">{_cell("A0")}</row>'),
    "negative row.xlsx": _sheet(f'<row r="-1">{_cell("A-1")}</row>'),
    "huge column.xlsx": _sheet(f'<row r="2">{_cell("ZZZZZZ2")}</row>'),
    "small letters.xlsx": _sheet(f'<row r="2">{_cell("xfd1048576")}</row>'),
    "far row.xlsx": _sheet(f'<row r="999999999">{_cell("A999999999")}</row>'),
    "huge dimension.xlsx": xlsx(f'<dimension ref="A1:ZZZZZZ99999999999"/><sheetData>{_HEAD}</sheetData>'),
    "shared string.xlsx": xlsx(
        "<sheetData>" + "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 1001)) + "</sheetData>",
        f'{_XML}<sst xmlns="{_MAIN}"><si><t>{"x" * 4_000_000}</t></si></sst>',
    ),
    "no shared string.xlsx": _sheet('<row r="2"><c r="A2" t="s"><v>99999999999</v></c></row>'),
    "merged.xlsx": xlsx(f'<sheetData>{_HEAD}</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "nested.xlsx": xlsx("<sheetData>" + "<x>" * 100_000 + "</sheetData>"),
    "cut.xlsx": _sheet("")[:-200],
    "noise.xlsx": b"PK\x03\x04" + bytes(range(256)) * 12,
    "old.xlsx": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(5_000),
    "repeated rows.ods": ods(_repeated("1000000")),
    "rows without end.ods": ods(_repeated("4294967295")),
    "groups of rows.ods": ods(_repeated("1000") * 1_000),
    "empty rows.ods": ods(_repeated("2000000000", "<table:table-cell/>") * 3 + _repeated("1")),
    "repeated cells.ods": ods(_repeated("1", _NAME.replace(" office", " table:number-columns-repeated=\"2000000000\" office", 1))),
    "spaces.ods": ods(_repeated("1000000").replace("repeated=", "repeated = ")),
    "negative.ods": ods(_repeated("-1")),
}  # fmt: skip
