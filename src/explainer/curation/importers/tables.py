"""How large a sheet of a spreadsheet becomes in memory, told before it is opened.

Readers lay out a sheet as a rectangle. One stray cell in the last row and column, which a slip of the hand makes, asks
for 17 billion cells; so does a few bytes of a hostile file.

CSV, TSV and spreadsheets: a header, and a record a row.

CSV is read as a stream, with the separator that its header shows, in UTF-8, UTF-16 with a byte order mark, or else
Windows-1252, as Excel writes it. Apostrophes that keep a spreadsheet from taking a cell for a formula are taken off.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, Final

from explainer.curation.export import unguard
from explainer.curation.importers.record import (
    MAX_LINE,
    MAX_WHOLE,
    MissingLibraryError,
    RecordStream,
    SourceRecord,
    text_of,
)
from explainer.diagnostics.finding import Finding, Location

MAX_CELLS: Final = 20_000_000
"""Cells of the rectangle of a sheet: a gigabyte, about."""

MAX_UNPACKED: Final = 1024 * 1024 * 1024
"""Bytes of all parts of a file when they are unpacked."""

_CHUNK: Final = 1024 * 1024
_TAG: Final = 4 * 1024
"""Bytes that a tag may have: so much of a piece is looked at again with the next one."""

_CELL: Final = re.compile(rb"<(?:\w{1,20}:)?c\b(?=[^<>]{0,400}[^/<>]>)[^<>]{0,400}?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ROW: Final = re.compile(
    rb"<table:table-row\b([^<>]{0,2000})>|<table:(?:covered-)?table-cell\b([^<>]{0,2000})>|<(/)table:table>"
)
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
    return f"a sheet reaches to row {rows:,} and column {columns:,}" if rows * columns > MAX_CELLS else None


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
        rest, done = b"", False
        while not done:
            piece = part.read(_CHUNK)
            done = not piece
            text, end = rest + piece, 0
            limit = len(text) if done else max(len(text) - _TAG, 0)
            for found in pattern.finditer(text):
                if found.start() >= limit:
                    break
                yield found
                end = found.end()
            rest = text[max(end, limit) :]


def _xlsx_size(packed: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """The last row and the last column of a sheet that have a cell with content."""
    rows = columns = 0
    for found in _pieces(packed, name, _CELL):
        column = 0
        for letter in found[1]:
            column = column * 26 + letter - 64
        rows, columns = max(rows, int(found[2])), max(columns, column)
    return rows, columns


def _ods_size(packed: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """The same for the sheets of an OpenDocument file, whose rows and cells say how often they are repeated."""
    largest = (0, 0)
    row = column = rows = columns = 0
    for found in _pieces(packed, name, _ROW):
        repeated = _REPEATED.search(found[1] or found[2] or b"")
        times = int(repeated[1]) if repeated else 1
        if found[3]:  # the sheet ends
            row = column = rows = columns = 0
        elif found[2] is None:
            row, column = row + times, 0
        else:
            column += times
            if _CONTENT.search(found[2]):
                rows, columns = row, max(columns, column)
                largest = max(largest, (rows, columns), key=math.prod)
    return largest


_SEPARATORS: Final = ",;\t|"


def read_csv(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read CSV with the separator that stands most often in its header."""
    return _read(feed, None)


