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
from operator import attrgetter
from pathlib import Path
from pickle import PickleBuffer
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
# Tasks that a worker may have: while this process renders one and writes some, it has enough to do.
_TASKS: Final = 4
# Tasks whose results wait for their turn, for each process: it bounds what is held in memory.
_AHEAD: Final = 2 * _TASKS
# Bytes that a pipe takes on every system, as often as a worker may have tasks, while nobody reads them.
_SHORT: Final = 512


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
    """This process and others of this machine, which start with the second task: a small batch is done sooner alone.

    A process that only sent, waited and wrote would take turns with those that render: this one renders what
    comes when all others have enough to do. Each of them has a pipe: one for all results, as the pool of the standard
    library has, would leave everyone waiting for the rest of what a killed worker wrote.

    Args:
        jobs: how many processes, with this one; 0 means as many as there are cores.
    """

    def __init__(self, jobs: int = 0) -> None:
        self._jobs = jobs or usable_cores()
        self._workers: list[_WorkerProcess] = []
        self._is_warm = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for worker in self._workers:
            worker.end(at_once=error is not None)
        for worker in self._workers:
            worker.process.join()
            worker.process.close()

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks; see `Executor`.

        What a task raises, or the source of the tasks, is raised after the results of all tasks before it.
        """
        return map(work, tasks) if self._jobs == 1 else self._shared(work, tasks)

    def _shared(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        waiting: deque[_Outcome | _WorkerProcess] = deque()
        for task, following in _with_following(_and_failure(tasks), (_TASKS - 1) * self._jobs):
            waiting.append(self._begin(work, task, following))
            while waiting and (waiting[0].is_there() or len(waiting) > _AHEAD * self._jobs):
                yield _result(waiting.popleft().take())
        while waiting:
            yield _result(waiting.popleft().take())

    def _begin(
        self, work: Callable[[Any], Any], task: Any, following: int
    ) -> _Outcome | _WorkerProcess:
        """Have a worker do a task, or do it here; return who will have its result."""
        if isinstance(task, _Outcome):
            return task
        # the first task is done here, so that forked workers find its catalogs and templates loaded; so is an empty one
        if not (task and self._is_warm):
            self._is_warm = self._is_warm or bool(task)
            return _Outcome(_outcome(work, task))
        if not self._workers:
            self._start(work)
        worker = min(self._workers, key=attrgetter("tasks"))
        # none waits for a worker when there is less to do for all others: tasks may take long
        has_room = worker.tasks < _TASKS and following >= worker.tasks * self._jobs
        return worker if has_room and worker.begin(task) else _Outcome(_outcome(work, task))

    def _start(self, work: Callable[[Any], Any]) -> None:
        with _held_back():
            # one by one: those that started are ended when another cannot
            for _ in range(self._jobs - 1):
                self._workers.append(_WorkerProcess(work))


def _and_failure(tasks: Iterable[T]) -> Iterator[T | _Outcome]:
    """Yield tasks, and in the place of the next one what is raised: it is, too, when its turn comes."""
    try:
        yield from tasks
    except Exception as error:  # noqa: BLE001  # whatever it is
        yield _Outcome(error)


def _with_following(tasks: Iterable[T], most: int) -> Iterator[tuple[T, int]]:
    """Yield each task, and how many follow it at least: so many are read ahead."""
    read: deque[T] = deque()
    for task in tasks:
        read.append(task)
        if len(read) > most:
            yield read.popleft(), most
    while read:
        yield read.popleft(), len(read)


def usable_cores() -> int:
    """Return the cores that this process may use: a container or a cluster's job may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _outcome(work: Callable[[Any], Any], task: Any) -> Any:
    """The result of a task, or what it raises: that is raised when its turn comes."""
    try:
        return work(task)
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error


def _result(outcome: Any) -> Any:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


class _Outcome(NamedTuple):
    """What became of a task that was done here."""

    outcome: Any

    def is_there(self) -> bool:
        return True

    def take(self) -> Any:
        return self.outcome


