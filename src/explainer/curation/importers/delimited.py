"""CSV and TSV, also as Zotero writes them: a header, and a record a row.

CSV is read as a stream, with the separator that its header shows, in UTF-8, UTF-16 with a byte order mark, or else
Windows-1252, as Excel writes it. Apostrophes that keep a spreadsheet from taking a cell for a formula are taken off.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from explainer.batching.tables import CountedLines, separator_of, unclosed_quote
from explainer.catalogs.schema import Kind
from explainer.curation.export import unguard
from explainer.curation.importers.bibliography import (
    authors_in,
    doi_address,
    mentioned_arxiv,
    reference_links,
    without_markup,
    year_of,
)
from explainer.curation.importers.reading import (
    MAX_LINE,
    Place,
    Records,
    RecordStream,
    SourceRecord,
    first_of,
    renamed,
    text_of,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import counted
from explainer.documents.document import undecoded


def read_csv(feed: RecordStream) -> Records:
    """Read CSV with the separator that stands most often in its header."""
    return _read(feed, None)


def read_tsv(feed: RecordStream) -> Records:
    """Read values separated by tabs."""
    return _read(feed, "\t")


def row_record(header: Sequence[str], cells: Sequence[str], where: Place) -> SourceRecord:
    """Return a row as a record.

    Args:
        header: the names of the columns; those without a name are passed over.
        cells: the cells.
        where: gives the place of a column.
    """
    values = dict(zip(header, map(unguard, cells), strict=False))
    values.pop("", None)
    ids = [value for name, value in values.items() if name.casefold() == "id"]
    return SourceRecord(values, where, id=first_of(ids[:1]))


def repeated_columns(header: Sequence[str], file: str) -> Iterator[Finding]:
    """Yield a finding for each name that several columns of a table have."""
    for name, count in Counter(header).items():
        if name and count > 1:
            yield Finding(
                "I802", Location(file, 1), f"two columns are called {name!r}; the last one counts"
            )


def _read(feed: RecordStream, separator: str | None) -> Records:
    with text_of(feed) as (text, findings):
        yield from findings
        lines = CountedLines(text, MAX_LINE)
        shown = separator_of(lines)
        yield from _records(feed.file, lines, separator or shown)


def _records(file: str, lines: CountedLines, separator: str) -> Records:
    table: _Table | None = None
    attached: list[int] = []
    for row in _rows(file, lines, separator):
        if isinstance(row, Finding):
            yield row
        elif table is None:
            table = _Table(file, separator, list(map(str.strip, row.cells)))
            yield from repeated_columns(table.header, file)
        elif table.is_attached(row):
            attached.append(row.line)
        else:
            yield table.record(row)
    if attached:
        message = f"skipped {counted(len(attached), 'row')} of attachments, notes or annotations"
        yield Finding("I815", Location(file, attached[0]), message)


class _Table:
    """The columns of a file, and what makes records of its rows."""

    def __init__(self, file: str, separator: str, header: Sequence[str]) -> None:
        self.header = header
        self._file = file
        self._separator = separator
        # the first of equal names is the last that is put in
        self._numbers = {name: number for number, name in reversed(list(enumerate(header)))}
        self._is_zotero = is_zotero(header)
        self._make_record = zotero_record if self._is_zotero else row_record

    def _overflows(self, row: _Row) -> bool:
        """Whether a row has more cells with text than there are columns."""
        return any(cell.strip() for cell in row.cells[len(self.header) :])

    def is_attached(self, row: _Row) -> bool:
        """Return whether a row of Zotero belongs to another one, which is the reference."""
        if not self._is_zotero or self._overflows(row):
            return False
        cells = dict(zip(self.header, row.cells, strict=False))
        return cells.get("Item Type", "").strip().casefold() in _ATTACHED

    def record(self, row: _Row) -> SourceRecord | Finding:
        """Return the record of a row, or what is wrong with it."""
        if self._overflows(row):
            message = f"the row has {len(row.cells)} cells, the header {len(self.header)}: a separator is not quoted"
            return Finding(
                "I802",
                Location(self._file, row.line),
                message,
                "quote cells that hold the separator",
            )
        where = _Places(self._file, row, self._separator, self._numbers)
        return self._make_record(self.header, row.cells, where)


class _Row(Struct, frozen=True):
    """The cells of a row; the number of its first line, and its text."""

    cells: list[str]
    line: int
    text: str


def _rows(file: str, lines: CountedLines, separator: str) -> Iterator[_Row | Finding]:
    """The rows that hold something.

    A quote that is never closed would take all lines up to the next quote into one cell. So only the line where it
    stands is left out, and reading goes on behind that.
    """
    csv.field_size_limit(MAX_LINE)  # else 128 KiB: abstracts and lists of examples may be longer
    while True:
        start = lines.number + 1
        lines.kept.clear()
        try:
            # strict: else text behind a closing quote is taken into the cell, without a word
            cells = next(csv.reader(lines, delimiter=separator, strict=True), None)
        except csv.Error as error:
            yield _unclosed(file, start, lines, separator, str(error))
            continue
        if cells is None:
            return
        row = _Row(cells, start, "".join(lines.kept))
        broken = undecoded(row.text)
        if broken is not None:
            yield Finding(
                "Y101", _at(file, row, broken.position), f"{broken.message}; the row is left out"
            )
        elif any(cell.strip() for cell in cells):
            yield row


def _unclosed(file: str, start: int, lines: CountedLines, separator: str, problem: str) -> Finding:
    """What is wrong with a row that cannot be read; the lines behind its first one are read once more."""
    first, *behind = lines.kept or [""]
    lines.repeat(behind)
    column = unclosed_quote(first, separator)
    if column is None:
        return Finding("I802", Location(file, start), f"the row cannot be read: {problem}")
    message = "the row cannot be read: a quote is not closed, or text follows it"
    hint = "write a quote inside of a cell twice"
    return Finding("I802", Location(file, start, column), message, hint)


def _at(file: str, row: _Row, position: int) -> Location:
    """Where a character of a row is in the file."""
    line_start = row.text.rfind("\n", 0, position) + 1
    return Location(file, row.line + row.text.count("\n", 0, position), position - line_start + 1)


class _Places:
    """Where the cells of a row begin, by the names of their columns.

    All are found when the first one is asked for: a stranger's table may have 100,000 columns, each with a finding.
    """

    def __init__(self, file: str, row: _Row, separator: str, numbers: Mapping[str, int]) -> None:
        self._file = file
        self._row = row
        self._separator = separator
        self._numbers = numbers
        self._places: list[tuple[int, int]] = []

    def __call__(self, key: str) -> Location:
        """Return the place of a column; that of the row where it has no such column."""
        number = self._numbers.get(key)
        if number is None:
            return Location(self._file, self._row.line)
        self._places = self._places or list(self._all_places())
        return Location(self._file, *self._places[min(number, len(self._places) - 1)])

    def _all_places(self) -> Iterator[tuple[int, int]]:
        line, column, quoted = self._row.line, 1, False
        yield line, column
        for char in self._row.text:
            column += 1
            if char == '"':
                quoted = not quoted
            elif char == self._separator and not quoted:
                yield line, column
            elif char == "\n":
                line, column = line + 1, 1


_HEADER: Final = frozenset({"Key", "Item Type", "Title", "Author"})
# What belongs to the references of a library, and has a row of its own in some exports.
_ATTACHED: Final = frozenset({"attachment", "note", "annotation"})
_ZOTERO_NAMES: Final = {
    "title": "Title", "authors": "Author", "year": "Publication Year", "paper": "DOI", "links": "Url", "github": "Url",
    "summary": "Abstract Note", "category": "Manual Tags",
}  # fmt: skip


def is_zotero(header: Sequence[str]) -> bool:
    """Whether a table has the columns of Zotero."""
    return _HEADER.issubset(header)


def zotero_record(header: Sequence[str], cells: Sequence[str], where: Place) -> SourceRecord:
    """Return a row as a record."""
    row = dict.fromkeys([*_ZOTERO_NAMES.values(), "Key", "Date", "Extra"], "") | dict(
        zip(header, cells, strict=False)
    )
    pages = [doi_address(row["DOI"]), mentioned_arxiv(row["Extra"]), row["Url"]]
    record = {
        "title": without_markup(row["Title"]),
        "authors": authors_in(filter(str.strip, row["Author"].split(";"))),
        "year": year_of(row["Publication Year"], row["Date"]),
        "summary": without_markup(row["Abstract Note"]),
        "category": row["Manual Tags"].split(";")[0].strip() or None,
        **reference_links(pages),
    }
    licence = row.get("Rights") or None
    return SourceRecord(
        record, renamed(where, _ZOTERO_NAMES), row["Key"] or None, Kind.PAPERS, licence, ready=True
    )
