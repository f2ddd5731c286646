"""Ray Data: questions or answers of a dataset → a dataset of prompts, of verdicts, of recommendations.

Example:
    dataset = ray.data.read_parquet("questions/")
    render(dataset, make_job(["catalogs/"]).unwrap()).write_parquet("prompts/")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import ray.data

from explainer.columnar.check import check_batches
from explainer.columnar.job import Job
from explainer.columnar.recommend import recommend_batches
from explainer.columnar.render import check_columns, render_batches

__all__ = ["check", "recommend", "render"]

Batches = Callable[[Iterable[pa.RecordBatch], Job], Iterator[pa.RecordBatch]]


class _Worker:
    """One of Ray's actors: it gets the job when it starts, and blocks of rows from then on.

    It opens the job when the first block comes: what is raised then ends the run; Ray starts an actor that cannot be
    made again and again.
    """

    def __init__(self, batches: Batches, job: Job) -> None:
        self._batches = batches
        self._job = job

    def __call__(self, block: pa.Table) -> Iterator[pa.Table]:
        for batch in self._batches(block.to_batches() or [_empty(block)], self._job):
            yield pa.Table.from_batches([batch])


def _empty(block: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=block.schema)


def render(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return the prompts of a dataset of questions; see `columnar.render_batches` for the columns.

    Args:
        dataset: questions, a row each.
        job: what decides the outputs.
        options: of Ray's `map_batches`, such as `batch_size`, `num_cpus`, or `compute` (by default a pool of workers,
            which grows to all cores of the cluster but one).
    """
    check_columns(dataset.schema().names)
    return _map(dataset, render_batches, job, options)


def check(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return the verdicts on a dataset of answers; see `columnar.check_batches` for the columns."""
    return _map(dataset, check_batches, job, options)


def recommend(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return what fits a dataset of questions; see `columnar.recommend_batches` for the columns."""
    return _map(dataset, recommend_batches, job, options)


def _map(dataset: Any, batches: Batches, job: Job, options: dict[str, Any]) -> Any:
    cores = int(ray.cluster_resources().get("CPU", 1))
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, cores - 1))  # someone has to read and to write
    settings = {"batch_size": 4096, "compute": pool, **options}
    return dataset.map_batches(
        _Worker, fn_constructor_args=(batches, job), batch_format="pyarrow", zero_copy_batch=True, **settings
    )
