"""Answers in, findings and citations out, as Arrow record batches: what `explainer check` says of lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final

from explainer.batching.tables import column_fault, rows_of
from explainer.checking.answer_lines import clean
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.inputs import check_input
from explainer.checking.reports.json import report_data
from explainer.diagnostics.finding import Finding
from explainer.engines.job import ROWS, Job, arrow, refuse_columns
from explainer.engines.open_job import OpenJob
from explainer.engines.render import ids_of, map_batches

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS: Final = (
    "id", "custom_id", "answer", "response", "error", "prompt", "question", "models", "papers", "catalog",
)  # fmt: skip
_NEEDED: Final[Mapping[tuple[str, ...], str]] = {
    ("answer", "response"): "the column 'answer' is missing",
    ("prompt", "question"): "nothing says what was offered: the columns 'prompt' and 'question' are missing",
}


def check_schema() -> pa.Schema:
    """Return the schema of what `check_batches` makes."""
    pa = arrow()
    place = [("line", pa.int32()), ("column", pa.int32())]
    text = pa.string()
    finding = [("code", text), ("severity", text), *place, ("message", text), ("text", text), ("hint", text)]
    citation = [("text", text), ("kind", text), ("status", text), ("entry", text), *place]
    return pa.schema([
        ("id", text), ("grounded", pa.bool_()), ("findings", pa.list_(pa.struct(finding))),
        ("citations", pa.list_(pa.struct(citation))),
    ])  # fmt: skip


def check_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Prove that answers cite only what was offered to them, or say what is wrong.

    Args:
        batches: answers, a row each: `id` (or `custom_id`), `answer` (or the `response` of a batch), and what was
            offered, either as `prompt` or as the columns of a question.
        job: brings the catalogs along.

    Returns:
        Rows in the same order: `id`, `grounded`, `findings`, `citations`.

    Raises:
        JobError: when the columns are not those of answers, or this worker cannot do the job.
    """
    return map_batches(batches, job, _check_columns, _verdicts)


def _check_columns(names: Sequence[str]) -> None:
    refuse_columns(names, column_fault(names, _COLUMNS, _NEEDED), ids=("id", "custom_id"))


def _verdicts(batch: pa.RecordBatch, opened: OpenJob) -> Iterator[pa.RecordBatch]:
    with opened.lock:
        reports = [_check(row, opened) for row in rows_of(batch, ROWS, repeat(1), ("answer", "prompt"))]
    rows = [report_data(report) for report in reports]
    # not the number that a report has without an id: which row it is nobody knows
    for row, custom_id, id_ in zip(rows, ids_of(batch, "custom_id"), ids_of(batch), strict=True):
        row["id"] = clean(custom_id or id_ or "") or None
    yield arrow().RecordBatch.from_pylist(rows, schema=check_schema())


def _check(raw: bytes | Finding, opened: OpenJob) -> CheckReport:
    if isinstance(raw, Finding):
        return unchecked("", ROWS, [raw])
    return check_input(opened.answer_reader.row(json.loads(raw), ROWS))
