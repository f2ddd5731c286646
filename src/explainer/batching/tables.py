"""Questions from the rows of a table: `.csv` (RFC 4180) or, with an extra, `.parquet`. A row becomes a line of JSON."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Final, TextIO

from explainer.batching.sources import QuestionSource, Skipped, SourceItem
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import reason_of
from explainer.documents.document import line_column, undecoded
from explainer.documents.json_reader import parse_json
from explainer.files import MAX_QUESTION_BYTES, display_path, open_file

_LISTS: Final = ("models", "papers", "catalog")
_TEXTS: Final = ("question", "id", "answer")
# The columns that a table of questions may have.
COLUMNS: Final = (*_TEXTS, *_LISTS)
# What stands between names in a cell of text: no title of a paper has it, and many have commas.
_SEPARATOR: Final = "|"
# A first line for Excel that says the separator of a CSV.
_STATED: Final = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
# Separators of a CSV; of equally frequent ones the first counts.
_SEPARATORS: Final = ",;\t|"
# Rows that are read at a time.
_ROWS: Final = 1024


def open_table(path: Path) -> Parsed[QuestionSource]:
    """Return the source that a table is, if its columns are those of a question."""
    source = CsvSource(path) if path.suffix == ".csv" else ParquetSource(path)
    try:
        columns = source.columns()
    except ImportError:
        message = "a .parquet needs the package pyarrow"
        return Parsed(
            None,
            (
                Finding(
                    "F104", Location(source.name), message, "pip install 'cnaps-explainer[parquet]'"
                ),
            ),
        )
    except Exception as error:  # noqa: BLE001  # pyarrow has errors of ten kinds for damaged files
        message = (
            f"cannot be read as a table: {getattr(error, 'strerror', None) or reason_of(error)}"
        )
        return Parsed(None, (Finding("F104", Location(source.name), message),))
    fault = column_fault(columns)
    if fault is not None:
        return Parsed(None, (Finding("B707", Location(source.name), *fault),))
    return Parsed(source)


_NEEDED: Final[Mapping[tuple[str, ...], str]] = {("question",): "the column 'question' is missing"}


def column_fault(
    columns: Sequence[str],
    allowed: Sequence[str] = COLUMNS,
    needed: Mapping[tuple[str, ...], str] = _NEEDED,
) -> tuple[str, str] | None:
    """Return why a table with these columns will not do, and what the columns are; or None.

    Args:
        columns: its columns.
        allowed: the columns that it may have.
        needed: columns of which it must have one each, and what to say otherwise.
    """
    faults = [f"unknown column {name!r}" for name in columns if name not in allowed]
    faults += [
        f"duplicate column {name!r}"
        for index, name in enumerate(columns)
        if name in columns[:index]
    ]
    faults += [message for names, message in needed.items() if not set(names) & set(columns)]
    if not faults:
        return None
    return faults[0], f"the columns are {', '.join(allowed)}"


def as_line(cells: Mapping[str, Any], said_empty: Collection[str] = ()) -> bytes:
    """Return a row as a line of JSON. An empty cell is left out; names are a list, JSON, or have `|` between.

    Args:
        cells: the cells by column.
        said_empty: columns whose empty text says something.
    """
    data = {
        name: cell
        for name, cell in cells.items()
        if cell is not None and (cell != "" or name in said_empty)
    }
    for name in _LISTS:
        if name in data:
            data[name] = _as_list(data[name])
    return _to_json(data).encode("utf-8", "surrogatepass")


def _as_text(cell: Any) -> str:
    """What JSON has no form for: bytes that nobody declared as text (what is no UTF-8 is found later), dates."""
    return cell.decode("utf-8", "surrogateescape") if isinstance(cell, bytes) else str(cell)


_to_json: Final = json.JSONEncoder(ensure_ascii=False, default=_as_text).encode


def _as_list(cell: Any) -> Any:
    if isinstance(cell, bytes):
        cell = _as_text(cell)
    if not isinstance(cell, str):
        return cell
    if cell.lstrip().startswith("["):
        try:
            return parse_json(cell)
        except ValueError:
            return [cell]  # a name may begin with a bracket
    return [name.strip() for name in cell.split(_SEPARATOR)]


class _Table:
    """What tables have in common."""

    lines = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.base = path.parent
        self.name = display_path(path)


class CountedLines:
    """Lines of a text, those of the current row kept: what cannot be read is left out by the line, and said there.

    Attributes:
        kept: the lines since it was last emptied.
        number: how many lines were read.
    """

    def __init__(self, text: TextIO, limit: int) -> None:
        """Read lines.

        Args:
            text: the text, with its line breaks as they are.
            limit: characters of a line that are read at a time.
        """
        self.kept: list[str] = []
        self.number = 0
        self._text = text
        self._limit = limit
        self._repeated: deque[str] = deque()

    def repeat(self, lines: Sequence[str]) -> None:
        """Give the last lines once more."""
        self._repeated.extendleft(reversed(lines))
        self.number -= len(lines)

    def __iter__(self) -> CountedLines:
        return self

    def __next__(self) -> str:
        line = (
            self._repeated.popleft()
            if self._repeated
            else self._text.readline(self._limit).replace("\0", "\ufffd")
        )
        if not line:
            raise StopIteration
        self.number += 1
        self.kept.append(line)
        return line


def separator_of(lines: CountedLines) -> str:
    """Return the separator of a CSV: what its first line states for Excel (`sep=;`), or what its header shows most."""
    head = next(lines, "")
    stated = _STATED.fullmatch(head.rstrip("\r\n"))
    if stated is not None:
        return stated[1]
    lines.repeat([head])
    return max(_SEPARATORS, key=head.count)


def unclosed_quote(line: str, separator: str) -> int | None:
    """Return the column of the last quote that begins a cell of a line; None in a row that has another fault."""
    if '"' not in line:
        return None
    return max(line.rfind(f'{separator}"') + len(separator) + 1, 1)


class CsvSource(_Table):
    """The rows of a `.csv` in UTF-8, whose first line names the columns."""

    def columns(self) -> list[str]:
        """The names of the columns.

        Raises:
            ValueError: when they are not UTF-8.
        """
        with self._open() as stream:
            lines = CountedLines(stream, MAX_QUESTION_BYTES)
            header = next(csv.reader(lines, delimiter=separator_of(lines)), [])
        fault = undecoded("".join(header))
        if fault is not None:
            message = f"{fault.message}: save the file as CSV UTF-8"
            raise ValueError(message)
        return header

    def size(self) -> int | None:
        """Rows may span lines: how many there are is not known."""
        return None

    def _open(self) -> TextIO:
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every row; one that cannot be read costs the line on which it begins."""
        csv.field_size_limit(MAX_QUESTION_BYTES)
        with self._open() as stream:
            lines = CountedLines(stream, MAX_QUESTION_BYTES)
            separator = separator_of(lines)
            names = next(csv.reader(lines, delimiter=separator), [])
            reader = csv.reader(lines, delimiter=separator, strict=True)
            while True:
                first = lines.number + 1
                lines.kept.clear()
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    yield SourceItem(
                        first, self.name, self._unreadable(lines, separator, first, str(error))
                    )
                    reader = csv.reader(lines, delimiter=separator, strict=True)
                    continue
                if row is None:
                    return
                if row:
                    yield self._item(lines, first, _cells(names, row))

    def _item(self, lines: CountedLines, first: int, cells: Mapping[str, str]) -> SourceItem:
        """The question that a row is, or what is wrong with its bytes."""
        fault = self._undecoded("".join(lines.kept), first)
        if fault is not None:
            return SourceItem(lines.number, self.name, fault)
        return SourceItem(lines.number, self.name, as_line(cells), first)

    def _unreadable(
        self, lines: CountedLines, separator: str, number: int, problem: str
    ) -> Finding:
        """What is wrong with a row; the lines behind its first one are read once more."""
        first, *others = lines.kept
        lines.repeat(others)
        column = unclosed_quote(first, separator)
        if column is None:
            return Finding(
                "B707", Location(self.name, number), f"the row cannot be read: {problem}"
            )
        message = "the row cannot be read: a quote is not closed, or text follows it"
        hint = "write a quote inside of a cell twice"
        return Finding("B707", Location(self.name, number, column), message, hint)

    def _undecoded(self, text: str, number: int) -> Finding | None:
        fault = undecoded(text)
        if fault is None:
            return None
        line, column = line_column(text, fault.position)
        hint = "save the file as UTF-8; Excel calls that CSV UTF-8"
        return Finding("Y101", Location(self.name, number + line - 1, column), fault.message, hint)


