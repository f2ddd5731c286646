"""Workers that render chunks of questions, and what runs them: this process, or several."""

from __future__ import annotations

import atexit
import contextlib
import mmap
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from pickle import PickleBuffer
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import msgspec

from explainer.batching.manifest import RenderOptions, hash_of_catalogs
from explainer.batching.open_source import Shard
from explainer.batching.previous_run import EarlierRow
from explainer.batching.sources import LineBlock, QuestionSource, Skipped, SourceItem
from explainer.catalogs.loading import CatalogLoader, CatalogPath
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import ExplainerError, Finding
from explainer.files import STDIN, Buffer

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from explainer.batching.renderer import (
        BatchRenderer,
        PreparedLibrary,
        RenderedLines,
        RenderResult,
    )

# The ending of a table: its outputs are rows, too.
ROWS_SUFFIX: Final = ".parquet"

# A question to render, and what an earlier run knew of it.
Task: TypeAlias = tuple[SourceItem, EarlierRow | None]
# What is rendered at a time: questions, or lines of which no earlier run knows anything.
Chunk: TypeAlias = Sequence[Task] | LineBlock


class ChunkResult:
    """What rendering a chunk of questions gave.

    Attributes:
        results: the results in the order of the questions.
        findings: the findings about catalogs read for it.
        lines: what stands for all results, when the chunk is lines of which all were rendered.
    """

    def __init__(
        self,
        results: list[RenderResult],
        findings: tuple[Finding, ...] = (),
        lines: RenderedLines | None = None,
    ) -> None:
        self.results = results
        self.findings = findings
        self.lines = lines

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Travel with all outputs in one piece, which need not be copied; see PEP 574."""
        if self.lines is not None:
            ids, rows, piece = self.lines.ids, self.lines.rows, self.lines.output
            return _unpacked_lines, (ids, rows, _out_of_band(piece, protocol), self.findings)
        outputs = [result.output for result in self.results]
        sizes = [None if output is None else len(output) for output in outputs]
        others = [msgspec.structs.astuple(result)[:-1] for result in self.results]
        piece = b"".join(filter(None, outputs))
        return _unpacked, (others, sizes, _out_of_band(piece, protocol), self.findings)


# The version of pickle that leaves large pieces to others.
_WITH_BUFFERS: Final = 5


def _out_of_band(piece: Buffer, protocol: int) -> PickleBuffer | bytes:
    return PickleBuffer(piece) if protocol >= _WITH_BUFFERS else bytes(piece)


def _unpacked_lines(
    ids: list[str], rows: bytes, output: Buffer, findings: tuple[Finding, ...]
) -> ChunkResult:
    from explainer.batching.renderer import RenderedLines  # noqa: PLC0415

    return ChunkResult([], findings, RenderedLines(ids, rows, output))


def _unpacked(
    others: list[Any], sizes: list[int | None], outputs: Buffer, findings: tuple[Finding, ...]
) -> ChunkResult:
    from explainer.batching.renderer import RenderResult  # noqa: PLC0415

    outputs = memoryview(outputs)
    results = [RenderResult(*fields) for fields in others]
    begin = 0
    for result, size in zip(results, sizes, strict=True):
        if size is not None:
            result.output = outputs[begin : begin + size]
            begin += size
    return ChunkResult(results, findings)


_ANY_PROCESS: Final = 0

# Renders a chunk of questions. It can be sent to another process.
Worker: TypeAlias = Callable[[Chunk], ChunkResult]


def render_chunk(renderer: BatchRenderer, chunk: Chunk, *, lines: bool) -> ChunkResult:
    """Render a chunk.

    Args:
        renderer: makes the outputs.
        chunk: the questions.
        lines: they are lines of JSON.
    """
    if not isinstance(chunk, LineBlock):
        return ChunkResult(renderer.run(chunk, lines=lines))
    from explainer.batching.renderer import RenderedLines  # noqa: PLC0415

    results = renderer.run([(item, None) for item in chunk.items()], lines=True)
    joined = RenderedLines.joined(results)
    return ChunkResult(results) if joined is None else ChunkResult([], lines=joined)


@dataclass(frozen=True)
class RenderSetup:
    """What every process of a batch needs in order to render.

    Attributes:
        options: what decides an output, but for the question and its entries.
        catalogs: the catalogs of the command line.
        base: the source's folder.
        lines: the source's items are lines of JSON.
        files: outputs become files.
    """

    options: RenderOptions
    catalogs: tuple[Path, ...]
    base: Path
    lines: bool
    files: bool


@dataclass(slots=True)
class Summary:
    """How many questions of a batch met which end."""

    rendered: int = 0
    unchanged: int = 0
    failed: int = 0
    removed: int = 0
    gone: int = 0
    hidden: int = 0
    skipped: int = 0

    @property
    def done(self) -> int:
        """Questions that were dealt with."""
        return self.rendered + self.unchanged + self.failed


@dataclass(frozen=True)
class BatchConfig:
    """What a batch is asked to do.

    Attributes:
        source: the questions: a folder, a table, lines, or `-`.
        out: where the outputs go: a folder, a `.jsonl`, a `.parquet`, or `-`.
        options: what decides an output; the hash of the template is filled in by `run`.
        catalogs: the catalogs of the command line.
        shard: which part of the source is wanted, if not the whole.
        force: render what has not changed, too.
        prune: remove the outputs of questions that are gone.
        check: write nothing, and compare.
        verify: compare the bytes of every output that is kept, not only its size and times.
    """

    source: Path
    out: Path
    options: RenderOptions
    catalogs: tuple[Path, ...] = ()
    shard: Shard | None = None
    force: bool = False
    prune: bool = False
    check: bool = False
    verify: bool = False

    @property
    def rows(self) -> bool:
        """Whether outputs become rows of a table."""
        return self.out.suffix == ROWS_SUFFIX

    @property
    def lines(self) -> bool:
        """Whether outputs become lines."""
        return self.out.suffix == ".jsonl" or str(self.out) == STDIN


class BatchReporter:
    """Says what there is to say while a batch runs; one that says less has the methods of this."""

    def start(self, source: QuestionSource, setup: RenderSetup) -> None:
        """Say what the questions and the catalogs are."""

    def report(self, findings: Iterable[Finding]) -> None:
        """Say findings, as they come."""

    def skip(self, skipped: Skipped) -> None:
        """Say what is no question."""

    def show(self, summary: Summary) -> None:
        """Show how far it is."""

    def wait(self) -> None:
        """Say that another run on the same target has to end first."""

    def write(self, lines: Buffer) -> None:
        """Write lines of output to stdout."""


@dataclass
class FindingsReporter(BatchReporter):
    """Keeps the findings of a batch, and says nothing else.

    Attributes:
        findings: what was found, in the order in which it was reported.
    """

    findings: list[Finding] = field(default_factory=list)

    def report(self, findings: Iterable[Finding]) -> None:
        """Keep findings."""
        self.findings += findings


class RenderWorker:
    """Renders chunks of questions on this machine. It loads what it needs with the first chunk, in each process."""

    def __init__(self, setup: RenderSetup) -> None:
        self._setup = setup
        self._catalogs = PreparedCatalogs(setup)
        self._renderer: BatchRenderer | None = None
        self._process = _ANY_PROCESS

    def __reduce__(self) -> tuple[type[RenderWorker], tuple[RenderSetup]]:
        """Travel without what was loaded."""
        return RenderWorker, (self._setup,)

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """Render a chunk.

        Raises:
            ExplainerError: when the template or a catalog that all questions need cannot be read.
        """
        if not chunk:  # a run that finds nothing to render loads nothing
            return ChunkResult([])
        result = render_chunk(self._open(), chunk, lines=self._setup.lines)
        result.findings = self._catalogs.new_findings()
        return result

    def _open(self) -> BatchRenderer:
        if self._renderer is not None and self._process in (_ANY_PROCESS, os.getpid()):
            return self._renderer
        from explainer.batching.renderer import BatchRenderer  # noqa: PLC0415  # loads all that renders
        from explainer.rendering.templates import BUILTIN_TEMPLATES, renderer_of  # noqa: PLC0415

        options = self._setup.options
        stack = contextlib.ExitStack()
        renderer = renderer_of(options.template, stack)
        if renderer.value is None:
            raise ExplainerError(renderer.findings)
        atexit.register(stack.close)
        self._renderer = BatchRenderer(
            options, self._catalogs.library_for, renderer.value, files=self._setup.files
        )
        # a forked process goes on with what was loaded; only the template of a user has a process of its own
        self._process = _ANY_PROCESS if options.template in BUILTIN_TEMPLATES else os.getpid()
        return self._renderer


class PreparedCatalogs:
    """The entries that questions may use, by the catalogs that they are read from."""

    def __init__(self, setup: RenderSetup) -> None:
        self._setup = setup
        self._loader = CatalogLoader(setup.catalogs)
        self._by_paths: dict[tuple[CatalogPath, ...], PreparedLibrary] = {}
        self._by_place: dict[tuple[Sequence[str] | None, str], PreparedLibrary] = {}
        self._reported = 0

    def library_for(self, named: Sequence[str] | None, source: str | int) -> PreparedLibrary:
        """Return the entries for a question, from its own `catalog:` and its place in the source.

        Raises:
            ExplainerError: when a catalog that is not the question's own choice cannot be read.
        """
        # the folder of a file below the source's own, as text: a path for each would take longer than the rest
        folder = source.rpartition("/")[0] if isinstance(source, str) else ""
        place = (named and tuple(named), folder)
        if place not in self._by_place:
            self._by_place[place] = self._prepare(named, self._setup.base / folder)
        return self._by_place[place]

    def _prepare(self, named: Sequence[str] | None, folder: Path) -> PreparedLibrary:
        from explainer.batching.renderer import PreparedLibrary  # noqa: PLC0415
        from explainer.catalogs.library import Library  # noqa: PLC0415

        library = self._loader.for_named(named, folder)
        paths = self._loader.files(named, folder).value or ()
        if paths not in self._by_paths:
            unusable = [
                finding for finding in library.findings if RULES[finding.code].unusable_file
            ]
            if unusable and named is None:  # no question can do without it
                raise ExplainerError(unusable)
            self._by_paths[paths] = PreparedLibrary(
                library.value or Library([]), hash_of_catalogs(paths), unusable
            )
        return self._by_paths[paths]

    def new_findings(self) -> tuple[Finding, ...]:
        """Return the findings about catalogs that this has not returned yet."""
        findings = self._loader.findings[self._reported :]
        self._reported += len(findings)
        return findings


T = TypeVar("T")
R = TypeVar("R")
# Bytes of a result's outputs that fit into shared memory; those of a chunk of prompts have 0.7 million.
_SLOT: Final = 4 * 1024 * 1024
# Tasks that each worker may be ahead of the slowest one: it bounds what is held in memory.
_AHEAD: Final = 3


class WorkerLostError(Exception):
    """A worker process ended before its work was done."""


class Executor(Protocol):
    """Does tasks, here or elsewhere. Use it as a context manager: it may start processes, and ends them."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """End all workers."""

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks.

        Args:
            work: does a task; it is sent to each worker once, so it is picklable and loads what it needs by itself.
            tasks: read a bounded number of tasks ahead. An empty one (a chunk of nothing) is done where it is.

        Raises:
            WorkerLostError: when a worker is gone.
        """


