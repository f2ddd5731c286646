"""Spreadsheets of Excel and of OpenDocument: a header, and a record a row, of the first sheet.

Their reader is native code, which lays out a sheet as a rectangle: one stray cell in the last row and column, which a
slip of the hand makes, asks for 17 billion cells, and a few bytes of a hostile file for more memory than there is. It
ends the process then. So it reads in a process of its own, which gets the file and answers by a line of JSON a row.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from typing import Any, Final

from explainer.curation.importers.delimited import repeated_columns, row_record
from explainer.curation.importers.reading import (
    MAX_LINE,
    MAX_WHOLE,
    Records,
    RecordStream,
    load_library,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import shorten
from explainer.rendering.processes import (
    CpuLimit,
    end_process,
    exceeded_cpu,
    limit_memory,
    start_process,
)

# Whole numbers below it have all their digits in a float.
_MAX_EXACT: Final = 10**15

_MIB: Final = 1024 * 1024
# Seconds of CPU and bytes of memory for a small file, and what each MiB of a larger one adds. A file of 1.9 MiB with
# 100,000 rows of six cells takes 1.6 s and 180 MiB.
_SECONDS: Final = 4
_SECONDS_PER_MIB: Final = 2
_MEMORY: Final = 512 * _MIB
_MEMORY_PER_MIB: Final = 48 * _MIB
# Rows that a file may have beside one for each of its bytes: packed, a row of a long table takes 10 to 30. A row that
# says how often it is repeated would be a million records in 700 bytes, and 90 s of work.
_ROWS: Final = 5_000
_HINT: Final = "save it as CSV: that may be of any size"


def main() -> None:
    """Answer a line that says the size of a file, and the file, by a line of JSON for what it is and for each row."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    size = int(requests.readline())
    import python_calamine  # noqa: PLC0415  # the memory that it takes to load is not the file's

    limit_memory(_MEMORY + _MEMORY_PER_MIB * size // _MIB)
    CpuLimit(_SECONDS + _SECONDS_PER_MIB * size // _MIB).renew()
    for answer in _answers(python_calamine, requests.read(size)):
        answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _answers(calamine: Any, raw: bytes) -> Iterator[Any]:
    """What the sheet is, the cells of each row, and null behind the last one; or a text about what is wrong."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheet = book.get_sheet_by_index(0)
        first, *names = book.sheet_names
        filled = (
            [] if sheet.height else [name for name in names if book.get_sheet_by_name(name).height]
        )
        yield {
            "sheet": first,
            "indent": (sheet.start or (0, 0))[1],
            "height": sheet.height,
            "filled": filled,
        }
        filled_rows = 0
        for row in sheet.iter_rows():
            cells = list(map(_cell, row))
            filled_rows += any(cells)
            if filled_rows > _ROWS + len(raw):
                yield "it has more rows than a file of its size can hold: rows are repeated"
                return
            yield cells
    except Exception as error:  # noqa: BLE001  # whatever the library says about a broken file
        yield str(error)
    else:
        yield None


def _cell(value: Any) -> str:
    """A cell as text. A whole number has no point: Excel keeps 2024 as 2024.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        value = int(value)
    return str(value)


class _BrokenSheetError(ValueError):
    """A spreadsheet that cannot be read, or not to its end."""


def read_spreadsheet(feed: RecordStream) -> Records:
    """Read the first sheet of a spreadsheet that has a header; lines and columns of findings are those of the sheet."""
    calamine = load_library("python_calamine", "python-calamine", "reading spreadsheets")
    raw = feed.stream.read(MAX_WHOLE + 1)
    if len(raw) > MAX_WHOLE:
        yield Finding("F103", Location(feed.file), f"larger than {MAX_WHOLE:,} bytes", _HINT)
        return
    with contextlib.closing(_rows(raw, calamine)) as rows:
        try:
            yield from _records(feed.file, rows)
        except _BrokenSheetError as error:
            yield Finding("I802", Location(feed.file), str(error), _HINT)


def _rows(raw: bytes, calamine: Any) -> Generator[Any, None, None]:
    """What the process answers, a line at a time.

    Raises:
        _BrokenSheetError: when it says that something is wrong, or ends before it is done.
    """
    process = start_process(__name__, [calamine])
    assert process.stdin is not None  # noqa: S101  # it was started with pipes
    assert process.stdout is not None  # noqa: S101
    try:
        with contextlib.suppress(OSError):  # it ended at once: its answer says so
            process.stdin.write(b"%d\n" % len(raw) + raw)
            process.stdin.close()
        while line := process.stdout.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                message = f"a row is longer than {MAX_LINE:,} bytes"
                raise _BrokenSheetError(message)
            answer = json.loads(line)
            if isinstance(answer, str):
                message = f"not a spreadsheet: {shorten(answer, 200)}"
                raise _BrokenSheetError(message)
            if answer is None:
                return
            yield answer
        raise _BrokenSheetError(_ending(process.wait()))
    finally:
        end_process(process)


def _ending(status: int) -> str:
    if exceeded_cpu(status):
        return "reading the spreadsheet takes too long: it says that a row or a cell is repeated very often"
    return "reading the spreadsheet takes too much memory, or it is broken: a cell may be far from all others"


def _records(file: str, answers: Iterator[Any]) -> Records:
    sheet: dict[str, Any] = next(answers, {})
    if not sheet.get("height"):
        yield _empty(file, sheet)
        return
    yield from _row_records(file, answers, sheet["indent"])


def _row_records(file: str, rows: Iterable[list[str]], indent: int) -> Records:
    """The records of the rows of a sheet, behind its header."""
    header: list[str] = []
    for number, cells in enumerate(rows, 1):
        if not any(cells):
            continue
        if header:
            yield row_record(
                header, cells, partial(_cell_place, file, number, indent, tuple(header))
            )
        else:
            header = [cell.strip() for cell in cells]
            yield from repeated_columns(header, file)


def _empty(file: str, sheet: dict[str, Any]) -> Finding:
    """What there is to say about a first sheet in which nothing stands."""
    message = f"nothing is recognised: the first sheet, {sheet.get('sheet')!r}, is empty"
    hint = "save the list as the first sheet"
    if sheet.get("filled"):
        message += f"; the list may be in {', '.join(map(repr, sheet['filled']))}"
    return Finding("I813", Location(file), message, hint)


def _cell_place(file: str, number: int, indent: int, header: tuple[str, ...], key: str) -> Location:
    if key not in header:
        return Location(file, number)
    return Location(file, number, indent + header.index(key) + 1)
