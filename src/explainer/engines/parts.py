"""A table of questions → a folder of Parquet files, part by part, on whatever does the parts.

Every part stands for the same rows wherever it is made, and its bytes depend on these rows and on the job alone: so the
folders that two engines write are equal, byte for byte, and a part that was lost with its worker is made again.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from explainer.batching.manifest import short_hash
from explainer.batching.renderer import RenderResult
from explainer.batching.storage import new_token
from explainer.batching.tables import ParquetSource, cells_of, id_text
from explainer.diagnostics.finding import Finding, Location
from explainer.engines.job import ROWS, Job, arrow
from explainer.engines.open_job import open_job
from explainer.engines.render import ROW, RenderedRow, made_of, render_schema, to_batches

PART_ROWS: Final = 25_000
"""Rows of a part: a worker needs a second for them, and some dozen megabytes of disk."""
_TEMPORARY: Final = ".explainer-tmp"


class TablePart(NamedTuple):
    """Some rows of the source.

    Attributes:
        number: the place among all parts, from 0.
        first: the number of the first row, from 1.
        last: the number of the last row.
        repeated: rows whose id an earlier row has, and the number of that row.
    """

    number: int
    first: int
    last: int
    repeated: dict[int, int]


class PartCounts(NamedTuple):
    """What became of the rows of a part."""

    rendered: int
    failed: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class PartWork:
    """What every worker needs; it can be sent to one.

    Attributes:
        job: what decides the outputs.
        source: the table of questions, a path that means the same to every worker.
        name: how findings call it.
        out: the folder of the parts.
    """

    job: Job
    source: Path
    name: str
    out: Path


PartWorker: TypeAlias = Callable[[TablePart], "tuple[PartCounts, tuple[bytes, ...]]"]


def parts_of(source: ParquetSource) -> list[TablePart]:
    """Return the parts of a table."""
    size = source.size()
    firsts = range(1, max(size, 1) + 1, PART_ROWS)  # without rows, a part says which columns there are
    parts = [TablePart(number, first, min(first + PART_ROWS - 1, size), {}) for number, first in enumerate(firsts)]
    for row, earlier in _repeated(source).items() if "id" in source.columns() else ():
        parts[(row - 1) // PART_ROWS].repeated[row] = earlier
    return parts


def _repeated(source: ParquetSource) -> dict[int, int]:
    """The rows whose id an earlier row has. Ids are compared by their hashes first: 8 bytes a row are held, no more."""
    pa = arrow()
    import pyarrow.compute as pc  # noqa: PLC0415  # an extra

    hashes = array("Q", (short_hash(id_) for _, id_ in _all_ids(source)))
    numbers = pa.Array.from_buffers(pa.uint64(), len(hashes), [None, pa.py_buffer(hashes)])
    counts = pc.value_counts(numbers)
    twice = set(counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist())
    first: dict[str, int] = {}
    repeated: dict[int, int] = {}
    if twice:
        for row, id_ in _all_ids(source):
            if short_hash(id_) in twice and first.setdefault(id_, row) != row:
                repeated[row] = first[id_]
    return repeated


def _all_ids(source: ParquetSource) -> Iterator[tuple[int, str]]:
    for number, batch in source.batches(columns=["id"]):
        for row, id_ in enumerate(cells_of(batch.column(0)), number):
            yield row, id_text(id_) or f"line-{row}"


def make_part_worker(work: PartWork) -> PartWorker:
    """Return the function that makes a part of the output: a Parquet file, whole or not at all."""

    def write(part: TablePart) -> tuple[PartCounts, tuple[bytes, ...]]:
        import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

        path = work.out / _name(part.number)
        temporary = path.with_name(f".{path.name}.{new_token()}{_TEMPORARY}")
        rendered = failed = 0
        findings: list[Finding] = []
        try:
            with pq.ParquetWriter(temporary, render_schema(work.job), compression="zstd") as writer:
                for rows in _made(part, work):
                    for batch in to_batches(rows, open_job(work.job)):
                        writer.write_batch(batch)
                    rendered += sum(bool(row.made.bulk) for row in rows)
                    failed += sum(not row.made.bulk for row in rows)
                    findings += _placed(rows, work.name)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        return PartCounts(rendered, failed, tuple(findings)), ()

    return write


def _made(part: TablePart, work: PartWork) -> Iterator[list[RenderedRow]]:
    """Yield what became of the rows of a part, some at a time."""
    pa = arrow()
    workshop = open_job(work.job)
    for number, batch in ParquetSource(work.source).batches(part.first, part.last):
        numbers = pa.array(range(number, number + batch.num_rows), pa.int64())
        rows = made_of(batch.append_column(ROW, numbers), workshop)
        yield [_once(row, at, part) for at, row in enumerate(rows, number)]


def _once(row: RenderedRow, number: int, part: TablePart) -> RenderedRow:
    """A row whose id an earlier row has is a row with a finding."""
    if number not in part.repeated:
        return row
    id_ = row.given or row.made.id
    message = f"the id {id_!r} stands twice, first on line {part.repeated[number]}"
    finding = Finding("Q407", Location(ROWS, number), message, "give one of the two another id", id_)
    return RenderedRow(RenderResult(number, "failed", id_, (*row.made.findings, finding)), row.given)


def _placed(rows: Sequence[RenderedRow], name: str) -> Iterator[Finding]:
    """The findings of some rows, with their places in the source."""
    for row in rows:
        for finding in row.made.findings:
            place = finding.location
            if place.file == ROWS:
                place = Location(name, int(row.made.source), place.column)
            yield replace(finding, location=place)


def _name(number: int) -> str:
    return f"part-{number:05}.parquet"


def remove_others(folder: Path, parts: Sequence[TablePart]) -> None:
    """Remove the parts that an earlier run left and that are none of this one, and what was never finished."""
    names = {_name(part.number) for part in parts}
    for path in folder.iterdir():
        if (path.match("part-*.parquet") and path.name not in names) or path.match(f".part-*{_TEMPORARY}"):
            path.unlink(missing_ok=True)
