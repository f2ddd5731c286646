"""Questions in, models and papers that fit them out, as Arrow record batches: what `explainer recommend` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.question import parse_question_line
from explainer.diagnostics.finding import Finding, has_errors
from explainer.documents.document import decode
from explainer.engines.job import ROWS, Job, arrow, finding_rows, finding_type
from explainer.engines.open_job import OpenJob
from explainer.engines.render import NumberedRow, check_columns, ids_of, map_batches, numbered_rows
from explainer.recommending.choice import choice_data, fit_findings
from explainer.recommending.recommend import recommender_of

if TYPE_CHECKING:
    import pyarrow as pa

# The columns of a table of questions that matter here; what else a question names is no help to a recommendation.
_COLUMNS: Final = ("id", "question", "catalog")


def recommend_schema() -> pa.Schema:
    """Return the schema of what `recommend_batches` makes."""
    pa = arrow()

    def entries(name: str) -> Any:
        return pa.list_(pa.struct([(name, pa.string()), ("score", pa.float64()), ("why", pa.string())]))

    return pa.schema([
        ("id", pa.string()), ("models", entries("name")), ("papers", entries("title")), ("findings", finding_type()),
    ])  # fmt: skip


def recommend_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Rank the models and papers of the job's catalogs for questions.

    Args:
        batches: questions, a row each: `id` (or `row`, its number), `question`; the other columns of a table of
            questions are read over.
        job: brings the catalogs along, and says how many models and papers are wanted.

    Returns:
        Rows in the same order: `id`, `models`, `papers`, `findings`.

    Raises:
        JobError: when the columns are not those of questions, or this worker cannot do the job.
    """
    return map_batches(batches, job, check_columns, _recommendations)


def _recommendations(batch: pa.RecordBatch, opened: OpenJob) -> Iterator[pa.RecordBatch]:
    columns = [name for name in batch.schema.names if name in _COLUMNS]
    with opened.lock:
        rows = [_recommend(row, opened) for row in numbered_rows(batch, batch.select(columns))]
    for row, id_ in zip(rows, ids_of(batch), strict=True):
        row["id"] = id_ or row["id"] or None
    yield arrow().RecordBatch.from_pylist(rows, schema=recommend_schema())


def _recommend(row: NumberedRow, opened: OpenJob) -> dict[str, Any]:
    if isinstance(row.raw, Finding):
        return _unanswered(row.raw)
    text = decode(row.raw, ROWS)
    if text.value is None:
        return _unanswered(*text.findings)
    loaded = parse_question_line(text.value, ROWS, row.number or 1)
    if loaded.value is None or has_errors(loaded.findings):
        return _unanswered(*loaded.findings)
    question = loaded.value.question
    prepared = opened.library_for(question.catalog)
    if prepared.unusable:
        return _unanswered(*prepared.unusable, id_=loaded.value.id)
    recommender = recommender_of(prepared.library)
    counts = {Kind.MODELS: opened.options.models, Kind.PAPERS: opened.options.papers}
    choice = recommender.recommend(question.question, models=opened.options.models, papers=opened.options.papers)
    wanted_kinds = [kind.value for kind, count in counts.items() if count]
    # when the catalogs have entries of some kinds only, nobody expects the others
    expected = [kind for kind in wanted_kinds if kind in recommender.kinds] or wanted_kinds
    findings = loaded.findings + fit_findings(choice, expected, loaded.value.document)
    return {**choice_data(loaded.value.id, choice), "findings": finding_rows(findings)}


def _unanswered(*findings: Finding, id_: str = "") -> dict[str, Any]:
    return {"id": id_, "models": [], "papers": [], "findings": finding_rows(findings)}
