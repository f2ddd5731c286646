"""Questions in, models and papers that fit them out, as Arrow record batches: what `explainer recommend` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from explainer.batching.tables import BadRow, rows_of
from explainer.catalogs.question import parse_question_line
from explainer.diagnostics.finding import Finding, has_errors
from explainer.documents.document import decode
from explainer.engines.job import ROWS, Job, arrow, chunks, finding_rows, finding_type
from explainer.engines.open_job import OpenJob, open_job
from explainer.engines.render import check_columns, ids_of, nameless, numbers_of
from explainer.recommending.choice import LINKS, choice_data, fit_findings
from explainer.recommending.recommend import recommender_of

if TYPE_CHECKING:
    import pyarrow as pa


def recommend_schema() -> pa.Schema:
    """Return the schema of what `recommend_batches` makes."""
    pa = arrow()

    def entries(name: str) -> Any:
        links = pa.struct([(key, pa.string()) for key in LINKS])
        texts = [(key, pa.string()) for key in ("why", "task", "signature")]
        return pa.list_(pa.struct([(name, pa.string()), ("score", pa.float64()), *texts, ("links", links)]))

    return pa.schema([
        ("id", pa.string()), ("models", entries("name")), ("papers", entries("title")), ("findings", finding_type()),
    ])  # fmt: skip


def recommend_batches(batches: Iterable[pa.RecordBatch], job: Job) -> Iterator[pa.RecordBatch]:
    """Rank the models and papers of the job's catalogs for questions.

    Args:
        batches: questions, a row each: `id` (or `row`, its number), `question`; the other columns of a table of
            questions are read over.
        job: brings the catalogs along, and says how many models and papers are wanted.

    Yields:
        Rows in the same order: `id`, `models`, `papers`, `findings`.

    Raises:
        JobError: when the columns are not those of questions, or this worker cannot do the job.
    """
    workshop = open_job(job)
    for batch in chunks(batches):
        check_columns(batch.schema.names)
        with workshop.lock:
            rows = [
                _recommended(raw, number, workshop) if unnamed is None else _row("", (unnamed,))
                for raw, number, unnamed in zip(rows_of(_asked(batch)), numbers_of(batch), nameless(batch), strict=True)
            ]
        for row, id_ in zip(rows, ids_of(batch), strict=True):
            row["id"] = id_ or row["id"] or None
        yield arrow().RecordBatch.from_pylist(rows, schema=recommend_schema())


def _asked(batch: Any) -> Any:
    return batch.select([name for name in batch.schema.names if name in ("id", "question", "catalog")])


def _recommended(raw: bytes | BadRow, number: int | None, workshop: OpenJob) -> dict[str, Any]:
    if isinstance(raw, BadRow):
        return _row("", (raw.at(ROWS, 1),))
    text = decode(raw, ROWS)
    if text.value is None:
        return _row("", text.findings)
    loaded = parse_question_line(text.value, ROWS, number or 1)
    if loaded.value is None or has_errors(loaded.findings):
        return _row("", loaded.findings)
    question = loaded.value.question
    offered = workshop.offered(question.catalog)
    if offered.unusable:
        return _row(loaded.value.id, offered.unusable)
    recommender = recommender_of(offered.library)
    models, papers = workshop.recipe.models, workshop.recipe.papers
    choice = recommender.recommend(question.question, models=models, papers=papers)
    kinds = [kind for kind, number in (("models", models), ("papers", papers)) if number]
    missing = [kind for kind in kinds if kind in recommender.kinds] or kinds
    findings = loaded.findings + fit_findings(choice, missing, loaded.value.document)
    return {**choice_data(loaded.value.id, choice), "findings": finding_rows(findings)}


def _row(id_: str, findings: Iterable[Finding]) -> dict[str, Any]:
    return {"id": id_, "models": [], "papers": [], "findings": finding_rows(tuple(findings))}
