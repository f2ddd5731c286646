"""What a batch leaves behind when it is killed, when the disk fails, and when two of them run at once."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batches import leftovers, project
from tests.helpers.support import SLOW, examples, explainer

COUNT = 2000
KILLS = examples(12, 200)


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-X",
        "faulthandler",
        "-m",
        "explainer",
        "batch",
        *map(str, arguments),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def finished(folder: Path) -> int:
    """How many outputs the journals that were left account for."""
    parts = list(folder.rglob(".*manifest.jsonl.*.explainer-part"))
    return max(
        [
            sum(line.endswith(b"\n") for line in part.read_bytes().splitlines(keepends=True)) - 1
            for part in parts
        ]
        or [0]
    )


@pytest.mark.parametrize("target", ["out.jsonl", "out"])
def test_a_run_that_is_killed_tears_nothing_and_loses_nothing(tmp_path: Path, target: str) -> None:
    root = project(tmp_path, COUNT)
    begun = time.monotonic()
    whole = start(root / "q.jsonl", "--out", root / "whole" / target, "--jobs", "2")
    error = whole.communicate()[1]
    assert whole.returncode == 0, error
    usual = time.monotonic() - begun
    expected = tree(root / "whole")
    rng = random.Random(f"{target}/{time.time_ns()}" if SLOW else target)
    kept = killed = 0
    while killed < KILLS // 2:
        run = start(root / "q.jsonl", "--out", root / "cut" / target, "--jobs", rng.choice("12"))
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0.2, 1.0) * usual)  # any time
        else:
            while run.poll() is None and not finished(root / "cut"):
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.03))  # while it writes
        run.kill()
        run.communicate()
        killed += run.returncode == -signal.SIGKILL
        for name, data in tree(root / "cut").items():
            if not Path(name).name.startswith("."):
                assert data == expected[name], f"{name} is torn"
        kept = max(kept, finished(root / "cut"))
        if run.returncode == 0 or killed % 5 == 0:
            final = start(root / "q.jsonl", "--out", root / "cut" / target)
            assert b" 0 removed" in final.communicate()[1]
            assert final.returncode == 0
            assert tree(root / "cut") == expected
            for path in sorted((root / "cut").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
    assert kept > 0, "no run was killed while it wrote"


def test_the_next_run_takes_over_what_a_killed_one_had_finished(tmp_path: Path) -> None:
    root = project(tmp_path, COUNT)
    for _ in range(20):
        run = start(root / "q.jsonl", "--out", root / "out.jsonl", "--jobs", "1")
        while run.poll() is None and finished(root) < 100:
            time.sleep(0.001)
        run.kill()
        run.communicate()
        if run.returncode != 0:
            break
        for path in root.glob("out.*"):
            path.unlink()
    done = finished(root)
    assert done >= 100
    again = explainer("batch", root / "q.jsonl", "--out", root / "out.jsonl")
    assert again.status == 0
    assert f"{COUNT - done:,} rendered, {done:,} unchanged" in again.err
    assert leftovers(root) == []


@pytest.mark.parametrize("target", ["out.jsonl", "out"])
def test_two_runs_at_once_do_no_harm(tmp_path: Path, target: str) -> None:
    root = project(tmp_path, 600)
    assert explainer("batch", root / "q.jsonl", "--out", root / "alone" / target).status == 0
    runs = [
        start(root / "q.jsonl", "--out", root / "both" / target, "--jobs", "1") for _ in range(3)
    ]
    assert [run.communicate() and run.returncode for run in runs] == [0, 0, 0]
    assert tree(root / "both") == tree(root / "alone")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_at_once_and_leaves_its_journal(
    tmp_path: Path, ending: signal.Signals
) -> None:
    root = project(tmp_path, 5000)
    run = start(root / "q.jsonl", "--out", root / "out", "--jobs", "2")
    while run.poll() is None and finished(root / "out") < 100:
        time.sleep(0.001)
    run.send_signal(ending)
    try:
        error = run.communicate(timeout=60)[1]
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGABRT)  # with -X faulthandler: where does it hang?
        pytest.fail(f"the run goes on: {run.communicate(timeout=20)[1].decode()}")
    if run.returncode:  # it may have been quicker
        assert run.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[ending]
        assert error == b"interrupted; what is done is kept: run the same command again to go on\n"
    assert explainer("batch", root / "q.jsonl", "--out", root / "out").status == 0
    assert leftovers(root) == []


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_while_it_forks_ends_as_any_other(
    tmp_path: Path, ending: signal.Signals
) -> None:
    root = project(tmp_path, 2000)
    code = (
        "import os, sys; from explainer.__main__ import run\n"
        f"os.register_at_fork(before=lambda: os.kill(os.getpid(), {ending.value}))\n"
        "try: status = run(sys.argv[1:])\n"
        "except KeyboardInterrupt: status = 130\n"
        "sys.exit(status)"
    )
    arguments = ("batch", root / "q.jsonl", "--out", root / "out", "--jobs", "2")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False
    )
    assert done.returncode == 128 + ending
    assert (
        done.stderr == b"interrupted; what is done is kept: run the same command again to go on\n"
    )
    assert explainer("batch", root / "q.jsonl", "--out", root / "out").status == 0
    assert leftovers(root) == []


# --- the disk ---

OPERATIONS = [
    (os, "open"), (os, "write"), (os, "read"), (os, "replace"), (os, "mkdir"), (os, "scandir"), (os, "unlink"),
    (os, "fstat"), (os, "pread"), (io, "open"),
]  # fmt: skip


class Fault:
    """Fails one call of a set of functions, counted over all of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.fatal = -1
        self.error = 0
        self.failed = ""
        for module, name in OPERATIONS:
            monkeypatch.setattr(module, name, self._failing(getattr(module, name), name))

    def _failing(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self.fatal:
                self.failed = name
                raise OSError(
                    self.error,
                    os.strerror(self.error),
                    *(a for a in arguments[:1] if isinstance(a, str)),
                )
            return function(*arguments, **options)

        return call


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES, errno.EIO] if SLOW else [errno.EIO])
@pytest.mark.parametrize("target", ["out.jsonl", "out"])
@pytest.mark.parametrize("source", ["q.jsonl", "questions"])
def test_every_call_to_the_disk_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str, error: int
) -> None:
    root = project(tmp_path / "p", examples(4, 20))
    command = ("batch", root / source, "--out", root / "t" / target, "--jobs", "1")
    assert explainer(*command).status == 0
    old = tree(root / "t")
    catalog = root / "catalogs" / "c.yaml"
    catalog.write_text(catalog.read_text().replace("Light falls.", "Light fell."))
    assert explainer(*command).status == 0
    new = tree(root / "t")

    def reset() -> None:
        for path in sorted((root / "t").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for name, data in old.items():
            (root / "t" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "t" / name).write_bytes(data)

    reset()
    with monkeypatch.context() as patch:
        fault = Fault(patch)
        assert explainer(*command).status == 0
    calls = fault.calls
    assert calls > 20
    assert tree(root / "t") == new
    for number in range(1, calls + 1):
        reset()
        with monkeypatch.context() as patch:
            fault = Fault(patch)
            fault.fatal, fault.error = number, error
            done = explainer(*command)
        where = f"call {number} of {calls}, {fault.failed}: {done.err}"
        for name, data in tree(root / "t").items():
            if Path(name).name.startswith("."):
                assert fault.failed == "unlink", where
            elif name.endswith(".jsonl") and " failed" in done.err:
                assert data.endswith(b"\n"), where  # a question that could not be read is not in it
            else:
                assert data in (old.get(name), new.get(name)), where
        if fault.failed == "unlink":
            continue  # what cannot be removed stays
        assert done.status in (0, 1, 2), where
        assert leftovers(root) == [], where
        if done.status:
            assert (
                done.err.count("F10")
                + done.err.count("B701")
                + done.err.count("B709")
                + done.err.count("Error:")
                >= 1
            ), where
        assert explainer(*command).status == 0, where
        assert tree(root / "t") == new, where


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "p", 20)
    monkeypatch.chdir(root)
    write = os.write

    def full(handle: int, data: Any) -> int:
        if len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        done = explainer("batch", "q.jsonl", "--out", "out.jsonl")
    assert (done.status, done.err) == (
        2,
        "out.jsonl:1:1: F105 the batch was stopped: No space left on device\n",
    )
    assert sorted(path.name for path in root.iterdir()) == [
        "catalogs",
        "pyproject.toml",
        "q.jsonl",
        "questions",
    ]


def test_poisoned_questions_cost_only_themselves(tmp_path: Path) -> None:
    count = examples(2000, 100_000)
    root = project(tmp_path, 1)
    poison = [
        "{",
        '"x"',
        '{"question": ""}',
        '{"question": "\\u0000", "models": []}',
        "[" * 100,
        '{"question": "x", "models": ["?"]}',
    ]
    rng = random.Random(3)
    bad = set(rng.sample(range(1, count + 1), count // 100))
    with (root / "q.jsonl").open("w") as stream:
        for number in range(1, count + 1):
            good = json.dumps(
                {
                    "id": f"q-{number}",
                    "question": f"{number}?",
                    "models": ["Alpha"],
                    "papers": ["Dusk"],
                }
            )
            stream.write((poison[number % len(poison)] if number in bad else good) + "\n")
    done = explainer(
        "batch", root / "q.jsonl", "--out", root / "out.jsonl", "--jobs", "2", "--findings", "json"
    )
    assert done.status == 1
    ids = [json.loads(line)["id"] for line in (root / "out.jsonl").read_text().splitlines()]
    assert ids == [f"q-{number}" for number in range(1, count + 1) if number not in bad]
    assert {finding["line"] for finding in json.loads(done.err)["findings"]} == bad
