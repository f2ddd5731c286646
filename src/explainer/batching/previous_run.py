"""What earlier runs of a batch left behind: the rows of their manifests, and the lines that these are about."""

from __future__ import annotations

import json
import mmap
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explainer.batching.manifest import ManifestRow, RowIndex, file_hash, known_of, read_header, read_row, short_hash


class ManifestFile:
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
        self._data_size = 0

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
                data = os.fstat(self._data_handle)
                self._data_size = data.st_size
                if self._complete and data.st_mtime_ns > self.written:
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

    def first(self) -> int:
        """Return where the first row begins."""
        return self._map.find(b"\n") + 1

    def offsets(self) -> Iterator[int]:
        """Yield where each whole row begins."""
        at = self.first()
        while at and (end := self._map.find(b"\n", at)) >= 0:
            yield at
            at = end + 1

    def row(self, offset: int) -> bytes:
        """Return the row that begins at an offset; nothing where no whole row does."""
        return bytes(self._map[offset : self._map.find(b"\n", offset) + 1])

    def line(self, known: ManifestRow) -> bytes | None:
        """Return the line of output that a row is about, or None when it is not what was written."""
        if not 0 < known.size <= self._data_size - known.offset:
            return None
        if os.name == "nt":  # pragma: no cover
            os.lseek(self._data_handle, known.offset, os.SEEK_SET)
            data = os.read(self._data_handle, known.size)
        else:
            data = os.pread(self._data_handle, known.size, known.offset)
        return data if len(data) == known.size and data.endswith(b"\n") else None


class PreviousRun:
    """What earlier runs made, found by a question's place (a file's path) or by its bytes (a line may have moved).

    Most runs find the questions of the run before in the same order, and so does reading its rows one after the other.
    From the first question on that is not the next one, an index of all rows is used.
    """

    def __init__(self, volumes: list[ManifestFile], recipe: str, *, by_place: bool) -> None:
        self.volumes = [volume for volume in volumes if volume.open()]
        self._by_place = by_place
        self._recipe = recipe
        self._index: RowIndex | None = None
        self._offsets = array("Q")
        self._begins = array("Q")
        self._firsts: list[int] = []
        self._outputs = 0
        self._step = self.volumes[0].first() if len(self.volumes) == 1 else -1
        """Where the next row begins, as long as questions come in the order of the rows; -1 before there is one."""
        self._step_begin = 0
        self._stepped = 0

    def __bool__(self) -> bool:
        return bool(self.volumes)

    @property
    def outputs(self) -> int:
        """How many rows are about outputs."""
        if self._index is None and self._step >= 0 and not self.volumes[0].row(self._step):
            return self._stepped
        self._indexed()
        return self._outputs

    def _indexed(self) -> RowIndex:
        if self._index is None:
            self._index = RowIndex()
            for volume in self.volumes:
                self._add(volume, self._index)
        return self._index

    def _add(self, volume: ManifestFile, index: RowIndex) -> None:
        self._firsts.append(len(self._offsets))
        begin = 0
        for offset in volume.offsets():
            row = read_row(volume.row(offset))
            if "source" not in row or "raw" not in row:
                continue
            if row["raw"]:  # without, it is about an output that is left over: no question is found by it
                index.add(short_hash(str(row["source"] if self._by_place else row["raw"])), len(self._offsets))
            self._offsets.append(offset)
            self._begins.append(begin)
            self._outputs += "id" in row
            begin += row["size"] if isinstance(row.get("size"), int) else 0

    def _is_current(self, volume: ManifestFile) -> bool:
        return volume.header is not None and volume.header.get("recipe") == self._recipe

    def find(self, source: str | int, hash_: str) -> tuple[ManifestRow | None, bytes]:
        """Return what is known of a question, by its place or the hash of its bytes; (None, b"") when it is new."""
        if self._index is None and self._step >= 0:
            found = self._next(source, hash_)
            if found is not None:
                return found
        best: tuple[ManifestRow | None, bytes] = (None, b"")
        for place in self._indexed().find(short_hash(str(source) if self._by_place else hash_)):
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

    def _next(self, source: str | int, hash_: str) -> tuple[ManifestRow | None, bytes] | None:
        """The next row, when it is about this question as it is now; a row that is not is looked for by the index."""
        volume = self.volumes[0]
        row = volume.row(self._step)
        data = read_row(row)
        if data.get("source") != source or data.get("raw") != hash_:
            return None
        known = known_of(data, volume=0, offset=self._step_begin, current=self._is_current(volume))
        if not (known.current if known is not None else data.get("skipped")):
            return None
        self._step += len(row)
        if known is not None:
            self._step_begin += known.size
            self._stepped += 1
        return known, row

    def rows(self) -> Iterator[tuple[ManifestRow, bytes]]:
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


def _same_id(known: ManifestRow, source: str | int) -> bool:
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


def is_intact(path: str, known: ManifestRow, written: int) -> bool:
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
