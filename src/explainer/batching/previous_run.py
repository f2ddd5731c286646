"""What earlier runs of a batch left behind.

The rows of the manifests of earlier runs, and the lines that these are about; each id stands once.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from explainer.batching.manifest import (
    ManifestHeader,
    ManifestRow,
    content_hash,
    read_header,
    read_row,
    short_hash,
)
from explainer.diagnostics.finding import ExplainerError, Finding, Location
from explainer.files import PART, display_path, open_file, open_handle, read_file

if TYPE_CHECKING:
    import sqlite3


class ManifestFile:
    """The manifest of one earlier run, and the `.jsonl` that it is about, when it is about one.

    Args:
        rows: the manifest.
        data: the `.jsonl`.
        complete: the manifest is about all of it, and was written after it.
        forgiving: pass over lines that are no rows; else they are an error.
    """

    def __init__(
        self, rows: Path, data: Path | None, *, complete: bool = False, forgiving: bool = False
    ) -> None:
        self.rows = rows
        self.data = data
        self._complete = complete
        self._forgiving = forgiving
        self.written = 0
        """When the last row was written, in nanoseconds."""
        self.header: ManifestHeader | None = None
        self._map = b""  # type: bytes | mmap.mmap
        self._data_handle = -1
        self._data_size = 0

    @property
    def is_part(self) -> bool:
        """Whether a run left it that did not end, perhaps in the middle of a row."""
        return self.rows.name.endswith(PART)

    def open(self) -> bool:
        """Open it; return whether it is of any use.

        Raises:
            OSError: when it is there and cannot be read.
            ExplainerError: when it is no manifest.
        """
        try:
            with open_file(self.rows) as stream:
                about = os.fstat(stream.fileno())
                self.written = about.st_mtime_ns
                if not about.st_size:
                    return False
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            self.header = read_header(self._map[: self._map.find(b"\n") + 1])
            if self.header is not None and self.data is not None:
                self._data_handle = open_handle(self.data)
                data = os.fstat(self._data_handle)
                self._data_size = data.st_size
                if self._complete and data.st_mtime_ns > self.written:
                    self.header.recipe = ""  # edited since: nothing in it is to be trusted
        except FileNotFoundError:
            self.close()
            return False
        if self.header is None and not self.is_part and not self._forgiving:
            raise self.not_a_row(1)
        return self.header is not None

    def not_a_row(self, line: int) -> ExplainerError:
        """What is raised for a line that no run has written."""
        message = "the batch was stopped: this line is not that of a manifest"
        hint = "move the file away, or run with --force to render all again"
        return ExplainerError(
            [Finding("F105", Location(display_path(self.rows), line), message, hint)]
        )

    def close(self) -> None:
        """Close its files."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        self._map = b""
        if self._data_handle >= 0:
            os.close(self._data_handle)
            self._data_handle = -1

    def first(self) -> int:
        """Return where the first row begins."""
        return self._map.find(b"\n") + 1

    def all_rows(self) -> Iterator[tuple[int, ManifestRow]]:
        """Yield each row, and where it begins.

        Raises:
            ExplainerError: for a line that is none. What a run left that did not end counts up to there.
        """
        begin = self.first()
        number = 2
        while begin and (end := self._map.find(b"\n", begin)) >= 0:
            row = read_row(self._map[begin : end + 1])
            if row is not None:
                yield begin, row
            elif self.is_part:
                return
            elif not self._forgiving:
                raise self.not_a_row(number)
            begin = end + 1
            number += 1

    def row(self, offset: int) -> bytes:
        """Return the row that begins at an offset; nothing where no whole row does."""
        return bytes(self._map[offset : self._map.find(b"\n", offset) + 1])

    def line(self, earlier: EarlierRow) -> bytes | None:
        """Return the line of output that a row is about, or None when it is not what was written.

        Where it begins is the sum of the sizes before it. Rows that were moved or changed would lead to the line of
        another question: it must be one line, and hold the id or the key of the row.
        """
        size = earlier.row.size
        if not 0 < size <= self._data_size - earlier.begin:
            return None
        if os.name == "nt":  # pragma: no cover
            os.lseek(self._data_handle, earlier.begin, os.SEEK_SET)
            data = os.read(self._data_handle, size)
        else:
            data = os.pread(self._data_handle, size, earlier.begin)
        is_a_line = data.find(b"\n") == size - 1
        names_row = f'"{earlier.row.id}"'.encode() in data or earlier.row.key[:8].encode() in data
        return data if is_a_line and names_row else None


class EarlierRow(NamedTuple):
    """A row of an earlier run.

    Attributes:
        row: the row.
        line: its bytes.
        volume: which of the earlier runs it is from.
        begin: where its output begins in a `.jsonl`.
        current: the options are still the same.
    """

    row: ManifestRow
    line: bytes
    volume: int
    begin: int
    current: bool


