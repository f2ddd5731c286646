"""RIS, the exchange format of reference managers: a line for each value, two letters and a dash before it.

https://en.wikipedia.org/wiki/RIS_(file_format)
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from typing import Final

from msgspec import Struct

from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import (
    doi_address,
    mentioned_arxiv,
    names_in,
    reference_links,
    without_markup,
    year_of,
)
from explainer.curation.importers.reading import (
    MAX_LINE,
    Records,
    RecordStream,
    SourceRecord,
    damaged,
    first_of,
    or_unrecognised,
    split_links,
    text_of,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import undecoded

# A tag and its value. Programs write one space or two, and none behind the dash of a tag without a value.
_LINE: Final = re.compile(r"\s{0,3}([A-Z][A-Z0-9]) {0,2}-(?:\s(.*))?")
# The tags that hold a value; of several the first that has one counts.
_TAGS: Final = {
    "title": ("TI", "T1", "CT", "BT"), "authors": ("AU", "A1"), "year": ("PY", "Y1", "DA"), "summary": ("AB", "N2"),
    "paper": ("DO", "UR", "L1", "LK"), "category": ("KW",), "github": ("UR",), "links": ("UR",), "name": ("TI", "T1"),
}  # fmt: skip
_BOUNDARIES: Final = frozenset({"TY", "ER"})
# A reference that is never closed must not be kept in memory.
_MOST_LINES: Final = 100_000
# Values that go on: titles and abstracts that a program broke into lines.
_SEPARATORS: Final = {"AB": "\n", "N2": "\n"}


def read_ris(feed: RecordStream) -> Records:
    """Read the references of a file as a stream."""
    yield from or_unrecognised(_references(feed), feed, "a reference of RIS (TY  - …)")


class _Reference(Struct):
    """The values of a reference by their tags, and the lines where they stand first."""

    line: int
    values: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    last: str = ""

    def add(self, tag: str, text: str, line: int) -> None:
        """Take a value; without a tag it goes on with the last one."""
        if tag:
            self.values.setdefault(tag, []).append(text)
            self.lines.setdefault(tag, line)
            self.last = tag
        elif self.last and text:
            texts = self.values[self.last]
            texts[-1] = f"{texts[-1]}{_SEPARATORS.get(self.last, ' ')}{text}"

    def all(self, *tags: str) -> list[str]:
        """Return the values of some tags, without empty ones."""
        return list(filter(None, chain.from_iterable(self.values.get(tag, ()) for tag in tags)))

    def texts(self, key: str) -> list[str]:
        """Return the values of a key of catalogs."""
        return first_of(map(self.all, _TAGS[key])) or []

    def first(self, key: str) -> str:
        """Return the first value of a key of catalogs; an empty text where it has none."""
        return first_of(self.texts(key)) or ""


def _references(feed: RecordStream) -> Records:
    reference: _Reference | None = None
    with text_of(feed) as (text, findings):
        yield from findings
        for number, line in enumerate(iter(lambda: text.readline(MAX_LINE), ""), 1):
            tag, value = _tag_and_value(line)
            if tag in _BOUNDARIES:
                yield from _ended(feed.file, reference, is_closed=tag == "ER")
                reference = _Reference(number) if tag == "TY" else None
            if tag in _BOUNDARIES or reference is None:
                continue
            if number - reference.line > _MOST_LINES:
                place = Location(feed.file, reference.line)
                yield Finding("I802", place, f"no end in {_MOST_LINES:,} lines; it is left out")
                reference = None
            else:
                reference.add(tag, value, number)
        yield from _ended(feed.file, reference, is_closed=False)


def _tag_and_value(line: str) -> tuple[str, str]:
    """The tag of a line and what stands behind it; without a tag the line goes on with the value before it."""
    match = _LINE.fullmatch(line.strip("\r\n\ufeff"))
    if match is None:
        return "", line.strip()
    return match[1], (match[2] or "").strip()


def _ended(file: str, reference: _Reference | None, *, is_closed: bool) -> Records:
    """The record of a reference, and what is wrong with it."""
    if reference is None:
        return
    where = partial(_place, file, reference)
    broken = undecoded(" ".join(chain.from_iterable(reference.values.values())))
    if broken is not None:
        yield damaged(where(""), broken, "reference")
        return
    if not is_closed:
        yield Finding(
            "I812", where(""), "the reference has no end (ER  -); it is read as far as it goes"
        )
    yield _record(reference, where)


def _record(reference: _Reference, where: partial[Location]) -> SourceRecord:
    notes = reference.all("N1")
    # `catalog export` tells models by a note
    kind = Kind.MODELS if "AI model" in notes else Kind.PAPERS
    links = chain.from_iterable(map(split_links, reference.all("UR", "LK", "L1")))
    pages = map(doi_address, [*reference.all("DO"), *links])
    related = chain.from_iterable(map(split_links, reference.all("L3")))
    record = {
        kind.name_key: without_markup(reference.first("title")),
        "authors": list(chain.from_iterable(map(_names, reference.texts("authors")))),
        "year": year_of(reference.first("year")),
        "summary": without_markup(reference.first("summary")),
        "category": reference.first("category"),
        **reference_links([*pages, mentioned_arxiv(" ".join(notes))], related),
    }
    return SourceRecord(record, where, first_of(reference.all("ID")), kind, ready=True)


def _names(field: str) -> list[str]:
    """The names of a field; as in EndNote, a doubled comma is one that belongs to the name."""
    if ",," in field:
        return [field.replace(",,", ",", 1)]
    return names_in(field)


def _place(file: str, reference: _Reference, key: str) -> Location:
    tags = (tag for tag in _TAGS.get(key, ()) if tag in reference.lines)
    return Location(file, reference.lines.get(next(tags, ""), reference.line))
