"""The archive of Papers with Code: its table of links between papers and repositories has a row for each pair.

The rows of one paper stand one behind the other. Its own repository becomes its code, those of others become links.

JSON Lines and JSON: a record a line, an array of records, or a catalog's lists; all read as streams.

Numbers are kept as the text that stands there: `2401.10000` stays that. The metadata snapshot of arXiv (JSON Lines, as
Kaggle serves it), the links of Papers with Code, works of OpenAlex and CSL-JSON are recognised by their keys.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any, BinaryIO, Final

from explainer.catalogs.schema import Kind
from explainer.curation.importers.arxiv import is_snapshot, snapshot_record
from explainer.curation.importers.json_references import csl_record, is_csl_item, is_openalex_work, openalex_record
from explainer.curation.importers.reading import text_lines, whole_text
from explainer.curation.importers.record import (
    MAX_LINE,
    RecordStream,
    SourceRecord,
    as_text,
    first_of,
    texts_in,
    unread_lists,
)
from explainer.diagnostics.finding import Finding, Location, errors_in
from explainer.documents.document import as_list, as_mapping, undecoded
from explainer.documents.json_reader import parse_json, read_json_line

_KEYS: Final = frozenset({"paper_title", "repo_url", "is_official"})


def join_rows(records: Iterable[SourceRecord | Finding]) -> Iterator[SourceRecord | Finding]:
    """Yield records, but neighbouring rows about one paper as one; memory holds one paper."""
    for paper, neighbours in groupby(records, key=_paper):
        if paper is None:
            yield from neighbours
        else:
            yield _joined([row for row in neighbours if isinstance(row, SourceRecord)])


def _paper(record: SourceRecord | Finding) -> tuple[Any, Any] | None:
    """What a row is about; None for a record of another form."""
    if isinstance(record, Finding) or not record.values.keys() >= _KEYS:
        return None
    return record.values["paper_title"], record.values.get("paper_url")


def _joined(rows: Sequence[SourceRecord]) -> SourceRecord:
    """The record of a paper. Without a repository of its own it has none."""
    first = rows[0].values
    own_url = next((row.values["repo_url"] for row in rows if row.values["is_official"] is True), None)
    urls = dict.fromkeys(texts_in([row.values["repo_url"] for row in rows]))
    values = {
        "title": first["paper_title"],
        "paper": first_of([first.get("paper_arxiv_id"), first.get("paper_url_abs")]),
        "github": own_url,
        "links": [url for url in urls if url != own_url],
    }
    return SourceRecord(values, rows[0].where, as_text(first.get("paper_url")), Kind.PAPERS)


_CHUNK: Final = 64 * 1024
# What stands between two items of an array.
_BETWEEN: Final = re.compile(r"[ \t\r\n,]*+")
# What tells where an item ends that cannot be read: its brackets, but not those in strings. A quote by itself begins a
# string that goes on behind the window.
_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|["{}\[\]]', re.DOTALL)
_BARE_ITEM: Final = re.compile(r'[^\s,\[\]{}"]+')
_NOT_JSON: Final = "not valid JSON"
# A record has a name, and may have an empty list of tasks; a document has lists.
_NAME_KEYS: Final = frozenset({"name", "title"})
# Lists of records that documents have beside those of catalogs: answers of OpenAlex and Crossref.
_ANSWER_KEYS: Final = ("results", "items")


class _Repeated(dict[str, Any]):
    """An object with a key that stands twice."""


class _Constant(str):
    """`NaN` and its like, which Python reads and JSON does not have."""

    __slots__ = ()


class _Decoder:
    """Reads JSON. Numbers stay the text that they are.

    Attributes:
        has_faults: whether something was read that JSON does not know (NaN) or leaves open (a key twice).
    """

    def __init__(self) -> None:
        self.has_faults = False
        self._decoder = json.JSONDecoder(
            parse_float=str, parse_int=str, object_pairs_hook=self._object, parse_constant=self._constant
        )

    def decode(self, text: str) -> Any:
        self.has_faults = False
        return self._decoder.decode(text)

    def decode_at(self, text: str, position: int) -> tuple[Any, int]:
        """Return the value at a position, and where it ends."""
        self.has_faults = False
        return self._decoder.raw_decode(text, position)

    def _object(self, items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(items)
        if len(mapping) < len(items):
            self.has_faults = True
            return _Repeated(mapping)
        return mapping

    def _constant(self, name: str) -> _Constant:
        self.has_faults = True
        return _Constant(name)


def _fault(value: Any, where: Location) -> Finding | None:
    """What JSON does not know or leaves open in a value."""
    parts = [value]
    for part in parts:  # it grows: values may be nested deeper than functions can call themselves
        if isinstance(part, _Repeated):
            message = "duplicate key in one object; the record is left out"
            return Finding("Y103", where, message, "remove one of the two")
        if isinstance(part, _Constant):
            return Finding("Y102", where, f"{_NOT_JSON}: {part} is not a value; the record is left out", "write null")
        parts += as_mapping(part).values()
        parts += as_list(part)
    return None


def read_json_lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read one record from each line; empty lines are passed over."""
    yield from join_rows(_lines(feed))


