"""Questions from the rows of a table: `.csv` (RFC 4180) or, with an extra, `.parquet`. A row becomes a line of JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from explainer.batching.sources import Item, Skipped, Source
from explainer.findings import Finding, Location, Parsed
from explainer.workspace import MAX_QUESTION_BYTES, display_path

__all__ = ["CsvSource", "ParquetSource", "open_table"]

_LISTS: Final = ("models", "papers", "catalog")
_TEXTS: Final = ("question", "id", "answer")
_SEPARATOR: Final = "|"
_ROWS: Final = 1024


def open_table(path: Path) -> Parsed[Source]:
    """Return the source that a table is, if its columns are those of a question."""
    source: CsvSource | ParquetSource
    if path.suffix == ".csv":
        source = CsvSource(path)
    else:
        try:
            import pyarrow.parquet  # noqa: F401, PLC0415  # an extra
        except ImportError:
            hint = "pip install 'cnaps-explainer[parquet]'"
            message = "a .parquet needs the package pyarrow"
            return Parsed(None, (Finding("F104", Location(display_path(path)), message, hint),))
        source = ParquetSource(path)
    try:
        columns = source.columns()
    except (OSError, ValueError, csv.Error) as error:
        return Parsed(None, (Finding("F104", Location(source.name), f"cannot be read as a table: {error}"),))
    unknown = [name for name in columns if name not in (*_LISTS, *_TEXTS)]
    if unknown or "question" not in columns:
        hint = f"the columns are {', '.join((*_TEXTS, *_LISTS))}"
        message = f"unknown column {unknown[0]!r}" if unknown else "the column 'question' is missing"
        return Parsed(None, (Finding("B707", Location(source.name), message, hint),))
    return Parsed(source)


def _as_line(cells: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON. An empty cell is left out; names are a list, JSON, or have `|` between."""
    data: dict[str, Any] = {}
    for name, cell in cells.items():
        if cell is None or cell == "":
            continue
        data[name] = _as_list(cell) if name in _LISTS else cell
    return json.dumps(data, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _as_list(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except ValueError:
            return [cell]  # a name may begin with a bracket
    return [name.strip() for name in cell.split(_SEPARATOR)]


class _Table:
    lines = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.base = path.parent
        self.name = display_path(path)

    def _rows(self) -> Iterable[tuple[int, Mapping[str, Any]]]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Item | Skipped]:
        """Every row; the number of a row is that of the line on which it ends, or its place in the table."""
        for number, cells in self._rows():
            yield Item(number, self.name, _as_line(cells))


class CsvSource(_Table):
    """The rows of a `.csv` in UTF-8, whose first line names the columns."""

    def columns(self) -> list[str]:
        """The names of the columns."""
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader(stream), [])

    def size(self) -> int | None:
        """Rows may span lines: how many there are is not known."""
        return None

    def __iter__(self) -> Iterator[Item | Skipped]:
        """Every row.

        Raises:
            OSError: when the file cannot be read.
        """
        try:
            yield from super().__iter__()
        except (csv.Error, UnicodeDecodeError) as error:
            raise OSError(0, f"not a .csv in UTF-8: {error}", str(self._path)) from None

    def _rows(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        csv.field_size_limit(MAX_QUESTION_BYTES)
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            names = next(reader, [])
            for row in reader:
                if row:
                    # what has too few cells lacks them; what has too many cannot be told apart, and is no question
                    cells = dict(zip(names, row, strict=False))
                    yield reader.line_num, cells if len(row) <= len(names) else {**cells, "too many cells": row[-1]}


class ParquetSource(_Table):
    """The rows of a `.parquet`, some thousand at a time."""

    def columns(self) -> list[str]:
        """The names of the columns."""
        import pyarrow.parquet as pq  # noqa: PLC0415

        return list(pq.ParquetFile(self._path).schema_arrow.names)

    def size(self) -> int | None:
        """How many rows there are."""
        import pyarrow.parquet as pq  # noqa: PLC0415

        return int(pq.ParquetFile(self._path).metadata.num_rows)

    def _rows(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        import pyarrow.parquet as pq  # noqa: PLC0415

        number = 0
        for batch in pq.ParquetFile(self._path).iter_batches(batch_size=_ROWS):
            for cells in batch.to_pylist():
                number += 1
                yield number, cells
