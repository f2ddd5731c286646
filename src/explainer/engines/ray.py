"""Ray Data: questions or answers of a dataset → a dataset of prompts, of verdicts, of recommendations.

Example:
    dataset = ray.data.read_parquet("questions/")
    render(dataset, make_job(["catalogs/"]).unwrap()).write_parquet("prompts/")

The workers of `explainer batch --engine ray`: actors, which Ray starts again when their process is lost.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle
from typing import Any, Final, Self, TypeVar

import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayError, RayTaskError

from explainer.batching.workers import WorkerLostError, in_order
from explainer.diagnostics.finding import ExplainerError
from explainer.engines.columns import (
    check_batches,
    check_columns,
    recommend_batches,
    render_batches,
)
from explainer.engines.job import Job

T = TypeVar("T")
R = TypeVar("R")
MapBatches = Callable[[Iterable[pa.RecordBatch], Job], Iterator[pa.RecordBatch]]


class _BlockActor:
    """One of Ray's actors: it gets the job when it starts, and blocks of rows from then on.

    It opens the job when the first block comes: what is raised then ends the run; Ray starts an actor that cannot be
    made again and again.
    """

    def __init__(self, map_batches: MapBatches, job: Job) -> None:
        self._map_batches = map_batches
        self._job = job

    def __call__(self, block: pa.Table) -> Iterator[pa.Table]:
        for batch in self._map_batches(block.to_batches() or [_empty(block)], self._job):
            yield pa.Table.from_batches([batch])


def _empty(block: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=block.schema)


def render(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return the prompts of a dataset of questions; see `engines.render_batches` for the columns.

    Args:
        dataset: questions, a row each.
        job: what decides the outputs.
        options: of Ray's `map_batches`, such as `batch_size`, `num_cpus`, or `compute` (by default a pool of workers,
            which grows to all cores of the cluster but one).
    """
    check_columns(dataset.schema().names)
    return _map(dataset, render_batches, job, options)


def check(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return the verdicts on a dataset of answers; see `engines.check_batches` for the columns."""
    return _map(dataset, check_batches, job, options)


def recommend(dataset: ray.data.Dataset, job: Job, **options: Any) -> ray.data.Dataset:
    """Return what fits a dataset of questions; see `engines.recommend_batches` for the columns."""
    return _map(dataset, recommend_batches, job, options)


def _map(dataset: Any, map_batches: MapBatches, job: Job, options: dict[str, Any]) -> Any:
    cores = int(ray.cluster_resources().get("CPU", 1))
    # someone has to read and to write
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, cores - 1))
    settings = {"batch_size": 4096, "compute": pool, **options}
    return dataset.map_batches(
        _BlockActor,
        fn_constructor_args=(map_batches, job),
        batch_format="pyarrow",
        zero_copy_batch=True,
        **settings,
    )


# Tasks that each worker may have: it bounds what is held in memory.
_AHEAD: Final = 4
_TRIES: Final = 3
# Bytes of shared memory of a cluster that is started for this batch alone; chunks are small.
_STORE: Final = 256 * 1024 * 1024


class _TaskActor:
    """Does tasks. What does them comes in a box, which Ray leaves closed: it is fetched once by each process.

    An argument of the constructor would do the same, but Ray warns of those on each run.
    """

    _work: Callable[[Any], Any] | None = None

    def do(self, box: list[Any], task: Any) -> Any:
        """Do one task."""
        if self._work is None:
            self._work = ray.get(box[0])
        return self._work(task)


class RayExecutor:
    """Workers on a cluster of Ray; an `Executor`. Without a cluster, one is started on this machine.

    Args:
        jobs: how many workers; 0 for as many as the cluster has cores.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._actors: list[Any] = []
        self._started = False

    def __enter__(self) -> Self:
        if not ray.is_initialized():
            _start()
            self._started = True
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for actor in self._actors:
            ray.kill(actor)
        if self._started:
            ray.shutdown()

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks; see `Executor`.

        Raises:
            WorkerLostError: when workers are lost again and again, or one cannot work.
        """
        jobs = self._jobs or max(1, int(ray.cluster_resources().get("CPU", 1)))
        box = [ray.put(work)]
        # the actors, one after the other: tasks take about the same time
        turns: Iterator[Any] = cycle(())

        def submit(task: T) -> Callable[[], R]:
            nonlocal turns
            if not task:
                return partial(work, task)
            if not self._actors:  # a run that finds nothing to do starts none
                self._actors = _start_actors(jobs)
                turns = cycle(self._actors)
            return partial(_result_of, next(turns).do.remote(box, task))

        yield from in_order(submit, tasks, _AHEAD * jobs)


def _start_actors(number: int) -> list[Any]:
    actor = ray.remote(max_restarts=-1, max_task_retries=_TRIES)(_TaskActor)
    return [actor.remote() for _ in range(number)]


def _result_of(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, OSError | ExplainerError):
            raise error.cause from None
        raise WorkerLostError(str(error.cause)) from None
    except RayError as error:
        # the last line says what happened, those above it where in Ray
        raise WorkerLostError(str(error).strip().rpartition("\n")[2]) from None


def _start() -> None:
    """Go to the cluster that there is (RAY_ADDRESS, or one on this machine), or start one on this machine."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if os.environ.get("RAY_ADDRESS") != "local":
        with contextlib.suppress(ConnectionError):
            ray.init(address="auto", **quiet)
            return
    ray.init(address="local", include_dashboard=False, object_store_memory=_STORE, **quiet)
