"""Several processes that do one kind of work, chunk by chunk; the results come back in the order of the chunks."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

__all__ = ["Crew", "WorkerLostError"]

T = TypeVar("T")
C = TypeVar("C")
R = TypeVar("R")
_AHEAD: Final = 4
"""Chunks that each worker may be ahead of the slowest one: it bounds what is held in memory."""


class WorkerLostError(Exception):
    """A worker process ended before its work was done."""


class Crew(Generic[T, R]):
    """Workers. They start when there is a second chunk of work: a small batch is done sooner without them.

    Args:
        jobs: how many processes; 1 does everything in this one.
        make: called once in each process; it returns the function that does a chunk.
    """

    def __init__(self, jobs: int, make: Callable[[], Callable[[T], R]]) -> None:
        self._jobs = jobs
        self._make = make
        self._own: Callable[[T], R] | None = None
        self._workers: list[tuple[Any, Connection]] = []

    def __enter__(self) -> Crew[T, R]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process, connection in self._workers:
            connection.close()
            if error is not None:
                process.terminate()
        for process, _ in self._workers:
            process.join()

    def work(self, chunks: Iterable[tuple[C, T | None]]) -> Iterator[tuple[C, R | None]]:
        """Do the work of each chunk, and yield what goes with it and its result, in order; None needs no work.

        Raises:
            WorkerLostError: when a worker is gone.
        """
        waiting: deque[list[Any]] = deque()  # [what goes with it, its result, whether it is done]
        busy: dict[Connection, list[Any]] = {}
        for companion, task in chunks:
            slot = [companion, None, True]
            waiting.append(slot)
            if task is not None:
                if self._jobs == 1 or self._own is None:
                    slot[1] = self._here(task)
                else:
                    slot[2] = False
                    self._hand_out(task, slot, busy)
            while waiting and (waiting[0][2] or len(waiting) > self._jobs * _AHEAD):
                self._await(busy, waiting[0])
                done = waiting.popleft()
                yield done[0], done[1]
        while waiting:
            self._await(busy, waiting[0])
            done = waiting.popleft()
            yield done[0], done[1]

    def _here(self, task: T) -> R:
        if self._own is None:
            self._own = self._make()
        return self._own(task)

    def _hand_out(self, task: T, slot: list[Any], busy: dict[Connection, list[Any]]) -> None:
        if not self._workers:
            self._start()
        idle = [connection for _, connection in self._workers if connection not in busy]
        while not idle:
            idle = self._receive(busy)
        busy[idle[0]] = slot
        try:
            idle[0].send(task)
        except OSError:
            raise WorkerLostError from None

    def _await(self, busy: dict[Connection, list[Any]], slot: list[Any]) -> None:
        while not slot[2]:
            self._receive(busy)

    def _receive(self, busy: dict[Connection, list[Any]]) -> list[Connection]:
        """Take the results that are there, at least one; return the connections that are idle now."""
        ready = wait(list(busy))
        for connection in ready:
            slot = busy.pop(connection)  # type: ignore[arg-type]
            try:
                slot[1], slot[2] = connection.recv(), True  # type: ignore[union-attr]
            except (EOFError, OSError):
                raise WorkerLostError from None
        return ready  # type: ignore[return-value]

    def _start(self) -> None:
        # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
        method = "fork" if sys.platform == "linux" else "spawn"
        context: Any = multiprocessing.get_context(method)
        for _ in range(self._jobs):
            ours, theirs = context.Pipe()
            inherited = [connection for _, connection in self._workers] + [ours] if method == "fork" else []
            process = context.Process(target=_serve, args=(theirs, inherited, self._make), daemon=True)
            process.start()
            theirs.close()
            self._workers.append((process, ours))


def _serve(connection: Connection, inherited: Sequence[Connection], make: Callable[[], Callable[[Any], Any]]) -> None:
    """Work until the other end is closed, which it also is when that process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:
        other.close()
    work = make()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            connection.send(work(task))
        except OSError:
            return
