"""JSON Lines and JSON: a record a line, an array of records, or a catalog's lists; all read as streams.

Numbers are kept as the text that stands there: `2401.10000` stays that. The metadata snapshot of arXiv (JSON Lines, as
Kaggle serves it) and the links of Papers with Code are recognised by their keys.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.arxiv import is_snapshot, snapshot_record
from explainer.curation.importers.papers_with_code import join_rows
from explainer.curation.importers.reading import text_lines, whole_text
from explainer.curation.importers.record import MAX_LINE, RecordStream, SourceRecord, as_mapping, as_text
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.json_reader import read_json_line

_CHUNK: Final = 64 * 1024
# What stands between two items of an array; it matches everywhere, if nothing.
_BETWEEN: Final = re.compile(r"[ \t\r\n]*+,?+[ \t\r\n]*+")


class _RepeatedKeyError(ValueError):
    pass


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(items)
    if len(mapping) < len(items):
        raise _RepeatedKeyError
    return mapping


def _refuse(name: str) -> Any:
    message = f"{name} is not a JSON value"
    raise ValueError(message)


# Numbers stay the text that they are, and what JSON does not know (NaN) or leaves open (a key twice) is refused.
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, object_pairs_hook=_pairs, parse_constant=_refuse)


def read_json_lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read one record from each line; empty lines are passed over."""
    yield from join_rows(_lines(feed))


def _lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    for item in text_lines(feed):
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item
        if not line or line.isspace():
            continue
        try:
            value = _DECODER.decode(line)
        except (ValueError, RecursionError):
            yield from _mistakes(line, feed.file, number)
        else:
            yield _record(value, partial(_place, feed.file, line, number))


def _mistakes(text: str, file: str, line: int = 1) -> Iterator[Finding]:
    """What is wrong with a text that is not JSON."""
    return (finding for finding in read_json_line(text, file, line).findings if finding.is_error)


def _place(file: str, line: str, number: int, key: str) -> Location:
    if not key:
        return Location(file, number, len(line) - len(line.lstrip()) + 1)
    return read_json_line(line, file, number).locate((key,))


def _record(value: Any, where: Callable[[str], Location]) -> SourceRecord | Finding:
    if not isinstance(value, dict):
        return Finding("I802", where(""), "the record is not an object with keys")
    if is_snapshot(value):
        return snapshot_record(value, where)
    return SourceRecord(value, where, id=as_text(value.get("id")))


def read_json(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read an array of records, lines of records under the wrong name, or a document with a catalog's lists."""
    head = feed.stream.read(_CHUNK).removeprefix(codecs.BOM_UTF8).lstrip()
    feed.stream.seek(0)
    if head.startswith(b"["):
        yield from join_rows(_array(feed))
    elif _is_lines(head):
        yield from read_json_lines(feed)
    else:
        yield from _document(feed)


def _is_lines(head: bytes) -> bool:
    """Whether the first line is a record by itself: snapshots of millions of lines are often called `.json`."""
    line = head.split(b"\n", 1)[0]
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        # a line that is longer than what was read: no document is written like that
        return len(line) >= _CHUNK - 1 and b"\n" not in head
    return isinstance(value, dict) and not _lists(value)


class _Window:
    """The part of a stream that is being read: its text, a position in it, and the line where it begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self._reader = codecs.getreader("utf-8-sig")(stream, "replace")
        self._line = 1
        self._has_ended = False
        self.text = self._reader.read(_CHUNK).lstrip()
        self.position = 1  # behind the bracket that opens the array

    def find_item(self) -> bool:
        """Go to the next item of the array; False when there is none."""
        while True:
            between = _BETWEEN.match(self.text, self.position)
            self.position = between.end() if between else self.position
            if self.position < len(self.text):
                return self.text[self.position] != "]"
            if self._has_ended:
                return False
            self._line += self.text.count("\n")
            self.text, self.position = self._reader.read(_CHUNK), 0
            self._has_ended = not self.text

    def extend(self) -> bool:
        """Read on, and drop what is behind; False when the item is too long, or all is read."""
        start = self.position
        too_long = len(self.text) - start > MAX_LINE
        piece = "" if self._has_ended or too_long else self._reader.read(_CHUNK)
        if piece:
            self._line += self.text.count("\n", 0, start)
            # spaces stand for what is dropped of the line, so that columns stay right
            column = start - (self.text.rfind("\n", 0, start) + 1)
            self.text, self.position = " " * column + self.text[start:] + piece, column
        return bool(piece)

    def locate(self, file: str) -> Location:
        """Return where the position is in the file."""
        line = self._line + self.text.count("\n", 0, self.position)
        return Location(file, line, self.position - self.text.rfind("\n", 0, self.position))


def _array(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """The items of an array, one after the other: memory holds one of them."""
    window = _Window(feed.stream)
    while window.find_item():
        try:
            value, end = _DECODER.raw_decode(window.text, window.position)
        except _RepeatedKeyError:
            yield Finding("Y102", window.locate(feed.file), "a key stands twice; what follows is not read")
            return
        except (ValueError, RecursionError):
            if window.extend():
                continue  # the item may only have been cut off
            yield Finding("Y102", window.locate(feed.file), "not valid JSON; what follows is not read")
            return
        yield _record(value, partial(_same_place, window.locate(feed.file)))
        window.position = end


def _same_place(location: Location, key: str) -> Location:  # noqa: ARG001  # the record's place is near enough
    return location


def _document(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    text = whole_text(feed)
    if text.value is None:
        yield from text.findings
        return
    try:
        data = _DECODER.decode(text.value)
    except (ValueError, RecursionError):
        yield from _mistakes(text.value, feed.file)
        return
    where = partial(_same_place, Location(feed.file))
    lists = _lists(data)
    if not lists:
        yield _record(data, where)
    for kind, items in lists.items():
        for item in items:
            record = _record(item, where)
            yield record if isinstance(record, Finding) else replace(record, kind=kind)


def _lists(data: Any) -> dict[Kind, list[Any]]:
    """The lists of a catalog that a document has."""
    document = as_mapping(data)
    return {kind: document[kind] for kind in Kind if isinstance(document.get(kind), list)}