class _Shelf:
    """Memory in which one process leaves what another one takes; a pipe says where it is.

    Through a pipe all would go a little at a time, and each time a process waits: two of them took 1.6 times the CPU
    time of one for the same lines, and take 1.1 times. What has no room here goes through the pipe.

    There are as many places as a worker may have tasks, used in turn: what was left in one was taken before it is
    that one's turn again.

    Args:
        is_shared: the other process is forked from this one; any other has no memory in common.
    """

    def __init__(self, *, is_shared: bool = False) -> None:
        self._memory = memoryview(mmap.mmap(-1, _TASKS * _SLOT) if is_shared else b"")
        self._begin = 0

    def __reduce__(self) -> Any:
        """Travel without memory."""
        return _Shelf, ()

    def leave(self, value: Any) -> bytes:
        """Return what to send for a value: its places here, or all of it."""
        pieces: list[PickleBuffer] = []
        data = pickle.dumps(value, _WITH_BUFFERS, buffer_callback=pieces.append)
        raws = [memoryview(data), *(piece.raw() for piece in pieces)]
        if not self._memory or sum(map(len, raws)) > _SLOT:
            return pickle.dumps((None, value), _WITH_BUFFERS)
        places: list[tuple[int, int]] = []
        begin = self._begin
        for raw in raws:
            end = begin + len(raw)
            self._memory[begin:end] = raw
            places.append((begin, end))
            begin = end
        self._begin = (self._begin + _SLOT) % len(self._memory)
        return pickle.dumps((places, None), _WITH_BUFFERS)

    def take(self, message: bytes) -> Any:
        """Return the value that something was sent for; its outputs stay where they are."""
        places, value = pickle.loads(message)  # noqa: S301  # our own process sent it
        if places is None:
            return value
        data, *pieces = [self._memory[begin:end].toreadonly() for begin, end in places]
        return pickle.loads(data, buffers=pieces)  # noqa: S301


class _WorkerProcess:
    """A process that does tasks, one after the other.

    Attributes:
        process: the process.
        tasks: how many it has whose results were not taken.
    """

    def __init__(self, work: Callable[[Any], Any]) -> None:
        import multiprocessing  # noqa: PLC0415  # many batches need no second process

        # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
        forks = sys.platform == "linux"
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        self.tasks = 0
        self._connection: Connection
        self._connection, theirs = context.Pipe()
        self._task_shelf, self._result_shelf = _Shelf(is_shared=forks), _Shelf(is_shared=forks)
        arguments = (theirs, self._connection, work, self._task_shelf, self._result_shelf)
        self.process: BaseProcess = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()  # with no other copy of it, its end is the end of the worker

    def begin(self, task: Any) -> bool:
        """Have a task done; return whether that is possible now.

        While a worker is busy, it reads nothing: what goes through the pipe as a whole has to wait.
        """
        message = self._task_shelf.leave(task)
        if self.tasks and len(message) > _SHORT:
            return False
        with _lost():
            self._connection.send_bytes(message)
        self.tasks += 1
        return True

    def is_there(self) -> bool:
        """Whether the result of its first task is there, or nothing more will come."""
        with _lost():
            return self._connection.poll()

    def take(self) -> Any:
        """Wait for the result of its first task; its outputs are there until the next task is begun."""
        with _lost():
            message = self._connection.recv_bytes()
        self.tasks -= 1
        return self._result_shelf.take(message)

    def end(self, *, at_once: bool) -> None:
        """Have the process end, when it has done its tasks or at once."""
        if at_once:  # nobody waits for what it is doing
            self.process.terminate()
        self._connection.close()


_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise WorkerLostError from None


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold the signals back that end a run: what is done around a fork passes over exceptions, and says so."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit()


def _serve(
    connection: Connection,
    other_end: Connection,
    work: Callable[[Any], Any],
    task_shelf: _Shelf,
    result_shelf: _Shelf,
) -> None:
    """Do tasks until the other end is closed, which it also is when that process is gone."""
    other_end.close()  # the copy that a fork has: while it is open, no end is seen
    # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # not by the default action: a file in the making is removed first
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(signal, "pthread_sigmask"):  # they were held back
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = task_shelf.take(connection.recv_bytes())
            connection.send_bytes(result_shelf.leave(_outcome(work, task)))
