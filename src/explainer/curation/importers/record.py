"""What importers take and give.

What was met before in a source of any size: kept in a database on the disk, so that memory stays flat.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, BinaryIO, Final, TypeAlias

from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import decode

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line, and of one record."""

MAX_WHOLE: Final = 64 * 1024 * 1024
"""Bytes of a file whose format can only be read as a whole."""

_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PROBE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RecordStream:
    """An open file.

    Attributes:
        file: the name that findings give it.
        stream: its bytes; it can be read again from its beginning.
        inside: its path below the folder that is imported; empty for a single file.
        mapping: the fields that the user gave to columns, by the name of the column.
    """

    file: str
    stream: BinaryIO = field(repr=False)
    inside: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record of a source, in the source's own words.

    Attributes:
        values: its values by its own keys, numbers as the text that stands there.
        where: gives the place of a key; of the record for the empty key.
        id: what the source calls it, if it has ids of its own.
        kind: `models`, `papers`, `tasks` or `ports`, where the format says it.
        licence: the licence that the record itself states.
        ready: the keys are those of catalogs.
        literal: the values are those of a catalog too: not a character is changed.
    """

    values: dict[str, Any]
    where: Callable[[str], Location]
    id: str | None = None
    kind: str | None = None
    licence: str | None = None
    ready: bool = False
    literal: bool = False


Importer: TypeAlias = Callable[[RecordStream], Iterator[SourceRecord | Finding]]


class MissingLibraryError(Exception):
    """A format needs a library that is not installed."""

    def __init__(self, library: str, what: str) -> None:
        super().__init__(f"{what} needs {library}; run: pip install 'cnaps-explainer[import]'")


def text_lines(feed: RecordStream) -> Iterator[tuple[int, str] | Finding]:
    """Yield (number, line) of a text file without its line breaks; a line that is not UTF-8 is a finding.

    Memory holds one line. UTF-16 is read where a byte order mark says so.
    """
    head = feed.stream.read(2)
    feed.stream.seek(0)
    if head in _WIDE:
        wide = io.TextIOWrapper(feed.stream, encoding="utf-16", errors="replace", newline="")
        try:
            for number, line in enumerate(wide, 1):
                yield number, line.rstrip("\r\n")
        finally:
            wide.detach()  # the stream is not ours to close
        return
    number = 0
    while raw := feed.stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            yield Finding("F103", Location(feed.file, number), f"the line is longer than {MAX_LINE:,} bytes")
            return
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield number, raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode("utf-8", "replace")) + 1
            message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; the line is left out"
            yield Finding("Y101", Location(feed.file, number, column), message, "save the file as UTF-8")


@dataclass(frozen=True, slots=True)
class OpenText:
    """A file as text that is read as a stream, its line breaks as they are, and what there is to say about it."""

    stream: io.TextIOWrapper
    findings: tuple[Finding, ...]


@contextlib.contextmanager
def text_of(feed: RecordStream) -> Iterator[OpenText]:
    """Give the text of a file of any size: in UTF-8, in UTF-16 with a byte order mark, else in Windows-1252."""
    encoding = _encoding(feed)
    findings: tuple[Finding, ...] = ()
    if encoding == "cp1252":
        message = "the file is not UTF-8; it is read as Windows-1252"
        findings = (Finding("I808", Location(feed.file), message, "save it as UTF-8 to be sure"),)
    text = io.TextIOWrapper(feed.stream, encoding=encoding, errors="replace", newline="")
    try:
        yield OpenText(text, findings)
    finally:
        text.detach()  # the stream is not ours to close


def _encoding(feed: RecordStream) -> str:
    """The encoding of a file, found by reading it once through, a piece at a time."""
    head = feed.stream.read(2)
    feed.stream.seek(0)
    if head in _WIDE:
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := feed.stream.read(_PROBE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        feed.stream.seek(0)
    return "utf-8-sig"


def whole_text(feed: RecordStream) -> str | Finding:
    """Return the text of a small file: UTF-8, or what a byte order mark says."""
    raw = feed.stream.read(MAX_WHOLE + 1)
    if len(raw) > MAX_WHOLE:
        return Finding(
            "F103",
            Location(feed.file),
            f"larger than {MAX_WHOLE:,} bytes",
            "split it; jsonl and csv may be of any size",
        )
    parsed = decode(raw, feed.file)
    return parsed.value if parsed.value is not None else parsed.findings[0]


_CACHE_KIB: Final = 8 * 1024


class Deduplicator:
    """Texts, and the line where each stood first. The database goes away by itself."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Open a database that the stack closes."""
        self._database = stack.enter_context(contextlib.closing(sqlite3.connect("")))
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def add(self, text: str, line: int) -> int | None:
        """Remember a text; return the line where it stood before, or None."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        try:
            self._database.execute("INSERT INTO seen VALUES (?, ?)", (key, line))
        except sqlite3.IntegrityError:
            row = self._database.execute("SELECT line FROM seen WHERE name = ?", (key,)).fetchone()
            return int(row[0])
        return None
