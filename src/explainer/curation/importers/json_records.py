"""JSON Lines and JSON: a record a line, an array of records, or a catalog's lists; all read as streams.

Numbers are kept as the text that stands there: `2401.10000` stays that. The metadata snapshot of arXiv (JSON Lines, as
Kaggle serves it), the links of Papers with Code, works of OpenAlex, and CSL-JSON, as reference managers and Crossref
write it, are recognised by their keys.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from typing import Any, BinaryIO, Final

from msgspec.structs import replace

from explainer.catalogs.links import identify
from explainer.catalogs.schema import Kind
from explainer.curation.importers.arxiv import is_snapshot, snapshot_record
from explainer.curation.importers.bibliography import (
    authors_in,
    doi_address,
    mentioned_arxiv,
    names_in,
    reference_links,
    without_markup,
    year_of,
)
from explainer.curation.importers.reading import (
    MAX_LINE,
    Place,
    Records,
    RecordStream,
    SourceRecord,
    as_text,
    damaged,
    first_of,
    renamed,
    text_in,
    text_lines,
    texts_in,
    unread_lists,
    whole_text,
)
from explainer.diagnostics.finding import Finding, Location, errors_in
from explainer.documents.document import (
    as_list,
    as_mapping,
    is_text,
    mappings_in,
    undecoded,
    value_at,
)
from explainer.documents.json_reader import parse_json, read_json_line

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
            parse_float=str,
            parse_int=str,
            object_pairs_hook=self._object,
            parse_constant=self._constant,
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
            return Finding(
                "Y102",
                where,
                f"{_NOT_JSON}: {part} is not a value; the record is left out",
                "write null",
            )
        parts += as_mapping(part).values()
        parts += as_list(part)
    return None


def read_json_lines(feed: RecordStream) -> Records:
    """Read one record from each line; empty lines are passed over."""
    yield from join_rows(_lines(feed))


def _lines(feed: RecordStream) -> Records:
    decoder = _Decoder()
    for item in text_lines(feed):
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item
        if line.strip():
            yield from _line_records(line, number, feed.file, decoder)


def _line_records(line: str, number: int, file: str, decoder: _Decoder) -> Records:
    """The record of a line, or those of the lists that it has, or what is wrong with it."""
    try:
        value = decoder.decode(line)
    except (ValueError, RecursionError):
        yield from _mistakes(line, file, number)
        return
    where = partial(_place, file, line, number)
    # an answer of a web service is one long line; in a record such a list may be empty
    if any(_lists(value).values()):
        yield from _records(value, where)
    elif decoder.has_faults:
        yield from _mistakes(line, file, number)
    else:
        yield _record(value, where)


def _mistakes(text: str, file: str, line: int = 1) -> tuple[Finding, ...]:
    """What is wrong with a text that is not JSON."""
    return errors_in(read_json_line(text, file, line).findings)


def _place(file: str, line: str, number: int, key: str) -> Location:
    if not key:
        return Location(file, number, len(line) - len(line.lstrip()) + 1)
    return read_json_line(line, file, number).locate((key,))


def _records(value: Any, where: Place) -> Records:
    """The records of a document that has lists of them; of any other the one that it is."""
    lists = {None: value} if isinstance(value, list) else _lists(value)
    if not lists:
        yield _record(value, where)
    elif None not in lists:
        yield from unread_lists(value, where)
    for kind, items in lists.items():
        yield from map(partial(_listed_record, kind, where("")), items)


def _listed_record(kind: Kind | None, place: Location, item: Any) -> SourceRecord | Finding:
    """The record of an item, or what is wrong with it; the list that holds it may say the kind."""
    fault = _fault(item, place)
    if fault is not None:
        return fault
    record = _record(item, partial(_same_place, place))
    if kind is None or isinstance(record, Finding):
        return record
    return replace(record, kind=kind)


def _record(value: Any, where: Place) -> SourceRecord | Finding:
    if not isinstance(value, dict):
        return Finding("I802", where(""), "the record is not an object with keys")
    for is_form, record_of in _FORMS:
        if is_form(value):
            return record_of(value, where)
    return SourceRecord(value, where, id=as_text(value.get("id")))


def read_json(feed: RecordStream) -> Records:
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


def _array(feed: RecordStream) -> Records:
    """The items of an array, one after the other: memory holds one of them."""
    window, decoder = _Window(feed.stream), _Decoder()
    expected = commas = window.skip_separators()
    while window.sign() not in ("", "]"):
        if commas != expected:
            yield _slip(window, feed.file, is_missing=not commas)
        item = _item(window, decoder, feed.file)
        yield item
        commas, expected = window.skip_separators(), 1
        if isinstance(item, Finding):
            if item.message.endswith(_LOST):
                return
            expected = commas  # how many stand behind an item that could not be read tells nothing
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
        yield Finding(
            "Y102", window.locate(file), message, "get the file again, or close it with ]"
        )
        return
    window.position += 1
    window.skip_separators()
    if window.sign():
        message = "text after the end of the array; it is not read"
        yield Finding("Y102", window.locate(file), message, "one array holds all records")


# How a finding ends behind which nothing can be read.
_LOST: Final = "what follows is not read"
_LOST_RECORD: Final = "the record is left out"


def _item(window: _Window, decoder: _Decoder, file: str) -> SourceRecord | Finding:
    """The record at the position of a window, or what is wrong with it; the window goes behind it."""
    while True:
        try:
            value, end = decoder.decode_at(window.text, window.position)
        except (ValueError, RecursionError) as error:
            problem = window.locate(file, getattr(error, "pos", None))
        else:
            break
        lost = _lost_behind(window)
        if lost:
            return Finding("Y102", problem, f"{_NOT_JSON}; {lost}")
    where = window.locate(file)
    fault = _fault(value, where) if decoder.has_faults else None
    broken = undecoded(window.text, window.position, end)
    if broken is not None:
        fault = damaged(window.locate(file, broken.position), broken, "record")
    window.position = end
    return fault or _record(value, partial(_same_place, where))


def _lost_behind(window: _Window) -> str:
    """What is lost with an item that cannot be read, after going behind it; nothing where it was only cut off."""
    end = window.item_end()
    if end is not None:
        window.position = end
        return _LOST_RECORD
    # the item may only have been cut off by the window
    if window.extend():
        return ""
    return _LOST_RECORD if window.skip_lines() else _LOST


def _same_place(location: Location, key: str) -> Location:  # noqa: ARG001  # the record's place is near enough
    return location


def _document(feed: RecordStream) -> Records:
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
    lists: dict[Kind | None, list[Any]] = {
        kind: document[kind] for kind in Kind if _has_entries(document.get(kind))
    }
    if lists:
        return lists
    answer = as_mapping(document.get("message")) or document
    for key in _ANSWER_KEYS:
        if _has_entries(answer.get(key)):
            return {None: answer[key]}
    return {}


def _has_entries(value: Any) -> bool:
    """Whether a value is a list of entries, or an empty one; the tasks of a model are a list of words."""
    return value == [] or bool(mappings_in(value))


_LINK_ROW_KEYS: Final = frozenset({"paper_title", "repo_url", "is_official"})


def join_rows(records: Iterable[SourceRecord | Finding]) -> Records:
    """Yield records, but neighbouring rows about one paper as one; memory holds one paper.

    Papers with Code has a table of links with a row for each pair of a paper and a repository.
    """
    for paper, neighbours in groupby(records, key=_paper):
        if paper is None:
            yield from neighbours
        else:
            yield _joined([row for row in neighbours if isinstance(row, SourceRecord)])


def _paper(record: SourceRecord | Finding) -> tuple[Any, Any] | None:
    """What a row is about; None for a record of another form."""
    if isinstance(record, Finding) or not record.values.keys() >= _LINK_ROW_KEYS:
        return None
    return record.values["paper_title"], record.values.get("paper_url")


def _joined(rows: Sequence[SourceRecord]) -> SourceRecord:
    """The record of a paper: its own repository is its code, those of others are links."""
    first = rows[0].values
    code = None
    for row in reversed(rows):
        if row.values["is_official"] is True:
            code = row.values["repo_url"]
    urls = dict.fromkeys(texts_in([row.values["repo_url"] for row in rows]))
    values = {
        "title": first["paper_title"],
        "paper": first_of([first.get("paper_arxiv_id"), first.get("paper_url_abs")]),
        "github": code,
        "links": [url for url in urls if url != code],
    }
    return SourceRecord(values, rows[0].where, as_text(first.get("paper_url")), Kind.PAPERS)


# The parts of a name, as people say it.
_NAME_PARTS: Final = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
_AUTHOR_KEYS: Final = frozenset({"family", "given", "literal"})
# Keys that lists of other kinds do not have; keys that they do not have beside a type; and keys of theirs.
_OWN_KEYS: Final = frozenset(
    {"issued", "accessed", "container-title", "citation-key", "publisher-place", "custom"}
)
_LINK_KEYS: Final = frozenset({"DOI", "URL"})
_FOREIGN_KEYS: Final = frozenset({"name", "authors"})
_CSL_NAMES: Final = {
    "authors": "author", "paper": "DOI", "github": "URL", "links": "URL", "year": "issued", "summary": "abstract",
    "name": "title", "category": "keyword",
}  # fmt: skip


def _is_csl_item(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a reference of CSL-JSON."""
    if value.keys() & _FOREIGN_KEYS:
        return False
    # a key of its own, a name in parts, or a link of a certain type
    name_keys = chain.from_iterable(mappings_in(value.get("author")))
    if value.keys() & _OWN_KEYS or _AUTHOR_KEYS.intersection(name_keys):
        return True
    return "type" in value and bool(value.keys() & _LINK_KEYS)


