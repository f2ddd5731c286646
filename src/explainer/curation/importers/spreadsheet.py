"""Spreadsheets of Excel and of OpenDocument: a header, and a record a row, of the first sheet.

Readers lay out a sheet as a rectangle. One stray cell in the last row and column, which a slip of the hand makes, asks
for 17 billion cells; so does a few bytes of a hostile file. So its size is told before it is opened.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, Final

from explainer.curation.importers.delimited import repeated_columns, row_record
from explainer.curation.importers.record import MAX_WHOLE, RecordStream, SourceRecord, load_library
from explainer.diagnostics.finding import Finding, Location

MAX_CELLS: Final = 20_000_000
"""Cells of the rectangle of a sheet: a gigabyte, about."""

MAX_UNPACKED: Final = 1024 * 1024 * 1024
"""Bytes of all parts of a file when they are unpacked."""

# Whole numbers below it have all their digits in a float.
_MAX_EXACT: Final = 10**15

_CHUNK: Final = 1024 * 1024
# Bytes that a tag may have: so much of a piece is looked at again with the next one.
_TAG: Final = 4 * 1024
# A cell of Excel that is not empty, with the letters of its column and the number of its row. All repetitions have a
# limit, so that a hostile file does not make the search slow.
_CELL: Final = re.compile(rb"<(?:\w{1,20}:)?c\b(?=[^<>]{0,400}[^/<>]>)[^<>]{0,400}?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
# A row of OpenDocument, a cell, or the end of a sheet.
_ROW: Final = re.compile(
    rb"<table:table-row\b([^<>]{0,2000})>|<table:(?:covered-)?table-cell\b([^<>]{0,2000})>|<(/)table:table>"
)
# What a cell has that holds something; others are there for their borders and colours.
_CONTENT: Final = re.compile(rb"(?:office|calcext):value")
_REPEATED: Final = re.compile(rb"table:number-(?:rows|columns)-repeated=[\"'](\d{1,9})[\"']")


def too_large(stream: BinaryIO) -> str | None:
    """Return what is too large about a spreadsheet (xlsx, xlsm, ods), or None; also None for what is no spreadsheet."""
    try:
        packed = zipfile.ZipFile(stream)
    except Exception:  # noqa: BLE001  # what is wrong with it the reader says
        return None
    finally:
        stream.seek(0)
    with packed:
        unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MAX_UNPACKED:
            return f"it unpacks to {unpacked:,} bytes"
        try:
            rows, columns = max(_sizes(packed), key=math.prod, default=(0, 0))
        except Exception as error:  # noqa: BLE001  # damaged, or larger than it says
            return f"its size cannot be told: {error}"
        finally:
            stream.seek(0)
    if rows * columns > MAX_CELLS:
        return f"a sheet reaches to row {rows:,} and column {columns:,}"
    return None


def _sizes(packed: zipfile.ZipFile) -> Iterator[tuple[int, int]]:
    """The last row and the last column of each sheet."""
    for part in packed.infolist():
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            yield _xlsx_size(packed, part.filename)
        elif part.filename == "content.xml":
            yield _ods_size(packed, part.filename)


def _pieces(packed: zipfile.ZipFile, name: str, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern in a part of the file, which is unpacked a piece at a time."""
    with packed.open(name) as part:
        remainder, is_last = b"", False
        while not is_last:
            piece = part.read(_CHUNK)
            is_last = not piece
            text, end = remainder + piece, 0
            limit = len(text) if is_last else max(len(text) - _TAG, 0)
            for match in pattern.finditer(text):
                if match.start() >= limit:  # it may be cut off: the next piece has it whole
                    break
                yield match
                end = match.end()
            remainder = text[max(end, limit) :]


def _xlsx_size(packed: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """The last row and the last column of a sheet that have a cell with content."""
    rows = columns = 0
    for match in _pieces(packed, name, _CELL):
        column = 0
        for letter in match[1]:  # columns count A to Z, AA to AZ and so on
            column = column * 26 + letter - 64
        rows, columns = max(rows, int(match[2])), max(columns, column)
    return rows, columns


def _ods_size(packed: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """The same for the sheets of an OpenDocument file, whose rows and cells say how often they are repeated."""
    largest = (0, 0)
    row = column = columns = 0
    for match in _pieces(packed, name, _ROW):
        row_tag, cell_tag, sheet_end = match.groups()
        repeated = _REPEATED.findall(row_tag or cell_tag or b"")
        times = int(next(iter(repeated), 1))
        if sheet_end:
            row = column = columns = 0
        elif cell_tag is None:
            row, column = row + times, 0
        else:
            column += times
            if _CONTENT.search(cell_tag):
                columns = max(columns, column)
                largest = max(largest, (row, columns), key=math.prod)
    return largest


def read_spreadsheet(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the first sheet of a spreadsheet that has a header; lines and columns of findings are those of the sheet."""
    calamine = load_library("python_calamine", "python-calamine", "reading spreadsheets")
    raw = feed.stream.read(MAX_WHOLE + 1)
    hint = "save it as CSV: that may be of any size"
    if len(raw) > MAX_WHOLE:
        yield Finding("F103", Location(feed.file), f"larger than {MAX_WHOLE:,} bytes", hint)
        return
    packed = io.BytesIO(raw)
    problem = too_large(packed)
    if problem:
        yield Finding("I802", Location(feed.file), f"the spreadsheet is not opened: {problem}", hint)
        return
    try:
        book = calamine.CalamineWorkbook.from_filelike(packed)
        sheet = book.get_sheet_by_index(0)
        rows, indent = sheet.iter_rows(), (sheet.start or (0, 0))[1]
    except Exception as error:  # noqa: BLE001  # whatever the library says about a broken file
        yield Finding("I802", Location(feed.file), f"not a spreadsheet: {error}")
        return
    if sheet.height:
        yield from _row_records(feed.file, rows, indent)
    else:
        yield _empty(feed.file, book)


def _row_records(file: str, rows: Iterable[list[Any]], indent: int) -> Iterator[SourceRecord | Finding]:
    """The records of the rows of a sheet, behind its header."""
    header: list[str] = []
    for number, row in enumerate(rows, 1):
        cells = [_cell(value) for value in row]
        if not any(cells):
            continue
        if header:
            yield row_record(header, cells, partial(_cell_place, file, number, indent, tuple(header)))
        else:
            header = [cell.strip() for cell in cells]
            yield from repeated_columns(header, file)


def _empty(file: str, book: Any) -> Finding:
    """What there is to say about a first sheet in which nothing stands."""
    first, *names = book.sheet_names
    filled = [name for name in names if book.get_sheet_by_name(name).height]
    message = f"nothing is recognised: the first sheet, {first!r}, is empty"
    hint = "save the list as the first sheet"
    if filled:
        message += f"; the list may stand in {', '.join(map(repr, filled))}"
    return Finding("I813", Location(file), message, hint)


def _cell(value: Any) -> str:
    """A cell as text. A whole number has no point: Excel keeps 2024 as 2024.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        value = int(value)
    return "" if value is None else str(value)


def _cell_place(file: str, number: int, indent: int, header: tuple[str, ...], key: str) -> Location:
    if key not in header:
        return Location(file, number)
    return Location(file, number, indent + header.index(key) + 1)
