"""CSV and TSV: a header, and a record a row.

CSV is read as a stream, with the separator that its header shows, in UTF-8, UTF-16 with a byte order mark, or else
Windows-1252, as Excel writes it. Apostrophes that keep a spreadsheet from taking a cell for a formula are taken off.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from explainer.curation.export import unguard
from explainer.curation.importers.reading import text_of
from explainer.curation.importers.record import MAX_LINE, RecordStream, SourceRecord
from explainer.diagnostics.finding import Finding, Location

# Of equally frequent ones the first counts.
_SEPARATORS: Final = ",;\t|"


def read_csv(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read CSV with the separator that stands most often in its header."""
    return _read(feed, None)


def read_tsv(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read values separated by tabs."""
    return _read(feed, "\t")


def row_record(header: Sequence[str], cells: Sequence[str], where: Callable[[str], Location]) -> SourceRecord:
    """Return a row as a record.

    Args:
        header: the names of the columns; those without a name are passed over.
        cells: the cells.
        where: gives the place of a column.
    """
    values = {name: unguard(cell) for name, cell in zip(header, cells, strict=False) if name}
    ids = [value for name, value in values.items() if name.casefold() == "id"]
    return SourceRecord(values, where, id=next(iter(ids), "") or None)


def repeated_columns(header: Sequence[str], file: str) -> Iterator[Finding]:
    """Yield a finding for each name that several columns of a table have."""
    for name in dict.fromkeys(header):
        if name and header.count(name) > 1:
            yield Finding("I802", Location(file, 1), f"two columns are called {name!r}; the last one counts")


def _read(feed: RecordStream, separator: str | None) -> Iterator[SourceRecord | Finding]:
    with text_of(feed) as (text, findings):
        yield from findings
        lines = _Lines(text)
        head = next(iter(lines), "")
        lines.repeat = True
        yield from _records(feed.file, lines, separator or max(_SEPARATORS, key=head.count))


def _records(file: str, lines: _Lines, separator: str) -> Iterator[SourceRecord | Finding]:
    header: list[str] = []
    for row in _rows(file, lines, separator):
        if isinstance(row, Finding):
            yield row
        elif not header:
            header = [cell.strip() for cell in row.cells]
            yield from repeated_columns(header, file)
        elif any(map(str.strip, row.cells[len(header) :])):
            count = f"the row has {len(row.cells)} cells, the header {len(header)}"
            hint = "quote cells that hold the separator"
            yield Finding("I802", Location(file, row.line), f"{count}: a separator is not quoted", hint)
        else:
            yield row_record(header, row.cells, partial(_place, file, row, separator, tuple(header)))


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a row; the number of its first line, and its text."""

    cells: list[str]
    line: int
    text: str


def _rows(file: str, lines: _Lines, separator: str) -> Iterator[_Row | Finding]:
    """The rows that hold something."""
    csv.field_size_limit(MAX_LINE)  # else 128 KiB: abstracts and lists of examples may be longer
    reader = csv.reader(lines, delimiter=separator, strict=False)
    while True:
        start = reader.line_num + 1
        lines.kept.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Finding("I802", Location(file, start), f"the row cannot be read: {error}")
            continue
        if any(map(str.strip, cells)):
            yield _Row(cells, start, "".join(lines.kept))


class _Lines:
    """Lines of a text, those of the current row kept: positions are worked out only where a mistake is."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.kept: list[str] = []
        self.repeat = False
        """Whether the last line comes once more."""
        self._text = text
        self._last = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if not self.repeat:
            self._last = self._text.readline(MAX_LINE).replace("\0", "\ufffd")
        self.repeat = False
        if not self._last:
            raise StopIteration
        self.kept.append(self._last)
        return self._last


def _place(file: str, row: _Row, separator: str, header: tuple[str, ...], key: str) -> Location:
    """Where the cell of a column begins in the text of a row."""
    if key not in header:
        return Location(file, row.line)
    line, column, cells_before, quoted = row.line, 1, header.index(key), False
    for char in row.text:
        if cells_before == 0:
            break
        column += 1
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            cells_before -= 1
        elif char == "\n":
            line, column = line + 1, 1
    return Location(file, line, column)