def in_order(submit: Callable[[T], Callable[[], R]], tasks: Iterable[T], ahead: int) -> Iterator[R]:
    """Yield the results of tasks in their order.

    Args:
        submit: starts a task, and returns what waits for its result.
        tasks: the tasks.
        ahead: how many may be started before the first one is waited for.
    """
    waiting: deque[Callable[[], R]] = deque()
    for task in tasks:
        waiting.append(submit(task))
        if len(waiting) > ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


class LocalExecutor:
    """Processes of this machine. They start with the second task: a small batch is done sooner without them.

    Each process has a pipe and, here, a thread of its own. The pool of the standard library has one pipe for all
    results: a worker that is killed while it writes to it would leave everyone waiting for the rest.

    Args:
        jobs: how many processes; 1 does everything in this one, 0 means as many as there are cores.
    """

    def __init__(self, jobs: int = 0) -> None:
        self._jobs = jobs or usable_cores()
        self._workers: list[_WorkerProcess] = []
        self._idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._warm = False
        self._ahead = self._jobs * _AHEAD

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:  # nobody waits for what the workers are doing
            for worker in self._workers:
                worker.process.terminate()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks; see `Executor`."""
        if self._jobs == 1:
            return map(work, tasks)

        def submit(task: T) -> Callable[[], R]:
            if self._warm and task:
                return self._threads_for(work).submit(self._send, task).result
            # the first task is done here, so that forked workers find its catalogs and templates loaded
            self._warm = self._warm or bool(task)
            result = work(task)
            return lambda: result

        return in_order(submit, tasks, self._ahead)

    def _threads_for(self, work: Callable[[Any], Any]) -> ThreadPoolExecutor:
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # many batches need no second process

            # processes first: a process with threads is none to fork
            for _ in range(self._jobs):
                # beside those ahead: one comes, and one is looked at
                worker = _start_worker(work, self._ahead + 2)
                self._workers.append(worker)
                self._idle.put(worker)
            self._threads = ThreadPoolExecutor(self._jobs)
        return self._threads

    def _send(self, task: Any) -> Any:
        """Have a task done by a worker that has none."""
        worker = self._idle.get()
        try:
            worker.connection.send(task)
            result = worker.exchange.unpacked(*worker.connection.recv())
        except (EOFError, OSError):
            raise WorkerLostError from None
        finally:
            self._idle.put(worker)  # a lost one too: whoever gets it must not wait
        if isinstance(result, Exception):
            raise result
        return result


def usable_cores() -> int:
    """Return the cores that this process may use: a container or a cluster's job may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Exchange:
    """Memory that a worker shares with this process: it leaves outputs there, and a pipe says where.

    Through a pipe they would go a little at a time, and each time a process waits: with two workers, 100,000 lines took
    1.6 times the CPU time of one process, and take 1.4 times. A process that is not forked sends all through the pipe.

    Args:
        slots: how many results are kept until the first one's place is used again.
    """

    def __init__(self, slots: int) -> None:
        self._memory = memoryview(mmap.mmap(-1, slots * _SLOT))
        self._begin = 0

    def packed(self, result: Any) -> tuple[bytes, slice | None]:
        """Return what a worker sends for a result, and where its outputs are."""
        pieces: list[PickleBuffer] = []
        data = pickle.dumps(result, _WITH_BUFFERS, buffer_callback=pieces.append)
        raws = [piece.raw() for piece in pieces]
        if len(raws) != 1 or len(raws[0]) > _SLOT:
            return _packed_whole(result)
        place = slice(self._begin, self._begin + len(raws[0]))
        self._memory[place] = raws[0]
        self._begin = (self._begin + _SLOT) % len(self._memory)
        return data, place

    def unpacked(self, data: bytes, place: slice | None) -> Any:
        """Return the result that a worker sent; its outputs stay where they are."""
        outputs = [] if place is None else [self._memory[place].toreadonly()]
        return pickle.loads(data, buffers=outputs)  # noqa: S301  # our own process sent it


