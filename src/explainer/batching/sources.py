"""Where the questions of a batch come from: a folder of YAML files, or lines of JSON. One at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from explainer.batching.manifest import read_row, short_hash
from explainer.catalogs.loading import CATALOG_SUFFIXES, empty_source, repeated_id
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import counted
from explainer.files import (
    MAX_QUESTION_BYTES,
    as_text,
    display_path,
    open_file,
    open_handle,
    read_raw,
)

_BOM: Final = b"\xef\xbb\xbf"
_BLOCK: Final = 1024 * 1024
# Bytes that are read of a line at most: the limit and a line break. What is so long and has none is too long a line.
_LINE_LIMIT: Final = MAX_QUESTION_BYTES + 2


class SourceItem(msgspec.Struct, gc=False):
    """One question as it stands in its source.

    Attributes:
        source: the path below the folder, or the number of the line.
        file: what findings call its file.
        raw: its bytes, YAML of a file or JSON of a line; or why it cannot be read.
        row_line: the line where the row of a table begins, whose JSON its bytes are; 0 for all others.
    """

    source: str | int
    file: str
    raw: bytes | Finding
    row_line: int = 0

    @property
    def location(self) -> Location:
        """Where it begins."""
        return Location(
            self.file, self.row_line or (self.source if isinstance(self.source, int) else 1)
        )

    def in_table(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield findings about it, at the row of the table that they are about: its JSON stands in no file."""
        for finding in findings:
            if self.row_line and finding.location.file == self.file:
                yield replace(finding, location=self.location)
            else:
                yield finding


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


def no_question_in(source: QuestionSource, skipped: int) -> Finding:
    """Return the finding about a source in which nothing is a question.

    Args:
        source: the source.
        skipped: how many of its files or rows hold no question.
    """
    if source.lines:
        where, unit = "in any line", "line"
    else:
        where, unit = f"in the folder ({', '.join(CATALOG_SUFFIXES)})", "file"
    if not skipped:
        return empty_source(source.name, where, None)
    hint = "-v says what is skipped, and why"
    return empty_source(source.name, f"{where}; {counted(skipped, unit)} skipped", hint)


class FolderSource:
    """The YAML files below a folder, in the order of their paths."""

    lines = False

    def __init__(self, folder: Path, leave_out: Path | None = None) -> None:
        self.base = folder
        self.name = display_path(folder)
        self._leave_out = leave_out

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every file below the folder.

        Raises:
            OSError: when a folder cannot be listed.
        """
        shown = f"{self.name.rstrip('/')}/".removeprefix("./")
        for file in self.files():
            if isinstance(file, Skipped):
                yield file
            else:
                name = as_text(shown + file)
                yield SourceItem(file, name, read_bytes(f"{self.base}/{file}", name))

    def size(self) -> int:
        """How many questions there are."""
        return sum(isinstance(file, str) for file in self.files())

    def files(self) -> Iterator[str | Skipped]:
        """Yield the path of each question file below the folder, and what is none."""
        # Folders may be nested deeper than calls: those that are being listed stand in a list.
        listings = [(str(self.base), "", _listing(str(self.base)))]
        while listings:
            folder, prefix, names = listings[-1]
            if not names:
                listings.pop()
                continue
            kind, name = names[-1][0], names.pop()[1:]
            path = f"{folder}/{name}"
            if name.startswith("."):
                yield Skipped(prefix + name, "hidden")
            elif kind == "d" and not self._is_left_out(path):
                listings.append((path, f"{prefix}{name}/", _listing(path)))
            elif kind == "l":
                yield Skipped(prefix + name, "a link to a folder")
            elif kind == "f" and not name.endswith(CATALOG_SUFFIXES):
                yield Skipped(prefix + name, "not YAML")
            elif kind == "f":
                yield prefix + name

    def _is_left_out(self, path: str) -> bool:
        if self._leave_out is None:
            return False
        with contextlib.suppress(OSError):  # the folder of the outputs may not be there yet
            return self._leave_out.samefile(path)
        return False


def _listing(folder: str) -> list[str]:
    """The names in a folder, each behind a letter that says what it is, in the reverse of their order.

    They are taken away one by one, so that a folder of a million files is not kept to the end.
    """
    with os.scandir(folder) as scan:
        return sorted(
            (_kind(entry) + entry.name for entry in scan), key=lambda name: name[1:], reverse=True
        )


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return "d"
    return "l" if entry.is_dir() else "f"


def read_bytes(path: str, file: str) -> bytes | Finding:
    """Return the bytes of a regular file, or why they cannot be had. Its name must be text: its output is named so."""
    if not path.isascii() and as_text(path) != path:
        return Finding("F104", Location(file), "the name of the file is not UTF-8", "rename it")
    try:
        return _read_at_once(path)
    except OSError:  # the usual way to read a file says what is wrong with it
        raw = read_raw(Path(path), limit=MAX_QUESTION_BYTES)
        return raw.findings[0] if raw.value is None else raw.value


def _read_at_once(path: str) -> bytes:
    handle = open_handle(path)
    try:
        size = os.fstat(handle).st_size
        if size > MAX_QUESTION_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        raw = os.read(handle, size + 1)
        # one call reads a small file; a network's disk may give less at a time
        while len(raw) < size and (block := os.read(handle, size - len(raw))):
            raw += block
        return raw
    finally:
        os.close(handle)


class LineBlock(msgspec.Struct, gc=False):
    """Lines that follow each other, as they were read; whoever renders them looks at each.

    Attributes:
        first: the number of the first line.
        file: what findings call the file.
        lines: the lines with their line breaks; of one that is too long, the beginning.
    """

    first: int
    file: str
    lines: list[bytes]

    def items(self) -> Iterator[SourceItem]:
        """Yield the questions; blank lines are passed over."""
        for number, line in enumerate(self.lines, self.first):
            if _is_too_long(line):
                message = f"longer than {MAX_QUESTION_BYTES:,} bytes"
                finding = Finding("F103", Location(self.file, number), message)
                yield SourceItem(number, self.file, finding)
            elif raw := line.strip():
                yield SourceItem(number, self.file, raw)


def _is_too_long(line: bytes) -> bool:
    return len(line) == _LINE_LIMIT and not line.endswith(b"\n")


def _next_lines(stream: BinaryIO, size: int) -> list[bytes]:
    """The next lines, fewer at the end. A line that is too long is never held: it is read on until it ends."""
    lines: list[bytes] = []
    while len(lines) < size and (line := stream.readline(_LINE_LIMIT)):
        lines.append(line)
        while _is_too_long(line):
            line = stream.readline(_LINE_LIMIT)
    return lines


class LinesSource:
    """The lines of a `.jsonl`; blank ones are passed over."""

    lines = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.base = path.parent
        self.name = display_path(path)

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Every line.

        Raises:
            OSError: when the file cannot be read.
        """
        for block in self.blocks(1):
            yield from block.items()

    def blocks(self, size: int) -> Iterator[LineBlock]:
        """Yield so many lines at a time.

        Raises:
            OSError: when the file cannot be read.
        """
        with self._open() as stream:
            first = 1
            while lines := _next_lines(stream, size):
                if first == 1:
                    lines[0] = lines[0].removeprefix(_BOM)  # spreadsheets write one
                yield LineBlock(first, self.name, lines)
                first += len(lines)

    def _open(self) -> contextlib.AbstractContextManager[BinaryIO]:
        return open_file(self._path, buffering=_BLOCK)

    def size(self) -> int | None:
        """How many lines there are, with blank ones."""
        with open_file(self._path) as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK), b""))


