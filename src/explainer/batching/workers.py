"""Several processes that do one kind of work, chunk by chunk; the results come back in the order of the chunks.

A result is a value and many bytes. The value goes through a pipe. The bytes go through memory that the processes share,
where the platform has that: copying them through pipes would take as long as making them.
"""

from __future__ import annotations

import mmap
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeAlias, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
C = TypeVar("C")
R = TypeVar("R")
Bulk: TypeAlias = Sequence[bytes | memoryview]
_AHEAD: Final = 3
"""Chunks that each worker may be ahead of the slowest one: it bounds what is held in memory."""
_SLOT: Final = 2 * 1024 * 1024
"""Bytes of shared memory for one chunk; what needs more goes through the pipe."""


class WorkerLostError(Exception):
    """A worker process ended before its work was done."""


@dataclass(slots=True, eq=False)
class _Job:
    """One chunk on its way."""

    companion: Any
    done: bool = True
    value: Any = None
    bulk: Bulk = ()
    slot: int | None = None

    @property
    def outcome(self) -> tuple[Any, Bulk] | None:
        return None if self.value is None else (self.value, self.bulk)


class WorkerPool(Generic[T, R]):
    """Workers. They start when there is a second chunk of work: a small batch is done sooner without them.

    Args:
        jobs: how many processes; 1 does everything in this one.
        make: called once in each process; it returns the function that does a chunk.
    """

    def __init__(self, jobs: int, make: Callable[[], Callable[[T], tuple[R, Bulk]]]) -> None:
        self._jobs = jobs
        self._make = make
        self._own: Callable[[T], tuple[R, Bulk]] | None = None
        self._workers: list[tuple[Any, Connection]] = []
        self._shared: mmap.mmap | None = None
        self._slots: list[int] = []
        self._busy: dict[Connection, _Job] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for process, connection in self._workers:
            connection.close()
            if error is not None:
                process.terminate()
        for process, _ in self._workers:
            process.join()

    def work(self, chunks: Iterable[tuple[C, T | None]]) -> Iterator[tuple[C, tuple[R, Bulk] | None]]:
        """Do the work of each chunk, and yield what goes with it and its result, in order; None needs no work.

        The bytes of a result are there until the next one is asked for.

        Raises:
            WorkerLostError: when a worker is gone.
        """
        waiting: deque[_Job] = deque()
        for companion, task in chunks:
            job = _Job(companion)
            waiting.append(job)
            if task is not None:
                if self._jobs == 1 or self._own is None:
                    job.value, job.bulk = self._here(task)
                else:
                    self._hand_out(task, job)
            while waiting and (waiting[0].done or len(waiting) > self._jobs * _AHEAD):
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(self, waiting: deque[_Job]) -> tuple[Any, Any]:
        job = waiting.popleft()
        while not job.done:
            self._receive()
        if job.slot is not None:
            self._slots.append(job.slot)  # nothing is handed out before the caller has used the bytes
        return job.companion, job.outcome

    def _here(self, task: T) -> tuple[R, Bulk]:
        if self._own is None:
            self._own = self._make()
        return self._own(task)

    def _hand_out(self, task: T, job: _Job) -> None:
        if not self._workers:
            self._start()
        idle = [connection for _, connection in self._workers if connection not in self._busy]
        while not idle:
            idle = self._receive()
        job.done = False
        job.slot = self._slots.pop() if self._slots else None
        self._busy[idle[0]] = job
        try:
            idle[0].send((job.slot, task))
        except OSError:
            raise WorkerLostError from None

    def _receive(self) -> list[Connection]:
        """Take the results that are there, at least one; return the connections that are idle now."""
        from multiprocessing.connection import wait  # noqa: PLC0415  # many batches need no second process

        ready: list[Any] = wait(list(self._busy))
        for connection in ready:
            job = self._busy.pop(connection)
            try:
                job.value, sizes, job.bulk = connection.recv()
            except (EOFError, OSError):
                raise WorkerLostError from None
            if isinstance(job.value, Exception):
                raise job.value
            if sizes is not None and self._shared is not None and job.slot is not None:
                job.bulk = _cut(memoryview(self._shared), job.slot * _SLOT, sizes)
            job.done = True
        return ready

    def _start(self) -> None:
        import multiprocessing  # noqa: PLC0415

        # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
        method = "fork" if sys.platform == "linux" else "spawn"
        context: Any = multiprocessing.get_context(method)
        if method == "fork":
            self._slots = list(range(self._jobs * (_AHEAD + 1) + 1))
            self._shared = mmap.mmap(-1, len(self._slots) * _SLOT)
        for _ in range(self._jobs):
            ours, theirs = context.Pipe()
            inherited = [connection for _, connection in self._workers] + [ours] if method == "fork" else []
            process = context.Process(target=_serve, args=(theirs, inherited, self._make, self._shared), daemon=True)
            process.start()
            theirs.close()
            self._workers.append((process, ours))


def _cut(memory: memoryview, begin: int, sizes: Sequence[int]) -> list[memoryview]:
    pieces = []
    for size in sizes:
        pieces.append(memory[begin : begin + size])
        begin += size
    return pieces


def _try(work: Callable[[Any], tuple[Any, Bulk]], task: Any) -> tuple[Any, Bulk]:
    """Do the work; what it raises is raised in the process that asked for it."""
    try:
        return work(task)
    except Exception as error:  # noqa: BLE001
        return error, ()


def _serve(
    connection: Connection, inherited: Sequence[Connection], make: Callable[[], Callable[[Any], tuple[Any, Bulk]]],
    shared: mmap.mmap | None,
) -> None:  # fmt: skip
    """Work until the other end is closed, which it also is when that process is gone."""
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:
        other.close()
    work = make()
    while True:
        try:
            slot, task = connection.recv()
            value, bulk = _try(work, task)
            data = b"".join(bulk)
            if shared is not None and slot is not None and len(data) <= _SLOT:
                shared[slot * _SLOT : slot * _SLOT + len(data)] = data
                connection.send((value, [len(piece) for piece in bulk], ()))
            else:
                connection.send((value, None, bulk))
        except (EOFError, OSError):
            return
