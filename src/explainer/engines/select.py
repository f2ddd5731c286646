"""What `explainer batch` does for the options `--engine` and `--shard`, and for a `.parquet` as DEST."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import typer

from explainer.batching.batch import BatchConfig, Summary
from explainer.batching.open_source import Shard, parse_shard
from explainer.batching.sources import Skipped
from explainer.batching.workers import WorkerPool
from explainer.catalogs.loading import catalogs_for
from explainer.diagnostics.finding import ExplainerError, Finding
from explainer.files import STDIN

if TYPE_CHECKING:
    from explainer.engines.job import Job

ENGINES: Final = ("local", "ray", "spark")
ROWS_SUFFIX: Final = ".parquet"


def shard_of(value: str | None) -> Shard | None:
    """Return what `--shard` means.

    Raises:
        typer.BadParameter: when it means nothing.
    """
    if value is None:
        return None
    shard = parse_shard(value)
    if shard is None:
        message = f"{value!r} is not a part of a whole, such as 2/8"
        raise typer.BadParameter(message, param_hint="--shard")
    return shard


def refuse_contradictions(
    source: Path, out: Path, engine: str, *, sharded: bool, prune: bool, check: bool, force: bool
) -> None:
    """Refuse what cannot be meant.

    Raises:
        typer.BadParameter: says which options do not go together.
    """
    rows = out.suffix == ROWS_SUFFIX
    if (engine != "local" or rows) and source.suffix != ROWS_SUFFIX:
        message = (
            "a .parquet is made of a .parquet: give one as SOURCE" if rows else "an engine takes a .parquet as SOURCE"
        )
        raise typer.BadParameter(message, param_hint="--out" if rows else "--engine")
    if rows and out.is_file():
        message = f"{out} is a file: a .parquet that is written is a folder of parts"
        raise typer.BadParameter(message, param_hint="--out")
    if rows and (prune or check or force):
        message = "a .parquet is written as a whole each time: nothing is kept, pruned or compared"
        raise typer.BadParameter(message, param_hint="--prune/--check/--force")
    if sharded and (prune or check):
        message = "a shard knows a part of the questions: prune and check without --shard"
        raise typer.BadParameter(message, param_hint="--shard")
    if sharded and str(source) == STDIN:
        message = "stdin has no size, so no parts: give a file"
        raise typer.BadParameter(message, param_hint="--shard")


def crew_of(engine: str) -> Callable[..., Any]:
    """Return what makes the workers of an engine.

    Raises:
        typer.BadParameter: when the engine is not installed.
    """
    try:
        if engine == "ray":
            from explainer.engines.ray import RayPool

            return RayPool
        if engine == "spark":
            from explainer.engines.spark import SparkPool

            return SparkPool
    except ImportError as error:
        message = f"the engine {engine!r} needs the package {error.name}: pip install 'cnaps-explainer[{engine}]'"
        raise typer.BadParameter(message, param_hint="--engine") from None
    return WorkerPool


class BatchReporter(Protocol):
    """Says what there is to say."""

    def report(self, findings: Iterable[Finding]) -> None:
        """Say findings."""

    def skip(self, skipped: Skipped) -> None:
        """Say what is no question."""

    def show(self, summary: Summary) -> None:
        """Show how far it is."""


class Engine(NamedTuple):
    """Who does the work: the engine, what makes its workers, and how many there are to be (0: its own choice)."""

    engine: str
    crew: Callable[..., Any]
    jobs: int


def packed_worker(shop: BatchConfig, source: Any, voice: BatchReporter) -> Callable[..., Any]:
    """Return what makes a worker of an engine, which has none of the files of this machine."""
    from explainer.engines.open_job import make_chunk_worker

    return partial(make_chunk_worker, _job_of(shop, source, voice))


def _job_of(shop: BatchConfig, source: Any, voice: BatchReporter) -> Job:
    """The job of a batch: the catalogs of the command line, or else those that its questions choose.

    Raises:
        ExplainerError: when a catalog or the template cannot be read.
    """
    from explainer.engines.job import pack

    named: list[tuple[str, ...] | None] = [None]
    if not shop.given:
        named += source.catalogs()
    shelves = {one: catalogs_for(shop.given, one, shop.base) for one in named}
    job = pack(shop.recipe, shelves, given=bool(shop.given))
    if job.value is None:
        raise ExplainerError(job.findings)
    voice.report(job.findings)
    return job.value


def render_parts(
    shop: BatchConfig, source: Any, out: Path, shard: Shard | None, hands: Engine, voice: BatchReporter
) -> Summary:
    """Write the parts of a `.parquet`.

    Raises:
        ExplainerError: when a catalog or the template cannot be read.
        OSError: when the source cannot be read or a part cannot be written.
        WorkerLostError: when a worker process is gone.
    """
    from explainer.engines.parts import PartWork, make_part_worker, parts_of, remove_others

    job = _job_of(shop, source, voice)
    parts = parts_of(source)
    own = parts if shard is None else [parts[number] for number in shard.range(len(parts))]
    out.mkdir(parents=True, exist_ok=True)
    work = PartWork(job, source.path.absolute(), source.name, out.absolute())
    summary = Summary()
    with hands.crew(hands.jobs, partial(make_part_worker, work)) as crew:
        for _, (tally, _) in crew.work((part.number, part) for part in own):
            summary.rendered += tally.rendered
            summary.failed += tally.failed
            voice.report(tally.findings)
            voice.show(summary)
    if shard is None:
        remove_others(out, parts)
    return summary
