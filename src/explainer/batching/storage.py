"""Where a run of a batch writes until it is complete.

A run appends to files beside its target: the rows of its manifest, and the lines of a `.jsonl` target. When all is done
they take the places of the manifest and of the target. What a run that was killed left is read by the next one as an
older result (`past`). The kernel's lock on a file keeps two runs on one target apart, and goes with its process.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]


PART: Final = ".explainer-part"
"""The ending of what a run writes until it is complete."""
_TEMPORARY: Final = ".explainer-tmp"
_OURS: Final = re.compile(rf"\..*(?:{re.escape(PART)}|{re.escape(_TEMPORARY)})", re.DOTALL)
_LEFT: Final = re.compile(rf"[0-9]+-[0-9a-f]+{re.escape(_TEMPORARY)}", re.ASCII)
_SHOWN: Final = 40
"""Characters of a file's name in the name of its temporary one."""
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def new_token() -> str:
    """Return a word that no other run has in the names of its files."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write all of some bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def replace_file(path: str, data: bytes | memoryview) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: when it cannot be written; an old file is then as it was, and nothing else is left.
    """
    folder, name = os.path.split(path)
    temporary = f"{folder or '.'}/.{name[:_SHOWN]}.{new_token()}{_TEMPORARY}"
    try:
        handle = os.open(temporary, _FLAGS, 0o666)
        try:
            write_all(handle, data)
        finally:
            os.close(handle)
        os.replace(temporary, path)  # noqa: PTH105  # ten thousand times: a Path for each takes longer than this
    except OSError as error:
        _unlink(temporary)
        raise OSError(error.errno, error.strerror, path) from None  # the name that people know
    except BaseException:
        _unlink(temporary)
        raise


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108


def remove_stale(folder: Path) -> None:
    """Remove temporary files that killed runs left in a folder and below it."""
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(_TEMPORARY) and _OURS.fullmatch(name):
                _unlink(f"{where}/{name}")


def remove_stale_of(*paths: Path) -> None:
    """Remove temporary files that killed runs left of some files; those of other files beside them may be in use."""
    for folder in {path.parent for path in paths}:
        own = [f".{path.name}." for path in paths if path.parent == folder and len(path.name) <= _SHOWN]
        for file in folder.iterdir() if folder.is_dir() else ():
            if any(_LEFT.fullmatch(file.name.removeprefix(one)) for one in own if file.name.startswith(one)):
                _unlink(str(file))


class TargetLock:
    """One run at a time writes to a target; another one waits.

    Args:
        path: the file that is locked. It is removed in the end.
        waiting: called once when there is another run to wait for.
    """

    def __init__(self, path: Path, waiting: Callable[[], None]) -> None:
        self._path = str(path)
        self._waiting = waiting
        self._handle = -1

    def __enter__(self) -> Self:
        told = False
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            if self._locked(handle):
                if self._is_still_there(handle):
                    self._handle = handle
                    return self
            elif not told:
                told = True
                self._waiting()
            os.close(handle)
            if told:
                time.sleep(0.05)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        _unlink(self._path)
        os.close(self._handle)

    def _locked(self, handle: int) -> bool:
        if fcntl is None:  # pragma: no cover - Windows: names of temporary files are unique, which does for most
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a disk without locks
            return True
        return True

    def _is_still_there(self, handle: int) -> bool:
        """Whether the name still means the locked file: the run before us removes it."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(handle), Path(self._path).stat())
        return False


class Appender:
    """A file that grows, and takes its place in the end."""

    def __init__(self, target: Path, token: str) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name[:80]}.{token}{PART}")
        try:
            self._handle = os.open(self.path, _FLAGS, 0o666)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(target)) from None

    def append(self, data: bytes) -> None:
        """Append some bytes; from then on they outlive this process."""
        try:
            write_all(self._handle, data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.target)) from None

    def publish(self) -> None:
        """Take the target's place."""
        try:
            self._close()
            self.path.replace(self.target)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.target)) from None

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self._close()
        _unlink(str(self.path))

    def leave(self) -> None:
        """Leave the file for the next run."""
        with contextlib.suppress(OSError):
            self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def left_parts(target: Path) -> list[Path]:
    """Return the files that runs on a target left when they were killed, the oldest first."""
    begin = f".{target.name[:80]}."
    try:
        with os.scandir(target.parent) as scan:
            found = [Path(entry.path) for entry in scan if entry.name.startswith(begin) and entry.name.endswith(PART)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def token_of(path: Path) -> str:
    """What the names of the parts of one run have in common."""
    return path.name.removesuffix(PART).rsplit(".", 1)[-1]