def _packed_whole(result: Any) -> tuple[bytes, None]:
    return pickle.dumps(result, _WITH_BUFFERS), None


class _WorkerProcess(NamedTuple):
    process: BaseProcess
    connection: Connection
    exchange: _Exchange


def _start_worker(work: Callable[[Any], Any], slots: int) -> _WorkerProcess:
    import multiprocessing  # noqa: PLC0415

    # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
    forks = sys.platform == "linux"
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    ours, theirs = context.Pipe()
    exchange = _Exchange(slots)
    packed = exchange.packed if forks else _packed_whole
    process = context.Process(target=_serve, args=(theirs, ours, work, packed), daemon=True)
    process.start()
    theirs.close()  # with no other copy of it, its end is the end of the worker
    return _WorkerProcess(process, ours, exchange)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit()


def _serve(
    connection: Connection,
    other_end: Connection,
    work: Callable[[Any], Any],
    packed: Callable[[Any], Any],
) -> None:
    """Do tasks until the other end is closed, which it also is when that process is gone."""
    other_end.close()  # the copy that a fork has: while it is open, no end is seen
    # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # not by the default action: a file in the making is removed first
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                result = work(task)
            except Exception as error:  # noqa: BLE001  # it is raised in the process that has the task done
                result = error
            connection.send(packed(result))