def read_tsv(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read values separated by tabs."""
    return _read(feed, "\t")


def _read(feed: RecordStream, separator: str | None) -> Iterator[SourceRecord | Finding]:
    with text_of(feed) as text:
        yield from text.findings
        yield from _rows(feed.file, _Lines(text.stream), separator)


def _rows(file: str, lines: _Lines, separator: str | None) -> Iterator[SourceRecord | Finding]:
    head = next(iter(lines), "")
    separator = separator or max(_SEPARATORS, key=head.count)
    lines.again = True
    csv.field_size_limit(MAX_LINE)
    rows = csv.reader(lines, delimiter=separator, strict=False)
    header: list[str] = []
    start = 1
    while True:
        lines.kept.clear()
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield Finding("I802", Location(file, start), f"the row cannot be read: {error}")
            row = []
        if row is None:
            return
        where = partial(_place, file, start, "".join(lines.kept), separator, tuple(header))
        start = rows.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = [cell.strip() for cell in row]
            yield from _repeated(header, file)
        elif len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            message = f"the row has {len(row)} cells, the header {len(header)}: a separator is not quoted"
            yield Finding("I802", where(""), message, "quote cells that hold the separator")
        else:
            yield _raw({name: unguard(cell) for name, cell in zip(header, row, strict=False) if name}, where)


class _Lines:
    """Lines of a text, the last ones kept: positions are worked out only where a mistake is."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.kept: list[str] = []
        self.again = False
        self._text = text
        self._last = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.again:
            self.again = False
        else:
            self._last = self._text.readline(MAX_LINE).replace("\0", "\ufffd")
        if not self._last:
            raise StopIteration
        self.kept.append(self._last)
        return self._last


def _raw(values: dict[str, Any], where: Any) -> SourceRecord:
    own = next((value for name, value in values.items() if name.casefold() == "id"), None)
    return SourceRecord(values, where, id=own or None)


def _repeated(header: list[str], file: str) -> Iterator[Finding]:
    for name in dict.fromkeys(header):
        if name and header.count(name) > 1:
            yield Finding("I802", Location(file, 1), f"two columns are called {name!r}; the last one counts")


def _place(file: str, line: int, text: str, separator: str, header: tuple[str, ...], key: str) -> Location:
    """Where the cell of a column begins in the text of a row."""
    if key not in header:
        return Location(file, line)
    wanted, column, quoted = header.index(key), 1, False
    row, at = line, 0
    for char in text:
        if at == wanted:
            break
        column += 1
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            at += 1
        elif char == "\n":
            row, column = row + 1, 1
    return Location(file, row, column)


def read_xlsx(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the first sheet of a spreadsheet that has a header; lines and columns of findings are those of the sheet."""
    try:
        from python_calamine import CalamineWorkbook  # noqa: PLC0415  # an extra
    except ImportError:
        library, what = "python-calamine", "reading spreadsheets"
        raise MissingLibraryError(library, what) from None
    raw = feed.stream.read(MAX_WHOLE + 1)
    hint = "save it as CSV: that may be of any size"
    if len(raw) > MAX_WHOLE:
        yield Finding("F103", Location(feed.file), f"larger than {MAX_WHOLE:,} bytes", hint)
        return
    packed = io.BytesIO(raw)
    if problem := too_large(packed):
        yield Finding("I802", Location(feed.file), f"the spreadsheet is not opened: {problem}", hint)
        return
    try:
        sheet = CalamineWorkbook.from_filelike(packed).get_sheet_by_index(0)
        rows, indent = sheet.iter_rows(), (sheet.start or (0, 0))[1]
    except Exception as error:  # noqa: BLE001  # whatever the library says about a broken file
        yield Finding("I802", Location(feed.file), f"not a spreadsheet: {error}")
        return
    header: list[str] = []
    for number, row in enumerate(rows, 1):
        cells = [_cell(value) for value in row]
        if not any(cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            yield from _repeated(header, feed.file)
            continue
        values = {name: unguard(cell) for name, cell in zip(header, cells, strict=False) if name}
        yield _raw(values, partial(_cell_place, feed.file, number, indent, tuple(header)))


def _cell(value: Any) -> str:
    """A cell as text. A whole number has no point: Excel keeps 2024 as 2024.0."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)
    return "" if value is None else str(value)


def _cell_place(file: str, number: int, indent: int, header: tuple[str, ...], key: str) -> Location:
    return Location(file, number, indent + header.index(key) + 1 if key in header else 1)
