"""The three functions over Arrow record batches: render, check and recommend. Spark's `mapInArrow` takes this shape.

A row goes the way of a line of the command line: it becomes a line of JSON, the same code reads it, and what comes out
becomes columns. So what an engine makes is what `explainer batch`, `check` and `recommend` make.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explainer.batching.renderer import RenderResult
from explainer.batching.sources import SourceItem
from explainer.batching.tables import COLUMNS, cells_of, column_fault, id_text, rows_of
from explainer.build import semantic_model
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.parsing import parse_question_line
from explainer.checking.answer import clean
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.inputs import check_input, choice_id
from explainer.checking.reports.json import report_data
from explainer.diagnostics.finding import Finding, Location, has_errors
from explainer.diagnostics.report import finding_data
from explainer.documents.document import decode
from explainer.engines.job import Job, JobError, OpenJob, open_job, refuse_job_if
from explainer.files import Buffer
from explainer.recommending.choice import LINKS, choice_data, fit_findings
from explainer.recommending.recommend import recommender_of

if TYPE_CHECKING:
    import pyarrow as pa

# What findings call the row that they are about.
ROWS: Final = "<row>"
# The most rows of a record batch that is made.
_AT_ONCE: Final = 1024
# About the most bytes of output of a record batch that is made; Arrow's texts end at 2 GiB.
_BYTES: Final = 64 * 1024 * 1024
# The texts of a finding; beside them stand `line` and `column`.
_FINDINGS: Final = ("code", "severity", "message", "hint", "text", "file")
_NO_PLACE: Final = {"file": None, "line": None, "column": None}
# The column with the number of a row, from 1, for those who know it: then rows without an id get `line-N`.
ROW: Final = "row"
# The column of the product, by format; every other format has a `line`.
_PRODUCTS: Final = {"text": "prompt", "messages": "messages"}
# The place of that column.
_PRODUCT: Final = 2


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        JobError: when it is not installed.
    """
    try:
        import pyarrow  # noqa: ICN001, PLC0415  # an extra
    except ImportError:
        message = "record batches need the package pyarrow: pip install 'cnaps-explainer[parquet]'"
        raise JobError(message) from None
    return pyarrow


def _finding_type() -> Any:
    """Return the Arrow type of the column `findings`."""
    pa = arrow()
    numbers = [("line", pa.int32()), ("column", pa.int32())]
    return pa.list_(pa.struct([*((name, pa.string()) for name in _FINDINGS), *numbers]))


def _finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as values of the column `findings`."""
    return list(map(_finding_row, findings))


def _finding_row(finding: Finding) -> dict[str, Any]:
    row = finding_data(finding)
    if finding.location.file == ROWS:
        row |= _NO_PLACE  # the row itself is its place
    return row


def _refuse_columns(
    names: Sequence[str], fault: tuple[str, str] | None, *, ids: Sequence[str]
) -> None:
    """Refuse a table that is none of the kind that is wanted.

    Args:
        names: its columns.
        fault: what is wrong with them, and a hint.
        ids: the columns of which one must tell rows apart.

    Raises:
        JobError: says what is wrong with it.
    """
    refuse_job_if(fault is not None, "; ".join(fault or ()))
    nameless = (
        f"the rows cannot be told apart: give the table a column {' or '.join(map(repr, ids))}"
        "; an engine does not know which row of a table it sees"
    )
    refuse_job_if(set(ids).isdisjoint(names), nameless)


def _chunks(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield record batches of at most `_AT_ONCE` rows; an empty one stays one."""
    for batch in batches:
        for begin in range(0, max(batch.num_rows, 1), _AT_ONCE):
            yield batch.slice(begin, _AT_ONCE)