class PreviousRun:
    """What earlier runs made, found by a question's place (a file's path) or by its bytes (a line may have moved).

    Most runs find the questions of the run before in the same order, and so does reading its rows one after the other.
    From the first question on that is not the next one, an index of all rows is used.

    Args:
        volumes: the manifests of these runs, the newest one last.
        recipe: the hash of the options that this run has.
        by_place: find questions by their place, not by their bytes.
    """

    def __init__(self, volumes: list[ManifestFile], recipe: str, *, by_place: bool) -> None:
        self.volumes = [volume for volume in volumes if volume.open()]
        self._by_place = by_place
        self._recipe = recipe
        self._index: sqlite3.Connection | None = None
        self._in_order = len(self.volumes) == 1
        """All questions so far were those of the rows, one after the other."""
        self._offset = 0
        """Where the next row begins, as long as they are."""
        self._begin = 0
        """Where its output begins."""
        self._count = 0
        if self._in_order:
            self._offset = self.volumes[0].first()

    def __bool__(self) -> bool:
        return bool(self.volumes)

    @property
    def outputs(self) -> int:
        """How many rows are about outputs."""
        if self._in_order and not self.volumes[0].row(self._offset):
            return self._count
        (count,) = self._indexed().execute("SELECT count(*) FROM rows WHERE is_output").fetchone()
        return int(count)

    def find(self, source: str | int, raw: str) -> EarlierRow | None:
        """Return what is known of a question, by its place or the hash of its bytes.

        Args:
            source: where the question is.
            raw: the hash of its bytes.
        """
        following = self._next(source, raw)
        if following is not None:
            return following
        latest = None
        for earlier in self._candidates(source if self._by_place else raw):
            if self._is_about(earlier, source, raw):
                latest = earlier
        return latest

    def _next(self, source: str | int, raw: str) -> EarlierRow | None:
        """The next row, when it is about this question as it is now; a row that is not is looked for by the index."""
        if not self._in_order:
            return None
        line = self.volumes[0].row(self._offset)
        earlier = self._earlier(line, 0, self._begin)
        if earlier is None or (earlier.row.source, earlier.row.raw) != (source, raw):
            return None
        if earlier.row.id:
            if not earlier.current:
                return None
            self._begin += earlier.row.size
            self._count += 1
        elif not earlier.row.skipped:
            return None
        self._offset += len(line)
        return earlier

    def _is_about(self, earlier: EarlierRow, source: str | int, raw: str) -> bool:
        row = earlier.row
        if row.skipped:
            return row.source == source and row.raw == raw
        if not row.id:
            return False
        if self._by_place:
            return row.source == source
        # the id of a line that has none of its own is its number: elsewhere it is another question
        keeps_id = row.source == source or row.id != f"line-{row.source}"
        return row.raw == raw and earlier.current and keeps_id

    def _candidates(self, key: str | int) -> Iterator[EarlierRow]:
        """Yield the rows that may be about a question, the oldest first."""
        rows = self._indexed().execute(
            "SELECT volume, offset, begin FROM rows WHERE key = ? ORDER BY rowid",
            (short_hash(str(key)),),
        )
        for volume, offset, begin in rows.fetchall():
            earlier = self._earlier(self.volumes[volume].row(offset), volume, begin)
            if earlier is not None:
                yield earlier

    def _earlier(self, line: bytes, volume: int, begin: int) -> EarlierRow | None:
        row = read_row(line)
        if row is None:
            return None
        return EarlierRow(row, line, volume, begin, self._is_current(self.volumes[volume]))

    def _is_current(self, volume: ManifestFile) -> bool:
        return volume.header is not None and volume.header.recipe == self._recipe

    def _indexed(self) -> sqlite3.Connection:
        if self._index is None:
            import sqlite3  # noqa: PLC0415  # most runs need no index

            self._in_order = False
            # 50 bytes a row with a million of them, where a dictionary of the hashes alone took 85
            self._index = sqlite3.connect(":memory:")
            self._index.execute(
                "CREATE TABLE rows (key INTEGER, volume INTEGER, offset INTEGER, begin INTEGER, is_output INTEGER)"
            )
            self._index.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", self._index_rows())
            self._index.execute("CREATE INDEX by_key ON rows (key)")
        return self._index

    def _index_rows(self) -> Iterator[tuple[int | None, int, int, int, bool]]:
        for number, volume in enumerate(self.volumes):
            begin = 0
            for offset, row in volume.all_rows():
                key = None
                # without, it is about an output that is left over: no question is found by it
                if row.raw:
                    key = short_hash(str(row.source if self._by_place else row.raw))
                yield key, number, offset, begin, bool(row.id)
                begin += row.size

    def rows(self) -> Iterator[EarlierRow]:
        """Yield every row about an output; a row about what is not below the target is none."""
        for number, volume in enumerate(self.volumes):
            for offset, row in volume.all_rows():
                # a row without an id is about no output
                if not row.id or _leaves_folder(row.out):
                    continue
                is_current = self._is_current(volume)
                yield EarlierRow(row, volume.row(offset), number, 0, is_current)

    def close(self) -> None:
        """Close all files."""
        for volume in self.volumes:
            volume.close()


def _leaves_folder(out: str) -> bool:
    path = PurePath(out)
    return path.is_absolute() or ".." in path.parts


def is_intact(path: str, row: ManifestRow, written: int) -> bool:
    """Whether a file is what a row says: at a glance when it is older than the manifest, else by its bytes.

    The time of an edit can be put back; the time at which the file system noted that (`st_ctime`) cannot.

    Args:
        path: the file.
        row: what it was when it was written.
        written: when the manifest was written, in nanoseconds; 0 to look at the bytes in any case.
    """
    try:
        about = os.stat(path)  # noqa: PTH116
        if about.st_size != row.size:
            return False
        if max(about.st_mtime_ns, about.st_ctime_ns) <= written:
            return True
        return content_hash(read_file(path)) == row.output
    # a manifest is a file that anyone can edit: it may name what no file can be called
    except (
        OSError,
        ValueError,
    ):
        return False
