"""Answers in, findings and citations out, as Arrow record batches: what `explainer check` says of lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from explainer.batching.tables import BadRow, rows_of
from explainer.checking.answer import clean
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.inputs import check_input
from explainer.checking.reports.json import report_data
from explainer.engines.job import ROWS, Job, arrow, chunks, refuse_columns
from explainer.engines.open_job import OpenJob, open_job
from explainer.engines.render import ids_of

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS: Final = (
    "id", "custom_id", "answer", "response", "error", "prompt", "question", "models", "papers", "catalog",
)  # fmt: skip


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

    Yields:
        Rows in the same order: `id`, `grounded`, `findings`, `citations`.

    Raises:
        JobError: when the columns are not those of answers, or this worker cannot do the job.
    """
    workshop = open_job(job)
    for batch in chunks(batches):
        _check_columns(batch.schema.names)
        reports = [report_data(report) for report in _checked(batch, workshop)]
        for report, *ids in zip(reports, ids_of(batch, "custom_id"), ids_of(batch), strict=True):
            report["id"] = next((clean(id_) for id_ in ids if id_), None)  # no number: which row it is nobody knows
        yield arrow().RecordBatch.from_pylist(reports, schema=check_schema())


def _check_columns(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    fault = None
    if unknown:
        fault = f"unknown column {unknown[0]!r}"
    elif twice:
        fault = f"the column {twice[0]!r} stands twice"
    elif not {"answer", "response"} & set(names):
        fault = "the column 'answer' is missing"
    elif not {"prompt", "question"} & set(names):
        fault = "nothing says what was offered: the columns 'prompt' and 'question' are missing"
    about = f"the columns are {', '.join(_COLUMNS)}"
    refuse_columns(names, (fault, about) if fault else None, ids=("id", "custom_id"))


def _checked(batch: Any, workshop: OpenJob) -> Iterator[CheckReport]:
    with workshop.lock:
        for raw in rows_of(batch, kept=("answer", "prompt")):
            if isinstance(raw, BadRow):
                yield unchecked("", ROWS, [raw.at(ROWS, 1)])
            else:
                yield check_input(workshop.intake.row(json.loads(raw), ROWS))
