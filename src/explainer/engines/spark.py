"""Spark: questions or answers of a data frame → a data frame of prompts, of verdicts, of recommendations.

Example:
    frame = spark.read.parquet("questions/")
    render(frame, make_job(["catalogs/"]).unwrap()).write.parquet("prompts/")

The workers of `explainer batch --engine spark`: tasks, which Spark does again when their process is lost.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Final, Self, TypeVar

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import SparkConf
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from explainer.batching.workers import WorkerLostError
from explainer.engines.columns import (
    check_batches,
    check_columns,
    check_schema,
    recommend_batches,
    recommend_schema,
    render_batches,
    render_schema,
)
from explainer.engines.job import Job

T = TypeVar("T")
R = TypeVar("R")


def render(frame: DataFrame, job: Job) -> DataFrame:
    """Return the prompts of a data frame of questions; see `engines.render_batches` for the columns."""
    check_columns(frame.columns)
    return _map(frame, render_batches, job, render_schema(job))


def check(frame: DataFrame, job: Job) -> DataFrame:
    """Return the verdicts on a data frame of answers; see `engines.check_batches` for the columns."""
    return _map(frame, check_batches, job, check_schema())


def recommend(frame: DataFrame, job: Job) -> DataFrame:
    """Return what fits a data frame of questions; see `engines.recommend_batches` for the columns."""
    return _map(frame, recommend_batches, job, recommend_schema())


def _map(frame: Any, batches: Any, job: Job, schema: pa.Schema) -> Any:
    return frame.mapInArrow(partial(batches, job=job), from_arrow_schema(schema))


# Chunks of one job of Spark: it bounds what is held in memory.
_AT_ONCE: Final = 128
# Of a task, on this machine; a cluster has a setting of its own for that (`spark.task.maxFailures`).
_TRIES: Final = 4
# Settings where there is no cluster: nobody else is to be reached, and stderr is for findings.
_ALONE: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
# Tasks for each core, so that one slow task keeps nobody waiting for long.
_SLICES: Final = 4

# The last line of a traceback of Python.
_RAISED: Final = re.compile(r"[\w.]*(?:Error|Exception): ")


class SparkExecutor:
    """Workers on a cluster of Spark; an `Executor`. Without a cluster, they are on this machine.

    Args:
        jobs: how many workers, where this starts them; 0 for as many as there are cores.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def __enter__(self) -> Self:
        session = SparkSession.getActiveSession()
        self._started = session is None
        self._session = session or _start(self._jobs)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._started:
            self._session.stop()

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks; see `Executor`.

        Raises:
            WorkerLostError: when workers are lost again and again, or one cannot work.
        """
        # sent to each worker once, and not with each task
        shared = self._session.sparkContext.broadcast(work)
        remaining = iter(tasks)
        while some_tasks := list(islice(remaining, _AT_ONCE)):
            results = iter(self._collect(shared, list(filter(None, some_tasks))))
            for task in some_tasks:
                yield next(results) if task else work(task)

    def _collect(self, shared: Any, tasks: list[Any]) -> list[Any]:
        if not tasks:
            return []
        context = self._session.sparkContext
        slices = min(len(tasks), _SLICES * context.defaultParallelism)
        try:
            results: list[Any] = (
                context.parallelize(tasks, slices).map(partial(_do_task, shared)).collect()
            )
        except (Py4JJavaError, PySparkException) as error:
            raise WorkerLostError(_reason(error)) from None
        return results


def _do_task(shared: Any, task: Any) -> Any:
    return shared.value(task)


def _reason(error: Exception) -> str:
    """What a worker raised, or the first line of whatever else went wrong."""
    lines = list(map(str.strip, str(error).splitlines()))
    raised = filter(_RAISED.match, lines)
    return next(chain(raised, lines), "")


def _start(jobs: int) -> Any:
    """Go to the cluster that Spark's own settings name, or start one on this machine."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("explainer batch")
    if not SparkConf().contains("spark.master"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.master(f"local[{jobs or '*'},{_TRIES}]").config(map=_ALONE)
    return builder.getOrCreate()
