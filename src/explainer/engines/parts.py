"""A table of questions → a folder of Parquet files, part by part, on whatever does the parts.

Every part stands for the same rows wherever it is made, and its bytes depend on these rows and on the job alone: so the
folders that two engines write are equal, byte for byte, and a part that was lost with its worker is made again.
"""

from __future__ import annotations

import contextlib
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from explainer.batching.batch import BatchRun
from explainer.batching.manifest import short_hash
from explainer.batching.renderer import RenderResult
from explainer.batching.sources import no_question_in
from explainer.batching.tables import ParquetSource, cells_of, id_text
from explainer.batching.workers import Summary
from explainer.catalogs.loading import repeated_id
from explainer.diagnostics.finding import ExplainerError, Finding, Location
from explainer.engines.columns import (
    ROW,
    ROWS,
    RenderedRow,
    arrow,
    render_schema,
    rendered_rows,
    to_batches,
)
from explainer.engines.job import Job, open_job
from explainer.files import display_path, new_token

# Rows of a part: a worker needs a second for them, and some dozen megabytes of disk.
PART_ROWS: Final = 25_000
_TEMPORARY: Final = ".explainer-tmp"
_PART: Final = re.compile(r"part-[0-9]{5,}\.parquet")
# Columns that all parts have.
_OWN_COLUMNS: Final = frozenset({"id", "custom_id", "sources", "findings"})


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
    """How many rows of a part have an output and how many failed, and their findings."""

    rendered: int
    failed: int
    findings: tuple[Finding, ...]


def parts_of(source: ParquetSource) -> list[TablePart]:
    """Return the parts of a table."""
    size = source.size()
    # without rows, a part says which columns there are
    firsts = range(1, max(size, 1) + 1, PART_ROWS)
    parts = [
        TablePart(number, first, min(first + PART_ROWS - 1, size), {})
        for number, first in enumerate(firsts)
    ]
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
    suspects = set(counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist())
    first_rows: dict[str, int] = {}
    repeated: dict[int, int] = {}
    # a second reading, for the few whose hashes are equal
    for row, id_ in _all_ids(source) if suspects else ():
        if short_hash(id_) in suspects and first_rows.setdefault(id_, row) != row:
            repeated[row] = first_rows[id_]
    return repeated


def _all_ids(source: ParquetSource) -> Iterator[tuple[int, str]]:
    for number, batch in source.batches(columns=["id"]):
        for row, id_ in enumerate(cells_of(batch.column(0)), number):
            yield row, id_text(id_) or f"line-{row}"


@dataclass(frozen=True)
class PartWriter:
    """Writes parts of the output: Parquet files, whole or not at all. It can be sent to another machine.

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

    def __call__(self, part: TablePart) -> PartCounts:
        """Write a part."""
        import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

        path = self.out / _name(part.number)
        temporary = path.with_name(f".{path.name}.{new_token()}{_TEMPORARY}")
        rendered = failed = 0
        findings: list[Finding] = []
        try:
            with pq.ParquetWriter(temporary, render_schema(self.job), compression="zstd") as writer:
                for rows in self._render(part):
                    for batch in to_batches(rows, open_job(self.job)):
                        writer.write_batch(batch)
                    count = sum(row.is_rendered for row in rows)
                    rendered += count
                    failed += len(rows) - count
                    findings += _placed(rows, self.name)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        return PartCounts(rendered, failed, tuple(findings))

    def _render(self, part: TablePart) -> Iterator[list[RenderedRow]]:
        """Yield the results of the rows of a part, some at a time."""
        pa = arrow()
        opened = open_job(self.job)
        for first, batch in ParquetSource(self.source).batches(part.first, part.last):
            numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
            rows = rendered_rows(batch.append_column(ROW, numbers), opened)
            yield [_refuse_repeated(row, number, part) for number, row in enumerate(rows, first)]


def _refuse_repeated(row: RenderedRow, number: int, part: TablePart) -> RenderedRow:
    """A row whose id an earlier row has is a row with a finding."""
    if number not in part.repeated:
        return row
    id_ = row.id or row.result.id
    finding = repeated_id(id_, Location(ROWS, number), id_, f"on line {part.repeated[number]}")
    return RenderedRow(RenderResult(number, "failed", id_, (*row.result.findings, finding)), row.id)


def _placed(rows: Sequence[RenderedRow], name: str) -> Iterator[Finding]:
    """The findings of some rows, with their places in the source."""
    for row in rows:
        for finding in row.result.findings:
            place = finding.location
            if place.file == ROWS:
                place = Location(name, int(row.result.source), place.column)
            yield replace(finding, location=place)


def render_parts(run: BatchRun, source: ParquetSource, job: Job) -> Summary:
    """Write the parts of a `.parquet`.

    Raises:
        ExplainerError: when there is no question.
        OSError: when the source cannot be read or a part cannot be written.
        WorkerLostError: when a worker process is gone.
    """
    out, shard = run.config.out, run.config.shard
    if shard is None and not source.size():
        raise ExplainerError([no_question_in(source, 0)])
    _refuse_foreign(out)
    parts = parts_of(source)
    own_parts = parts if shard is None else [parts[number] for number in shard.range(len(parts))]
    out.mkdir(parents=True, exist_ok=True)
    write = PartWriter(job, source.path.absolute(), source.name, out.absolute())
    summary = Summary()
    with run.engine.executor() as executor:
        for counts in executor.map(write, own_parts):
            summary.rendered += counts.rendered
            summary.failed += counts.failed
            run.reporter.report(counts.findings)
            run.reporter.show(summary)
    if shard is None:
        _remove_other_parts(out, parts)
    return summary


def _name(number: int) -> str:
    return f"part-{number:05}.parquet"


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder with tables that no run wrote: parts would replace them, or be read as some of them.

    Raises:
        ExplainerError: when there is one.
    """
    tables = sorted(folder.glob("[!._]*.parquet"))
    foreign = [path for path in tables if not _is_called_part(path)]
    # the columns of one tell those of all: reading them of thousands would take longer than the work
    if not foreign and tables and not _has_own_columns(tables[0]):
        foreign = tables
    if not foreign:
        return
    message = "the batch was stopped: the file is there, and no run wrote it"
    place = Location(display_path(foreign[0]))
    raise ExplainerError([Finding("F105", place, message, "choose another place")])


def _is_called_part(path: Path) -> bool:
    return _PART.fullmatch(path.name) is not None


def _has_own_columns(path: Path) -> bool:
    return _OWN_COLUMNS.issubset(ParquetSource(path).columns())


def _remove_other_parts(folder: Path, parts: Sequence[TablePart]) -> None:
    """Remove the parts that an earlier run left and that are none of this one, and what was never finished."""
    names = {_name(part.number) for part in parts}
    for path in [*folder.glob("part-*.parquet"), *folder.glob(f".part-*{_TEMPORARY}")]:
        if path.name not in names:
            path.unlink(missing_ok=True)
