"""The archive of Papers with Code: its table of links between papers and repositories has a row for each pair.

The rows of one paper stand one behind the other. Its own repository becomes its code, those of others become links.

JSON Lines and JSON: a record a line, an array of records, or a catalog's lists; all read as streams.

Numbers are kept as the text that stands there: `2401.10000` stays that. The metadata snapshot of arXiv (JSON Lines, as
Kaggle serves it) is recognised by its keys.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.arxiv import is_snapshot, snapshot_record
from explainer.curation.importers.record import MAX_LINE, RecordStream, SourceRecord, text_lines, whole_text
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.json_reader import read_json_line

_KEYS: Final = frozenset({"paper_title", "repo_url", "is_official"})


def joined(records: Iterable[SourceRecord | Finding]) -> Iterator[SourceRecord | Finding]:
    """Yield records, but neighbouring rows about one paper as one; memory holds one paper."""
    kept: list[SourceRecord] = []
    for record in records:
        row = record if isinstance(record, SourceRecord) and record.values.keys() >= _KEYS else None
        if kept and (row is None or _paper(row) != _paper(kept[0])):
            yield _one(kept)
            kept = []
        if row is None:
            yield record
        else:
            kept.append(row)
    if kept:
        yield _one(kept)


def _paper(row: SourceRecord) -> tuple[Any, Any]:
    return row.values["paper_title"], row.values.get("paper_url")


def _one(rows: list[SourceRecord]) -> SourceRecord:
    """The record of a paper. Without a repository of its own it has none."""
    first = rows[0]
    own = next((row.values["repo_url"] for row in rows if row.values["is_official"] is True), None)
    others = [url for row in rows if isinstance(url := row.values["repo_url"], str) and url != own]
    arxiv = first.values.get("paper_arxiv_id")
    values = {
        "title": first.values["paper_title"],
        "paper": arxiv or first.values.get("paper_url_abs"),
        "github": own,
        "links": list(dict.fromkeys(others)),
    }
    return SourceRecord(values, first.where, _source_id(first), "papers")


def _source_id(row: SourceRecord) -> str | None:
    address = row.values.get("paper_url")
    return address if isinstance(address, str) and address else None


_CHUNK: Final = 64 * 1024
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


_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, object_pairs_hook=_pairs, parse_constant=_refuse)


def read_json_lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read one record from each line; empty lines are passed over."""
    yield from joined(_lines(feed))


def _lines(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    for item in text_lines(feed):
        if isinstance(item, Finding):
            yield item
        elif item[1] and not item[1].isspace():
            yield from _record(feed.file, item[1], item[0])


def _record(file: str, line: str, number: int) -> Iterator[SourceRecord | Finding]:
    try:
        value = _DECODER.decode(line)
    except (ValueError, RecursionError):
        yield from (found for found in read_json_line(line, file, number).findings if found.is_error)
        return
    yield _raw(value, partial(_place, file, line, number))


def _place(file: str, line: str, number: int, key: str) -> Location:
    if not key:
        return Location(file, number, len(line) - len(line.lstrip()) + 1)
    return read_json_line(line, file, number).locate((key,))


def _raw(value: Any, where: Any) -> SourceRecord | Finding:
    if not isinstance(value, dict):
        return Finding("I802", where(""), "the record is not an object with keys")
    if is_snapshot(value):
        return snapshot_record(value, where)
    return SourceRecord(value, where, id=_jsonrecords_source_id(value))


def _jsonrecords_source_id(value: dict[str, Any]) -> str | None:
    own = value.get("id")
    return own if isinstance(own, str) and own else None


def read_json(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read an array of records, lines of records under the wrong name, or a document with a catalog's lists."""
    head = feed.stream.read(_CHUNK).removeprefix(codecs.BOM_UTF8).lstrip()
    feed.stream.seek(0)
    if head.startswith(b"["):
        yield from joined(_array(feed))
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
        return len(line) >= _CHUNK - 1 and b"\n" not in head
    return isinstance(value, dict) and not any(isinstance(value.get(kind), list) for kind in Kind)


def _array(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """The items of an array, one after the other: memory holds one of them."""
    reader = codecs.getreader("utf-8-sig")(feed.stream, "replace")
    buffer, at = reader.read(_CHUNK).lstrip(), 1
    line, ended = 1, False
    while True:
        match = _BETWEEN.match(buffer, at)
        at = match.end() if match else at
        if at >= len(buffer) and not ended:
            line += buffer.count("\n")
            buffer, at = reader.read(_CHUNK), 0
            ended = not buffer
            continue
        if at >= len(buffer) or buffer[at] == "]":
            return
        try:
            value, end = _DECODER.raw_decode(buffer, at)
        except (ValueError, RecursionError) as error:
            more = (
                ""
                if ended or len(buffer) - at > MAX_LINE or isinstance(error, _RepeatedKeyError)
                else reader.read(_CHUNK)
            )
            if more:
                line += buffer.count("\n", 0, at)
                column = at - (buffer.rfind("\n", 0, at) + 1)
                buffer, at = " " * column + buffer[at:] + more, column
                continue
            problem = "a key stands twice" if isinstance(error, _RepeatedKeyError) else "not valid JSON"
            yield Finding("Y102", _location(feed, buffer, at, line), f"{problem}; what follows is not read")
            return
        here = _location(feed, buffer, at, line)
        yield _raw(value, partial(_same_place, here))
        at = end


def _location(feed: RecordStream, buffer: str, at: int, line: int) -> Location:
    return Location(feed.file, line + buffer.count("\n", 0, at), at - buffer.rfind("\n", 0, at))


def _same_place(here: Location, key: str) -> Location:  # noqa: ARG001  # the record's place is near enough
    return here


def _document(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    text = whole_text(feed)
    if isinstance(text, Finding):
        yield text
        return
    try:
        data = _DECODER.decode(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        yield from (found for found in read_json_line(text, feed.file).findings if found.is_error)
        return
    lists = {kind: data[kind] for kind in Kind if isinstance(data.get(kind), list)} if isinstance(data, dict) else {}
    where = partial(_same_place, Location(feed.file))
    if not lists:
        yield _raw(data, where)
    for kind, items in lists.items():
        for item in items:
            made = _raw(item, where)
            yield made if isinstance(made, Finding) else SourceRecord(made.values, where, made.id, kind)
