"""What `explainer batch` does for the option `--engine`, and for a `.parquet` as DEST."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from explainer.batching.batch import BatchRun, Engine, LocalEngine, render_questions, run
from explainer.batching.workers import BatchConfig, BatchReporter, Summary
from explainer.catalogs.loading import CatalogLoader
from explainer.diagnostics.finding import ExplainerError

if TYPE_CHECKING:
    from explainer.batching.tables import ParquetSource
    from explainer.batching.workers import Executor, Worker
    from explainer.engines.job import Job

# Each by its module and class: a module is imported when its engine is asked for, for its package takes seconds.
_EXECUTORS: Final = {"ray": "ray:RayExecutor", "spark": "spark:SparkExecutor"}
ENGINES: Final = ("local", *_EXECUTORS)


class MissingEngineError(Exception):
    """The engine needs a package that is not installed; the text says which."""


def engine_of(name: str, jobs: int) -> Engine:
    """Return the engine of a name.

    Args:
        name: one of `ENGINES`.
        jobs: how many workers there are to be; 0 leaves it to the engine.

    Raises:
        MissingEngineError: when its package is not installed.
    """
    if name not in _EXECUTORS:
        return LocalEngine(jobs)
    module, executor = _EXECUTORS[name].split(":")
    try:
        return _Cluster(getattr(import_module(f"explainer.engines.{module}"), executor), jobs)
    except ImportError as error:
        message = f"the engine {name!r} needs the package {error.name}: pip install 'cnaps-explainer[{name}]'"
        raise MissingEngineError(message) from None


@dataclass(frozen=True)
class _Cluster:
    """Workers that may run on other machines, which have none of the files of this one."""

    executor_type: Callable[[int], Executor]
    jobs: int

    def executor(self) -> Executor:
        return self.executor_type(self.jobs)

    def worker(self, batch: BatchRun) -> Worker:
        from explainer.engines.job import JobWorker

        return JobWorker(
            _job_of(batch, _table_of(batch)), files=batch.setup.files, lines=batch.setup.lines
        )


def run_batch(config: BatchConfig, reporter: BatchReporter, engine: Engine) -> Summary | None:
    """Do a batch; see `batching.batch.run`."""
    return run(config, reporter, engine, _render_rows if config.rows else render_questions)


def _render_rows(batch: BatchRun) -> Summary:
    from explainer.engines.parts import render_parts

    table = _table_of(batch)
    return render_parts(batch, table, _job_of(batch, table))


def _table_of(batch: BatchRun) -> ParquetSource:
    """The source of a batch, which is a table: engines and rows have no other."""
    from explainer.batching.tables import ParquetSource

    if not isinstance(batch.source, ParquetSource):
        message = f"{batch.source.name} is no .parquet"
        raise TypeError(message)
    return batch.source


def _job_of(batch: BatchRun, table: ParquetSource) -> Job:
    """The job of a batch: the catalogs of the command line, or else those that its questions choose.

    Raises:
        ExplainerError: when a catalog or the template cannot be read.
    """
    from explainer.engines.job import pack

    named: list[tuple[str, ...] | None] = [None]
    if not batch.setup.catalogs:
        named += table.catalogs()
    job = pack(batch.setup.options, CatalogLoader(batch.setup.catalogs), named, batch.setup.base)
    if job.value is None:
        raise ExplainerError(job.findings)
    batch.reporter.report(job.findings)
    return job.value