def _cells(names: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The cells by column. A row that has too few lacks them; with too many, they cannot be told apart."""
    cells = dict(zip(names, row, strict=False))
    return cells if len(row) <= len(names) else {**cells, "too many cells": row[-1]}


class ParquetSource(_Table):
    """The rows of a `.parquet`, some thousand at a time: a file, or a folder of files in the order of their names.

    Its reader is native code, and a few hundred bytes may stand for a billion rows. So it reads in a process of its
    own, under limits; the record batches come from there.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._files = sorted(path.glob("[!._]*.parquet")) if path.is_dir() else [path]

    @cached_property
    def _shape(self) -> dict[str, Any]:
        """The names of the columns of each file, and how many rows there are."""
        if not self._files:
            message = "no .parquet file in the folder"
            raise ValueError(message)
        shape, _ = next(_read_apart({"files": list(map(str, self._files)), "shape": True}))
        return shape

    def columns(self) -> list[str]:
        """The names of the columns."""
        columns: list[list[str]] = self._shape["columns"]
        if len({tuple(sorted(names)) for names in columns}) > 1:
            message = "its files have different columns"
            raise ValueError(message)
        return columns[0]

    def size(self) -> int:
        """How many rows there are."""
        return int(self._shape["rows"])

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every row."""
        return self.items()

    def items(self, first: int = 1, last: int | None = None) -> Iterator[SourceItem | Skipped]:
        """Yield some of the rows, by the numbers of the first and of the last one."""
        for number, batch in self.batches(first, last):
            for row, raw in enumerate(rows_of(batch, self.name, count(number)), number):
                yield SourceItem(row, self.name, raw, row)

    def catalogs(self) -> list[tuple[str, ...]]:
        """What the column `catalog` says, each once, in order."""
        catalogs: set[tuple[str, ...]] = set()
        if "catalog" not in self.columns():
            return []
        for _, batch in self.batches(columns=["catalog"]):
            for cell in filter(None, cells_of(batch.column(0))):
                names = _as_list(cell)
                # what is no list of names is a finding about its row, later
                if isinstance(names, list) and all(isinstance(name, str) for name in names):
                    catalogs.add(tuple(names))
        return sorted(catalogs)

    def batches(
        self, first: int = 1, last: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Yield record batches, each with the number of its first row.

        Args:
            first: the number of the first row that is wanted, from 1.
            last: that of the last one.
            columns: the columns that are wanted.

        Raises:
            OSError: when they cannot be read.
        """
        import pyarrow as pa  # noqa: PLC0415  # an extra

        request = {
            "files": list(map(str, self._files)),
            "first": first,
            "last": last,
            "columns": columns,
        }
        for answer, data in _read_apart(request):
            yield from ((answer["row"], batch) for batch in pa.ipc.open_stream(data))


# --- the process that reads a .parquet: a line of JSON comes in; lines of JSON go out, each before its data ---

_MIB: Final = 1024 * 1024
# Seconds of CPU for the rows that are read at a time.
_SECONDS: Final = 20
# Bytes of memory beyond what loading pyarrow takes, and of the rows that are sent at a time.
_MEMORY: Final = 2048 * _MIB
_SENT: Final = 64 * _MIB
# Rows and unpacked bytes that a file may have beside so many for each of its bytes. A table of 200,000 questions has 55
# bytes a row, and unpacks to 3 times its size.
_MOST_ROWS: Final = 100_000
_UNPACKED: Final = 256 * _MIB
_UNPACKED_PER_BYTE: Final = 1_000


def _read_apart(request: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what a process of its own answers, each with its data.

    Raises:
        OSError: when it says that something is wrong, or ends before it is done.
    """
    import pyarrow  # noqa: ICN001, PLC0415  # an extra

    from explainer.rendering.processes import end_process, exceeded_cpu, start_process  # noqa: PLC0415

    process = start_process(__name__, [pyarrow])
    assert process.stdin is not None  # noqa: S101  # it was started with pipes
    assert process.stdout is not None  # noqa: S101
    name = request["files"][0]
    try:
        with contextlib.suppress(OSError):  # it ended at once: its answer says so
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.close()
        while line := process.stdout.readline():
            answer = json.loads(line)
            if "problem" in answer:
                raise OSError(answer["number"], answer["problem"], answer["file"])
            if "end" in answer:
                return
            name = answer["file"]
            data = process.stdout.read(answer["size"])
            if len(data) == answer["size"]:
                yield answer, data
        what = "time" if exceeded_cpu(process.wait()) else "memory, or it is broken"
        raise OSError(0, f"reading it takes too much {what}", name)
    finally:
        end_process(process)


def main() -> None:
    """Answer a request for the shape of some files, or for their rows; see `_read_apart`."""
    import pyarrow as pa  # noqa: PLC0415

    from explainer.rendering.processes import CpuLimit, limit_memory, used_memory  # noqa: PLC0415

    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    pa.set_memory_pool(pa.system_memory_pool())  # the others reserve more than they use
    pa.set_cpu_count(1)
    request = requests.readline()
    limit_memory(used_memory() + _MEMORY)
    limit = CpuLimit(_SECONDS)
    limit.renew()
    for message in messages(request):
        answers.write(message)
        answers.flush()
        limit.renew()


def messages(request: bytes) -> Iterator[Any]:
    """Yield what the process answers: in turn a line, and the data that it announces."""
    for answer, data in _answers(json.loads(request)):
        yield json.dumps({**answer, "size": len(data)}).encode() + b"\n"
        yield data


def _answers(request: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """What there is to say to a request, and the data of it; a problem where there is one, or the end."""
    file = ""
    try:
        if "shape" in request:
            yield _shape_of(request["files"]), b""
        begin = 1
        for file in request["files"] if "first" in request else ():
            begin += yield from _rows(
                file, begin, request["first"], request["last"], request["columns"]
            )
            if request["last"] is not None and begin > request["last"]:
                break
    except OSError as error:
        yield (
            {"problem": error.strerror or str(error), "number": error.errno or 0, "file": file},
            b"",
        )
    except BaseException as error:  # noqa: BLE001  # pyarrow has errors of ten kinds for damaged files
        yield {"problem": reason_of(error), "number": 0, "file": file}, b""
    yield {"end": True}, b""


def _shape_of(files: Sequence[str]) -> dict[str, Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns, rows = list[list[str]](), 0
    for file in files:
        with open_file(file) as stream:
            metadata = pq.read_metadata(stream)
            columns.append(list(metadata.schema.to_arrow_schema().names))
            if metadata.num_rows > _MOST_ROWS + os.fstat(stream.fileno()).st_size:
                message = f"it says that it has {metadata.num_rows:,} rows, more than a file of its size can hold"
                raise ValueError(message)
            rows += metadata.num_rows
    return {"columns": columns, "rows": rows, "file": files[-1]}


def _rows(
    file: str, begin: int, first: int, last: int | None, columns: Sequence[str] | None
) -> Generator[tuple[dict[str, Any], Any], None, int]:
    """Yield what is wanted of one file, whose first row has the number `begin`; return how many rows it has."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    with open_file(file) as stream, pq.ParquetFile(stream) as table:
        size = int(table.metadata.num_rows)
        stop = begin + size if last is None else last + 1
        # a row group is the least that can be read: those that have none of the rows are passed over
        groups: list[tuple[int, int]] = []
        number = begin
        for group in range(table.metadata.num_row_groups):
            end = number + table.metadata.row_group(group).num_rows
            if end > first and number < stop:
                groups.append((group, number))
            number = end
        if not groups:
            return size
        allowed = _UNPACKED + _UNPACKED_PER_BYTE * os.fstat(stream.fileno()).st_size
        row = groups[0][1]
        for batch in table.iter_batches(
            _ROWS, [group for group, _ in groups], columns, use_threads=False
        ):
            skip = max(0, first - row)
            length = min(batch.num_rows, stop - row) - skip
            allowed -= batch.nbytes
            if allowed < 0:
                message = "it unpacks to more than a file of its size can hold"
                raise ValueError(message)
            if length > 0:
                yield from _packed(file, row + skip, batch.slice(skip, length))
            row += batch.num_rows
        return size


def _packed(file: str, row: int, batch: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """A record batch as Arrow writes it to a stream, in pieces if it is large."""
    import pyarrow as pa  # noqa: PLC0415

    step = max(1, batch.num_rows * _SENT // max(batch.nbytes, 1))
    for start in range(0, batch.num_rows, step):
        buffer = io.BytesIO()
        with pa.ipc.new_stream(buffer, batch.schema) as writer:
            writer.write_batch(batch.slice(start, step))
        if buffer.tell() > 2 * _SENT:
            message = f"row {row + start} is too large"
            raise ValueError(message)
        yield {"row": row + start, "file": file}, buffer.getbuffer()


def cells_of(column: Any) -> list[Any]:
    """Return the cells of a column; None for what cannot be read."""
    try:
        cells: list[Any] = column.to_pylist()
    except UnicodeDecodeError:  # it does not say in which row
        return [_cell_alone(column, index) for index in range(len(column))]
    return cells


def id_text(cell: Any) -> str | None:
    """Return the id that a cell of the column `id` holds; None for none, or for what is no text."""
    if isinstance(cell, bytes):  # some tables do not say that their bytes are text
        cell = cell.decode("utf-8", "replace")
    if not isinstance(cell, str):
        return None
    return cell or None


def _cell_alone(column: Any, index: int) -> Any:
    try:
        return column[index].as_py()
    except UnicodeDecodeError:
        return None


def rows_of(
    batch: Any, file: str, numbers: Iterable[int], said_empty: Collection[str] = ()
) -> Iterator[bytes | Finding]:
    """Yield the rows of a record batch as lines of JSON (see `as_line`), or why one cannot be read.

    Args:
        batch: the record batch.
        file: how findings call the table.
        numbers: the number of each row there.
        said_empty: columns whose empty text says something.
    """
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:  # it does not say in which row
        rows = [None] * batch.num_rows
    for index, (cells, number) in enumerate(zip(rows, numbers, strict=False)):
        try:
            yield as_line(cells or batch.slice(index, 1).to_pylist()[0], said_empty)
        except UnicodeDecodeError as error:
            message = f"a cell is not UTF-8: {error.reason} at byte {error.start + 1}"
            yield Finding("Y101", Location(file, number), message)
