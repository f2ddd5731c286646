"""Questions in, prompts out, as Arrow record batches: the shape that Spark's `mapInArrow` takes, and others wrap.

A row goes the way of a line of `explainer batch`: it becomes a line of JSON, the press makes a line of output and a row
of the manifest of it, and these become columns. So what an engine makes is what the command line makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explainer.batching.renderer import RenderResult
from explainer.batching.sources import SourceItem
from explainer.batching.tables import COLUMNS, BadRow, cells_of, column_fault, id_text, rows_of
from explainer.diagnostics.finding import Finding, Location
from explainer.engines.job import (
    ROWS,
    Job,
    JobError,
    arrow,
    chunks,
    finding_rows,
    finding_type,
    read_lines,
    refuse_columns,
    within_bytes,
)
from explainer.engines.open_job import OpenJob, open_job

if TYPE_CHECKING:
    import pyarrow as pa

ROW: Final = "row"
"""The column with the number of a row, from 1, for those who know it: then rows without an id get `line-N`."""
_PRODUCTS: Final = {"text": "prompt", "messages": "messages"}
"""The column of the product, by format; every other format has a `line`."""


def render_schema(job: Job) -> pa.Schema:
    """Return the schema of what `render_batches` makes: it is known before the first batch."""
    return _schema(open_job(job))


def _schema(workshop: OpenJob) -> Any:
    pa = arrow()
    entries = pa.list_(pa.struct([("name", pa.string()), ("hash", pa.string())]))
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    product = _PRODUCTS.get(workshop.recipe.format, "line")
    fields = [
        ("id", pa.string()),
        ("custom_id", pa.string()),
        (product, pa.list_(message) if product == "messages" else pa.string()),
        ("sources", pa.struct([("models", entries), ("papers", entries)])),
    ]
    if workshop.recipe.max_tokens is not None:
        cut = pa.struct([("paper", pa.string()), ("cut", pa.string())])
        fields += [("tokens", pa.int64()), ("cut", pa.list_(cut))]
    return pa.schema([*fields, ("findings", finding_type())])


def check_columns(names: Sequence[str]) -> None:
    """Refuse a table whose columns are not those of questions.

    Raises:
        JobError: says what is wrong with it.
    """
    refuse_columns(names, column_fault(names, (*COLUMNS, ROW)), ids=("id", ROW))


def render_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Make the prompts (or whatever the job is for) of questions.

    Args:
        batches: questions, a row each. The columns are `question`, `id`, and those of a table of questions; `row`, the
            number of the row, stands in for an `id` that is missing.
        job: what decides the outputs.

    Yields:
        Rows in the same order, at most 1,024 at a time: `id`, `custom_id`, the product (`prompt`, `messages` or
        `line`), `sources`, `findings`. A question with mistakes has findings and no product. Ids that stand twice are
        not noticed: that would take knowing all rows.

    Raises:
        JobError: when the columns are not those of questions, or this worker cannot do the job.
    """
    workshop = open_job(job)
    for batch in chunks(batches):
        check_columns(batch.schema.names)
        yield from to_batches(made_of(batch, workshop), workshop)


class RenderedRow(NamedTuple):
    """What became of a row, and the id that it came with."""

    made: RenderResult
    given: str | None


def made_of(batch: pa.RecordBatch, workshop: OpenJob) -> list[RenderedRow]:
    """Return what became of each row of a record batch."""
    numbers = numbers_of(batch)
    questions = batch.drop_columns([ROW]) if ROW in batch.schema.names else batch
    made: list[RenderResult | None] = []
    work: list[tuple[SourceItem, None]] = []
    ids = ids_of(questions)
    without = nameless(batch)
    for number, unnamed, raw in zip(numbers, without, rows_of(questions), strict=True):
        fault = raw.at(ROWS, number or 1) if isinstance(raw, BadRow) else unnamed
        made.append(None if fault is None else RenderResult(number or 0, "failed", findings=(fault,)))
        if fault is None:
            work.append((SourceItem(number or 0, ROWS, raw), None))  # type: ignore[arg-type]  # bytes, then
    with workshop.lock:
        done = iter(workshop.press().run(work, lines=True))
    return [RenderedRow(next(done) if one is None else one, id_) for one, id_ in zip(made, ids, strict=True)]


def ids_of(rows: Any, column: str = "id") -> list[str | None]:
    """Return the ids that are given; None where there is none, or one that is no text."""
    if column not in rows.schema.names:
        return [None] * rows.num_rows
    return [id_text(id_) for id_ in cells_of(rows.column(column))]


def numbers_of(batch: Any) -> list[int | None]:
    """Return the numbers of the rows; None where one is not known.

    Raises:
        JobError: when the column with the numbers holds something else.
    """
    if ROW not in batch.schema.names:
        return [None] * batch.num_rows
    numbers: list[int | None] = batch.column(ROW).to_pylist()
    if any(not (number is None or (type(number) is int and number > 0)) for number in numbers):
        message = f"the column {ROW!r} holds something else than numbers of rows: whole numbers from 1, or nothing"
        raise JobError(message)
    return numbers


def nameless(batch: Any) -> list[Finding | None]:
    """Return what there is to say of rows that have neither an id nor a number; an id that is no text is an id."""
    hint = "fill the column 'id', or give the number of the row in the column 'row'"
    missing = Finding("B710", Location(ROWS), "the row has no id", hint)
    ids = cells_of(batch.column("id")) if "id" in batch.schema.names else [None] * batch.num_rows
    return [
        missing if number is None and id_ in (None, "", b"") else None
        for number, id_ in zip(numbers_of(batch), ids, strict=True)
    ]


def to_batches(rows: Sequence[RenderedRow], workshop: OpenJob) -> Iterator[pa.RecordBatch]:
    """Yield what became of some rows as record batches; at least one."""
    sizes = [len(row.made.bulk[-1]) if row.made.bulk else 0 for row in rows]
    for part in within_bytes(sizes):
        yield _batch(rows[part], workshop)


def _batch(rows: Sequence[RenderedRow], workshop: OpenJob) -> Any:
    pa = arrow()
    schema = _schema(workshop)
    listed = pa.schema([("custom_id", pa.string()), *schema.field("sources").type])
    if "cut" in schema.names:
        listed = pa.schema([*listed, schema.field("tokens"), schema.field("cut")])
    made = [row.made for row in rows]
    manifest = read_lines([one.bulk[0] if one.bulk else None for one in made], listed)
    columns = {name: manifest.column(name).combine_chunks() for name in listed.names}
    sources = [_whole(columns.pop("models")), _whole(columns.pop("papers"))]
    missing = pa.array([not one.bulk for one in made], pa.bool_())
    columns["sources"] = pa.StructArray.from_arrays(sources, fields=list(schema.field("sources").type), mask=missing)
    columns["id"] = pa.array([row.given or row.made.id or None for row in rows], pa.string())
    product = schema.field(2)
    columns[product.name] = _product([one.bulk[1] if one.bulk else None for one in made], product)
    columns["findings"] = pa.array([finding_rows(one.findings) for one in made], finding_type())
    return pa.record_batch([_whole(columns[name]) for name in schema.names], schema=schema)


def _product(lines: Sequence[bytes | None], field: Any) -> Any:
    pa = arrow()
    if field.name == "line":
        return pa.array([None if line is None else line[:-1] for line in lines], pa.string())
    key = "text" if field.name == "prompt" else field.name
    return read_lines(lines, pa.schema([(key, field.type)])).column(0)


def _whole(column: Any) -> Any:
    """Return a column in one piece."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column
