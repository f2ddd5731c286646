"""Workers on this machine: results in order, and what happens when one is lost."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explainer.batching.renderer import RenderResult
from explainer.batching.workers import ChunkResult, LocalExecutor, WorkerLostError, in_order
from explainer.diagnostics.finding import ExplainerError, Finding, Location
from tests.batching.test_faults import finished, start
from tests.helpers.batches import leftovers, lines, project, question
from tests.helpers.support import explainer


def double(task: list[int]) -> list[int]:
    time.sleep(0.01 * (5 - len(task)) if task else 0)
    return [2 * number for number in task]


def fail(task: list[int]) -> list[int]:
    if task == [3]:
        raise ExplainerError([Finding("F104", Location("x.yaml"), "cannot be read")])
    return task


def is_here() -> bool:
    return multiprocessing.parent_process() is None


def die(task: list[int]) -> list[int]:
    if not is_here():
        os.kill(os.getpid(), signal.SIGKILL)
    return task


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    tasks = [list(range(number % 5)) for number in range(20)]
    with LocalExecutor(jobs) as executor:
        assert list(executor.map(double, tasks)) == [
            [2 * number for number in task] for task in tasks
        ]


def sized(task: list[int]) -> ChunkResult:
    """Outputs of some sizes; a negative one stands for none."""
    outputs = [None if size < 0 else bytes([65 + size % 26]) * size for size in task]
    results = [
        RenderResult(size, "rendered", f"q{size}", output=output)
        for size, output in zip(task, outputs, strict=True)
    ]
    return ChunkResult(results, (Finding("F104", Location("x.yaml"), str(task[:3])),))


@pytest.mark.parametrize("jobs", [1, 2])
def test_outputs_come_whole_whatever_their_size(jobs: int) -> None:
    tasks = [[number, -1, 0, 3000 * number] for number in range(40)]
    tasks[7] = [5_000_000, 1, 2]  # more than workers share with this process
    with LocalExecutor(jobs) as executor:
        # as a batch does it: each is done with before the next one comes
        for task, chunk in zip(tasks, executor.map(sized, tasks), strict=True):
            expected = sized(task)
            assert chunk.findings == expected.findings
            assert chunk.results == expected.results
            assert b"".join(result.output or b"" for result in chunk.results) == b"".join(
                result.output or b"" for result in expected.results
            )


def test_no_more_tasks_are_read_than_may_be_held() -> None:
    read = []

    def tasks() -> object:
        for number in range(10):
            read.append(number)
            yield number

    results = in_order(lambda number: lambda: number, tasks(), 3)  # type: ignore[arg-type, var-annotated]
    assert next(results) == 0
    assert read == [0, 1, 2, 3]
    assert list(results) == list(range(1, 10))


def test_what_a_worker_raises_is_raised_here() -> None:
    with pytest.raises(ExplainerError, match="cannot be read"), LocalExecutor(2) as executor:
        list(executor.map(fail, [[number] for number in range(6)]))


def slow_elsewhere(task: list[int]) -> tuple[int, bool]:
    time.sleep(0 if is_here() else 0.05)
    return task[0], is_here()


def test_this_process_does_what_no_worker_has_room_for_and_keeps_the_order() -> None:
    with LocalExecutor(2) as executor:
        done = list(executor.map(slow_elsewhere, [[number] for number in range(40)]))
    assert [number for number, _ in done] == list(range(40))
    assert 20 < sum(here for _, here in done) < 40


def where(task: list[int]) -> bool:
    time.sleep(0.1 * task[0])
    return is_here()


def test_the_last_task_waits_for_no_worker_that_is_busy() -> None:
    with LocalExecutor(2) as executor:
        assert list(executor.map(where, [[0, 1], [3], [0, 1]])) == [True, False, True]


def test_a_worker_that_is_lost_is_named_so() -> None:
    with pytest.raises(WorkerLostError), LocalExecutor(2) as executor:
        list(executor.map(die, [[number] for number in range(6)]))


def many_lines(folder: Path) -> Path:
    """A project whose lines take two workers a while."""
    root = project(folder, 1)
    (root / "q.jsonl").write_text(lines(*map(question, range(5000))), encoding="utf-8")
    return root


def children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(number) for number in path.read_text().split()] if path.exists() else []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
@pytest.mark.parametrize("target", ["out.jsonl", "out"])
def test_a_batch_whose_worker_is_killed_says_so_and_goes_on_the_next_time(
    tmp_path: Path, target: str
) -> None:
    root = many_lines(tmp_path)
    run = start(root / "q.jsonl", "--out", root / "t" / target, "--jobs", "2")
    while run.poll() is None and not (finished(root / "t") and children(run.pid)):
        time.sleep(0.001)
    for worker in children(run.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    error = run.communicate(timeout=20)[1].decode()
    if run.returncode:  # it may have been quicker
        assert (
            run.returncode,
            error.count("B708 a worker process ended; run it again to go on"),
        ) == (1, 1)
        assert "Traceback" not in error
    assert explainer("batch", root / "q.jsonl", "--out", root / "t" / target).status == 0
    assert leftovers(root) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_workers_end_with_the_run_that_started_them(tmp_path: Path) -> None:
    root = many_lines(tmp_path)
    run = start(root / "q.jsonl", "--out", root / "out.jsonl", "--jobs", "3")
    while run.poll() is None and len(children(run.pid)) < 2:
        time.sleep(0.001)
    workers = children(run.pid)
    run.kill()
    run.communicate(timeout=20)  # a worker that lives on keeps stderr open
    for _ in range(200):
        if not any(Path(f"/proc/{worker}/status").exists() for worker in workers):
            break
        time.sleep(0.01)
    assert [worker for worker in workers if Path(f"/proc/{worker}/status").exists()] == []


def failing() -> Iterator[list[int]]:
    yield from ([number] for number in range(50))
    raise OSError(errno.EIO, "a disk that is broken")


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_what_a_source_gave_before_it_failed_is_done_first(jobs: int) -> None:
    done: list[list[int]] = []
    with pytest.raises(OSError, match="broken"), LocalExecutor(jobs) as executor:
        done.extend(executor.map(double, failing()))
    assert len(done) == 50


FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not FILES.exists(), reason="counts open files in /proc")
def test_no_file_stays_open_once_all_is_done() -> None:
    executors = [LocalExecutor(3), LocalExecutor(3)]
    counts = []
    for executor in executors:
        with executor:
            list(executor.map(double, [[1], [2], [3], [4]]))
        counts.append(len(list(FILES.iterdir())))
    assert counts[0] == counts[1]


@pytest.mark.skipif(not FILES.exists(), reason="finds workers in /proc")
def test_workers_that_started_end_when_another_one_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    fork, started = os.fork, list[int]()

    def fork_once() -> int:
        if started:
            raise BlockingIOError(errno.EAGAIN, "no more processes")
        started.append(fork())
        return started[0]

    monkeypatch.setattr(os, "fork", fork_once)
    with pytest.raises(BlockingIOError), LocalExecutor(3) as executor:
        list(executor.map(double, [[1], [2], [3]]))
    assert started[0] not in children(os.getpid())
