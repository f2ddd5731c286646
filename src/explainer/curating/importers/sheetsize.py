"""How large a sheet of a spreadsheet becomes in memory, told before it is opened.

Readers lay out a sheet as a rectangle. One stray cell in the last row and column, which a slip of the hand makes, asks
for 17 billion cells; so does a few bytes of a hostile file.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

__all__ = ["MAX_CELLS", "MAX_UNPACKED", "too_large"]

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