def _lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    decoder = _Decoder()
    for item in text_lines(feed):
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item
        if not line or line.isspace():
            continue
        try:
            value = decoder.decode(line)
        except (ValueError, RecursionError):
            yield from _mistakes(line, feed.file, number)
            continue
        where = partial(_place, feed.file, line, number)
        # an answer of a web service is one long line; in a record such a list may be empty
        if any(_lists(value).values()):
            yield from _records(value, where)
        elif decoder.has_faults:
            yield from _mistakes(line, feed.file, number)
        else:
            yield _record(value, where)


def _mistakes(text: str, file: str, line: int = 1) -> tuple[Finding, ...]:
    """What is wrong with a text that is not JSON."""
    return errors_in(read_json_line(text, file, line).findings)


def _place(file: str, line: str, number: int, key: str) -> Location:
    if not key:
        return Location(file, number, len(line) - len(line.lstrip()) + 1)
    return read_json_line(line, file, number).locate((key,))


def _records(value: Any, where: Callable[[str], Location]) -> Iterator[SourceRecord | Finding]:
    """The records of a document that has lists of them; of any other the one that it is."""
    lists = {None: value} if isinstance(value, list) else _lists(value)
    if not lists:
        yield _record(value, where)
        return
    if None not in lists:
        yield from unread_lists(value, where)
    for kind, items in lists.items():
        for item in items:
            yield _listed_record(item, kind, where(""))


def _listed_record(item: Any, kind: Kind | None, place: Location) -> SourceRecord | Finding:
    """The record of an item, or what is wrong with it; the list that holds it may say the kind."""
    fault = _fault(item, place)
    if fault is not None:
        return fault
    record = _record(item, partial(_same_place, place))
    if kind is None or isinstance(record, Finding):
        return record
    return replace(record, kind=kind)


def _record(value: Any, where: Callable[[str], Location]) -> SourceRecord | Finding:
    if not isinstance(value, dict):
        return Finding("I802", where(""), "the record is not an object with keys")
    for is_form, record_of in _FORMS:
        if is_form(value):
            return record_of(value, where)
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
        value = parse_json(line)
    except ValueError:
        # a line that is longer than what was read: no document is written like that
        return len(line) >= _CHUNK - 1 and b"\n" not in head
    return isinstance(value, dict) and not _lists(value)


class _Window:
    """The part of a stream that is being read: its text, a position in it, and the place where it begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self._reader = codecs.getreader("utf-8-sig")(stream, "surrogateescape")
        self._line, self._column = 1, 0
        self.text = self._reader.read(_CHUNK)
        self.position = self.text.index("[") + 1

    def skip_separators(self) -> int:
        """Go to the next item, the closing bracket or the end; return the number of commas before it."""
        commas = 0
        while True:
            end = _end_of(_BETWEEN, self.text, self.position)
            commas += self.text.count(",", self.position, end)
            self.position = end
            if self.sign() or not self.extend():
                return commas

    def sign(self) -> str:
        """Return the character at the position; nothing at the end of the stream."""
        return self.text[self.position : self.position + 1]

    def extend(self) -> bool:
        """Read on, and drop what is behind; False when the item is too long, or all is read."""
        if len(self.text) - self.position > MAX_LINE:
            return False
        # twice as much each time: what is longer than the window is parsed anew from its beginning
        piece = self._reader.read(max(_CHUNK, len(self.text) - self.position))
        start = self.locate("")
        self._line, self._column = start.line, start.column - 1
        self.text, self.position = self.text[self.position :] + piece, 0
        return bool(piece)

    def locate(self, file: str, position: int | None = None) -> Location:
        """Return where a position of the text is in the file; by default the one that is read."""
        position = self.position if position is None else position
        line = self._line + self.text.count("\n", 0, position)
        column = position - self.text.rfind("\n", 0, position)
        if line == self._line:
            column += self._column
        return Location(file, line, column)

    def skip_lines(self) -> bool:
        """Go to the next line on which an item begins in the same column; False when there is none in the window."""
        indent = self.locate("").column - 1
        match = re.compile(rf"\n[ \t]{{{indent}}}(?=\{{)").search(self.text, self.position)
        if match is not None:
            self.position = match.end()
        return match is not None

    def item_end(self) -> int | None:
        """Return where the item at the position ends, by its brackets alone; None when that is not in the window."""
        bare = _BARE_ITEM.match(self.text, self.position)
        if bare is not None:
            return bare.end()
        depth = 0
        for mark in _BRACKET.finditer(self.text, self.position):
            if mark.group() == '"':
                return None
            depth += _DEPTHS.get(mark.group(), 0)
            if depth <= 0:
                return mark.end()
        return None


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where a match ends that begins at a position; the position itself where there is none."""
    match = pattern.match(text, position)
    return position if match is None else match.end()