def _csl_record(value: dict[str, Any], where: Place) -> SourceRecord:
    """Return a reference as a record."""
    note = text_in(value.get("note"))
    keywords = text_in(value.get("keyword"))
    custom = as_mapping(value.get("custom"))
    # `catalog export` tells models by a note
    kind = Kind.MODELS if note == "AI model" else Kind.PAPERS
    mentioned = mentioned_arxiv(f"{text_in(value.get('number'))} {note}")
    pages = [doi_address(text_in(value.get("DOI"))), mentioned, text_in(value.get("URL"))]
    record = {
        kind.name_key: without_markup(value.get("title")),
        "authors": [*chain.from_iterable(map(_names, as_list(value.get("author"))))],
        "year": _year_in(value.get("issued")),
        "summary": without_markup(value.get("abstract")),
        # what `catalog export` has no other room for stands under `custom`
        "category": text_in(custom.get("category")) or keywords.split(",")[0],
        **reference_links(pages, texts_in(custom.get("links"))),
    }
    # lists that only resemble CSL-JSON have keys of catalogs too
    unset = [key for key in kind.keys if not record.get(key) and key != "id"]
    values = {**record, **{key: value[key] for key in unset if key in value}}
    return SourceRecord(
        values, renamed(where, _CSL_NAMES), as_text(value.get("id")), kind, ready=True
    )


