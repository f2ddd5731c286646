"""CSV, TSV and spreadsheets: a header, and a record a row.

CSV is read as a stream, with the separator that its header shows, in UTF-8, UTF-16 with a byte order mark, or else
Windows-1252, as Excel writes it. Apostrophes that keep a spreadsheet from taking a cell for a formula are taken off.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from explainer.curating.export import unguard
from explainer.curating.importers.raw import MAX_LINE, MAX_WHOLE, Feed, MissingLibraryError, Raw, text_of
from explainer.curating.importers.sheetsize import too_large
from explainer.findings import Finding, Location

__all__ = ["read_csv", "read_tsv", "read_xlsx"]

_SEPARATORS: Final = ",;\t|"


def read_csv(feed: Feed) -> Iterator[Raw | Finding]:
    """Read CSV with the separator that stands most often in its header."""
    return _read(feed, None)


def read_tsv(feed: Feed) -> Iterator[Raw | Finding]:
    """Read values separated by tabs."""
    return _read(feed, "\t")


def _read(feed: Feed, separator: str | None) -> Iterator[Raw | Finding]:
    with text_of(feed) as text:
        yield from text.findings
        yield from _rows(feed.file, _Lines(text.stream), separator)


def _rows(file: str, lines: _Lines, separator: str | None) -> Iterator[Raw | Finding]:
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


def _raw(values: dict[str, Any], where: Any) -> Raw:
    own = next((value for name, value in values.items() if name.casefold() == "id"), None)
    return Raw(values, where, id=own or None)


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


def read_xlsx(feed: Feed) -> Iterator[Raw | Finding]:
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
