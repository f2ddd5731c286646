"""Processes of this machine that do one kind of work, task by task; the results come back in the order of the tasks."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

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

    Args:
        jobs: how many processes; 1 does everything in this one, 0 means as many as there are cores.
    """

    def __init__(self, jobs: int = 0) -> None:
        self._jobs = jobs or _cores()
        self._pool: ProcessPoolExecutor | None = None
        self._warm = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the result of each task, in the order of the tasks; see `Executor`."""
        if self._jobs == 1:
            yield from map(work, tasks)
            return
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415  # many batches need no second process

        def submit(task: T) -> Callable[[], R]:
            if self._warm and task:
                return self._submit(work, task)
            # the first task is done here, so that forked workers find its catalogs and templates loaded
            self._warm = self._warm or bool(task)
            result = work(task)
            return lambda: result

        try:
            yield from in_order(submit, tasks, self._jobs * _AHEAD)
        except BrokenProcessPool:
            raise WorkerLostError from None

    def _submit(self, work: Callable[[T], R], task: T) -> Callable[[], R]:
        if self._pool is None:
            self._pool = _start_pool(self._jobs, work)
        return self._pool.submit(_do_task, task).result


def _cores() -> int:
    """The cores that this process may use: a container or a job of a cluster often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_pool(jobs: int, work: Callable[[Any], Any]) -> ProcessPoolExecutor:
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    # a fork has everything that is loaded already; macOS' own libraries do not survive one, Windows has none
    method = "fork" if sys.platform == "linux" else "spawn"
    return ProcessPoolExecutor(jobs, multiprocessing.get_context(method), _begin_worker, (work,))


# --- in a worker process ---

_work: Callable[[Any], Any]


def _begin_worker(work: Callable[[Any], Any]) -> None:
    global _work  # noqa: PLW0603  # a task then travels without what does it
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all processes; the first one ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent was killed: a worker of the standard pool would wait for tasks for ever."""
    import multiprocessing  # noqa: PLC0415
    from multiprocessing.connection import wait  # noqa: PLC0415

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _do_task(task: Any) -> Any:
    return _work(task)
