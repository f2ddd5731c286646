"""Many questions → outputs and a manifest: renders what has changed, keeps the rest; one mistake costs one question."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from explainer.batching.manifest import (
    ManifestRow,
    content_hash,
    hash_of_catalogs,
    hash_of_template,
    row_line,
    short_hash,
)
from explainer.batching.open_source import cut, open_source
from explainer.batching.previous_run import EarlierRow
from explainer.batching.sources import (
    LineBlock,
    LinesSource,
    QuestionSource,
    Skipped,
    SourceItem,
    UsedIds,
    no_question_in,
)
from explainer.batching.target import Target, TargetOutput, open_target
from explainer.batching.workers import (
    BatchConfig,
    BatchReporter,
    Chunk,
    ChunkResult,
    Executor,
    LocalExecutor,
    RenderSetup,
    RenderWorker,
    Summary,
    Task,
    Worker,
    WorkerLostError,
)
from explainer.catalogs.loading import CatalogLoader
from explainer.diagnostics.finding import ExplainerError, Finding, Location
from explainer.files import display_path
from explainer.rendering.formats import FORMATS

if TYPE_CHECKING:
    from explainer.batching.renderer import RenderResult

# Questions that are rendered at a time: what the way to a worker costs is shared by as many.
CHUNK: Final = 128
# Questions of a chunk when nearly all are unchanged: it bounds what is held in memory.
_MOST_ENTRIES: Final = 8 * CHUNK
# A batch makes many small values and no circles: looking for those less often saves a tenth of the time.
_GC_THRESHOLD: Final = 200_000


class Engine(Protocol):
    """What does the work of a batch: processes of this machine, or a cluster."""

    def executor(self) -> Executor:
        """Return what runs the workers."""

    def worker(self, run: BatchRun) -> Worker:
        """Return what renders chunks of questions."""


@dataclass(frozen=True)
class LocalEngine:
    """This machine, with so many processes; 0 means as many as there are cores."""

    jobs: int = 0

    def executor(self) -> Executor:
        """Return processes of this machine."""
        return LocalExecutor(self.jobs)

    def worker(self, run: BatchRun) -> Worker:
        """Return what renders chunks, and reads the files of this machine."""
        return RenderWorker(run.setup)


@dataclass(frozen=True)
class BatchRun:
    """A batch that is under way: its source is open, and its template can be read."""

    config: BatchConfig
    source: QuestionSource
    setup: RenderSetup
    reporter: BatchReporter
    engine: Engine


def render_questions(run: BatchRun) -> Summary:
    """Make outputs that go through this process: files, or lines.

    Raises:
        ExplainerError: when a catalog that all questions need cannot be read, or there is no question.
        OSError: when the source cannot be read or the target cannot be written; nothing is torn then.
        WorkerLostError: when a worker process is gone.
    """
    config = run.config
    source = run.source if config.shard is None else cut(run.source, config.shard)
    with open_target(config, run.setup, run.reporter) as target, run.engine.executor() as executor:
        batch = Batch(
            source, target, run.setup, run.reporter, prune=config.prune and not config.check
        )
        batch.render(executor, run.engine.worker(run))
        if config.shard is None:  # what is not in a part of a source is not gone
            batch.refuse_emptiness()
            batch.account_for_the_gone()
        target.complete()
    return batch.summary


def run(
    config: BatchConfig,
    reporter: BatchReporter,
    engine: Engine,
    render: Callable[[BatchRun], Summary] = render_questions,
) -> Summary | None:
    """Do a batch; whatever stops it becomes a finding.

    Args:
        config: what is asked for.
        reporter: hears of findings as they come.
        engine: does the work.
        render: makes the outputs, and puts them where they go.

    Returns:
        How many questions met which end; None when the batch was stopped.
    """
    opened = open_source(config.source, config.out)
    reporter.report(opened.findings)
    if opened.value is None:
        return None
    source = opened.value
    template = config.options.template
    try:
        template_hash = hash_of_template(template)
    except OSError as error:
        reporter.report(
            [Finding("F104", Location(template), f"cannot be read: {error.strerror or error}")]
        )
        return None
    options = replace(config.options, template_hash=template_hash)
    files = not config.lines and not config.rows
    setup = RenderSetup(options, config.catalogs, source.base, lines=source.lines, files=files)
    reporter.start(source, setup)
    gc.set_threshold(_GC_THRESHOLD, 50, 50)
    try:
        return render(BatchRun(config, source, setup, reporter, engine))
    except ExplainerError as error:
        reporter.report(error.findings)
    except WorkerLostError as error:
        why = (
            f"a worker could not go on: {error}"
            if str(error)
            else "a worker process ended; run it again to go on"
        )
        reporter.report([Finding("B708", Location(source.name), why)])
    except OSError as error:
        file = (
            display_path(Path(os.fsdecode(error.filename))) if error.filename else str(source.base)
        )
        reporter.report(
            [Finding("F105", Location(file), f"the batch was stopped: {error.strerror or error}")]
        )
    return None


class _Pending(msgspec.Struct, gc=False):
    """A question that waits for its turn: it is unchanged, was no question the last time either, or is to render.

    Attributes:
        item: the question.
        earlier: what an earlier run knew of it.
        to_render: it has changed, or may have.
    """

    item: SourceItem | Skipped
    earlier: EarlierRow | None = None
    to_render: bool = False


class Batch:
    """Renders the questions of a source into a target, and counts what became of them.

    Args:
        source: where the questions come from.
        target: where the outputs go; it is open.
        setup: what rendering needs.
        reporter: hears of findings as they come.
        prune: remove the outputs of questions that are gone.
    """

    def __init__(
        self,
        source: QuestionSource,
        target: Target,
        setup: RenderSetup,
        reporter: BatchReporter,
        *,
        prune: bool,
    ) -> None:
        self.summary = Summary()
        self._source = source
        self._target = target
        self._setup = setup
        self._reporter = reporter
        self._prune = prune
        self._suffix = f".{setup.options.kind}{FORMATS[setup.options.format].suffix}"
        self._loader = CatalogLoader(setup.catalogs)
        self._hash_of_catalogs = cache(hash_of_catalogs)
        self._hash_in_folder = cache(self._hash_of_library)
        self._chunks: deque[list[_Pending] | LineBlock] = deque()
        self._ids = UsedIds(files=setup.files, rows=target.own_rows)
        self._still_there = 0
        self._failed_sources: set[str | int] = set()
        self._failed_ids: set[str] = set()
        self._unreadable_ids = False
        # what the chunk that is being settled has so far
        self._outputs: list[TargetOutput] = []
        self._other_rows: list[bytes] = []
        self._findings: list[Finding] = []

    def render(self, executor: Executor, worker: Worker) -> None:
        """Render what has changed, and give everything to the target in the order of the source."""
        for result in executor.map(worker, self._tasks()):
            self._reporter.report(result.findings)
            chunk = self._chunks.popleft()
            if isinstance(chunk, LineBlock):
                self._settle_block(chunk, result)
            else:
                self._settle(chunk, result.results)
            self._reporter.show(self.summary)

    def _tasks(self) -> Iterator[Chunk]:
        """Yield what is to render of each chunk; the chunk itself waits until the results are there."""
        if isinstance(self._source, LinesSource) and self._target.takes_lines:
            for block in self._source.blocks(CHUNK):
                self._chunks.append(block)
                yield block
            return
        yield from self._tasks_of_items()

    def _tasks_of_items(self) -> Iterator[list[Task]]:
        chunk: list[_Pending] = []
        tasks = list[Task]()
        for item in self._source:
            pending = self._triage(item)
            chunk.append(pending)
            if pending.to_render and isinstance(item, SourceItem):
                tasks.append((item, pending.earlier))
            if len(tasks) >= CHUNK or len(chunk) >= _MOST_ENTRIES:
                self._chunks.append(chunk)
                yield tasks
                chunk, tasks = [], list[Task]()
        self._chunks.append(chunk)
        yield tasks

    def _triage(self, item: SourceItem | Skipped) -> _Pending:
        """A question is unchanged when its bytes and its catalogs are; nothing is parsed to see that."""
        if isinstance(item, Skipped):
            return _Pending(item)
        if not self._target.past or isinstance(item.raw, Finding):
            return _Pending(item, to_render=True)
        raw = content_hash(item.raw)
        earlier = self._target.past.find(item.source, raw)
        if earlier is None or not earlier.row.id:
            return _Pending(item, earlier, to_render=earlier is None)
        if not self._target.is_intact(earlier):
            return _Pending(item, to_render=True)
        unchanged = earlier.row.raw == raw and self._has_same_sources(earlier, item)
        return _Pending(item, earlier, to_render=not unchanged)

    def _has_same_sources(self, earlier: EarlierRow, item: SourceItem) -> bool:
        """Whether the options and the catalogs of a question are those of an earlier run; nothing is parsed."""
        # by the text of the folder: making and comparing a path for each question took a tenth of an unchanged run
        folder = str(item.source).rpartition("/")[0]
        return earlier.current and earlier.row.library == self._hash_in_folder(
            earlier.row.catalogs, folder
        )

    def _hash_of_library(self, named: tuple[str, ...] | None, folder: str) -> str:
        paths = self._loader.files(named, self._setup.base / folder).value
        return self._hash_of_catalogs(paths or ())

    # --- from results to the target ---

    def _settle_block(self, block: LineBlock, result: ChunkResult) -> None:
        """Give the outputs of lines to the target: in one piece, or else one by one."""
        lines = result.lines
        if lines is not None and self._ids.claim_new(lines.ids):
            self.summary.rendered += len(lines.ids)
            self._target.put_lines(lines.rows, lines.output)
            return
        results = result.results if lines is None else lines.split(block)
        self._settle([_Pending(item, to_render=True) for item in block.items()], results)

    def _settle(self, chunk: list[_Pending], chunk_results: Iterable[RenderResult]) -> None:
        """Give the outputs of one chunk to the target, and count what became of each question."""
        results = iter(chunk_results)
        for pending in chunk:
            if isinstance(pending.item, Skipped):
                self._skip(pending.item)
            elif pending.to_render:
                self._settle_result(pending, pending.item, next(results))
            elif pending.earlier is not None and pending.earlier.row.id:
                self._settle_unchanged(pending.earlier, pending.item)
            elif pending.earlier is not None:  # no question, as the last time
                self._skip(Skipped(str(pending.item.source), pending.earlier.row.skipped))
                self._other_rows.append(pending.earlier.line)
        self._ids.all_written()
        self._reporter.report(self._findings)
        self._target.put(self._outputs)
        self._keep_other_rows()
        self._outputs, self._findings = [], []

    def _settle_result(self, pending: _Pending, item: SourceItem, result: RenderResult) -> None:
        if result.status == "skipped":
            self._skip(Skipped(str(item.source), result.why))
            raw = content_hash(item.raw if isinstance(item.raw, bytes) else b"")
            self._other_rows.append(row_line(ManifestRow(item.source, raw, skipped=result.why)))
            return
        if result.findings:
            self._findings += item.in_table(result.findings)
        if result.status == "failed" or self._is_repeated(result.id, item):
            self._count_failure(item, result.id)
        elif result.output is not None:
            self._settle_rendered(
                item, TargetOutput(result.row, result.id + self._suffix, result.output), result.id
            )
        elif pending.earlier is not None:
            self.summary.unchanged += 1
            self._outputs.append(
                TargetOutput(result.row, pending.earlier.row.out, earlier=pending.earlier)
            )

    def _settle_rendered(self, item: SourceItem, output: TargetOutput, id_: str) -> None:
        if not self._target.is_foreign(output.file, output.data or b""):
            self.summary.rendered += 1
            self._outputs.append(output)
            return
        place = Location(display_path(self._target.manifest.parent / output.file))
        message = f"the output of {id_!r} is not written: the file is there, and no manifest says that a run wrote it"
        self._findings.append(
            Finding("F105", place, message, "move the file away, or run with --force")
        )
        self._count_failure(item, id_)

    def _settle_unchanged(self, earlier: EarlierRow, item: SourceItem) -> None:
        row, line = earlier.row, earlier.line
        if self._is_repeated(row.id, item):
            self._count_failure(item, row.id)
            return
        self.summary.unchanged += 1
        self._still_there += 1
        if row.source != item.source:
            line = row_line(msgspec.structs.replace(row, source=item.source))
        self._outputs.append(TargetOutput(line, row.out, earlier=earlier))

    def _is_repeated(self, id_: str, item: SourceItem) -> bool:
        """Whether another question has an id, which is a finding."""
        repeated = self._ids.claim(id_, item)
        if repeated is None:
            return False
        self._findings.append(repeated)
        return True

    def _skip(self, skipped: Skipped) -> None:
        if skipped.why == "hidden":
            self.summary.hidden += 1
        else:
            self.summary.skipped += 1
        self._reporter.skip(skipped)

    def _count_failure(self, item: SourceItem, id_: str) -> None:
        self.summary.failed += 1
        self._failed_sources.add(item.source)
        if id_:
            self._failed_ids.add(id_)
        elif self._setup.lines:
            self._unreadable_ids = True

    def _keep_other_rows(self) -> None:
        if self._other_rows:
            self._target.keep(b"".join(self._other_rows))
        self._other_rows = []

    def refuse_emptiness(self) -> None:
        """Stop where there was no question: an empty source is a wrong path more often than a wish to lose all outputs.

        Raises:
            ExplainerError: when that is so.
        """
        if not self.summary.done:
            raise ExplainerError([no_question_in(self._source, self.summary.skipped)])

    # --- outputs of earlier runs whose questions are not there any more, or have mistakes now ---

    def account_for_the_gone(self) -> None:
        """Report, count or remove what earlier runs made and this one did not find again."""
        past = self._target.past
        if not past or self._still_there == past.outputs:  # each of them is unchanged
            return
        accounted: set[int] = set()
        for earlier in past.rows():
            output = short_hash(earlier.row.out or earlier.row.id)
            if output not in accounted and not self._is_made_again(earlier.row):
                accounted.add(output)
                self._account_for(earlier.row)
        self._keep_other_rows()

    def _is_made_again(self, earlier: ManifestRow) -> bool:
        return earlier.id in self._ids and self._has_this_format(earlier)

    def _has_this_format(self, earlier: ManifestRow) -> bool:
        return not self._setup.files or earlier.out == earlier.id + self._suffix

    def _account_for(self, earlier: ManifestRow) -> None:
        has_failed = earlier.id in self._failed_ids
        if not self._setup.files:
            self.summary.removed += not has_failed
            return
        path = self._target.manifest.parent / earlier.out
        if not os.path.lexists(path):
            return
        if has_failed or earlier.source in self._failed_sources:
            self._other_rows.append(_without_hash(earlier))
        elif self._prune and not self._unreadable_ids:
            if self._target.remove(earlier):
                self.summary.removed += 1
            else:
                self._report_kept(path)
        else:
            self._report_gone(earlier, path)
            self._other_rows.append(_without_hash(earlier))

    def _report_kept(self, path: Path) -> None:
        self.summary.gone += 1
        message = "its question is gone, but it is not the file that was written"
        self._reporter.report(
            [Finding("B706", Location(display_path(path)), message, "remove it by hand")]
        )

    def _report_gone(self, earlier: ManifestRow, path: Path) -> None:
        self.summary.gone += 1
        message = "an output of another format"
        if self._has_this_format(earlier):
            message = f"its question ({earlier.source}) is gone"
        self._reporter.report(
            [Finding("B706", Location(display_path(path)), message, "remove it with --prune")]
        )


def _without_hash(row: ManifestRow) -> bytes:
    """A row whose output no question is ever unchanged for."""
    return row_line(msgspec.structs.replace(row, raw="", key=""))
