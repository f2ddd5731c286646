"""What earlier runs of a batch left behind, and where the present one writes until it is complete.

A run appends to files beside its target: the rows of its manifest, and the lines of a `.jsonl` target. When all is done
they take the places of the manifest and of the target. What a run that was killed left is read by the next one as if it
were an older result. The kernel's lock on a file keeps two runs on one target apart, and goes with its process.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import secrets
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from explainer.batching.manifest import Known, RowIndex, file_hash, known_of, read_header, read_row, short_hash

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "Appender",
    "Past",
    "TargetLock",
    "Volume",
    "is_intact",
    "left_parts",
    "loads",
    "moved",
    "new_token",
    "remove_stale",
    "replace_file",
    "token_of",
]

PART: Final = ".explainer-part"
"""The ending of what a run writes until it is complete."""
_TEMPORARY: Final = ".explainer-tmp"
_OURS: Final = re.compile(rf"\..*(?:{re.escape(PART)}|{re.escape(_TEMPORARY)})", re.DOTALL)
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
    temporary = f"{folder or '.'}/.{name[:40]}.{new_token()}{_TEMPORARY}"
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


class Volume:
    """The manifest of one earlier run, and the `.jsonl` that it is about, when it is about one."""

    def __init__(self, rows: Path, data: Path | None, *, complete: bool = False) -> None:
        self.rows = rows
        self.data = data
        self._complete = complete
        self.written = 0
        """When the last row was written, in nanoseconds."""
        self.header: dict[str, Any] | None = None
        self._map = b""  # type: bytes | mmap.mmap
        self._data_handle = -1

    def open(self) -> bool:
        """Open it; return whether it is of any use.

        Raises:
            OSError: when it is there and cannot be read.
        """
        try:
            with self.rows.open("rb") as stream:
                about = os.fstat(stream.fileno())
                self.written = about.st_mtime_ns
                if not about.st_size:
                    return False
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            self.header = read_header(self._map[: self._map.find(b"\n") + 1])
            if self.header is not None and self.data is not None:
                self._data_handle = os.open(self.data, os.O_RDONLY | getattr(os, "O_BINARY", 0))
                if self._complete and os.fstat(self._data_handle).st_mtime_ns > self.written:
                    self.header["recipe"] = None  # edited since: nothing in it is to be trusted
        except FileNotFoundError:
            self.close()
            return False
        return self.header is not None

    def close(self) -> None:
        """Close its files."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        self._map = b""
        if self._data_handle >= 0:
            os.close(self._data_handle)
            self._data_handle = -1

    def offsets(self) -> Iterator[int]:
        """Yield where each whole row begins."""
        at = self._map.find(b"\n") + 1
        while at and (end := self._map.find(b"\n", at)) >= 0:
            yield at
            at = end + 1

    def row(self, offset: int) -> bytes:
        """Return the row that begins at an offset."""
        return bytes(self._map[offset : self._map.find(b"\n", offset) + 1])

    def line(self, known: Known) -> bytes | None:
        """Return the line of output that a row is about, or None when it is not what was written."""
        if os.name == "nt":  # pragma: no cover
            os.lseek(self._data_handle, known.offset, os.SEEK_SET)
            data = os.read(self._data_handle, known.size)
        else:
            data = os.pread(self._data_handle, known.size, known.offset)
        return data if len(data) == known.size and data.endswith(b"\n") else None


class Past:
    """What earlier runs made, found by a question's place (a file's path) or by its bytes (a line may have moved)."""

    def __init__(self, volumes: list[Volume], recipe: str, *, by_place: bool) -> None:
        self.volumes = [volume for volume in volumes if volume.open()]
        self._by_place = by_place
        self._recipe = recipe
        self._index = RowIndex()
        self._offsets = array("Q")
        self._begins = array("Q")
        self._firsts: list[int] = []
        self.outputs = 0
        """How many rows are about outputs."""
        for volume in self.volumes:
            self._add(volume)

    def __bool__(self) -> bool:
        return bool(self.volumes)

    def _add(self, volume: Volume) -> None:
        self._firsts.append(len(self._offsets))
        begin = 0
        for offset in volume.offsets():
            row = read_row(volume.row(offset))
            if "source" not in row or "raw" not in row:
                continue
            self._index.add(short_hash(str(row["source"] if self._by_place else row["raw"])), len(self._offsets))
            self._offsets.append(offset)
            self._begins.append(begin)
            self.outputs += "id" in row
            begin += row["size"] if isinstance(row.get("size"), int) else 0

    def _is_current(self, volume: Volume) -> bool:
        return volume.header is not None and volume.header.get("recipe") == self._recipe

    def find(self, source: str | int, hash_: str) -> tuple[Known | None, bytes]:
        """Return what is known of a question, by its place or the hash of its bytes; (None, b"") when it is new."""
        best: tuple[Known | None, bytes] = (None, b"")
        for place in self._index.find(short_hash(str(source) if self._by_place else hash_)):
            number = bisect_right(self._firsts, place) - 1
            volume = self.volumes[number]
            row = volume.row(self._offsets[place])
            data = read_row(row)
            known = known_of(data, volume=number, offset=self._begins[place], current=self._is_current(volume))
            if known is None:
                if data.get("skipped") and data.get("source") == source and data.get("raw") == hash_:
                    best = (None, row)
                continue
            if self._by_place and known.source == source:
                best = (known, row)  # the last one is the newest
            elif not self._by_place and known.raw == hash_ and known.current and _same_id(known, source):
                return known, row
        return best

    def rows(self) -> Iterator[tuple[Known, bytes]]:
        """Yield every row about an output."""
        for number, volume in enumerate(self.volumes):
            for offset in volume.offsets():
                row = volume.row(offset)
                known = known_of(read_row(row), volume=number, offset=0, current=self._is_current(volume))
                if known is not None:
                    yield known, row

    def close(self) -> None:
        """Close all files."""
        for volume in self.volumes:
            volume.close()


def _same_id(known: Known, source: str | int) -> bool:
    """Whether a line that may have moved has kept its id: the id of a line that has none of its own is its number."""
    return known.source == source or known.id != f"line-{known.source}"


def moved(row: bytes, source: str | int) -> bytes:
    """Return a row with another place of its question."""
    data = json.loads(row)
    if data["source"] == source:
        return row
    return json.dumps({**data, "source": source}, ensure_ascii=False).encode() + b"\n"


def loads(row: bytes) -> Any:
    """Return a row as plain data; empty when it is damaged."""
    try:
        return json.loads(row)
    except ValueError:
        return {}


def is_intact(path: str, known: Known, written: int) -> bool:
    """Whether a file is what a row says: at a glance when it is older than the row, else by its bytes."""
    try:
        about = os.stat(path)  # noqa: PTH116
        if about.st_size != known.size:
            return False
        if about.st_mtime_ns <= written:
            return True
        return file_hash(Path(path).read_bytes()) == known.output
    except OSError:
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