_DEPTHS: Final = {"{": 1, "[": 1, "}": -1, "]": -1}


def _array(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """The items of an array, one after the other: memory holds one of them."""
    window, decoder = _Window(feed.stream), _Decoder()
    expected = commas = window.skip_separators()
    while window.sign() not in ("", "]"):
        if commas != expected:
            yield _slip(window, feed.file, is_missing=not commas)
        item = _item(window, decoder, feed.file)
        yield item
        if isinstance(item, Finding) and item.message.endswith(_LOST):
            return
        commas = window.skip_separators()
        # how many stand behind an item that could not be read tells nothing
        expected = commas if isinstance(item, Finding) else 1
    if commas and window.sign():
        yield _slip(window, feed.file, is_missing=False)
    yield from _array_end(window, feed.file)


def _slip(window: _Window, file: str, *, is_missing: bool) -> Finding:
    slip = "a comma is missing" if is_missing else "there is an extra comma"
    return Finding("I812", window.locate(file), f"{slip} before this; it is read anyway")


def _array_end(window: _Window, file: str) -> Iterator[Finding]:
    """What is wrong with the end of an array."""
    if not window.sign():
        message = "the array is not closed: the end of the file is missing"
        yield Finding("Y102", window.locate(file), message, "get the file again, or close it with ]")
        return
    window.position += 1
    window.skip_separators()
    if window.sign():
        message = "text after the end of the array; it is not read"
        yield Finding("Y102", window.locate(file), message, "one array holds all records")


# How a finding ends behind which nothing can be read.
_LOST: Final = "what follows is not read"


def _item(window: _Window, decoder: _Decoder, file: str) -> SourceRecord | Finding:
    """The record at the position of a window, or what is wrong with it; the window goes behind it."""
    while True:
        try:
            value, end = decoder.decode_at(window.text, window.position)
        except (ValueError, RecursionError) as error:
            problem = window.locate(file, getattr(error, "pos", None))
        else:
            break
        broken_end = window.item_end()
        if broken_end is not None:
            window.position = broken_end
            return Finding("Y102", problem, f"{_NOT_JSON}; the record is left out")
        # else the item may only have been cut off by the window
        if not window.extend():
            lost = "the record is left out" if window.skip_lines() else _LOST
            return Finding("Y102", problem, f"{_NOT_JSON}; {lost}")
    where = window.locate(file)
    fault = _fault(value, where) if decoder.has_faults else None
    broken = undecoded(window.text, window.position, end)
    if broken is not None:
        where = window.locate(file, broken.position)
        fault = Finding("Y101", where, f"{broken.message}; the record is left out", "save the file as UTF-8")
    window.position = end
    return fault or _record(value, partial(_same_place, where))


def _same_place(location: Location, key: str) -> Location:  # noqa: ARG001  # the record's place is near enough
    return location


def _document(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    text = whole_text(feed)
    if text.value is None:
        yield from text.findings
        return
    decoder = _Decoder()
    try:
        data = decoder.decode(text.value)
    except (ValueError, RecursionError):
        yield from _mistakes(text.value, feed.file)
        return
    where = partial(_same_place, Location(feed.file))
    if decoder.has_faults and isinstance(data, dict) and not _lists(data):
        yield from _mistakes(text.value, feed.file)
    else:
        yield from _records(data, where)


def _lists(data: Any) -> dict[Kind | None, list[Any]]:
    """The lists of a catalog that a document has, else those of an answer of a web service."""
    document = as_mapping(data)
    if not document.keys().isdisjoint(_NAME_KEYS):
        return {}
    lists: dict[Kind | None, list[Any]] = {kind: document[kind] for kind in Kind if _has_entries(document.get(kind))}
    answer = as_mapping(document.get("message")) or document
    for key in _ANSWER_KEYS:
        if not lists and _has_entries(answer.get(key)):
            lists[None] = answer[key]
    return lists


def _has_entries(value: Any) -> bool:
    """Whether a value is a list of entries, or an empty one; the tasks of a model are a list of words."""
    return isinstance(value, list) and (not value or any(isinstance(item, dict) for item in value))


# Forms of records that are recognised by their keys, and what makes records of them.
_FORMS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, Any], SourceRecord | Finding]], ...]] = (
    (is_snapshot, snapshot_record),
    (is_openalex_work, openalex_record),
    (is_csl_item, csl_record),
)
