"""Ray Data: questions or answers of a dataset → a dataset of prompts, of verdicts, of recommendations.

Example:
    dataset = ray.data.read_parquet("questions/")
    render(dataset, make_job(["catalogs/"]).unwrap()).write_parquet("prompts/")

The workers of `explainer batch --engine ray`: actors, which Ray starts again when their process is lost.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Self

import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayError, RayTaskError

from explainer.batching.workers import WorkerLostError
from explainer.diagnostics.finding import ExplainerError
from explainer.engines.check import check_batches
from explainer.engines.job import Job
from explainer.engines.recommend import recommend_batches
from explainer.engines.render import check_columns, render_batches

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


_AHEAD: Final = 4
"""Tasks that each worker may have: it bounds what is held in memory."""
_TRIES: Final = 3
_STORE: Final = 256 * 1024 * 1024
"""Bytes of shared memory of a cluster that is started for this batch alone; chunks are small."""

Result = tuple[Any, Sequence[bytes]]


class _Hand:
    """One worker. What makes its work comes in a box, which Ray leaves closed: it is fetched once by each process.

    An argument of the constructor would do the same, but Ray warns of those on each run.
    """

    _work: Callable[[Any], Result] | None = None

    def work(self, box: list[Any], task: Any) -> Result:
        """Do one task."""
        if self._work is None:
            self._work = ray.get(box[0])()
        return self._work(task)


class RayPool:
    """Workers on a cluster of Ray, used as `batching.crew.Crew` is. Without a cluster, one is started on this machine.

    Args:
        jobs: how many workers; 0 for as many as the cluster has cores.
        make: called once in each worker; it returns the function that does a task.
    """

    def __init__(self, jobs: int, make: Callable[[], Callable[[Any], Result]]) -> None:
        self._jobs = jobs
        self._make = make
        self._hands: list[Any] = []
        self._box: list[Any] = []
        self._started = False

    def __enter__(self) -> Self:
        if not ray.is_initialized():
            _start()
            self._started = True
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for hand in self._hands:
            ray.kill(hand)
        if self._started:
            ray.shutdown()

    def work(self, chunks: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Result | None]]:
        """Do the work of each chunk, and yield what goes with it and its result, in order; None needs no work.

        Raises:
            WorkerLostError: when workers are lost again and again, or one cannot work.
        """
        waiting: deque[tuple[Any, Any]] = deque()
        given = 0
        for companion, task in chunks:
            result = None
            if task is not None:
                hands = self._hands or self._start_hands()
                result = hands[given % len(hands)].work.remote(self._box, task)
                given += 1
            waiting.append((companion, result))
            while len(waiting) > _AHEAD * max(1, len(self._hands)):
                yield _first(waiting)
        while waiting:
            yield _first(waiting)

    def _start_hands(self) -> list[Any]:
        number = self._jobs or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._box = [ray.put(self._make)]
        hand = ray.remote(max_restarts=-1, max_task_retries=_TRIES)(_Hand)
        self._hands = [hand.remote() for _ in range(number)]
        return self._hands


def _first(waiting: deque[tuple[Any, Any]]) -> tuple[Any, Result | None]:
    companion, result = waiting.popleft()
    try:
        return companion, None if result is None else ray.get(result)
    except RayTaskError as error:
        if isinstance(error.cause, OSError | ExplainerError):
            raise error.cause from None
        raise WorkerLostError(str(error.cause)) from None
    except RayError as error:
        raise WorkerLostError(str(error).strip().rpartition("\n")[2]) from None


def _start() -> None:
    """Go to the cluster that there is (RAY_ADDRESS, or one on this machine), or start one on this machine."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if os.environ.get("RAY_ADDRESS") != "local":
        with contextlib.suppress(ConnectionError):
            ray.init(address="auto", **quiet)
            return
    ray.init(address="local", include_dashboard=False, object_store_memory=_STORE, **quiet)
