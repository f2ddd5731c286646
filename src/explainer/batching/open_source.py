"""Which source a path means, and equal parts of a source for job arrays.

Parts are contiguous: their outputs in order are those of the whole.
"""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from explainer.batching.sources import (
    FolderSource,
    LinesSource,
    QuestionSource,
    Skipped,
    SourceItem,
    StdinSource,
)
from explainer.catalogs.loading import CATALOG_SUFFIXES
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import STDIN, display_path

if TYPE_CHECKING:
    from explainer.batching.tables import ParquetSource

TABLE_SUFFIXES: Final = (".csv", ".parquet")


def open_source(path: Path, out: Path) -> Parsed[QuestionSource]:  # noqa: PLR0911  # each kind of path ends it
    """Return the source that a path means: a folder, a `.jsonl`, `-` for lines from stdin, a `.csv` or `.parquet`."""
    if str(path) == STDIN:
        if sys.stdin is None:
            return Parsed(
                None, (Finding("F104", Location("<stdin>"), "cannot be read: stdin is closed"),)
            )
        return Parsed(StdinSource())
    file = display_path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Parsed(None, (Finding("F101", Location(file), "no such file or folder"),))
    except (OSError, ValueError) as error:
        return Parsed(None, (Finding("F104", Location(file), f"cannot be read: {error}"),))
    if stat.S_ISDIR(mode) and path.suffix != ".parquet":  # engines write tables as folders of parts
        return Parsed(FolderSource(path, out))
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return Parsed(
            None,
            (
                Finding(
                    "F102", Location(file), "not a regular file", "use - to read lines from stdin"
                ),
            ),
        )
    if path.suffix in TABLE_SUFFIXES:
        from explainer.batching.tables import open_table  # noqa: PLC0415  # few batches read tables

        return open_table(path)
    if path.suffix in CATALOG_SUFFIXES:
        hint = "build one question with `explainer build`, or give the folder"
        message = "a source is a folder or a .jsonl, not a YAML file"
        return Parsed(None, (Finding("F102", Location(file), message, hint),))
    return Parsed(LinesSource(path))


_SHARD: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)


class Shard(NamedTuple):
    """The part `number` of `total`, from 1."""

    number: int
    total: int

    @property
    def infix(self) -> str:
        """What the names of its outputs have more: `.02-of-12`, in the order of which they are the whole."""
        return f".{self.number:0{len(str(self.total))}}-of-{self.total}"

    def of(self, path: Path) -> Path:
        """Return the file of this part."""
        return path.with_name(f"{path.stem}{self.infix}{path.suffix}")

    def range(self, size: int) -> range:
        """Return which of so many items are its own, counted from 0."""
        return range((self.number - 1) * size // self.total, self.number * size // self.total)


def parse_shard(text: str) -> Shard | None:
    """Return the shard that `2/8` means, or None when it means none."""
    match = _SHARD.fullmatch(text)
    if match is None:
        return None
    number, total = int(match[1]), int(match[2])
    return Shard(number, total) if 1 <= number <= total else None


def cut(source: QuestionSource, shard: Shard) -> QuestionSource:
    """Return one part of a source. Its items keep their numbers, so default ids are those of the whole."""
    if isinstance(source, FolderSource):
        return _FolderPart(source, shard)
    from explainer.batching.tables import ParquetSource  # noqa: PLC0415  # few batches read tables

    return _TablePart(source, shard) if isinstance(source, ParquetSource) else _Part(source, shard)


class _FolderPart(FolderSource):
    """Some of the files below a folder; the others are not read."""

    def __init__(self, source: FolderSource, shard: Shard) -> None:
        super().__init__(source.base)
        self._source = source
        self._own = shard.range(source.size())
        self._is_first = shard.number == 1

    def files(self) -> Iterator[str | Skipped]:
        """Yield the paths of its own files; the first part has what is no question too."""
        number = 0
        for file in self._source.files():
            if isinstance(file, Skipped):
                if self._is_first:
                    yield file
                continue
            if number in self._own:
                yield file
            number += 1


class _Part:
    """Some of the lines of a file, or of the rows of a `.csv`."""

    def __init__(self, source: QuestionSource, shard: Shard) -> None:
        self._source = source
        self.base, self.name, self.lines = source.base, source.name, source.lines
        self._own = shard.range(self._count())

    def _count(self) -> int:
        return sum(1 for _ in self._source)

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Its own items."""
        return islice(iter(self._source), self._own.start, self._own.stop)

    def size(self) -> int | None:
        """How many there are."""
        return len(self._own)


class _TablePart(_Part):
    """Some of the rows of a `.parquet`; most of the others are not read."""

    _source: ParquetSource

    def _count(self) -> int:
        return self._source.size()

    def __iter__(self) -> Iterator[SourceItem | Skipped]:
        """Its own rows."""
        return self._source.items(self._own.start + 1, self._own.stop)
