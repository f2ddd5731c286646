"""Processes of this machine that do one kind of work, task by task; the results come back in the order of the tasks."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")
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
        self._jobs = jobs or _cores()
        self._workers: list[_WorkerProcess] = []
        self._idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._warm = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
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

        return in_order(submit, tasks, self._jobs * _AHEAD)

    def _threads_for(self, work: Callable[[Any], Any]) -> ThreadPoolExecutor:
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # many batches need no second process

            # processes first: a process with threads is none to fork
            self._workers = [_start_worker(work) for _ in range(self._jobs)]
            for worker in self._workers:
                self._idle.put(worker)
            self._threads = ThreadPoolExecutor(self._jobs)
        return self._threads

    def _send(self, task: Any) -> Any:
        """Have a task done by a worker that has none."""
        worker = self._idle.get()
        try:
            worker.connection.send(task)
            result = worker.connection.recv()
        except (EOFError, OSError):
            raise WorkerLostError from None
        finally:
            self._idle.put(worker)  # a lost one too: whoever gets it must not wait
        if isinstance(result, Exception):
            raise result
        return result


def _cores() -> int:
    """The cores that this process may use: a container or a job of a cluster often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _WorkerProcess(NamedTuple):
    process: BaseProcess
    connection: Connection


def _start_worker(work: Callable[[Any], Any]) -> _WorkerProcess:
    import multiprocessing  # noqa: PLC0415

    # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, ours, work), daemon=True)
    process.start()
    theirs.close()  # with no other copy of it, its end is the end of the worker
    return _WorkerProcess(process, ours)


def _serve(connection: Connection, other_end: Connection, work: Callable[[Any], Any]) -> None:
    """Do tasks until the other end is closed, which it also is when that process is gone."""
    other_end.close()  # the copy that a fork has: while it is open, no end is seen
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                result = work(task)
            except Exception as error:  # noqa: BLE001  # it is raised in the process that has the task done
                result = error
            connection.send(result)