class StdinSource(LinesSource):
    """The lines of stdin: how many there are is not known, and they can be read once."""

    def __init__(self) -> None:
        self.base = Path()
        self.name = "<stdin>"

    def _open(self) -> contextlib.AbstractContextManager[BinaryIO]:
        return contextlib.nullcontext(sys.stdin.buffer)

    def size(self) -> None:
        """Not known: stdin is read once."""


# Repeated ids that are looked up in what was written. Beyond these, and where nothing is written, equal hashes are
# taken for equal ids: of a million ids, two have the same hash in one of two million runs.
_MOST_LOOKUPS: Final = 200


class UsedIds:
    """The ids of a run, as hashes of 60 bits: memory hardly grows with the questions.

    Args:
        files: ids become the names of files, which many disks compare without letter case.
        rows: reads the manifest as it is written so far; returns None where there is none.
    """

    def __init__(self, *, files: bool, rows: Callable[[], Iterable[bytes] | None]) -> None:
        self._files = files
        self._rows = rows
        self._hashes: set[int] = set()
        self._unwritten: list[tuple[str, str | int]] = []
        self._lookups = 0

    def __contains__(self, id_: str) -> bool:
        return short_hash(self._folded(id_)) in self._hashes

    def claim(self, id_: str, item: SourceItem) -> Finding | None:
        """Take an id for a question; a finding when another one has it."""
        hash_ = short_hash(self._folded(id_))
        if hash_ not in self._hashes:
            self._hashes.add(hash_)
            self._unwritten.append((id_, item.source))
            return None
        owner = self._owner(id_)
        if owner is None:
            return None
        return repeated_id(id_, item.location, *owner)

    def claim_new(self, ids: Sequence[str]) -> bool:
        """Take ids whose rows are written at once; nothing is taken, and False returned, when one may have an owner."""
        hashes = {short_hash(self._folded(id_)) for id_ in ids}
        if len(hashes) < len(ids) or not self._hashes.isdisjoint(hashes):
            return False
        self._hashes |= hashes
        return True

    def all_written(self) -> None:
        """Note that the manifest has a row for every id that was claimed."""
        self._unwritten.clear()

    def _owner(self, id_: str) -> tuple[str, str] | None:
        """Who has an id whose hash was seen before, and where; None when only the hash is the same."""
        name = self._folded(id_)
        self._lookups += 1
        for claimed, source in self._unwritten:
            if name == self._folded(claimed):
                return claimed, _place(source)
        rows = self._rows()
        if rows is None or self._lookups > _MOST_LOOKUPS:
            return id_, "in an earlier part of the source"
        for row in map(read_row, rows):
            if row is not None and row.id and name == self._folded(row.id):
                return row.id, _place(row.source)
        return None

    def _folded(self, id_: str) -> str:
        return folded(id_) if self._files else id_


def _place(source: str | int) -> str:
    return f"on line {source}" if isinstance(source, int) else f"in {source!r}"


def folded(id_: str) -> str:
    """What an id is on a disk that ignores letter case and Unicode forms."""
    return id_ if id_.isascii() and id_.islower() else unicodedata.normalize("NFC", id_).casefold()