def _within_bytes(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield slices of rows whose sizes add up to about 64 MiB at most; at least one slice."""
    begin = size = 0
    for index, next_size in enumerate(sizes):
        if index > begin and size + next_size > _BYTES:
            yield slice(begin, index)
            begin, size = index, 0
        size += next_size
    yield slice(begin, len(sizes))


def _read_lines(lines: Sequence[Buffer | None], schema: Any) -> Any:
    """Return lines of JSON as a table; None becomes a row of nulls. Keys that the schema does not name are left out."""
    pa = arrow()
    import pyarrow.json  # noqa: F401, PLC0415  # registers itself in `pa`

    data = b"\n".join(b"{}" if line is None else line for line in lines)
    if not lines:
        return schema.empty_table()
    # one block, so that no line is too long for it; threads would only wait for each other
    table = pa.json.read_json(
        pa.BufferReader(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pa.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )
    return table.select(schema.names)


def render_schema(job: Job) -> pa.Schema:
    """Return the schema of what `render_batches` makes: it is known before the first batch."""
    return _schema(open_job(job))


def _schema(opened: OpenJob) -> Any:
    pa = arrow()
    entries = pa.list_(pa.struct([("name", pa.string()), ("hash", pa.string())]))
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    product = _PRODUCTS.get(opened.options.format, "line")
    fields = [
        ("id", pa.string()),
        ("custom_id", pa.string()),
        (product, pa.list_(message) if product == "messages" else pa.string()),
        ("sources", pa.struct([("models", entries), ("papers", entries)])),
    ]
    if opened.options.max_tokens is not None:
        cut = pa.struct([("paper", pa.string()), ("cut", pa.string())])
        fields += [("tokens", pa.int64()), ("cut", pa.list_(cut))]
    return pa.schema([*fields, ("findings", _finding_type())])


def check_columns(names: Sequence[str]) -> None:
    """Refuse a table whose columns are not those of questions.

    Raises:
        JobError: says what is wrong with it.
    """
    _refuse_columns(names, column_fault(names, (*COLUMNS, ROW)), ids=("id", ROW))


def render_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Make the prompts (or whatever the job is for) of questions.

    Args:
        batches: questions, a row each. The columns are `question`, `id`, and those of a table of questions; `row`, the
            number of the row, stands in for an `id` that is missing.
        job: what decides the outputs.

    Returns:
        Rows in the same order, at most 1,024 at a time: `id`, `custom_id`, the product (`prompt`, `messages` or
        `line`), `sources`, `findings`. A question with mistakes has findings and no product. Ids that stand twice are
        not noticed: that would take knowing all rows.

    Raises:
        JobError: when the columns are not those of questions, or this worker cannot do the job.
    """
    return map_batches(
        batches,
        job,
        check_columns,
        lambda batch, opened: to_batches(rendered_rows(batch, opened), opened),
    )


def map_batches(
    batches: Iterable[pa.RecordBatch],
    job: Job,
    check: Callable[[Sequence[str]], None],
    convert: Callable[[pa.RecordBatch, OpenJob], Iterable[pa.RecordBatch]],
) -> Iterator[pa.RecordBatch]:
    """Yield what record batches become.

    Args:
        batches: the record batches.
        job: what decides it.
        check: refuses columns by raising a `JobError`.
        convert: turns a record batch of at most 1,024 rows into some.
    """
    opened = open_job(job)
    for batch in _chunks(batches):
        check(batch.schema.names)
        yield from convert(batch, opened)


class NumberedRow(NamedTuple):
    """A row as a line of JSON, or why it cannot be read, with its number if that is known."""

    number: int | None
    raw: bytes | Finding


def numbered_rows(batch: pa.RecordBatch, questions: pa.RecordBatch) -> Iterator[NumberedRow]:
    """Yield the rows of a record batch.

    Args:
        batch: says which numbers and ids they have.
        questions: the columns that matter of it.

    Raises:
        JobError: when the column with the numbers holds something else.
    """
    hint = "fill the column 'id', or give the number of the row in the column 'row'"
    nameless = Finding("B710", Location(ROWS), "the row has no id", hint)
    numbers = _numbers_of(batch)
    rows = rows_of(questions, ROWS, (number or 1 for number in numbers))
    for number, id_, raw in zip(numbers, _column(batch, "id"), rows, strict=True):
        # an id that is no text is an id: it is refused later
        lacks_id = number is None and id_ in (None, "", b"")
        # a row that could not be read says so itself
        if lacks_id and isinstance(raw, bytes):
            yield NumberedRow(number, nameless)
        else:
            yield NumberedRow(number, raw)


class RenderedRow(NamedTuple):
    """The result of rendering a row, and the id that the row came with."""

    result: RenderResult
    id: str | None

    @property
    def is_rendered(self) -> bool:
        """Whether it has an output."""
        return self.result.output is not None

    @property
    def size(self) -> int:
        """The bytes of its output."""
        return len(self.result.output or b"")

    @property
    def shown_id(self) -> str | None:
        """The id that it is called by."""
        return self.id or self.result.id or None


def rendered_rows(batch: pa.RecordBatch, opened: OpenJob) -> list[RenderedRow]:
    """Return the result of each row of a record batch."""
    questions = batch.drop_columns([ROW]) if ROW in batch.schema.names else batch
    # each row as a task of a batch, of which no earlier run knows anything
    tasks = [
        (SourceItem(row.number or 0, ROWS, row.raw), None)
        for row in numbered_rows(batch, questions)
    ]
    with opened.lock:
        results = opened.renderer(offers=True).run(tasks, lines=True)
    return list(map(RenderedRow, results, ids_of(questions)))


def ids_of(batch: pa.RecordBatch, column: str = "id") -> list[str | None]:
    """Return the ids of rows; None where there is none, or one that is no text."""
    return list(map(id_text, _column(batch, column)))


def _column(batch: pa.RecordBatch, name: str) -> list[Any]:
    """The cells of a column; None for each row when there is no such column."""
    return cells_of(batch.column(name)) if name in batch.schema.names else [None] * batch.num_rows


def _numbers_of(batch: pa.RecordBatch) -> list[int | None]:
    numbers: list[int | None] = _column(batch, ROW)
    message = f"the column {ROW!r} holds something other than row numbers: whole numbers from 1, or nothing"
    refuse_job_if(not all(_is_number(number) for number in numbers), message)
    return numbers


def _is_number(cell: Any) -> bool:
    return cell is None or (type(cell) is int and cell > 0)  # a bool is an int, too


def to_batches(rows: Sequence[RenderedRow], opened: OpenJob) -> Iterator[pa.RecordBatch]:
    """Yield the results of some rows as record batches; at least one."""
    for part in _within_bytes([row.size for row in rows]):
        yield _record_batch(rows[part], _schema(opened))


def _record_batch(rows: Sequence[RenderedRow], schema: pa.Schema) -> pa.RecordBatch:
    pa = arrow()
    results = [row.result for row in rows]
    product = schema.field(_PRODUCT)
    findings = (_finding_rows(result.findings) for result in results)
    columns = {
        **_manifest_columns(results, schema),
        "id": pa.array([row.shown_id for row in rows], pa.string()),
        product.name: _product([result.output for result in results], product),
        "findings": pa.array(findings, _finding_type()),
    }
    in_order = [_in_one_piece(columns[name]) for name in schema.names]
    return pa.record_batch(in_order, schema=schema)


def _manifest_columns(results: Sequence[RenderResult], schema: pa.Schema) -> dict[str, Any]:
    """The columns that come from the rows of the manifest."""
    pa = arrow()
    names = [name for name in ("custom_id", "tokens", "cut") if name in schema.names]
    sources = list(schema.field("sources").type)
    lines = list(map(_manifest_line, results))
    manifest = _read_lines(lines, pa.schema([*map(schema.field, names), *sources]))
    entries = [_in_one_piece(manifest.column(field.name)) for field in sources]
    missing = pa.array([line is None for line in lines], pa.bool_())
    columns = dict(zip(names, map(manifest.column, names), strict=True))
    columns["sources"] = pa.StructArray.from_arrays(entries, fields=sources, mask=missing)
    return columns


def _manifest_line(result: RenderResult) -> bytes | None:
    """The row of the manifest; a question that failed has none, and no sources either."""
    return None if result.output is None else result.row


def _product(lines: Sequence[Buffer | None], field: Any) -> Any:
    if field.name == "line":
        # a column has no line breaks
        return arrow().array([line and line[:-1] for line in lines], field.type)
    key = "text" if field.name == "prompt" else field.name
    return _read_lines(lines, arrow().schema([(key, field.type)])).column(0)


def _in_one_piece(column: Any) -> Any:
    """A column as one array: a table's may be in several."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column


_CHECK_COLUMNS: Final = (
    "id", "custom_id", "answer", "response", "error", "prompt", "question", "models", "papers", "catalog",
)  # fmt: skip
_NEEDED: Final[Mapping[tuple[str, ...], str]] = {
    ("answer", "response"): "the column 'answer' is missing",
    (
        "prompt",
        "question",
    ): "nothing says what was offered: the columns 'prompt' and 'question' are missing",
}


def check_schema() -> pa.Schema:
    """Return the schema of what `check_batches` makes."""
    pa = arrow()
    place = [("line", pa.int32()), ("column", pa.int32())]
    text = pa.string()
    finding = [
        ("code", text),
        ("severity", text),
        *place,
        ("message", text),
        ("text", text),
        ("hint", text),
    ]
    citation = [("text", text), ("kind", text), ("status", text), ("entry", text), *place]
    claims = [
        ("verdict", text),
        *((verdict, pa.int32()) for verdict in ("refuted", "proved", "open")),
    ]
    return pa.schema([
        ("id", text), ("grounded", pa.bool_()), ("claims", pa.struct(claims)),
        ("findings", pa.list_(pa.struct(finding))), ("citations", pa.list_(pa.struct(citation))),
    ])  # fmt: skip


def check_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Prove that answers cite only what was offered to them, or say what is wrong.

    Args:
        batches: answers, a row each: `id` (or `custom_id`), `answer` (or the `response` of a batch), and what was
            offered, either as `prompt` or as the columns of a question.
        job: brings the catalogs along.

    Returns:
        Rows in the same order: `id`, `grounded`, `claims`, `findings`, `citations`. A response with several
            choices gets a row for each: the second is called `id#2`.

    Raises:
        JobError: when the columns are not those of answers, or this worker cannot do the job.
    """
    return map_batches(batches, job, _check_columns, _verdicts)


def _check_columns(names: Sequence[str]) -> None:
    _refuse_columns(names, column_fault(names, _CHECK_COLUMNS, _NEEDED), ids=("id", "custom_id"))


def _verdicts(batch: pa.RecordBatch, opened: OpenJob) -> Iterator[pa.RecordBatch]:
    with opened.lock:
        checked = list(
            map(partial(_check, opened), rows_of(batch, ROWS, repeat(1), ("answer", "prompt")))
        )
    rows: list[dict[str, Any]] = []
    for reports, custom_id, id_ in zip(
        checked, ids_of(batch, "custom_id"), ids_of(batch), strict=True
    ):
        name = clean(custom_id or id_ or "")
        rows += starmap(partial(_verdict, name), enumerate(reports))
    yield arrow().RecordBatch.from_pylist(rows, schema=check_schema())


def _verdict(name: str, number: int, report: CheckReport) -> dict[str, Any]:
    # without an id not the number that a report has: which row it is nobody knows
    return {**report_data(report), "id": choice_id(name, number) if name else None}


def _check(opened: OpenJob, raw: bytes | Finding) -> list[CheckReport]:
    """The reports on the answers of a row; a response may hold several choices."""
    if isinstance(raw, Finding):
        return [unchecked("", ROWS, [raw])]
    return list(map(check_input, opened.answer_reader.row(json.loads(raw), ROWS)))


# The columns of a table of questions that matter here; what else a question names is no help to a recommendation.
_RECOMMEND_COLUMNS: Final = ("id", "question", "catalog")


def recommend_schema() -> pa.Schema:
    """Return the schema of what `recommend_batches` makes."""
    pa = arrow()

    def texts(*keys: str) -> list[tuple[str, Any]]:
        return list(zip(keys, repeat(pa.string())))

    def entries(name: str) -> Any:
        links = pa.struct(texts(*LINKS))
        reasons = texts("why", "task", "signature")
        return pa.list_(
            pa.struct([(name, pa.string()), ("score", pa.float64()), *reasons, ("links", links)])
        )

    return pa.schema([
        ("id", pa.string()), ("language", pa.string()), ("models", entries("name")), ("papers", entries("title")),
        ("findings", _finding_type()),
    ])  # fmt: skip


def recommend_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Rank the models and papers of the job's catalogs for questions.

    Args:
        batches: questions, a row each: `id` (or `row`, its number), `question`; the other columns of a table of
            questions are read over.
        job: brings the catalogs along, and says how many models and papers are wanted.

    Returns:
        Rows in the same order: `id`, `language` (in which the question was read), `models`, `papers`, `findings`.

    Raises:
        JobError: when the columns are not those of questions, or this worker cannot do the job.
    """
    return map_batches(batches, job, check_columns, _recommendations)


def _recommendations(batch: pa.RecordBatch, opened: OpenJob) -> Iterator[pa.RecordBatch]:
    columns = [name for name in batch.schema.names if name in _RECOMMEND_COLUMNS]
    with opened.lock:
        questions = numbered_rows(batch, batch.select(columns))
        rows = [_recommend(opened, question) for question in questions]
    for row, id_ in zip(rows, ids_of(batch), strict=True):
        row["id"] = id_ or row["id"] or None
    yield arrow().RecordBatch.from_pylist(rows, schema=recommend_schema())


def _recommend(opened: OpenJob, row: NumberedRow) -> dict[str, Any]:
    if isinstance(row.raw, Finding):
        return _unanswered(row.raw)
    number = row.number or 1
    loaded = decode(row.raw, ROWS).then(lambda text: parse_question_line(text, ROWS, number))
    if loaded.value is None or has_errors(loaded.findings):
        return _unanswered(*loaded.findings)
    question = loaded.value.question
    prepared = opened.library_for(question.catalog)
    if prepared.unusable:
        return _unanswered(*prepared.unusable, id_=loaded.value.id)
    recommender = recommender_of(prepared.library, semantic_model().value)
    counts = SourceCounts(opened.options.models, opened.options.papers)
    choice = recommender.recommend(question.question, models=counts.models, papers=counts.papers)
    findings = loaded.findings + fit_findings(
        choice, recommender.expected(counts), loaded.value.document
    )
    return {**choice_data(loaded.value.id, choice), "findings": _finding_rows(findings)}


def _unanswered(*findings: Finding, id_: str = "") -> dict[str, Any]:
    return {
        "id": id_,
        "language": None,
        "models": [],
        "papers": [],
        "findings": _finding_rows(findings),
    }
