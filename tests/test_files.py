"""Several files are written together: with a fault at any step all are new or all are as they were, and nothing lies about."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explainer.files import FileLock, cache_folder, write_bytes, write_together, write_whole
from tests.helpers.support import explainer, write_tree

OLD = {"a.yaml": "old a\n", "deep/b.yaml": "old b\n", "c.yaml": "old c\n"}
NEW = {"a.yaml": "new a\n", "deep/b.yaml": "new b\n", "c.yaml": "new c\n", "deep/new.yaml": "new\n"}
STEPS: list[tuple[object, str]] = [
    (os, "open"),
    (os, "write"),
    (os, "close"),
    (os, "chmod"),
    (Path, "exists"),
    (Path, "hardlink_to"),
    (shutil, "copy2"),
    (Path, "replace"),
    (os, "unlink"),
    (Path, "unlink"),
]


def tree() -> dict[str, str]:
    return {str(path): path.read_text() for path in Path().rglob("*") if path.is_file()}


class Fault:
    """Makes the n-th of all the steps fail, and counts them."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, at: int, error: Callable[[], BaseException]
    ) -> None:
        self.at, self.count, self.error = at, 0, error
        for owner, name in STEPS:
            monkeypatch.setattr(owner, name, self._failing(getattr(owner, name)))

    def _failing(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count - 1 == self.at:
                raise self.error()
            return step(*args, **kwargs)

        return run


def full() -> BaseException:
    return OSError(errno.ENOSPC, "No space left on device")


def write(files: dict[str, str]) -> str | None:
    problem = write_together([(Path(name), text.encode()) for name, text in files.items()])
    return None if problem is None else f"{problem.code} {problem.message} {problem.hint}"


def test_all_are_written_and_keep_their_permissions() -> None:
    write_tree(Path(), OLD)
    Path("a.yaml").chmod(0o640)
    assert write(NEW) is None
    assert tree() == NEW
    assert Path("a.yaml").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link() -> None:
    write_tree(Path(), OLD)
    Path("link.yaml").symlink_to("a.yaml")
    assert write({"link.yaml": "new\n"}) is None
    assert (Path("link.yaml").is_symlink(), Path("a.yaml").read_text()) == (True, "new\n")


@pytest.mark.parametrize("at", range(36))
def test_with_a_fault_at_any_step_all_are_new_or_all_are_old(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    write_tree(Path(), OLD)
    with monkeypatch.context() as patched:
        fault = Fault(patched, at, full)
        problem = write(NEW)
    left = {
        name: text for name, text in tree().items() if not name.endswith((".explainer-tmp", ".old"))
    }
    assert left == (NEW if problem is None else OLD)
    assert problem is None or problem == "F105 cannot be written: No space left on device None"
    tidying = fault.count > at and problem is None
    assert tidying or left == tree()


def test_the_faults_reach_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(Path(), OLD)
    with monkeypatch.context() as patched:
        fault = Fault(patched, -1, full)
        assert write(NEW) is None
    assert 24 < fault.count <= 36


@pytest.mark.parametrize("at", range(0, 30, 3))
def test_an_interrupt_puts_all_back(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    write_tree(Path(), OLD)
    with monkeypatch.context() as patched:
        Fault(patched, at, KeyboardInterrupt)
        with contextlib.suppress(KeyboardInterrupt):
            write(NEW)
    left = {
        name: text for name, text in tree().items() if not name.endswith((".explainer-tmp", ".old"))
    }
    assert left in (OLD, NEW)


def test_what_cannot_be_put_back_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(Path(), OLD)
    real, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > 1:
            raise full()
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        problem = write(NEW)
    assert problem is not None
    assert "what it held before is in" in problem
    assert sorted(text for text in tree().values() if text.startswith("old")) == sorted(
        OLD.values()
    )


def test_a_rename_changes_no_file_when_one_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {
        "catalogs/c.yaml": "models:\n  - name: Old\n",
        "questions/a.yaml": "question: q?\nmodels: [Old]\npapers: []\n",
        "questions/b.yaml": "question: q?\nmodels: [Old]\npapers: []\n",
    }
    write_tree(Path(), files)
    real, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 3:
            raise full()
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        outcome = explainer("catalog", "rename", "Old", "New")
    assert outcome.status == 2
    assert "questions/b.yaml:1:1: F105 cannot be written: No space left on device" in outcome.err
    assert tree() == files


def test_a_file_that_is_replaced_keeps_its_permissions_and_leaves_nothing_beside_it() -> None:
    Path("a").write_text("old")
    Path("a").chmod(0o600)
    write_whole("a", b"new")
    assert (tree(), Path("a").stat().st_mode & 0o777) == ({"a": "new"}, 0o600)
    assert write_bytes(Path("deep/er/b"), b"b") is None
    assert (problem := write_bytes(Path("deep"), b"")) is not None
    assert (problem.code, problem.message) == ("F105", "cannot be written: it is a folder")
    with pytest.raises(OSError, match="missing/c"):
        write_whole("missing/c", b"")
    assert tree() == {"a": "new", "deep/er/b": "b"}


def test_a_lock_is_waited_for_once_it_is_taken() -> None:
    told = []
    with FileLock(Path("lock"), lambda: told.append("first")):
        waiting = threading.Thread(target=wait_for_lock, args=[lambda: told.append("second")])
        waiting.start()
        while not told:
            time.sleep(0.01)
    waiting.join(timeout=10)
    assert (told, tree()) == (["second"], {})


def wait_for_lock(waiting: Callable[[], None]) -> None:
    with FileLock(Path("lock"), waiting):
        pass


def test_the_cache_is_where_the_user_or_the_platform_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Path.home()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    for platform, folder in (("linux", ".cache/explainer"), ("darwin", "Library/Caches/explainer")):
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == home / folder
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/explainer")
    monkeypatch.setenv("EXPLAINER_CACHE", "mine")
    assert cache_folder() == Path("mine")