def _names(author: Any) -> list[Any]:
    """The name of an author, or the names that stand in one text; what is none stays, to be pointed out."""
    if is_text(author):
        return names_in(author)
    if not isinstance(author, dict):
        return [author]
    parts = " ".join(text_in(author.get(part)) for part in _NAME_PARTS)
    return [first_of([author.get("literal"), author.get("name"), parts])]


def _year_in(issued: Any) -> Any:
    """The year of a date, which stands as numbers or as a text."""
    date = as_mapping(issued)
    numbers = as_list(first_of(as_list(date.get("date-parts"))))
    texts = [*map(str, numbers[:1]), *map(text_in, (issued, date.get("raw"), date.get("literal")))]
    return year_of(first_of(texts) or "")


_WORKS: Final = "https://openalex.org/W"
_WORK_KEYS: Final = frozenset({"authorships", "publication_year"})
_OPENALEX_NAMES: Final = {
    "authors": "authorships", "year": "publication_year", "paper": "doi", "summary": "abstract_inverted_index",
    "category": "primary_topic", "links": "locations", "github": "locations",
}  # fmt: skip


def _is_openalex_work(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a work."""
    return text_in(value.get("id")).startswith(_WORKS) or value.keys() >= _WORK_KEYS


def _openalex_record(value: dict[str, Any], where: Place) -> SourceRecord:
    """Return a work as a record."""
    primary = as_mapping(value.get("primary_location"))
    authorships = mappings_in(value.get("authorships"))
    authors = texts_in(
        [value_at(authorship, "author", "display_name") for authorship in authorships]
    )
    # other places of one work are its preprint, and copies of it in libraries, which are none of its links
    preprints = list(filter(_is_preprint, map(_page, mappings_in(value.get("locations")))))
    record = {
        "title": without_markup(first_of([value.get("title"), value.get("display_name")])),
        "authors": authors_in(authors),
        "year": value.get("publication_year"),
        "summary": _abstract(as_mapping(value.get("abstract_inverted_index"))),
        "category": as_text(value_at(value, "primary_topic", "display_name")),
        **reference_links([text_in(value.get("doi")), _page(primary), *preprints]),
    }
    licence = as_text(primary.get("license"))
    where = renamed(where, _OPENALEX_NAMES)
    return SourceRecord(record, where, as_text(value.get("id")), Kind.PAPERS, licence, ready=True)


def _page(location: Mapping[str, Any]) -> str:
    return text_in(location.get("landing_page_url"))


def _is_preprint(link: str) -> bool:
    meant = identify(link)
    return meant is not None and meant.kind == "arxiv"


def _abstract(index: Mapping[str, Any]) -> str | None:
    """An abstract, which stands there as the positions of its words."""
    words: dict[int, str] = {}
    for word, positions in index.items():
        numbers = filter(str.isdecimal, map(str, as_list(positions)))
        words.update(dict.fromkeys(map(int, numbers), word))
    return " ".join(words[number] for number in sorted(words)) or None


# Forms of records that are recognised by their keys, and what makes records of them.
_FORMS: Final[
    tuple[tuple[Callable[[Any], bool], Callable[[Any, Place], SourceRecord | Finding]], ...]
] = (
    (is_snapshot, snapshot_record),
    (_is_openalex_work, _openalex_record),
    (_is_csl_item, _csl_record),
)
