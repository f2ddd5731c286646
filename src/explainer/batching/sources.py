"""Where the questions of a batch come from: a folder of YAML files, or lines of JSON. One at a time."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from explainer.catalogs.loading import CATALOG_SUFFIXES
from explainer.diagnostics.finding import Finding, Location
from explainer.files import MAX_QUESTION_BYTES, STDIN, display_path

_BOM: Final = b"\xef\xbb\xbf"


class SourceItem(NamedTuple):
    """One question as it stands in its source.

    Attributes:
        source: the path below the folder, or the number of the line.
        file: what findings call its file.
        raw: its bytes, YAML of a file or JSON of a line; or why it cannot be read.
    """

    source: str | int
    file: str
    raw: bytes | Finding

    @property
    def location(self) -> Location:
        """Where it begins."""
        return Location(self.file, self.source if isinstance(self.source, int) else 1)


class Skipped(NamedTuple):
    """Something in the source that is no question, and why."""

    name: str
    why: str


class QuestionSource(Protocol):
    """Yields questions, always in the same order."""

    name: str
    """What people call it."""
    base: Path
    """The folder that a line's `catalog:` is relative to, or the folder of files itself."""
    lines: bool
    """Its items are lines of JSON, not files of YAML."""

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """The questions, and what is none."""

    def size(self) -> int | None:
        """How many there are, or None when that is not known beforehand."""


class FolderSource:
    """The YAML files below a folder, in the order of their paths."""

    lines = False

    def __init__(self, folder: Path, leave_out: Path | None = None) -> None:
        self.base = folder
        self.name = display_path(folder)
        self._leave_out = os.path.realpath(leave_out) if leave_out is not None else None

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every file below the folder.

        Raises:
            OSError: when a folder cannot be listed.
        """
        prefix = "" if self.name == "." else self.name.rstrip("/") + "/"
        for name, path in self.names():
            if path is None:
                yield Skipped(*name.split("\0"))
            else:
                yield SourceItem(name, prefix + name, read_bytes(path, prefix + name))

    def size(self) -> int | None:
        """How many questions there are."""
        return sum(path is not None for _, path in self.names())

    def names(self) -> Iterator[tuple[str, str | None]]:
        """Yield the name and the path of each question file; the name and the reason (no path) of anything else."""
        return self._walk(str(self.base), "")

    def _walk(self, folder: str, prefix: str) -> Iterator[tuple[str, str | None]]:
        """Yield the name and the path of each question file, and the name and the reason (no path) of anything else."""
        with os.scandir(folder) as scan:
            names = sorted((_kind(entry) + entry.name for entry in scan), key=lambda name: name[1:], reverse=True)
        while names:  # taken away one by one, so that a folder of a million files is not kept to the end
            kind, name = names[-1][0], names.pop()[1:]
            path = f"{folder}/{name}"
            if name.startswith("."):
                yield f"{prefix}{name}\0hidden", None
            elif kind == "d":
                if os.path.realpath(path) != self._leave_out:
                    yield from self._walk(path, f"{prefix}{name}/")
            elif kind == "l":
                yield f"{prefix}{name}\0a link to a folder", None
            elif not name.endswith(CATALOG_SUFFIXES):
                yield f"{prefix}{name}\0not YAML", None
            else:
                yield prefix + name, path


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return "d"
    return "l" if entry.is_dir() else "f"


def read_bytes(path: str, file: str) -> bytes | Finding:
    """Return the bytes of a regular file, or why they cannot be had."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                return Finding("F102", Location(file), "this is not a regular file")
            if about.st_size > MAX_QUESTION_BYTES:
                return Finding("F103", Location(file), f"larger than {MAX_QUESTION_BYTES:,} bytes")
            raw = os.read(handle, about.st_size + 1)
            while len(raw) < about.st_size and (more := os.read(handle, about.st_size - len(raw))):
                raw += more
            return raw
        finally:
            os.close(handle)
    except FileNotFoundError:
        return Finding("F101", Location(file), "no such file")
    except OSError as error:
        return Finding("F104", Location(file), f"cannot be read: {error.strerror or error}")


class LinesSource:
    """The lines of a `.jsonl`, or of stdin; blank ones are passed over."""

    lines = True

    def __init__(self, path: Path) -> None:
        self._stdin = str(path) == STDIN
        self._path = path
        self.base = Path() if self._stdin else path.parent
        self.name = "<stdin>" if self._stdin else display_path(path)

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every line.

        Raises:
            OSError: when the file cannot be read.
        """
        if self._stdin:
            yield from self._lines(sys.stdin.buffer)
            return
        with self._path.open("rb", buffering=1024 * 1024) as stream:
            yield from self._lines(stream)

    def _lines(self, stream: object) -> Iterator[SourceItem]:
        limit, number, name = MAX_QUESTION_BYTES + 2, 0, self.name
        readline = stream.readline  # type: ignore[attr-defined]  # any binary stream
        while raw := readline(limit):
            number += 1
            if number == 1 and raw.startswith(_BOM):
                raw = raw[len(_BOM) :]
            if len(raw) == limit and not raw.endswith(b"\n"):
                while (rest := readline(limit)) and not rest.endswith(b"\n"):
                    continue
                message = f"longer than {MAX_QUESTION_BYTES:,} bytes"
                yield SourceItem(number, name, Finding("F103", Location(name, number), message))
            elif raw := raw.strip():
                yield SourceItem(number, name, raw)

    def size(self) -> int | None:
        """How many lines there are."""
        if self._stdin:
            return None
        with self._path.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1024 * 1024), b""))
